//! What a host must not end over: the machine says that it has something which the
//! store has not, and asks the store again soon, however long that has been away.

use crate::common::*;
use evergrant::*;

/// Answers every swap by nothing at all, until the machine waits.
fn unanswered(world: &mut World, mut step: Step) -> Step {
    while let Some(swap) = step.outputs.iter().find(|output| is_open(output)) {
        step = world.step(Input::SwapUnanswered { op: op_of(swap) });
    }
    step
}

#[test]
fn refreshed_tokens_are_unsaved_until_the_store_has_them() {
    let mut world = World::authorized();
    assert!(!world.connection.is_unsaved());
    world.advance(3_600_000);
    let sent = until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    assert!(!world.connection.is_unsaved());
    let answer = world.perform(&http(&sent)).unwrap();
    let step = world.step(answer);
    let mut held = unanswered(&mut world, step);
    let mut pauses = Vec::new();
    for _ in 0..20 {
        assert!(world.connection.is_unsaved());
        pauses.push(held.wake_at.unwrap() - world.now);
        world.advance(pauses[pauses.len() - 1]);
        let step = world.step(Input::Wake);
        held = unanswered(&mut world, step);
    }
    // However long the store has been away: whoever waits that long at its end tries once.
    let longest = Timing::STRICT.save_within;
    assert!(pauses.iter().all(|pause| *pause <= longest), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause > longest / 3), "{pauses:?}");
    let rest = held.wake_at.unwrap() - world.now;
    world.advance(rest);
    world.wake();
    assert!(!world.connection.is_unsaved());
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
}

#[test]
fn a_new_grant_is_unsaved_until_the_store_has_it() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let url = Secret::new(world.server.consent(&url));
    let sent = until_sent(&mut world, Input::Redirected { url, proof: BrowserProof::SameProcess });
    assert!(!world.connection.is_unsaved());
    let answer = world.perform(&http(&sent)).unwrap();
    let step = world.step(answer);
    let mut longest = 0;
    let mut held = unanswered(&mut world, step);
    for _ in 0..20 {
        assert!(world.connection.is_unsaved());
        let pause = held.wake_at.unwrap() - world.now;
        longest = longest.max(pause);
        world.advance(pause);
        let step = world.step(Input::Wake);
        held = unanswered(&mut world, step);
    }
    assert!(longest <= Timing::STRICT.save_within, "{longest}");
    let rest = held.wake_at.unwrap() - world.now;
    world.advance(rest);
    world.wake();
    assert!(!world.connection.is_unsaved());
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_wish_to_disconnect_is_unsaved_until_the_store_has_it() {
    let mut world = World::authorized();
    let step = world.step(Input::Revoke);
    let held = unanswered(&mut world, step);
    assert!(world.connection.is_unsaved());
    let rest = held.wake_at.unwrap() - world.now;
    world.advance(rest);
    world.wake();
    assert_eq!(world.status(), Status::Disconnected);
    assert!(!world.connection.is_unsaved());
}
