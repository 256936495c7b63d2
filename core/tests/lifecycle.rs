//! The lifecycle, part by part, against a store and a server in memory.

mod common;

use common::{server::Fault, server::Server, server::query, *};
use evergrant::*;
use serde_json::json;

#[test]
fn from_authorize_to_disconnect_and_back() {
    let mut world = World::new();
    assert_eq!(world.status(), Status::Disconnected);
    let outputs = world.authorize();
    assert_eq!(notices(&outputs), ["redirect_accepted", "grant_obtained"]);
    assert_eq!(tokens(&outputs), [(1, "Bearer canary-access-2".into())]);
    assert!(outputs.iter().any(|output| matches!(output,
        Output::Authorized { generation: 1, return_context: Some(context), .. } if context == "/settings")));

    // In use: at once, without any output but the token.
    assert_eq!(world.token_wanted().len(), 1);
    assert_eq!(world.header().as_deref(), Some("Bearer canary-access-2"));

    // Proactive refresh.
    let outputs = world.wake();
    assert_eq!(notices(&outputs), ["refresh_started", "refreshed"]);
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())]);
    assert_eq!(world.server.refreshes, 1);

    // End, and anew with the same scopes.
    let outputs = world.run(Input::Revoke);
    assert_eq!(notices(&outputs), ["disconnecting", "disconnected"]);
    assert_eq!(world.status(), Status::Disconnected);
    assert_eq!(world.header(), None);
    assert_eq!(failures(&world.token_wanted()), ["denied_not_connected"]);
    assert_eq!((world.server.revocations, world.server.live.clone()), (1, None));
    world.advance(1);
    world.authorize();
    assert_eq!(world.status(), Status::Authorized);
    assert_eq!(world.server.replays, 0);
}

#[test]
fn the_authorization_request_is_as_the_rfcs_have_it() {
    let mut config = provider_config();
    config.authorize_parameters = vec![("prompt".into(), "consent".into())];
    config.resource = Some("https://api.example/".into());
    let mut world = World::with(client_of(config, client_config()));
    let url = world.open_browser(Input::Authorize(Authorize {
        redirect_uri: "http://127.0.0.1:8123/callback".into(),
        scopes: vec!["accounts:read".into()],
        extra: vec![("b".into(), "é &".into()), ("a".into(), "1".into())],
        binding: Binding::Cookie,
        return_context: None,
    }));
    let (state, challenge) =
        (query(&url, "state").unwrap(), query(&url, "code_challenge").unwrap());
    assert_eq!((state.len(), challenge.len()), (43, 43));
    assert_eq!(
        url,
        format!(
            "https://as.example/authorize?response_type=code&client_id=client%201\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A8123%2Fcallback&scope=accounts%3Aread\
             &state={state}&code_challenge={challenge}&code_challenge_method=S256\
             &resource=https%3A%2F%2Fapi.example%2F&prompt=consent&b=%C3%A9%20%26&a=1"
        )
    );
    let other = world.open_browser(authorize());
    assert_ne!(query(&other, "state"), query(&url, "state"), "fresh for each");
}

#[test]
fn what_a_caller_can_get_wrong_is_a_misuse_and_changes_nothing() {
    let asked = |change: fn(&mut Authorize)| {
        let Input::Authorize(mut asked) = authorize() else { unreachable!() };
        change(&mut asked);
        Input::Authorize(asked)
    };
    let mut world = World::authorized();
    let cases: [(Input, Misuse); 9] = [
        (
            asked(|a| a.redirect_uri = "https://client.example/callback/".into()),
            Misuse::RedirectUriNotRegistered,
        ),
        (
            asked(|a| a.redirect_uri = "http://127.0.0.1:80/other".into()),
            Misuse::RedirectUriNotRegistered,
        ),
        (asked(|a| a.scopes = vec!["expenses:write".into()]), Misuse::ScopeNotRegistered),
        (asked(|a| a.scopes = vec!["two scopes".into()]), Misuse::ScopeInvalid),
        (asked(|a| a.extra = vec![("state".into(), "x".into())]), Misuse::ParameterReserved),
        (asked(|a| a.extra = vec![("a".into(), "1".into()); 2]), Misuse::ParameterInvalid),
        (asked(|a| a.return_context = Some("x".repeat(4097))), Misuse::ReturnContextTooLong),
        (Input::ApiAnswered { generation: 1, status: 99, headers: vec![] }, Misuse::StatusInvalid),
        (
            Input::HttpDone { op: Op(1), response: server::response(600, vec![], "") },
            Misuse::StatusInvalid,
        ),
    ];
    for (input, misuse) in cases {
        assert_eq!(world.misuse(input), misuse);
    }
    let before = world.connection.clone();
    let mut env = world.env();
    env.entropy = [0; 32];
    assert_eq!(world.connection.step(&env, Input::Wake), Err(Misuse::EntropyMissing));
    env.entropy = [9; 32];
    world.connection.step(&env, Input::Wake).unwrap();
    let after = world.connection.clone();
    assert_eq!(world.connection.step(&env, Input::Wake), Err(Misuse::EntropyReused));
    assert_eq!(world.connection, after);
    assert_ne!(before, after, "the last entropy is remembered");
}

#[test]
fn a_401_is_one_refresh_and_one_replay_for_its_generation() {
    let mut world = World::authorized();
    let refused = |generation| Input::ApiAnswered { generation, status: 401, headers: vec![] };
    let outputs = world.run(refused(1));
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())]);
    // Stragglers with the old token get the new one, and no refresh.
    assert_eq!(tokens(&world.run(refused(1))), [(2, "Bearer canary-access-3".into())]);
    assert_eq!(world.server.refreshes, 1);
    // A second 401 at once, with the fresh token, surfaces.
    let outputs = world.run(refused(2));
    assert_eq!(failures(&outputs), ["server_fresh_token_refused"]);
    assert_eq!(world.server.refreshes, 1);
    // Much later it is an ordinary 401.
    world.advance(120_000);
    assert_eq!(tokens(&world.run(refused(2))).len(), 1);
    assert_eq!(world.server.refreshes, 2);
}

#[test]
fn other_api_answers_never_touch_the_grant() {
    let mut world = World::authorized();
    let before = world.record();
    for (status, code) in [
        (403, Some("denied_forbidden")),
        (429, Some("try_later_rate_limited")),
        (500, Some("try_later_unavailable")),
        (503, Some("try_later_unavailable")),
        (200, None),
        (404, None),
    ] {
        let headers = vec![("Retry-After".into(), "7".into())];
        let outputs = world.run(Input::ApiAnswered { generation: 1, status, headers });
        assert_eq!(failures(&outputs), code.into_iter().collect::<Vec<_>>(), "{status}");
        if let Some(Output::Failed { failure: Failure::TryLater { at, .. }, .. }) = outputs.first()
        {
            assert_eq!(*at, world.now + 7_000);
        }
    }
    assert_eq!(world.record(), before);
    assert_eq!(world.token_wanted().len(), 1);
}

#[test]
fn the_token_goes_to_the_api_origin_only() {
    let mut world = World::authorized();
    let env = world.env();
    let allowed = |url: &str| world.connection.authorization(&env, url, 0).is_some();
    for url in [
        API,
        "https://API.example/",
        "https://api.example:443/v1?filter[x]=1",
        "https://api.example",
    ] {
        assert!(allowed(url), "{url}");
    }
    for url in [
        "http://api.example/v1",
        "https://api.example.evil.test/",
        "https://api.example@evil.test/",
        "https://evil.test/https://api.example/",
        "https://api.example:8443/",
        "https://api.example\\@evil.test/",
        "https://api.example./",
        "//api.example/",
        "https:api.example/",
        "https://api.exa\tmple/",
        "https://api%2eexample/",
        "",
    ] {
        assert!(!allowed(url), "{url}");
    }
}

#[test]
fn a_refused_refresh_is_a_verdict_and_wipes_the_tokens() {
    let mut world = World::authorized();
    world.server.live = None;
    let outputs = world.wake();
    assert_eq!(notices(&outputs), ["refresh_started", "refresh_failed", "grant_lost"]);
    let rejected = Status::ReauthenticationRequired(Cause::Rejected);
    assert_eq!(world.status(), rejected);
    let record = world.record();
    assert_eq!((&record["tokens"], &record["gen"]), (&json!(null), &json!(1)));
    // It is said again to whoever asks, with no request.
    assert_eq!(failures(&world.token_wanted()), ["reauthenticate_rejected"]);
    assert!(requests(&world.token_wanted()).is_empty());
    world.restart();
    assert_eq!(world.status(), rejected);
    // Reauthentication asks for the same scopes.
    let url = world.open_browser(authorize());
    assert_eq!(query(&url, "scope").as_deref(), Some("expenses:read accounts:read"));
    let redirect = world.server.consent(&url);
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!((world.status(), world.server.replays), (Status::Authorized, 0));
}

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
fn a_lost_reply_at_a_strict_server_has_a_name_of_its_own() {
    let mut world = World::authorized();
    world.server.faults.push_back(Fault::ReplyLost);
    world.wake();
    assert_eq!(world.connection.servable(world.now), None, "the old access token may be dead");
    assert_eq!(failures(&world.token_wanted()), ["try_later_unavailable"]);
    assert_eq!(world.server.refreshes + world.server.replays, 1, "not replayed before its time");
    let outputs = world.wake();
    assert_eq!(notices(&outputs), ["refresh_started", "refresh_failed", "grant_lost"]);
    assert_eq!(world.status(), Status::ReauthenticationRequired(Cause::LostReply));
}

#[test]
fn several_authorizations_are_pending_and_each_redirect_completes_its_own() {
    let mut world = World::new();
    let first = world.open_browser(authorize());
    let second = world.open_browser(authorize());
    let redirect = world.server.consent(&second);
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!((world.status(), world.server.exchanges), (Status::Authorized, 1));
    // The other one still can, and the same one cannot twice.
    assert_eq!(
        failures(&world.redirect(&redirect, BrowserProof::SameProcess)),
        ["callback_state_used"]
    );
    let redirect = world.server.consent(&first);
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(tokens(&outputs).len(), 1);
    assert_eq!(world.connection.servable(world.now), Some(2));
}

#[test]
fn a_bad_redirect_changes_nothing() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let good = world.server.consent(&url);
    let state = query(&url, "state").unwrap();
    let base = format!("{REDIRECT_URI}?state={state}");
    let iss = "iss=https%3A%2F%2Fas.example";
    let cases: [(String, BrowserProof, &str); 11] = [
        (REDIRECT_URI.into(), BrowserProof::SameProcess, "callback_unreadable"),
        (format!("{REDIRECT_URI}?code=x"), BrowserProof::SameProcess, "callback_state_missing"),
        (
            format!("{REDIRECT_URI}?code=x&state=f"),
            BrowserProof::SameProcess,
            "callback_state_unknown",
        ),
        (format!("{good}&code=y"), BrowserProof::SameProcess, "callback_duplicate_parameter"),
        (
            format!("{good}&state={state}"),
            BrowserProof::SameProcess,
            "callback_duplicate_parameter",
        ),
        (good.clone(), BrowserProof::Missing, "callback_binding_mismatch"),
        (good.clone(), BrowserProof::Binding("x".into()), "callback_binding_mismatch"),
        (format!("{base}&code=x"), BrowserProof::SameProcess, "callback_issuer_missing"),
        (
            format!("{base}&code=x&iss=https%3A%2F%2Fas.example%2F"),
            BrowserProof::SameProcess,
            "callback_issuer_mismatch",
        ),
        (format!("{base}&{iss}"), BrowserProof::SameProcess, "callback_malformed"),
        (format!("{base}&{iss}&code=x&error=y"), BrowserProof::SameProcess, "callback_malformed"),
    ];
    let before = world.store.clone();
    for (url, proof, code) in cases {
        assert_eq!(failures(&world.redirect(&url, proof)), [code], "{url}");
        assert_eq!(world.store, before, "{url}");
        assert_eq!(world.status(), Status::Authorizing);
    }
    assert_eq!(world.server.exchanges, 0);
    // The true one still completes.
    world.redirect(&good, BrowserProof::SameProcess);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_cookie_binds_the_browser() {
    let Input::Authorize(mut asked) = authorize() else { unreachable!() };
    asked.binding = Binding::Cookie;
    let mut world = World::new();
    let url = world.open_browser(Input::Authorize(asked));
    let cookie = world.outputs.iter().find_map(|output| match output {
        Output::OpenUrl { binding, .. } => binding.clone(),
        _ => None,
    });
    let redirect = world.server.consent(&url);
    for proof in
        [BrowserProof::SameProcess, BrowserProof::Missing, BrowserProof::Binding("x".into())]
    {
        assert_eq!(failures(&world.redirect(&redirect, proof)), ["callback_binding_mismatch"]);
    }
    world.redirect(&redirect, BrowserProof::Binding(cookie.unwrap()));
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_denial_is_reported_with_its_return_context() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let outputs = world.redirect(&Server::deny(&url), BrowserProof::SameProcess);
    let Some(Output::Failed { activity, failure }) = outputs.last() else { panic!("a failure") };
    assert_eq!(failure.code(), "denied_access");
    assert_eq!(failure.said().unwrap().description.as_deref(), Some("The person said no"));
    assert!(matches!(activity, Activity::Authorization { return_context: Some(context), .. }
        if context == "/settings"));
    assert_eq!((world.status(), world.server.exchanges), (Status::Disconnected, 0));
}

#[test]
fn a_pending_authorization_expires_and_can_be_cancelled() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let outputs = world.wake();
    assert_eq!(failures(&outputs), ["denied_authorization_expired"]);
    assert_eq!(world.status(), Status::Disconnected);
    let redirect = world.server.consent(&url);
    assert_eq!(
        failures(&world.redirect(&redirect, BrowserProof::SameProcess)),
        ["callback_expired"]
    );

    let url = world.open_browser(authorize());
    let outputs = world.run(Input::Cancel { authorization: None });
    assert_eq!(notices(&outputs), ["authorization_cancelled"]);
    let redirect = world.server.consent(&url);
    assert_eq!(
        failures(&world.redirect(&redirect, BrowserProof::SameProcess)),
        ["callback_state_used"]
    );
    assert_eq!(world.server.exchanges, 0);
    assert!(world.run(Input::Cancel { authorization: None }).is_empty());
}

#[test]
fn the_redirect_may_come_to_another_process() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.restart();
    let key = pending_key(&redirect.as_str().into()).unwrap();
    let stored = world.store[key.as_str()].clone();
    assert_eq!(pending_tenant(&world.client, &key, &stored.bytes).unwrap(), TENANT);
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_disconnect_beats_the_redirect_of_an_earlier_authorization() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let mut other = World::new();
    std::mem::swap(&mut other.store, &mut world.store);
    other.advance(1_000);
    other.run(Input::Revoke);
    std::mem::swap(&mut other.store, &mut world.store);
    world.advance(2_000);
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(failures(&outputs), ["denied_superseded"]);
    assert_eq!((world.status(), world.server.exchanges), (Status::Disconnected, 0));
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
        (json!({"scope": ["a"]}), &["scope_not_text"], Ok(hour)),
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
                let expected = format!("Basic {}", STANDARD.encode(format!("{form}:{form}")));
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
