//! An end that the server has not heard of: told again for as long as that can be done,
//! or owed. Found by a review.

use crate::common::{server::Fault, *};
use evergrant::*;
use std::{collections::VecDeque, iter::repeat_n};

const ONLY_ACCESS: &str = r#"{"access_token":"canary-lone","token_type":"Bearer"}"#;

fn unavailable() -> Fault {
    Fault::Answer(503, String::new())
}

fn by_request() -> World {
    let config = ProviderConfig { disconnect: by_api_request(), ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world
}

/// Goes on until nothing is due any more; what came of it.
fn to_the_end(world: &mut World) -> Vec<Output> {
    let mut outputs = Vec::new();
    while world.connection.wake_at(world.now).is_some() {
        outputs.extend(world.wake());
    }
    outputs
}

fn revoked(outputs: &[Output]) -> Vec<String> {
    requests(outputs).into_iter().map(body).collect()
}

#[test]
fn where_nothing_can_be_owed_the_server_is_told_for_over_an_hour() {
    for (faults, confirmed) in [(29, true), (30, false)] {
        let mut world = by_request();
        let begun = world.now;
        world.server.faults.extend(repeat_n(unavailable(), faults));
        world.run(Input::Revoke);
        let last = to_the_end(&mut world);
        assert!(last.contains(&Output::Notice(Notice::Disconnected { confirmed })), "{faults}");
        assert!(world.now - begun > 3_600_000, "{}", world.now - begun);
        assert_eq!(world.record()["tokens"], serde_json::Value::Null);
    }
}

#[test]
fn a_client_that_is_not_known_does_not_end_the_end() {
    let mut world = by_request();
    world.advance(3_600_000);
    let refused = r#"{"error":"invalid_client"}"#;
    world.server.faults.push_back(Fault::Answer(401, refused.into()));
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnecting);
    let last = to_the_end(&mut world);
    assert!(last.contains(&Output::Notice(Notice::Disconnected { confirmed: true })));
}

#[test]
fn what_an_operator_can_mend_leaves_a_duty_owed() {
    for status in [302, 401] {
        let mut world = World::authorized();
        world.server.faults.extend(repeat_n(unavailable(), 5));
        world.server.faults.push_back(Fault::Answer(status, String::new()));
        world.run(Input::Revoke);
        to_the_end(&mut world);
        assert_eq!(world.server.revocations, 2, "{status}");
    }
}

#[test]
fn a_lone_access_token_is_owed_too() {
    // Of a grant that is ended while the server is down.
    let mut world = World::new();
    world.server.faults.push_back(Fault::Answer(200, ONLY_ACCESS.into()));
    world.authorize();
    world.server.faults.extend(repeat_n(unavailable(), 5));
    world.run(Input::Revoke);
    let told = revoked(&to_the_end(&mut world));
    let request = "token=canary-lone&token_type_hint=access_token";
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told.iter().all(|body| body == request), "{told:?}");

    // And of one that came after the person had disconnected.
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let exchange = until_sent(
        &mut world,
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess },
    );
    world.advance(1_000);
    world.run(Input::Revoke);
    world.server.faults.push_back(Fault::Answer(200, ONLY_ACCESS.into()));
    let answer = world.perform(&http(&exchange)).unwrap();
    world.run(answer);
    assert_eq!(revoked(&to_the_end(&mut world)), [request]);
    assert_eq!(world.status(), Status::Disconnected);
}

/// What is said as time passes, where another worker has moved the revision before the
/// tombstone is written for the first time.
fn woken_against_another(world: &mut World) -> Vec<Output> {
    let before = world.outputs.len();
    world.advance(world.connection.wake_at(world.now).unwrap().saturating_sub(world.now));
    let mut moved = false;
    let mut queue = VecDeque::from([Input::Wake]);
    while let Some(input) = queue.pop_front() {
        for output in world.step(input).outputs {
            if let Output::Swap { key, write: Some(write), .. } = &output
                && write.bytes.expose().windows(14).any(|part| part == b"\"disconnected\"")
                && !std::mem::replace(&mut moved, true)
            {
                world.store.get_mut(key.as_str()).unwrap().revision = Revision::new("moved");
            }
            queue.extend(world.perform(&output));
        }
    }
    assert_eq!(moved, world.status() == Status::Disconnected);
    world.outputs[before..].to_vec()
}

#[test]
fn more_than_a_record_holds_is_owed_no_longer_and_that_is_told() {
    let mut world = World::new();
    let given_up = |outputs: &[Output]| {
        let told = Output::Notice(Notice::TokenRevoked { confirmed: false });
        outputs.iter().filter(|output| **output == told).count()
    };
    for expected in [0, 0, 0, 0, 2, 2] {
        world.authorize();
        world.server.faults.extend(repeat_n(unavailable(), 40));
        let mut outputs = world.run(Input::Revoke);
        while world.status() != Status::Disconnected {
            outputs.extend(woken_against_another(&mut world));
        }
        world.server.faults.clear();
        assert_eq!(given_up(&outputs), expected);
    }
    assert_eq!(world.record()["outbox"].as_array().unwrap().len(), 8);
}
