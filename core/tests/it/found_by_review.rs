//! Defects found by the third review, each with the test that showed it.

use crate::common::{
    server::{Fault, response},
    *,
};
use evergrant::*;

/// What is due within the hour is done.
fn hour(world: &mut World) {
    let end = world.now + 3_600_000;
    while world.connection.wake_at(world.now).is_some_and(|at| at < end) {
        world.wake();
    }
}

/// The bodies of the revocations that the server was told.
fn revocations(world: &World) -> Vec<String> {
    let requests = requests(&world.outputs).into_iter();
    requests.filter(|request| request.url.ends_with("/revoke")).map(body).collect()
}

fn was_told(world: &World, token: &str) -> bool {
    revocations(world).iter().any(|body| body.contains(token))
}

/// An end that the server has put off.
fn put_off() -> World {
    let mut world = World::authorized();
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnecting);
    world.advance(1);
    world
}

#[test]
fn tokens_that_come_while_the_store_is_silent_to_an_end_are_revoked() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = http(&until_sent(&mut world, wanted()));
    in_silence(&mut world, Input::Revoke);
    let answer = world.perform(&sent).unwrap();
    let renewed = format!("canary-refresh-{}", world.server.issued);
    world.run(answer);
    hour(&mut world);
    assert_eq!((world.status(), world.server.live.clone()), (Status::Disconnected, None));
    assert!(was_told(&world, &renewed));
}

#[test]
fn nor_is_what_they_replaced_sent_again_and_the_api_is_told_with_them() {
    let config = ProviderConfig { disconnect: by_api_request(), ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    let sent = http(&until_sent(&mut world, wanted()));
    in_silence(&mut world, Input::Revoke);
    let answer = world.perform(&sent).unwrap();
    world.run(answer);
    hour(&mut world);
    assert_eq!((world.server.settled_again(), world.server.replays), (0, 0));
    assert_eq!(world.server.uninstalled.len(), 1);
}

#[test]
fn while_an_end_is_put_off_nothing_is_refreshed() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    in_silence(&mut world, Input::Revoke);
    assert!(world.connection.wake_at(world.now).unwrap() > world.now);
    assert_eq!(world.step(Input::Wake).outputs, []);
}

#[test]
fn a_new_grant_is_not_overtaken_by_an_end_that_the_store_was_silent_to() {
    let mut world = put_off();
    let url = world.open_browser(authorize());
    let url = world.server.consent(&url).as_str().into();
    let proof = BrowserProof::SameProcess;
    let exchange = http(&until_sent(&mut world, Input::Redirected { url, proof }));
    world.advance(5_000);
    in_silence(&mut world, Input::Wake);
    let answer = world.perform(&exchange).unwrap();
    let step = world.step(answer);
    world.step(Input::SwapUnanswered { op: op_of(&open(&step)) });
    while world.connection.wake_at(world.now).is_some_and(|at| at < world.now + 600_000) {
        world.wake();
    }
    assert_eq!((world.status(), world.header().is_some()), (Status::Authorized, true));
}

/// Where the answer was lost and the server is asked after the token; it is slow, and
/// refuses this client, long after the person has wanted out.
fn refused_by_the_oracle_in_an_end(lost: Fault) -> World {
    let config = ProviderConfig {
        disconnect: by_api_request(),
        introspection_endpoint: Some("https://as.example/introspect".into()),
        ..provider_config()
    };
    let before = Some("canary-before".into());
    let client = ClientConfig { previous_client_secret: before, ..client_config() };
    let mut world = World::with(client_of(config, client));
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(lost);
    world.run(wanted());
    let asked = loop {
        let at = world.connection.wake_at(world.now).expect("it asks in the end");
        world.advance(at.saturating_sub(world.now));
        if let Some(step) = until_sent_if_at_all(&mut world, Input::Wake) {
            assert!(requests(&step.outputs)[0].url.ends_with("/introspect"));
            break http(&step);
        }
    };
    world.advance(1_000);
    // The access token is dead: a renewal waits for that refresh.
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnecting);
    world.advance(4_000);
    world.outputs.clear();
    world.run(Input::HttpDone { op: op_of(&asked), response: response(401, vec![], "") });
    world
}

#[test]
fn a_claim_that_an_end_has_taken_out_of_the_record_sends_nothing() {
    let world = refused_by_the_oracle_in_an_end(Fault::RequestLost);
    assert!(requests(&world.outputs).is_empty(), "{:?}", world.outputs);
}

#[test]
fn a_verdict_on_it_does_not_undo_the_end() {
    let mut world = refused_by_the_oracle_in_an_end(Fault::ReplyLost);
    hour(&mut world);
    assert_eq!(world.status(), Status::Disconnected);
    assert!(notices(&world.outputs).contains(&"disconnected"));
}

#[test]
fn a_fresh_token_that_another_worker_has_replaced_is_looked_for() {
    let minute = || Fault::Change(serde_json::json!({"expires_in": 60}));
    let refused = |generation| Input::ApiAnswered { generation, status: 401, headers: vec![] };
    let mut world = World::new();
    world.server.faults.push_back(minute());
    world.authorize();
    world.server.faults.push_back(minute());
    assert_eq!(tokens(&world.run(refused(1)))[0].0, 2);
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.advance(30_000);
    world.server.faults.push_back(minute());
    world.run(Input::Wake);
    assert_eq!(world.record()["gen"], 3);
    swap_workers(&mut world, &mut other);
    world.advance(1_000);
    assert_eq!(failures(&world.run(refused(2))), ["server_fresh_token_refused"]);
    assert_eq!(tokens(&world.token_wanted())[0].0, 3);
}

#[test]
fn the_end_of_a_grant_that_a_new_one_replaces_is_owed_and_whoever_wanted_it_is_told() {
    let mut world = put_off();
    world.outputs.clear();
    let outputs = world.authorize();
    assert_eq!(world.status(), Status::Authorized);
    assert_eq!(failures(&outputs), ["denied_superseded"]);
    hour(&mut world);
    assert!(was_told(&world, "canary-refresh-2"));
    assert!(world.server.live.is_some(), "the new grant lives");
}

#[test]
fn it_is_not_owed_where_that_would_end_the_new_grant_too() {
    let mut config = provider_config();
    config.refresh.family_per_user = true;
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    world.run(Input::Revoke);
    let before = revocations(&world).len();
    world.advance(1);
    assert_eq!(failures(&world.authorize()), ["denied_superseded"]);
    hour(&mut world);
    assert_eq!(revocations(&world).len(), before);
}

#[test]
fn a_revocation_refused_for_what_an_operator_can_mend_is_still_owed() {
    for status in [401, 302] {
        let mut world = World::authorized();
        world
            .server
            .faults
            .push_back(Fault::Answer(status, r#"{"error":"invalid_client"}"#.into()));
        let outputs = world.run(Input::Revoke);
        assert_eq!(failures(&outputs), ["server_revocation_refused"]);
        assert_eq!(world.status(), Status::Disconnected);
        world.outputs.clear();
        hour(&mut world);
        assert!(was_told(&world, "canary-refresh-2"), "{status}");
        assert_eq!(world.server.live, None);
    }
    let mut world = World::authorized();
    world
        .server
        .faults
        .push_back(Fault::Answer(400, r#"{"error":"unsupported_token_type"}"#.into()));
    world.run(Input::Revoke);
    world.outputs.clear();
    hour(&mut world);
    assert!(!was_told(&world, "canary-refresh-2"), "that is for good");
}

#[test]
fn a_token_that_the_api_repeats_is_taken_out() {
    let mut world = World::authorized();
    let header = world.header().unwrap();
    let token = header.strip_prefix("Bearer ").unwrap();
    let challenge = format!(
        "Bearer error=\"insufficient_scope\", error_description=\"the token {token} lacks a scope\""
    );
    let headers = vec![("WWW-Authenticate".to_owned(), challenge)];
    let outputs = world.run(Input::ApiAnswered { generation: 1, status: 403, headers });
    assert_eq!(failures(&outputs), ["denied_insufficient_scope"]);
    assert_eq!(testing::leak(&format!("{outputs:?}")), None);
}

#[test]
fn no_value_of_a_header_is_in_debug() {
    let headers = vec![("set-cookie".to_owned(), "session=canary-session".to_owned())];
    let shown = format!("{:?}", Input::ApiAnswered { generation: 1, status: 401, headers });
    assert_eq!(shown, "ApiAnswered { generation: 1, status: 401, headers: 1 }");
}

#[test]
fn no_parameter_of_the_authorization_request_stands_twice() {
    let authorization_endpoint = "https://as.example/authorize?audience=a".to_owned();
    let twice = vec![("audience".to_owned(), "b".to_owned())];
    let config = ProviderConfig { authorization_endpoint, ..provider_config() };
    let of_provider = ProviderConfig { authorize_parameters: twice.clone(), ..config.clone() };
    assert_eq!(Provider::new(of_provider), Err(Misuse::ParameterInvalid));
    let mut world = World::with(client_of(config, client_config()));
    let Input::Authorize(asked) = authorize() else { unreachable!() };
    let env = world.env();
    let refused =
        world.connection.step(&env, Input::Authorize(Authorize { extra: twice, ..asked }));
    assert_eq!(refused.unwrap_err(), Misuse::ParameterReserved);
}

#[test]
fn nobody_has_longer_than_a_month_to_authorize() {
    let month = 30 * 24 * 3_600_000;
    for (authorization_lifetime, sound) in [(0, false), (month, true), (month + 1, false)] {
        let config = ProviderConfig { authorization_lifetime, ..provider_config() };
        assert_eq!(Provider::new(config).err(), (!sound).then_some(Misuse::TimingInvalid));
    }
}
