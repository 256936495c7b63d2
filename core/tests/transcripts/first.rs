//! A whole life without a fault, the redirects that may come, and a refresh that
//! meets what it may: the first lines that a new language should run.

use crate::common::{server::*, *};
use crate::script::Life;
use evergrant::*;

pub fn lifecycle() -> Life {
    let mut world = Life::new();
    world.authorize();
    world.token_wanted();
    world.wake();
    world.run(Input::ApiAnswered { generation: 1, status: 401, headers: vec![] });
    world.run(Input::ApiAnswered { generation: 2, status: 401, headers: vec![] });
    world.restart();
    world.token_wanted();
    world.run(Input::Revoke);
    world.token_wanted();
    world.advance(1_000);
    world.authorize();
    world
}

pub fn redirects() -> Life {
    let mut world = Life::new();
    world.misuse(Input::Authorize(Authorize {
        redirect_uri: "https://elsewhere.example/".into(),
        scopes: vec![],
        extra: vec![],
        binding: Binding::Cookie,
        return_context: None,
        company: None,
    }));
    let url = world.open_browser(Input::Authorize(Authorize {
        redirect_uri: "http://127.0.0.1:49152/callback".into(),
        scopes: vec!["accounts:read".into()],
        extra: vec![("login_hint".into(), "jörg@client.example".into())],
        binding: Binding::Cookie,
        return_context: Some("/wohin?später=1".into()),
        company: None,
    }));
    let good = world.server.consent(&url);
    for bad in ["no query", "?code=1", "?state=unknown&code=1"] {
        world.redirect(bad, BrowserProof::Missing);
    }
    world.redirect(&format!("{good}&code=twice"), BrowserProof::Missing);
    world.redirect(&good, BrowserProof::Missing);
    world.redirect(&good, BrowserProof::Binding("wrong".into()));
    let cookie = world.outputs.iter().find_map(|output| match output {
        Output::OpenUrl { binding, .. } => binding.clone(),
        _ => None,
    });
    let wrong = good.replace("as.example", "evil.example");
    world.redirect(&wrong, BrowserProof::Binding(cookie.clone().unwrap()));
    world.redirect(&good, BrowserProof::Binding(cookie.clone().unwrap()));
    world.redirect(&good, BrowserProof::Binding(cookie.unwrap()));
    let url = world.open_browser(authorize());
    world.redirect(&Server::deny(&url), BrowserProof::SameProcess);
    world.open_browser(authorize());
    world.run(Input::Cancel { authorization: None });
    world.open_browser(authorize());
    world.advance(600_000);
    world.run(Input::Wake);
    world
}

pub fn refresh_faults() -> Life {
    let provider = ProviderConfig {
        environment: "public".into(),
        disconnect: Disconnect::Forget,
        token_endpoint_auth_method: TokenEndpointAuthMethod::None,
        resource: Some("https://api.example/".into()),
        ..provider_config()
    };
    let client = ClientConfig { client_secret: None, ..client_config() };
    let mut world = Life::with(provider, client);
    world.uptime = Some(5_000);
    world.authorize();
    world.advance(3_600_000);
    let busy =
        r#"{"error":"temporarily_unavailable","error_description":"token canary-refresh-2"}"#;
    for fault in [
        Fault::NotSent,
        Fault::AnswerWith(429, ("Retry-After".into(), "120".into()), String::new()),
        Fault::Answer(400, busy.into()),
        Fault::Answer(401, r#"{"error":"invalid_client"}"#.into()),
        Fault::Answer(502, "<html>".into()),
        Fault::Change(serde_json::json!({"expires_in": "600", "scope": "expenses:read"})),
    ] {
        world.server.faults.push_back(fault);
        world.token_wanted();
        world.token_wanted();
        world.advance(900_000);
    }
    world.server.faults.push_back(Fault::ReplyLost);
    world.token_wanted();
    world.wake();
    world.token_wanted();
    world.run(Input::Revoke);
    world
}
