//! Many callers, and many hosts over one store, at one expiry.

use std::{
    sync::{Barrier, mpsc},
    thread,
    time::Duration,
};

use evergrant::{Cause, Failure};
use evergrant_authority::{Fault, FaultRule};
use evergrant_example_host::HostError;

use crate::{HOUR, World, support::failure};

const CALLERS: usize = 8;

type Outcome = Result<u16, HostError>;

/// What so many callers are told by the one host that they all ask.
fn all_ask(world: &World) -> Vec<Outcome> {
    thread::scope(|scope| {
        let (ask, asked) = mpsc::channel::<mpsc::Sender<Outcome>>();
        scope.spawn(|| {
            let mut host = world.desk.host();
            for caller in asked {
                let outcome = host.api_get(&world.expenses()).map(|answer| answer.response.status);
                caller.send(outcome).expect("somebody who waits");
            }
        });
        let callers = (0..CALLERS).map(|_| {
            let (tell, told) = mpsc::channel();
            ask.send(tell).expect("a host");
            told
        });
        let callers: Vec<_> = callers.collect();
        drop(ask);
        callers.iter().map(|told| told.recv().expect("an outcome")).collect()
    })
}

#[test]
fn pleo_17_callers_of_one_host_share_one_refresh_and_its_outcome() {
    let (mut world, host) = World::connected();
    drop(host);
    world.expire([]);
    for outcome in all_ask(&world) {
        assert_eq!(outcome.expect("an answer"), 200);
    }
    assert_eq!(world.stats().refreshes_received, 1);

    // And where it is the end: one refusal, told to all of them.
    world.expire([]);
    world.control().revoke_grants();
    for outcome in all_ask(&world) {
        assert_eq!(failure(outcome), Failure::ReauthenticationRequired(Cause::Rejected));
    }
    assert_eq!(world.stats().refreshes_received, 2);
}

#[test]
fn pleo_18_a_call_during_a_refresh_waits_and_goes_out_with_the_new_token() {
    let (mut world, host) = World::connected();
    drop(host);
    world.expire([]);
    let old = world.desk.stored_token("access");
    let slow = Fault::DelayReply { ms: 600 };
    world.control().add_faults([FaultRule::refresh(slow)]).expect("a sound fault");
    let call = || -> Outcome {
        let mut host = world.desk.host();
        host.api_get(&world.expenses()).map(|answer| answer.response.status)
    };
    thread::scope(|scope| {
        let refreshing = scope.spawn(call);
        while world.stats().refreshes_received == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        // The server has rotated, and its answer is on its way.
        let waiting = scope.spawn(call);
        thread::sleep(Duration::from_millis(200));
        assert!(!waiting.is_finished());
        assert_eq!(world.tap.count("GET /v1/expenses"), 0, "it is held");
        assert_eq!(refreshing.join().expect("no panic").expect("an answer"), 200);
        assert_eq!(waiting.join().expect("no panic").expect("an answer"), 200);
    });
    let new = world.desk.stored_token("access");
    let sent = world.tap.requests();
    let sent: Vec<_> = sent.iter().filter(|(line, _)| line.starts_with("GET /v1/exp")).collect();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|(_, text)| text.contains(&new) && !text.contains(&old)));
    assert_eq!(world.stats().refreshes_received, 1);
}

#[test]
fn pleo_19_hosts_that_share_nothing_but_the_store_make_one_refresh_an_expiry() {
    const EXPIRIES: u64 = 3;
    let (world, host) = World::connected();
    drop(host);
    let together = Barrier::new(CALLERS + 1);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let mut host = world.desk.host();
                let mut outcomes = Vec::new();
                for _ in 0..EXPIRIES {
                    host.world().advance(HOUR);
                    together.wait();
                    outcomes.push(host.api_get(&world.expenses()));
                    together.wait();
                }
                // Looked at last: nobody is left waiting at the barrier.
                for outcome in outcomes {
                    let answer = outcome.expect("an answer");
                    assert_eq!((answer.response.status, answer.replayed), (200, false));
                }
            });
        }
        let mut seen = Vec::new();
        for _ in 0..EXPIRIES {
            world.control().advance(HOUR);
            together.wait();
            together.wait();
            let live = world.control().would_honour(&world.desk.stored_token("refresh"));
            let stats = world.stats();
            seen.push((stats.refreshes_received, stats.replayed_refresh_tokens, live));
        }
        assert_eq!(seen, [(1, 0, true), (2, 0, true), (3, 0, true)]);
    });
}
