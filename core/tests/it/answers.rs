//! Answers of the token endpoint: every field tolerated or refused, and the
//! requests that they answer.

use crate::common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

#[test]
fn what_is_no_verdict_keeps_the_tokens() {
    let cases: [(Fault, &str); 9] = [
        (Fault::NotSent, "try_later_not_sent"),
        (Fault::RequestLost, "try_later_unavailable"),
        (Fault::Answer(503, String::new()), "try_later_unavailable"),
        (Fault::Answer(403, "<html>blocked</html>".into()), "try_later_unavailable"),
        (Fault::Answer(200, "{\"access".into()), "try_later_unavailable"),
        (Fault::Answer(429, String::new()), "try_later_rate_limited"),
        (Fault::Answer(302, String::new()), "misconfigured_redirected"),
        (
            Fault::Answer(401, r#"{"error":"invalid_client"}"#.into()),
            "misconfigured_invalid_client",
        ),
        (
            Fault::Answer(400, r#"{"error":"unauthorized_client"}"#.into()),
            "misconfigured_unauthorized_client",
        ),
    ];
    for (fault, code) in cases {
        let mut world = World::authorized();
        world.advance(3_600_000);
        world.server.faults.push_back(fault.clone());
        let outputs = world.token_wanted();
        assert_eq!(failures(&outputs), [code], "{fault:?}");
        assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2", "{fault:?}");
        // Asked again at once: the same, with no second request.
        let again = world.token_wanted();
        assert_eq!((failures(&again), requests(&again).len()), (vec![code], 0), "{fault:?}");
        // In time the refresh is made, and no grant is lost.
        world.advance(900_000);
        world.run(Input::Wake);
        assert_eq!(tokens(&world.token_wanted()).len(), 1, "{fault:?}");
        assert_eq!((world.server.refreshes, world.server.replays), (1, 0), "{fault:?}");
    }
}

#[test]
fn every_field_of_a_token_answer_is_tolerated_or_refused_as_the_checklist_says() {
    /// What is changed, the deviations told of, and the life of the token or the failure.
    type Case = (serde_json::Value, &'static [&'static str], Result<Option<u64>, &'static str>);
    let hour = Some(3_600_000);
    let cases: Vec<Case> = vec![
        (json!({"expires_in": null}), &[], Ok(None)),
        (json!({"expires_in": "3600"}), &["expires_in_not_integer"], Ok(hour)),
        (json!({"expires_in": 3600.9}), &["expires_in_not_integer"], Ok(hour)),
        (json!({"expires_in": "soon"}), &["expires_in_unreadable"], Ok(None)),
        (json!({"expires_in": {"a": [1]}}), &["expires_in_unreadable"], Ok(None)),
        (
            json!({"expires_in": 1e30}),
            &["expires_in_not_integer", "expires_in_huge"],
            Ok(Some(315_360_000_000)),
        ),
        (json!({"expires_in": u64::MAX}), &["expires_in_huge"], Ok(Some(315_360_000_000))),
        (json!({"expires_in": 0}), &["expires_in_not_positive"], Ok(Some(0))),
        (json!({"expires_in": -5}), &["expires_in_not_positive"], Ok(Some(0))),
        (json!({"token_type": "bEARER"}), &[], Ok(hour)),
        (json!({"token_type": "DPoP"}), &[], Err("server_token_type_unknown")),
        (json!({"token_type": null}), &[], Err("server_token_type_unknown")),
        (json!({"refresh_token": ""}), &["refresh_token_empty"], Ok(hour)),
        (json!({"scope": ["a"]}), &["scope_not_spaced"], Ok(hour)),
        (json!({"scope": 5}), &["scope_unreadable"], Ok(hour)),
        (json!({"extra": {"deep": [[[1]]]}}), &[], Ok(hour)),
        (json!({"access_token": null}), &[], Err("server_answer_unreadable")),
        (json!({"access_token": 5}), &[], Err("server_answer_unreadable")),
        (json!({"access_token": "a\r\nX-Evil: 1"}), &[], Err("server_token_unusable")),
        (json!({"padding": "x".repeat(70_000)}), &[], Err("server_answer_too_large")),
    ];
    for (change, deviations, expected) in cases {
        let mut world = World::new();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        world.server.faults.push_back(Fault::Change(change.clone()));
        let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
        let seen: Vec<_> = outputs
            .iter()
            .filter_map(|output| match output {
                Output::Notice(Notice::AnswerDeviates(deviation)) => Some(deviation.code()),
                _ => None,
            })
            .collect();
        match expected {
            Ok(life) => {
                assert_eq!(seen, deviations, "{change}");
                let expiry = world.record()["tokens"]["access_exp"].as_u64();
                assert_eq!(expiry, life.map(|life| START + life), "{change}");
                assert_eq!(world.header().is_some(), life != Some(0), "{change}");
            }
            Err(code) => {
                assert_eq!(failures(&outputs), [code], "{change}");
                assert_eq!(world.status(), Status::Disconnected, "{change}");
            }
        }
    }
}

#[test]
fn an_answer_may_be_as_large_as_the_limit_and_no_larger() {
    let answer = r#"{"access_token":"canary-access","token_type":"Bearer","expires_in":60}"#;
    for (more, expected) in [(0, vec![]), (1, vec!["server_answer_too_large"])] {
        let mut world = World::new();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        let length = provider_config().answer_limit as usize + more;
        world.server.faults.push_back(Fault::Answer(200, server::padded(answer, length)));
        let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
        assert_eq!(failures(&outputs), expected);
    }
}

#[test]
fn a_narrowed_scope_is_told_and_an_omitted_refresh_token_is_kept() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"scope": "expenses:read"})));
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    assert!(
        outputs
            .contains(&Output::Notice(Notice::ScopeNarrowed { missing: "accounts:read".into() }))
    );
    world.server.faults.push_back(Fault::Change(json!({"refresh_token": null, "scope": null})));
    let outputs = world.wake();
    assert!(outputs.contains(&Output::Notice(Notice::Refreshed { generation: 2, rotated: false })));
    let record = world.record();
    assert_eq!(record["tokens"]["refresh"], "canary-refresh-2");
    assert_eq!(record["tokens"]["scope"], "expenses:read");
}

#[test]
fn a_flawed_refresh_is_stored_before_it_is_judged() {
    for change in [json!({"token_type": "mac"}), json!({"expires_in": 0})] {
        let mut world = World::authorized();
        world.advance(3_600_000);
        world.server.faults.push_back(Fault::Change(change.clone()));
        let outputs = world.token_wanted();
        assert_eq!(failures(&outputs).len(), 1, "{change}");
        assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3", "{change}");
        assert_eq!(world.header(), None, "{change}");
        // No loop: the next caller gets the same failure and no request is sent.
        assert!(requests(&world.token_wanted()).is_empty(), "{change}");
        world.advance(700_000);
        assert_eq!(tokens(&world.token_wanted()).len(), 1, "{change}");
        assert_eq!(world.server.replays, 0);
    }
}

#[test]
fn client_authentication_is_exactly_one() {
    use TokenEndpointAuthMethod as Method;
    let odd = "a b+/:%é";
    let form = "a+b%2B%2F%3A%25%C3%A9";
    for method in [Method::ClientSecretBasic, Method::ClientSecretPost, Method::None] {
        let secret = (method != Method::None).then(|| odd.into());
        let config = ClientConfig {
            client_id: odd.into(),
            client_secret: secret,
            previous_client_secret: None,
            token_endpoint_auth_method: Some(method),
            ..client_config()
        };
        let mut world = World::with(client_of(provider_config(), config));
        let outputs = world.authorize();
        let request = requests(&outputs)[0];
        let header = request.headers.iter().find(|(name, _)| *name == "authorization");
        let body = body(request);
        assert!(body.starts_with("grant_type=authorization_code&code=canary-code-1&redirect_uri=https%3A%2F%2Fclient.example%2Fcallback&code_verifier="), "{body}");
        match method {
            Method::ClientSecretBasic => {
                use base64::{Engine as _, engine::general_purpose::STANDARD};
                let basic = form.replace('+', "%20");
                let expected = format!("Basic {}", STANDARD.encode(format!("{basic}:{basic}")));
                assert_eq!(header.unwrap().1.expose(), expected);
                assert!(!body.contains("client_"));
            }
            Method::ClientSecretPost => {
                assert!(header.is_none());
                assert!(body.ends_with(&format!("&client_id={form}&client_secret={form}")));
            }
            Method::None => {
                assert!(header.is_none());
                assert!(body.ends_with(&format!("&client_id={form}")));
            }
        }
    }
}
