//! Two processes die in one refresh, the second while it takes over from the
//! first; a third lives. Nothing is on its way by then, so clocks that are moved
//! do what a wait would do.

use crate::{
    worker::{LOST, Progress, SERVED},
    world::{TAKEOVER, World},
};

/// The first dies with its intent in the store, and nothing sent.
const CLAIMED: (u32, bool) = (1, true);

/// The first dies with the server's answer in its hands.
const ANSWERED: (u32, bool) = (3, true);

#[test]
fn a_takeover_may_die_anywhere_after_an_owner_that_had_sent_nothing() {
    let sends = die_twice("strict", CLAIMED);
    assert_eq!((sends.iter().min(), sends.iter().max()), (Some(&1), Some(&2)));
}

#[test]
fn a_takeover_may_die_anywhere_after_a_lost_reply() {
    let sends = die_twice("strict", ANSWERED);
    assert_eq!((sends.iter().min(), sends.iter().max()), (Some(&2), Some(&3)));
}

#[test]
fn two_replies_in_a_row_are_lost_to_a_server_with_siblings() {
    let sends = die_twice("siblings", ANSWERED);
    assert_eq!((sends.iter().min(), sends.iter().max()), (Some(&2), Some(&3)));
}

/// The second's deaths, until there is none left to die at; how many refreshes
/// the server received in each.
fn die_twice(rotation: &'static str, first: (u32, bool)) -> Vec<u64> {
    let mut received = Vec::new();
    for second in (1..).flat_map(|output| [(output, false), (output, true)]) {
        assert!(second.0 < 30, "a takeover has fewer outputs than this");
        let (died, sends) = relay(rotation, first, second);
        received.push(sends);
        if !died {
            break;
        }
    }
    received
}

fn relay(rotation: &'static str, first: (u32, bool), second: (u32, bool)) -> (bool, u64) {
    let world = World::new(rotation);
    let mut owner = world.doomed(first.0, first.1);
    let mut taker = world.doomed(second.0, second.1);
    let mut survivor = world.worker();
    for worker in [&mut owner, &mut taker, &mut survivor] {
        assert_eq!(worker.want().as_deref(), Some(SERVED));
    }
    world.expire(&mut [&mut owner, &mut taker, &mut survivor]);
    assert_eq!(owner.want(), None);
    owner.must_be_killed();

    world.pass(TAKEOVER, &mut [&mut taker, &mut survivor]);
    let died = taker.want().is_none();
    if died {
        taker.must_be_killed();
    }
    world.pass(TAKEOVER, &mut [&mut survivor]);
    let answer = survivor.want().expect("the survivor lives");

    let done = [owner.progress(), taker.progress()];
    let in_vain = done.into_iter().filter(|done| done.in_vain()).count() as u64;
    let at = format!("{rotation} {first:?} {second:?}: {done:?}");
    let lost = rotation == "strict" && done.into_iter().any(Progress::in_vain);
    let stats = world.control().stats();
    if lost {
        assert_eq!(answer, LOST, "{at}");
        world.must_be_lost();
        // The first replay ends the grant; what comes after finds none.
        assert_eq!(stats.grants_revoked_by_replay, 1, "{at}");
        assert_eq!(stats.refreshes_refused, in_vain, "{at}");
    } else {
        assert_eq!(answer, SERVED, "{at}");
        world.must_be_kept();
        let replays = (stats.replayed_refresh_tokens, stats.grants_revoked_by_replay);
        assert_eq!(replays, (0, 0), "{at}");
    }
    // One for the expiry, and one for each answer that nobody has.
    assert_eq!(stats.refreshes_received, 1 + in_vain, "{at}");
    (died, stats.refreshes_received)
}
