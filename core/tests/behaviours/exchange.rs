//! The exchange of a code, and what every token answer is held to.

use crate::{
    asked,
    common::{
        server::{Fault, response},
        *,
    },
    exchanged, expired, in_body, in_url, redirected, refreshed, whole_life,
};
use evergrant::*;
use serde_json::{Value, json};

fn exchanges(world: &World) -> usize {
    let all = requests(&world.outputs);
    all.iter().filter(|request| in_body(request, "grant_type") == ["authorization_code"]).count()
}

/// Lets everything happen that would happen by itself, here and after a restart,
/// and the browser come back once more.
fn goes_on(world: &mut World, redirect: &str) {
    for _ in 0..2 {
        for _ in 0..5 {
            if world.connection.wake_at(world.now).is_some() {
                world.wake();
            }
        }
        assert_eq!(failures(&world.run(redirected(redirect))), ["callback_state_used"]);
        world.restart();
    }
}

#[test]
fn row_14_a_code_is_sent_once_whatever_comes_of_it() {
    for fault in [
        Fault::ReplyLost,
        Fault::RequestLost,
        Fault::Answer(200, r#"{"access_token":"a","#.into()),
        Fault::Answer(302, String::new()),
        Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into()),
        Fault::Answer(401, r#"{"error":"invalid_client"}"#.into()),
        Fault::Answer(403, "<html>".into()),
        Fault::AnswerWith(429, ("retry-after".into(), "1".into()), String::new()),
        Fault::AnswerWith(503, ("retry-after".into(), "1".into()), String::new()),
    ] {
        let mut world = World::new();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        world.server.faults.push_back(fault.clone());
        let outputs = world.run(redirected(&redirect));
        assert_eq!(failures(&outputs).len(), 1, "{fault:?}");
        goes_on(&mut world, &redirect);
        assert_eq!((exchanges(&world), world.header()), (1, None), "{fault:?}");
    }
    // Nor is it sent by the process that comes after one that died with it.
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    until_sent(&mut world, redirected(&redirect));
    world.restart();
    goes_on(&mut world, &redirect);
    assert_eq!(exchanges(&world), 1);
    // Only what has certainly not left is sent again, and not for ever.
    for (times, sent, status) in [(2, 3, Status::Authorized), (3, 3, Status::Disconnected)] {
        let mut world = World::new();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        world.server.faults.extend(std::iter::repeat_n(Fault::NotSent, times));
        world.run(redirected(&redirect));
        assert_eq!((exchanges(&world), world.status()), (sent, status));
    }
}

#[test]
fn row_21_a_redirect_in_answer_to_a_post_is_never_followed() {
    let token = "https://as.example/token";
    for status in [300, 301, 302, 303, 307, 308] {
        for location in ["https://evil.example/token", "/token2"] {
            for (kind, codes, goes_on_to) in [
                ("exchange", &["misconfigured_redirected"][..], &[][..]),
                ("refresh", &["misconfigured_redirected"], &[]),
                // It says nothing: the refresh goes on to where it always goes.
                ("introspection", &[], &[token]),
                ("revocation", &["server_revocation_refused"], &[]),
            ] {
                let (mut world, sent) = asked(kind);
                let headers = vec![("Location".into(), location.into())];
                // What stands in it counts as little as where it points.
                let body = r#"{"access_token":"evil","token_type":"Bearer","active":false}"#;
                let response = response(status, headers, body);
                let outputs = world.run(Input::HttpDone { op: op_of(&sent), response });
                assert_eq!(failures(&outputs), codes, "{status} {kind}");
                let urls: Vec<&str> =
                    requests(&outputs).iter().map(|request| request.url.as_str()).collect();
                assert_eq!(urls, goes_on_to, "{status} {kind}");
                if kind == "refresh" {
                    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2");
                }
                assert!(!world.header().is_some_and(|header| header.contains("evil")));
            }
        }
    }
}

#[test]
fn row_22_plain_http_is_refused_and_no_url_carries_a_secret() {
    let fields: [fn(&mut ProviderConfig, String); 5] = [
        |config, url| config.authorization_endpoint = url,
        |config, url| config.token_endpoint = url,
        |config, url| config.introspection_endpoint = Some(url),
        |config, url| config.disconnect = Disconnect::Revocation { endpoint: url },
        |config, url| config.api_origin = url,
    ];
    for (origin, [never, for_tests]) in [
        ("https://other.example", [true, true]),
        ("http://127.0.0.1:8080", [false, true]),
        ("http://[::1]:8080", [false, true]),
        ("http://other.example", [false, false]),
        ("http://localhost:8080", [false, false]),
        ("http://127.0.0.1.evil.test", [false, false]),
        ("http://10.0.0.1", [false, false]),
        ("ftp://other.example", [false, false]),
    ] {
        for (at, set) in fields.iter().enumerate() {
            for (loopback_http, allowed) in [(false, never), (true, for_tests)] {
                let mut config = ProviderConfig { loopback_http, ..provider_config() };
                let path = if at == 4 { "" } else { "/path" };
                set(&mut config, format!("{origin}{path}"));
                assert_eq!(Provider::new(config).is_ok(), allowed, "field {at}: {origin}");
            }
        }
    }
    let world = World::authorized();
    let plain = API.replace("https:", "http:");
    assert!(world.connection.authorization(world.now, API, 0).is_some());
    assert!(world.connection.authorization(world.now, &plain, 0).is_none());

    // Of everything that a whole life sends, only the state goes in a URL.
    let world = whole_life(client_config());
    let mut opened = 0;
    for output in &world.outputs {
        match output {
            Output::SendHttp { request, .. } => {
                assert!(!request.url.contains(['?', '#', '@']) && !request.url.contains("canary"));
            }
            Output::OpenUrl { url, .. } => {
                opened += 1;
                assert!(!url.expose().contains("canary"));
                assert!(in_url(url.expose(), "code_verifier").is_empty());
            }
            _ => {}
        }
    }
    assert_eq!(opened, 1);
}

#[test]
fn row_23_a_token_type_other_than_bearer_is_refused_in_any_case_of_letters() {
    for (token_type, good) in [
        (json!("Bearer"), true),
        (json!("bearer"), true),
        (json!("BEARER"), true),
        (json!("bEaReR"), true),
        (json!("DPoP"), false),
        (json!("mac"), false),
        (json!("N_A"), false),
        (json!("Bearer "), false),
        (json!(""), false),
        (json!(1), false),
        (json!(["Bearer"]), false),
        (Value::Null, false),
    ] {
        let fault = || Fault::Change(json!({"token_type": token_type}));
        let codes: &[&str] = if good { &[] } else { &["server_token_type_unknown"] };
        let (world, outputs) = exchanged(provider_config(), fault());
        assert_eq!(
            (&failures(&outputs)[..], world.header().is_some()),
            (codes, good),
            "{token_type}"
        );
        let (world, outputs) = refreshed(fault());
        assert_eq!(
            (&failures(&outputs)[..], world.header().is_some()),
            (codes, good),
            "{token_type}"
        );
        assert_eq!(tokens(&outputs).len(), usize::from(good));
    }
    // It may be absent only where the provider's data say so, and then no more than that.
    for (token_type, good) in [(Value::Null, true), (json!("DPoP"), false), (json!(1), false)] {
        let fault = Fault::Change(json!({"token_type": token_type}));
        // The redirects of this world name another issuer than Pleo's.
        let pleo = ProviderConfig {
            iss: IssPolicy::Ignored,
            company: None,
            redirects: RedirectRules::NativeApps,
            ..Pleo::Production.config()
        };
        let (world, _) = exchanged(pleo, fault);
        let url = "https://external.pleo.io/v1/expenses";
        assert_eq!(world.connection.authorization(world.now, url, 0).is_some(), good);
    }
}

#[test]
fn row_24_every_kind_of_expires_in_has_a_meaning_and_absent_is_not_zero() {
    let (hour, decade) = (Some(3_600_000), Some(315_360_000_000));
    for (member, life) in [
        ("", None),
        (r#","expires_in":null"#, None),
        (r#","expires_in":3600"#, hour),
        (r#","expires_in":3600.0"#, hour),
        (r#","expires_in":3600.9"#, hour),
        (r#","expires_in":3.6e3"#, hour),
        (r#","expires_in":"3600""#, hour),
        (r#","expires_in":" 3600 ""#, hour),
        (r#","expires_in":0"#, Some(0)),
        (r#","expires_in":0.5"#, Some(0)),
        (r#","expires_in":"0""#, Some(0)),
        (r#","expires_in":-1"#, Some(0)),
        (r#","expires_in":"-1""#, Some(0)),
        (r#","expires_in":-1e300"#, Some(0)),
        (r#","expires_in":-1e999"#, Some(0)),
        (r#","expires_in":315360000"#, decade),
        (r#","expires_in":315360001"#, decade),
        (r#","expires_in":18446744073709551615"#, decade),
        (r#","expires_in":99999999999999999999999"#, decade),
        (r#","expires_in":1e300"#, decade),
        (r#","expires_in":1e999"#, decade),
        (r#","expires_in":"soon""#, None),
        (r#","expires_in":"""#, None),
        (r#","expires_in":"99999999999999999999""#, None),
        (r#","expires_in":true"#, None),
        (r#","expires_in":[3600]"#, None),
        (r#","expires_in":{"s":3600}"#, None),
    ] {
        let body = format!(
            r#"{{"access_token":"new","token_type":"Bearer","refresh_token":"next"{member}}}"#
        );
        let (mut world, _) = exchanged(provider_config(), Fault::Answer(200, body.clone()));
        let expiry = world.record()["tokens"]["access_exp"].as_u64();
        assert_eq!(expiry, life.map(|life| START + life), "{member}");
        let header = world.header();
        assert_eq!(header.is_some(), life != Some(0), "{member}");
        // Absent is not zero: it is used until a 401, and nothing is planned.
        let planned = world.connection.wake_at(world.now);
        assert_eq!(planned.is_some(), life.is_some_and(|life| life > 0), "{member}");
        world.server.live = Some(("next".into(), String::new()));
        let made = requests(&world.token_wanted()).len();
        assert_eq!(made, usize::from(life == Some(0)), "{member}");

        // The same of a refresh, but that zero is a fault: it would go on for ever.
        let (world, outputs) = refreshed(Fault::Answer(200, body));
        let expiry = world.record()["tokens"]["access_exp"].as_u64();
        assert_eq!(expiry, life.map(|life| world.now + life), "{member}");
        assert_eq!(world.record()["tokens"]["refresh"], "next", "{member}");
        let codes: &[&str] = if life == Some(0) { &["server_token_unusable"] } else { &[] };
        assert_eq!(failures(&outputs), codes, "{member}");
    }
}

fn granted(outputs: &[Output]) -> Option<String> {
    outputs.iter().find_map(|output| match output {
        Output::Authorized { scope, .. } => Some(scope.clone()),
        _ => None,
    })
}

fn missing(outputs: &[Output]) -> Option<String> {
    outputs.iter().find_map(|output| match output {
        Output::Notice(Notice::ScopeNarrowed { missing }) => Some(missing.clone()),
        _ => None,
    })
}

#[test]
fn row_25_a_narrower_scope_is_told_and_a_refresh_asks_for_no_more() {
    let both = "expenses:read accounts:read";
    for (scope, expected, lacking) in [
        (json!("expenses:read"), "expenses:read", Some("accounts:read")),
        (json!("accounts:read"), "accounts:read", Some("expenses:read")),
        (json!(" accounts:read  expenses:read"), "accounts:read expenses:read", None),
        (json!("expenses:read accounts:read more"), "expenses:read accounts:read more", None),
        (
            json!("expenses:readx accounts:read"),
            "expenses:readx accounts:read",
            Some("expenses:read"),
        ),
        (json!(""), "", Some(both)),
        // Absent: as it was asked for (RFC 6749 §5.1).
        (Value::Null, both, None),
    ] {
        let (mut world, outputs) =
            exchanged(provider_config(), Fault::Change(json!({"scope": scope})));
        assert_eq!(granted(&outputs).as_deref(), Some(expected), "{scope}");
        assert_eq!(missing(&outputs).as_deref(), lacking, "{scope}");
        assert_eq!(world.record()["tokens"]["scope"], expected, "{scope}");
        let outputs = world.wake();
        let [refresh] = requests(&outputs)[..] else { panic!("one refresh") };
        // Without the parameter it asks for what was granted (RFC 6749 §6).
        assert!(in_body(refresh, "scope").is_empty(), "{scope}");
    }
    // What a refresh does not say stays as it was.
    let (mut world, _) =
        exchanged(provider_config(), Fault::Change(json!({"scope": "expenses:read"})));
    world.server.faults.push_back(Fault::Change(json!({"scope": null})));
    world.wake();
    assert_eq!(world.record()["tokens"]["scope"], "expenses:read");
}

#[test]
fn row_25_a_scope_that_a_refresh_narrowed_is_told_too() {
    let mut world = World::authorized();
    world.server.faults.push_back(Fault::Change(json!({"scope": "expenses:read"})));
    let outputs = world.wake();
    assert_eq!(world.record()["tokens"]["scope"], "expenses:read");
    assert_eq!(missing(&outputs).as_deref(), Some("accounts:read"));
}

#[test]
fn row_32_new_tokens_are_in_the_store_before_anything_about_them_is_judged() {
    let good = json!({"access_token": "a", "token_type": "Bearer", "expires_in": 3600});
    for (change, code) in [
        (json!({"token_type": "DPoP"}), "server_token_type_unknown"),
        (json!({"token_type": null}), "server_token_type_unknown"),
        (json!({"access_token": "a\r\nb"}), "server_token_unusable"),
        (json!({"expires_in": 0}), "server_token_unusable"),
        (json!({"expires_in": -1, "id_token": "rubbish"}), "server_token_unusable"),
        (json!({"id_token": "rubbish", "scope": [1]}), ""),
        (json!({"expires_in": 1, "id_token": {"iss": 1}}), ""),
    ] {
        let mut answer = good.clone();
        answer["refresh_token"] = "rotated".into();
        for (name, value) in change.as_object().unwrap() {
            answer[name] = value.clone();
        }
        let mut world = expired(RefreshPolicy::STRICT);
        let sent = until_sent(&mut world, wanted());
        let response = response(200, vec![], &answer.to_string());
        let step = world.step(Input::HttpDone { op: op_of(&http(&sent)), response });
        // Nobody has heard of it but the store.
        assert!(tokens(&step.outputs).is_empty() && failures(&step.outputs).is_empty());
        assert_eq!(step.servable, None);
        let save @ Output::Swap { write: Some(write), .. } = &open(&step) else { panic!("a save") };
        let record: Value = serde_json::from_slice(write.bytes.expose()).unwrap();
        assert_eq!((&record["tokens"]["refresh"], &record["gen"]), (&json!("rotated"), &json!(2)));
        let saved = world.perform(save).unwrap();
        let outputs = world.run(saved);
        assert_eq!(failures(&outputs).concat(), code, "{change}");
        assert_eq!(tokens(&outputs).len(), usize::from(code.is_empty()), "{change}");
        // The process may die over it: the next one refreshes with the new token.
        world.restart();
        world.advance(3_600_000);
        world.server.live = Some(("rotated".into(), String::new()));
        let outputs = world.token_wanted();
        let refresh = requests(&outputs)[0];
        assert_eq!(in_body(refresh, "refresh_token"), ["rotated"], "{change}");
    }
}
