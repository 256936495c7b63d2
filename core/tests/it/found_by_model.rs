//! Defects that the model found (`tests/model`), each as the shortest scenario.

use crate::common::{server::Fault, *};
use evergrant::*;

/// The machine gives up what it has sent, and the host goes on listening.
fn given_up(world: &mut World) -> Output {
    let sent = http(&until_sent(world, wanted()));
    let outputs = world.wake();
    assert!(tokens(&outputs).is_empty() && requests(&outputs).is_empty(), "{outputs:?}");
    sent
}

#[test]
fn the_first_of_two_late_answers_counts_too() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let first = given_up(&mut world);
    let answer = world.perform(&first).unwrap();
    world.advance(RefreshPolicy::STRICT.timing.takeover_after);
    given_up(&mut world);
    let outputs = world.run(answer);
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())]);
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
}

/// Where a replay brings another successor: what came while the first was being stored
/// was dropped, and where the newest wins that was the only one alive.
#[test]
fn an_answer_that_comes_while_another_is_stored_is_kept_beside_it() {
    for policy in [RefreshPolicy::NEWEST_WINS, RefreshPolicy::ATLASSIAN] {
        let config = ProviderConfig { refresh: policy, ..provider_config() };
        let mut world = World::with(client_of(config, client_config()));
        world.server.rotation = policy.rotation;
        world.authorize();
        world.advance(3_600_000);
        let first = given_up(&mut world);
        let first = world.perform(&first).unwrap();
        world.advance(policy.timing.takeover_after);
        let second = http(&until_sent(&mut world, wanted()));
        let second = world.perform(&second).unwrap();
        let saving = world.step(first);
        assert!(world.step(second).outputs.is_empty());
        let answer = world.perform(&open(&saving)).unwrap();
        world.run(answer);
        let record = world.record();
        assert_eq!(record["tokens"]["refresh"], "canary-refresh-3", "{policy:?}");
        assert_eq!(record["spare"]["refresh"], "canary-refresh-4", "{policy:?}");
        // The first is dead, and the other takes its place.
        world.advance(3_600_000);
        world.token_wanted();
        assert_eq!(world.record()["gen"], 4, "{policy:?}");
    }
}

#[test]
fn of_more_than_four_late_answers_the_later_ones_are_not_listened_for() {
    for (at, counts) in [(3, true), (4, false)] {
        let mut world = World::authorized();
        world.advance(3_600_000);
        let mut sent = Vec::new();
        for _ in 0..5 {
            sent.push(given_up(&mut world));
            world.advance(RefreshPolicy::STRICT.timing.takeover_after);
        }
        let answer = world.perform(&sent[at]).unwrap();
        assert_eq!(tokens(&world.run(answer)).len(), usize::from(counts));
    }
}

#[test]
fn a_wall_clock_set_forward_is_no_reason_to_stop_listening() {
    // The host has a clock that runs through suspend, and the wall clock is mended.
    let mut world = World::authorized();
    world.uptime = Some(7_000_000);
    world.advance(3_600_000);
    let sent = http(&until_sent(&mut world, wanted()));
    let answer = world.perform(&sent).unwrap();
    world.advance(20_000);
    world.now += 60_000;
    world.run(Input::Wake);
    let intent = &world.record()["intent"];
    assert!(intent.is_object() && intent["gave_up"].is_null(), "others wait as before: {intent}");
    let left = world.connection.wake_at(world.now).unwrap() - world.now;
    assert_eq!(left, 75_000 - 20_000);
    assert_eq!(tokens(&world.run(answer)).len(), 1);
}

/// Two workers that remember the end of a grant; the first has come to it since.
fn behind_an_end() -> (World, Connection) {
    let config = ProviderConfig { disconnect: by_api_request(), ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.server.faults.push_back(Fault::NotSent);
    world.run(Input::Revoke);
    let other = second_worker(&world);
    world.wake();
    assert_eq!(world.status(), Status::Disconnected);
    (world, other)
}

/// A worker that remembers the end of a grant, where the person has authorized anew since.
fn behind_a_newer_grant() -> World {
    let (mut world, mut other) = behind_an_end();
    world.authorize();
    swap_workers(&mut world, &mut other);
    assert_eq!(world.status(), Status::Disconnecting);
    world
}

#[test]
fn an_end_that_is_remembered_is_not_told_of_once_a_newer_grant_is_there() {
    // Where that ends all that a company has, the newer grant would be gone.
    let mut world = behind_a_newer_grant();
    let outputs = world.wake();
    assert!(requests(&outputs).is_empty(), "{outputs:?}");
    // Perhaps it was this worker that was asked.
    assert_eq!(failures(&outputs), ["denied_superseded"]);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn whoever_wants_out_while_a_remembered_end_is_looked_into_ends_what_is_there() {
    let mut world = behind_a_newer_grant();
    let at = world.connection.wake_at(world.now).unwrap();
    world.advance(at - world.now);
    let look = open(&world.step(Input::Wake));
    assert!(world.step(Input::Revoke).outputs.is_empty());
    let read = world.perform(&look).unwrap();
    assert_eq!(requests(&world.run(read)).len(), 1);
    assert_eq!(world.record()["status"], "disconnected");
}

#[test]
fn whoever_wants_out_while_the_store_is_silent_does_not_mean_what_comes_later() {
    for silent_before in [false, true] {
        let (mut world, mut other) = behind_an_end();
        swap_workers(&mut world, &mut other);
        if silent_before {
            let at = world.connection.wake_at(world.now).unwrap();
            world.advance(at - world.now);
            in_silence(&mut world, Input::Wake);
        }
        in_silence(&mut world, Input::Revoke);
        swap_workers(&mut world, &mut other);
        world.advance(1);
        world.authorize();
        swap_workers(&mut world, &mut other);
        let outputs = world.wake();
        assert!(requests(&outputs).is_empty(), "{outputs:?}");
        assert_eq!(failures(&outputs), ["denied_superseded"]);
        assert_eq!(world.record()["status"], "active");
    }
}

#[test]
fn whoever_wants_out_where_an_older_end_is_remembered_ends_the_newer_grant() {
    let mut world = behind_a_newer_grant();
    let newer = world.record()["tokens"]["access"].as_str().unwrap().to_owned();
    let outputs = world.run(Input::Revoke);
    let sent = requests(&outputs);
    assert_eq!(sent.len(), 1, "{outputs:?}");
    assert_eq!(sent[0].headers[0].1.expose(), format!("Bearer {newer}"));
    assert_eq!(world.record()["status"], "disconnected");
}

#[test]
fn tokens_that_were_handed_over_are_not_told_of_once_a_newer_grant_is_there() {
    let config = ProviderConfig { disconnect: by_api_request(), ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_100_000);
    let refresh = until_sent(&mut world, Input::Wake);
    let told = until_sent(&mut world, Input::Revoke);
    let answer = world.perform(&http(&refresh)).unwrap();
    world.run(answer);
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");

    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.run(Input::Revoke);
    world.advance(1);
    world.authorize();
    swap_workers(&mut world, &mut other);

    let answer = world.perform(&http(&told)).unwrap();
    let outputs = world.run(answer);
    assert!(requests(&outputs).is_empty(), "{outputs:?}");
    assert_eq!(world.status(), Status::Authorized);
}
