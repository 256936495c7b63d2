//! A process dies between any two turns of the loop; another takes over.

use evergrant::{BrowserProof, CallbackFault, Cause, Failure, Input, Output, Status};
use evergrant_example_host::{Host, HostError, SqliteStore};
use std::time::Duration;

use crate::{
    support::{failure, turns},
    world::World,
};

#[test]
fn whenever_it_dies_on_the_way_to_a_grant_the_next_process_finishes() {
    let mut endings = Endings::default();
    for death in 0.. {
        assert!(death < 100, "an authorization takes fewer turns than this");
        let world = World::new();
        if authorize_dying_after(&world, death, &mut endings) {
            break;
        }
        let stats = world.stats();
        assert_eq!(stats.api_calls, [(200, 1)].into(), "died after {death} turns");
        assert_eq!(stats.code_exchanges_refused, 0, "died after {death} turns");
        assert!(stats.code_exchanges_ok <= 2);
    }
    // Every kind of ending was met, or this test would test nothing.
    assert!(endings.browser_never_opened >= 2, "{endings:?}");
    assert!(endings.redirect_still_good >= 3, "{endings:?}");
    assert!(endings.redirect_used_up >= 4, "{endings:?}");
    assert!(endings.grant_was_stored >= 2, "{endings:?}");
}

#[test]
fn a_process_that_is_alone_takes_its_predecessors_refresh_over_sooner() {
    for alone in [true, false] {
        let world = World::new();
        finish(&world, &mut world.host());
        let store = || {
            let open = if alone { SqliteStore::open_alone } else { SqliteStore::open };
            open(&world.path()).map(Box::new)
        };
        let mut host = world.host_over(store().expect("nobody else"));
        assert_eq!(store().is_err(), alone, "others are kept out");
        host.world().advance(HOUR);
        host.queue(Input::TokenWanted { min_validity: 0 });
        // Until the intent is in the store; the request never leaves.
        while host.counters().store_writes == 0 {
            assert!(host.turn().expect("a turn"));
        }
        drop(host);

        // W + D have passed, A has not.
        let mut host = world.host_over(store().expect("the lock went with the process"));
        host.world().advance(HOUR + A_MINUTE_AND_A_BIT);
        let answer = host.tell(Input::TokenWanted { min_validity: 0 }).expect("news");
        let served = answer.iter().any(|output| matches!(output, Output::TokenReady { .. }));
        assert_eq!(served, alone);
        assert_eq!(world.stats().refreshes_received, u64::from(alone));
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// More than W + D of the strict row, less than its A.
const A_MINUTE_AND_A_BIT: Duration = Duration::from_secs(64);

#[derive(Debug, Default)]
struct Endings {
    browser_never_opened: u32,
    redirect_still_good: u32,
    redirect_used_up: u32,
    grant_was_stored: u32,
}

/// Says whether it got through without dying.
fn authorize_dying_after(world: &World, death: usize, endings: &mut Endings) -> bool {
    let mut budget = death;
    let mut host = world.host();
    turns(&mut host, Input::Authorize(world.asking()), &mut budget);
    if budget == 0 {
        // No browser has been sent anywhere, as far as anybody knows.
        drop(host);
        endings.browser_never_opened += 1;
        finish(world, &mut world.host());
        return false;
    }
    let opened = host.run().expect("news").into_iter().find_map(|output| match output {
        Output::OpenUrl { url, .. } => Some(url),
        _ => None,
    });
    let back = world.browser.visit(&opened.expect("a URL to open"));
    let input = || Input::Redirected { url: back.clone(), proof: BrowserProof::SameProcess };
    if turns(&mut host, input(), &mut budget) {
        return true;
    }
    drop(host);

    // The browser tries the same URL again, in another process.
    let mut host = world.host();
    let stored = host.status() == Status::Authorized;
    match host.redirected(back.clone(), BrowserProof::SameProcess) {
        Ok(_) => endings.redirect_still_good += 1,
        Err(error) => {
            let used = Failure::CallbackRefused(CallbackFault::StateUsed);
            assert_eq!(failure::<()>(Err(error)), used, "died after {death} turns");
            if stored {
                endings.grant_was_stored += 1;
            } else {
                endings.redirect_used_up += 1;
                // What the code was good for is gone with the process.
                return {
                    finish(world, &mut host);
                    false
                };
            }
        }
    }
    call(world, &mut host);
    false
}

fn finish(world: &World, host: &mut Host) {
    world.connect(host);
    call(world, host);
}

fn call(world: &World, host: &mut Host) {
    assert_eq!(host.api_get(&world.expenses()).expect("an answer").response.status, 200);
}

#[test]
fn whenever_it_dies_on_the_way_out_the_next_process_finishes() {
    for death in 0.. {
        let world = World::new();
        let mut host = world.host();
        world.connect(&mut host);
        let mut budget = death;
        if turns(&mut host, Input::Revoke, &mut budget) {
            assert!(death >= 6, "a disconnect takes more turns than {death}");
            break;
        }
        drop(host);
        let mut host = world.host();
        host.run().expect("what was begun");
        if host.status() == Status::Authorized {
            // Nothing of the wish had reached the store.
            assert_eq!(world.stats().revocations, 0);
            host.disconnect().expect("a disconnect");
        }
        assert_eq!(host.status(), Status::Disconnected, "died after {death} turns");
        assert!(world.stats().revocations >= 1);
        assert!(matches!(host.api_get(&world.expenses()), Err(HostError::Failure(_))));
        assert!(world.stats().api_calls.is_empty());
    }
}

#[test]
fn whenever_it_dies_on_the_way_to_new_tokens_the_next_process_knows_where_it_stands() {
    let mut lost = 0;
    for death in 0.. {
        let mut world = World::new();
        let mut host = world.host();
        world.connect(&mut host);
        let by = world.advance_to_wake(&mut host);
        world.control().advance(by);
        let mut budget = death;
        if turns(&mut host, Input::Wake, &mut budget) {
            assert!(death >= 7, "a refresh takes more turns than {death}");
            break;
        }
        drop(host);

        // The next one waits until the request of the dead one must have been
        // dealt with, and only then asks again.
        let mut host = world.host();
        host.run().expect("what was begun");
        let mut waits = 0;
        while host.status() == Status::Authorized
            && host.wake_at() < Some(world.desk.world.now() + 60_000)
        {
            waits += 1;
            assert!(waits < 1_000, "it never comes to an end");
            let by = world.advance_to_wake(&mut host);
            world.control().advance(by);
            host.run().expect("what is due");
        }
        let stats = world.stats();
        assert_eq!(stats.refreshes_ok, 1, "died after {death} turns");
        match host.status() {
            Status::Authorized => {
                call(&world, &mut host);
                assert_eq!(stats.replayed_refresh_tokens, 0);
            }
            // The server has changed the token, and the only copy is gone.
            Status::ReauthenticationRequired(Cause::LostReply) => lost += 1,
            other => panic!("died after {death} turns, and stands at {other:?}"),
        }
    }
    assert!((1..=3).contains(&lost), "{lost}");
}

#[test]
fn a_restart_costs_the_server_nothing() {
    let world = World::new();
    world.connect(&mut world.host());
    for _ in 0..3 {
        let mut host = world.host();
        assert_eq!(host.status(), Status::Authorized);
        call(&world, &mut host);
        assert_eq!(host.counters().http_requests, 0);
    }
    assert_eq!(world.stats().refreshes_ok, 0);
}
