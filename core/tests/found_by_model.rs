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
