//! The lifecycle, part by part, against a store and a server in memory.

use crate::common::{
    server::{Fault, query},
    *,
};
use evergrant::*;
use serde_json::json;

/// The notices of a refresh that ends the grant, in Pleo's order.
const VERDICT: [&str; 6] = [
    "refresh_started",
    "calls_stopped",
    "refresh_failed",
    "unauthenticated",
    "tokens_wiped",
    "grant_lost",
];

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
fn what_a_caller_can_get_wrong_is_a_misuse_and_changes_nothing() {
    let asked = |change: fn(&mut Authorize)| {
        let Input::Authorize(mut asked) = authorize() else { unreachable!() };
        change(&mut asked);
        Input::Authorize(asked)
    };
    let mut world = World::authorized();
    let cases: [(Input, Misuse); 7] = [
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
    ];
    for (input, misuse) in cases {
        assert_eq!(world.misuse(input), misuse);
    }
    world.step(asked(|a| a.return_context = Some("x".repeat(4096))));
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
fn a_token_is_given_only_if_it_stays_valid_for_as_long_as_asked() {
    let world = World::authorized();
    let left = world.record()["tokens"]["access_exp"].as_u64().unwrap() - world.now;
    let given = |validity| world.connection.authorization(world.now, API, validity).is_some();
    assert!(given(left - 1) && !given(left));
}

#[test]
fn the_scopes_that_a_grant_has_not_are_named() {
    let missing = |world: &World| world.connection.missing_scopes("accounts:read users:read");
    assert_eq!(missing(&World::authorized()), "users:read");
    assert_eq!(missing(&World::new()), "accounts:read users:read");
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
fn retry_after_is_read_in_seconds_and_as_a_date_and_never_beyond_a_day() {
    let mut world = World::authorized();
    // 14 November 2023, 22:13:20, is START.
    for (value, wait) in [
        ("30", 30_000),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60_000),
        ("Tuesday, 14-Nov-23 22:14:20 GMT", 60_000),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0),
        ("99999999999", 86_400_000),
        ("Wed, 14 Nov 2029 22:13:20 GMT", 86_400_000),
        ("soon", 1_000),
        ("-5", 1_000),
    ] {
        let headers = vec![("retry-after".into(), value.into())];
        let outputs = world.run(Input::ApiAnswered { generation: 1, status: 503, headers });
        let [Output::Failed { failure, .. }] = &outputs[..] else { panic!("{outputs:?}") };
        assert_eq!(failure.retry_at(), Some(START + wait), "{value}");
    }
}

#[test]
fn a_refused_refresh_is_a_verdict_and_wipes_the_tokens() {
    let mut world = World::authorized();
    world.server.live = None;
    let outputs = world.wake();
    assert_eq!(notices(&outputs), VERDICT);
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
fn a_lost_reply_at_a_strict_server_has_a_name_of_its_own() {
    let mut world = World::authorized();
    world.server.faults.push_back(Fault::ReplyLost);
    world.wake();
    assert_eq!(world.connection.servable(world.now), None, "the old access token may be dead");
    assert_eq!(failures(&world.token_wanted()), ["try_later_unavailable"]);
    assert_eq!(world.server.refreshes + world.server.replays, 1, "not replayed before its time");
    let outputs = world.wake();
    assert_eq!(notices(&outputs), VERDICT);
    assert_eq!(world.status(), Status::ReauthenticationRequired(Cause::LostReply));
}

#[test]
fn a_fence_that_cannot_be_read_is_left_to_fall_by_itself() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into()));
    let input = Input::Redirected { url: redirect.into(), proof: BrowserProof::SameProcess };
    let sent = http(&until_sent(&mut world, input));
    let answer = world.perform(&sent).unwrap();
    let lifting = open(&world.step(answer));
    let current =
        Some(Stored { revision: Revision::new("0"), bytes: SecretBytes::new(*b"{"), age: None });
    let step = world.step(Input::Swapped { op: op_of(&lifting), current });
    assert_eq!(failures(&step.outputs), ["denied_code_rejected"]);
    assert!(!step.outputs.iter().any(is_open), "nothing more is written");
}
