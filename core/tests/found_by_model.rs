//! Defects that the model found (`tests/model`), each as the shortest scenario.

mod common;

use common::*;
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
