//! An end that is told with the access token, where that has died: it is renewed as by any
//! refresh, with the intent first, and never beside another. Found by a fuzzer.

use crate::common::{
    server::{Fault, response},
    *,
};
use evergrant::*;

/// Its access token has expired.
fn expired() -> World {
    let config = ProviderConfig { disconnect: by_api_request(), ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world
}

/// The access tokens with which the API was told of the end.
fn told(outputs: &[Output]) -> Vec<String> {
    let requests = requests(outputs).into_iter();
    let deletes = requests.filter(|request| request.method == Method::Delete);
    deletes.map(|request| request.headers[0].1.expose().to_owned()).collect()
}

fn is_confirmed(outputs: &[Output]) -> bool {
    outputs.contains(&Output::Notice(Notice::Disconnected { confirmed: true }))
}

#[test]
fn the_refresh_under_way_is_waited_for_and_the_api_told_with_what_it_brings() {
    let mut world = expired();
    let refresh = until_sent(&mut world, wanted());
    assert!(requests(&world.run(Input::Revoke)).is_empty());
    assert_eq!(world.status(), Status::Disconnecting);
    let answer = world.perform(&http(&refresh)).unwrap();
    let outputs = world.run(answer);
    assert_eq!(told(&outputs), ["Bearer canary-access-3"]);
    assert!(is_confirmed(&outputs));
    assert_eq!(world.server.refreshes, 1);
}

#[test]
fn and_so_is_the_refresh_of_another_worker() {
    let mut world = expired();
    let refresh = until_sent(&mut world, wanted());
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    assert!(requests(&world.run(Input::Revoke)).is_empty());
    world.advance(1_000);
    assert!(requests(&world.run(Input::Wake)).is_empty(), "not yet");
    swap_workers(&mut world, &mut other);
    let answer = world.perform(&http(&refresh)).unwrap();
    let outputs = world.run(answer);
    assert_eq!(told(&outputs), ["Bearer canary-access-3"]);
    assert!(is_confirmed(&outputs));
    swap_workers(&mut world, &mut other);
    assert!(requests(&world.wake()).is_empty());
    assert_eq!((world.status(), world.server.refreshes), (Status::Disconnected, 1));
}

#[test]
fn whoever_was_refreshing_is_waited_for_as_long_as_by_a_takeover() {
    let mut world = expired();
    until_sent(&mut world, wanted());
    let begun = world.now;
    world.run(Input::Revoke);
    world.restart();
    let mut outputs = Vec::new();
    while requests(&outputs).is_empty() {
        outputs.extend(world.wake());
    }
    assert!(world.now >= begun + 75_000, "{}", world.now - begun);
    assert!(is_confirmed(&outputs));
}

#[test]
fn of_two_that_come_to_an_end_one_renews() {
    let mut world = expired();
    world.server.faults.push_back(Fault::NotSent);
    world.run(Input::Revoke);
    let mut other = second_worker(&world);
    let at = world.connection.wake_at(world.now).unwrap();
    world.advance(at - world.now);
    let renewal = until_sent(&mut world, Input::Wake);
    swap_workers(&mut world, &mut other);
    assert!(requests(&world.run(Input::Wake)).is_empty());
    swap_workers(&mut world, &mut other);
    let answer = world.perform(&http(&renewal)).unwrap();
    assert!(is_confirmed(&world.run(answer)));
    assert_eq!(world.server.refreshes, 1);
}

#[test]
fn a_live_access_token_is_told_with_at_once_and_not_renewed_beside_a_refresh() {
    let config = ProviderConfig { disconnect: by_api_request(), ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_100_000);
    let refresh = until_sent(&mut world, Input::Wake);
    world.server.faults.push_back(Fault::Answer(401, String::new()));
    let outputs = world.run(Input::Revoke);
    assert_eq!(requests(&outputs).len(), told(&outputs).len());
    assert_eq!(told(&outputs), ["Bearer canary-access-2"]);
    let answer = world.perform(&http(&refresh)).unwrap();
    assert_eq!(told(&world.run(answer)), ["Bearer canary-access-3"]);
}

#[test]
fn what_it_was_renewed_with_is_kept_for_as_long_as_the_store_is_silent() {
    let mut world = expired();
    let renewal = until_sent(&mut world, Input::Revoke);
    let answer = world.perform(&http(&renewal)).unwrap();
    let mut step = world.step(answer);
    for _ in 0..8 {
        assert!(world.connection.is_unsaved());
        let op = op_of(&open(&step));
        world.step(Input::SwapUnanswered { op });
        let at = world.connection.wake_at(world.now).unwrap();
        world.advance(at - world.now);
        step = world.step(Input::Wake);
    }
    let save = world.perform(&open(&step)).unwrap();
    assert!(is_confirmed(&world.run(save)));
}

#[test]
fn a_renewal_that_is_answered_late_still_counts() {
    let mut world = expired();
    let renewal = until_sent(&mut world, Input::Revoke);
    let answer = world.perform(&http(&renewal)).unwrap();
    let at = world.connection.wake_at(world.now).unwrap();
    world.advance(at - world.now);
    assert!(requests(&world.run(Input::Wake)).is_empty());
    let outputs = world.run(answer);
    assert_eq!(told(&outputs), ["Bearer canary-access-3"]);
    assert!(is_confirmed(&outputs));
}

#[test]
fn what_came_of_a_renewal_decides_when_it_is_tried_again() {
    for (fault, at_once) in [
        (Fault::NotSent, true),
        (Fault::Answer(429, String::new()), true),
        (Fault::RequestLost, false),
    ] {
        let mut world = expired();
        let begun = world.now;
        world.server.faults.push_back(fault.clone());
        let mut outputs = world.run(Input::Revoke);
        while !is_confirmed(&outputs) {
            outputs.extend(world.wake());
        }
        let started =
            |output: &&Output| matches!(output, Output::Notice(Notice::RefreshStarted { .. }));
        assert_eq!(outputs.iter().filter(started).count(), 2, "{fault:?}");
        let waited = world.now - begun;
        assert_eq!(waited < 2_000, at_once, "{fault:?}: {waited}");
        assert!(at_once || waited >= 62_000, "{fault:?}: {waited}");
    }
}

#[test]
fn a_store_that_is_too_slow_for_the_intent_is_asked_again_twice() {
    for (late, sent) in [(2_999, 1), (3_000, 0)] {
        let mut world = expired();
        let mark = open(&world.step(Input::Revoke));
        let marked = world.perform(&mark).unwrap();
        let mut step = world.step(marked);
        for _ in 0..3 {
            assert!(requests(&step.outputs).is_empty());
            assert!(world.server.refreshes == 0);
            let answer = world.perform(&open(&step)).unwrap();
            assert!(world.record()["intent"].is_object());
            world.advance(late);
            step = world.step(answer);
            if sent == 1 {
                break;
            }
        }
        assert_eq!(requests(&step.outputs).len(), sent, "{late}");
        if sent == 0 {
            let answer = world.perform(&open(&step)).unwrap();
            assert!(world.record()["intent"].is_null(), "given up for now, and never sent");
            world.run(answer);
            assert!(is_confirmed(&world.wake()));
        }
    }
}

#[test]
fn a_no_that_comes_after_a_takeover_says_nothing() {
    let mut world = expired();
    let renewal = until_sent(&mut world, Input::Revoke);
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.run(Input::Wake);
    let mut outputs = Vec::new();
    while requests(&outputs).is_empty() {
        outputs = world.wake();
    }
    assert!(is_confirmed(&outputs));
    swap_workers(&mut world, &mut other);
    // By another part of it, it has read what the takeover came to.
    world.open_browser(authorize());
    let dead = response(400, vec![], r#"{"error":"invalid_grant"}"#);
    let outputs = world.run(Input::HttpDone { op: op_of(&http(&renewal)), response: dead });
    let failed = |output: &Output| matches!(output, Output::Notice(Notice::RefreshFailed { .. }));
    assert!(!outputs.iter().any(failed), "{outputs:?}");
    assert!(requests(&outputs).is_empty());
    assert_eq!(
        (world.record()["status"].as_str(), world.server.refreshes),
        (Some("disconnected"), 1)
    );
}

/// Where the answer to a second request is another successor, either may be the one alive.
#[test]
fn a_sibling_that_comes_late_is_handed_to_the_end() {
    let config = ProviderConfig { refresh: RefreshPolicy::OKTA, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    let first = until_sent(&mut world, wanted());
    world.wake();
    while world.server.refreshes == 0 {
        world.wake();
    }
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    world.run(Input::Revoke);
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
    let answer =
        r#"{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"sibling"}"#;
    let op = op_of(&http(&first));
    let outputs = world.run(Input::HttpDone { op, response: response(200, vec![], answer) });
    let told: Vec<String> = requests(&outputs).into_iter().map(body).collect();
    assert_eq!(told, ["token=sibling&token_type_hint=refresh_token"]);
}

/// Where a replay does no harm the machine would have sent the token again at once.
#[test]
fn what_a_refresh_has_brought_already_is_stored_first() {
    let refresh = RefreshPolicy { rotation: Rotation::SameSuccessor, ..RefreshPolicy::OKTA };
    let config = ProviderConfig { disconnect: by_api_request(), refresh, ..provider_config() };
    for claimed_before in [false, true] {
        let mut world = World::with(client_of(config.clone(), client_config()));
        world.authorize();
        world.advance(3_600_000);
        let sent = http(&until_sent(&mut world, wanted()));
        let mark = open(&world.step(Input::Revoke));
        let mut marked = Some(world.perform(&mark).unwrap());
        let mut claim = None;
        if claimed_before {
            claim = Some(open(&world.step(marked.take().unwrap())));
        }
        let answer = world.perform(&sent).unwrap();
        let save = open(&world.step(answer));
        let next = marked.unwrap_or_else(|| world.perform(&claim.unwrap()).unwrap());
        let mut outputs = world.run(next);
        let saved = world.perform(&save).unwrap();
        outputs.extend(world.run(saved));
        assert_eq!(told(&outputs), ["Bearer canary-access-3"], "{claimed_before}");
        assert!(is_confirmed(&outputs));
        assert_eq!((world.server.refreshes, world.server.replays), (1, 0), "{claimed_before}");
    }
}
