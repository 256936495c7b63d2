//! From the wish to connect to a redirect: what is asked, who came back, and who
//! said no.

use crate::common::{server::Server, *};
use crate::script::*;
use evergrant::*;

fn asked(redirect_uri: &str, binding: Binding) -> Authorize {
    Authorize {
        redirect_uri: redirect_uri.into(),
        scopes: vec!["accounts:read".into()],
        extra: vec![],
        binding,
        return_context: None,
        company: None,
    }
}

/// A step with the entropy of this seed.
fn misuse_of_entropy(life: &mut Life, entropy: [u8; 32]) {
    let env = Env { now: life.now, uptime: None, boot_id: None, entropy };
    let result = life.connection.step(&env, Input::Wake);
    assert!(result.is_err());
    life.lines.push(Line::Step(env, Input::Wake, result));
}

pub fn authorizations() -> Life {
    let mut life = Life::of(ProviderConfig {
        authorize_parameters: vec![("prompt".into(), "consent".into())],
        resource: Some("https://api.example/".into()),
        iss: IssPolicy::IfPresent,
        token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretPost,
        ..provider_config()
    });
    misuse_of_entropy(&mut life, [0; 32]);
    let good = asked(REDIRECT_URI, Binding::Cookie);
    let scope = |scope: &str| Authorize { scopes: vec![scope.into()], ..good.clone() };
    let extra = |names: &[&str]| {
        let extra = names.iter().map(|name| ((*name).into(), "1".into())).collect();
        Authorize { extra, ..good.clone() }
    };
    for wrong in [
        asked("https://elsewhere.example/", Binding::Cookie),
        scope("two words"),
        scope("admin"),
        extra(&["state"]),
        extra(&["prompt"]),
        extra(&["a", "a"]),
        Authorize { return_context: Some("x".repeat(4_097)), ..good.clone() },
    ] {
        life.misuse(Input::Authorize(wrong));
    }
    life.token_wanted();
    let last = life.env().entropy;
    life.step(Input::Wake);
    let Some(Line::Step(env, ..)) = life.lines.last() else { unreachable!() };
    let again = env.entropy;
    assert_ne!(again, last);
    misuse_of_entropy(&mut life, again);

    // A web host's, with a cookie and parameters of its own; and meanwhile a native
    // app's, whose port is known only now.
    let cookie = Authorize { return_context: Some("/settings".into()), ..extra(&["ui", "hint"]) };
    let web = life.open_browser(Input::Authorize(cookie));
    let native = asked("http://127.0.0.1:49152/callback", Binding::SameProcess);
    let native = life.open_browser(Input::Authorize(native));
    let binding = life.outputs.iter().find_map(|output| match output {
        Output::OpenUrl { binding, .. } => binding.clone(),
        _ => None,
    });
    let redirect = life.server.consent(&web);
    life.redirect(&redirect, BrowserProof::Binding(binding.unwrap()));
    let redirect = life.server.consent(&native);
    // Of a server that does not say who it is.
    let (redirect, _) = redirect.split_once("&iss=").unwrap();
    life.redirect(redirect, BrowserProof::SameProcess);
    // Scopes left out are those of the last time.
    life.open_browser(authorize());
    let id = life.outputs.iter().rev().find_map(|output| match output {
        Output::OpenUrl { authorization, .. } => Some(authorization.clone()),
        _ => None,
    });
    life.run(Input::Cancel { authorization: id });
    life.run(Input::Cancel { authorization: Some(AuthorizationId::new("unknown")) });
    life
}

pub fn authorize_store() -> Life {
    let mut life = Life::new();
    // The pending record is written again where it is found missing, four times.
    let mut write = life.up_to(authorize(), 1);
    for _ in 0..4 {
        let step = life.step(Input::Swapped { op: op_of(&write), current: None });
        match step.outputs.into_iter().find(is_open) {
            Some(again) => write = again,
            None => break,
        }
    }
    let write = life.up_to(authorize(), 1);
    life.silence(&write);
    let write = life.up_to(authorize(), 1);
    life.silent_once(&write, true);
    // Given up where the store is silent, where nobody has seen the URL yet, and
    // where another process was faster.
    let read = life.up_to(Input::Cancel { authorization: None }, 1);
    life.silence(&read);
    let write = life.up_to(authorize(), 1);
    life.run(Input::Cancel { authorization: None });
    let late = life.on_its_way(&write);
    life.run(late);
    let redirect = life.consented();
    life.elsewhere(|other| other.run(redirect));
    life.run(Input::Cancel { authorization: None });
    // It runs out: here, where the store is silent, and not if it was completed elsewhere.
    life.open_browser(authorize());
    life.wake();
    life.open_browser(authorize());
    life.until_due();
    let read = life.up_to(Input::Wake, 1);
    life.silence(&read);
    let redirect = life.consented();
    life.elsewhere(|other| other.run(redirect));
    life.wake_after(600_000);
    life.token_wanted();
    life
}

pub fn callbacks() -> Life {
    let mut life = Life::new();
    let url = life.open_browser(authorize());
    let good = life.server.consent(&url);
    let (bare, _) = good.split_once("&iss=").unwrap();
    let (_, state) = bare.split_once("&state=").unwrap();
    let iss = "iss=https%3A%2F%2Fas.example";
    for bad in [
        REDIRECT_URI,
        &format!("?state={state}&code={}", "x".repeat(16_384)),
        "?code=x",
        "?code=x&state=unknown",
        &format!("{good}&state={state}"),
        bare,
        &format!("{bare}&iss=https%3A%2F%2Fevil.example"),
        &format!("?state={state}&{iss}"),
        &format!("{good}&error=access_denied"),
    ] {
        life.redirect(bad, BrowserProof::SameProcess);
    }
    life.redirect(&good, BrowserProof::Missing);
    life.redirect(&good, BrowserProof::Binding("another browser's".into()));
    // The record is not what it was.
    for record in ["rubbish", r#"{"v":2}"#, "evergrant sealed"] {
        let read = life.up_to(came_back(&good), 1);
        life.finds(&read, record);
    }
    let read = life.up_to(came_back(&good), 1);
    let written = life.on_its_way(&read);
    let Input::Swapped { op, current: Some(stored) } = written else { unreachable!() };
    let moved = String::from_utf8(stored.bytes.expose().to_vec()).unwrap();
    let moved = moved.replacen("\"key\":\"pending/", "\"key\":\"pending/other", 1);
    let current = Some(Stored { bytes: moved.into_bytes().into(), ..stored });
    life.run(Input::Swapped { op, current });
    // An authorization of another tenant, whose redirect was brought here.
    let client = life.client.clone();
    let mut neighbour = Connection::new(client, "tenant-2").unwrap();
    let foreign = life.as_other(&mut neighbour, |other| other.open_browser(authorize()));
    let foreign = life.server.consent(&foreign);
    life.redirect(&foreign, BrowserProof::SameProcess);
    // The true one is still good, once; and another comes too late.
    life.redirect(&good, BrowserProof::SameProcess);
    life.redirect(&good, BrowserProof::SameProcess);
    let url = life.open_browser(authorize());
    let late = life.server.consent(&url);
    life.advance(600_000);
    life.redirect(&late, BrowserProof::SameProcess);
    life
}

/// More at a time than one connection can have.
pub fn crowd() -> Life {
    let mut life = Life::new();
    let writes: Vec<Step> = (0..17).map(|_| life.step(authorize())).collect();
    life.go_on(&open(&writes[0]));
    life.run(Input::Cancel { authorization: None });
    let reads: Vec<Step> =
        (0..17).map(|at| life.step(came_back(&format!("?state=unknown-{at}&code=x")))).collect();
    life.go_on(&open(&reads[0]));
    life
}

/// What a server may say in a redirect instead of giving a code.
pub fn denials() -> Life {
    let mut life = Life::new();
    for error in [
        "access_denied",
        "login_required",
        "temporarily_unavailable",
        "invalid_scope",
        "unauthorized_client",
        "invalid_request",
        "unsupported_response_type",
        "out_of_cheese",
    ] {
        let url = life.open_browser(authorize());
        let redirect = Server::deny(&url).replace("access_denied", error);
        life.redirect(&redirect, BrowserProof::SameProcess);
    }
    life
}
