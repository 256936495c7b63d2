//! The process, its request or the answer is lost while the request is on its
//! way: an owner that is provably dead is not a request that is.

use std::thread;

use evergrant_authority::{Fault, FaultRule};

use crate::{
    worker::{LOST, SERVED, Worker},
    world::World,
};

/// Two workers at an expiry, the first of them under way with a refresh.
fn under_way(rotation: &'static str, fault: Fault) -> (World, Worker, Worker) {
    let world = World::new(rotation);
    let (mut first, mut second) = (world.worker(), world.worker());
    world.control().add_faults([FaultRule::refresh(fault)]).expect("a sound fault");
    world.expire(&mut [&mut first, &mut second]);
    first.tell("want");
    world.until(|control| control.stats().refreshes_received == 1);
    (world, first, second)
}

/// Received, honoured, refused, replays, grants that a replay ended.
fn seen(world: &World) -> [u64; 5] {
    let stats = world.control().stats();
    [
        stats.refreshes_received,
        stats.refreshes_ok,
        stats.refreshes_refused,
        stats.replayed_refresh_tokens,
        stats.grants_revoked_by_replay,
    ]
}

#[test]
fn a_request_that_outlives_its_process_is_waited_out() {
    // The request is handled after the kill, and within D; or before it, and the
    // answer is on its way.
    for fault in [Fault::DelayRequest { ms: 500 }, Fault::DelayReply { ms: 500 }] {
        thread::scope(|scope| {
            for rotation in ["strict", "siblings", "newest-wins", "none"] {
                let fault = fault.clone();
                scope.spawn(move || outlive(rotation, fault));
            }
        });
    }
}

fn outlive(rotation: &'static str, fault: Fault) {
    let (world, mut first, mut second) = under_way(rotation, fault);
    first.kill();
    second.tell("want");
    // Nobody sends before it must have been dealt with.
    world.until(|control| control.stats().refreshes_handled == 1);
    assert_eq!(world.control().stats().refreshes_received, 1);
    let answer = second.answer();
    if rotation == "strict" {
        assert_eq!(answer.as_deref(), Some(LOST));
        world.must_be_lost();
        assert_eq!(seen(&world), [2, 1, 1, 1, 1]);
    } else {
        assert_eq!(answer.as_deref(), Some(SERVED), "{rotation}");
        world.must_be_kept();
        assert_eq!(seen(&world), [2, 2, 0, 0, 0], "{rotation}");
    }
}

#[test]
fn a_request_that_never_arrived_costs_one_more_and_no_grant() {
    let lost = Fault::DropRequest { reset: false };
    let (world, mut first, mut second) = under_way("strict", lost);
    second.tell("want");
    for worker in [&mut first, &mut second] {
        assert_eq!(worker.answer().as_deref(), Some(SERVED));
    }
    world.must_be_kept();
    assert_eq!(seen(&world), [2, 1, 0, 0, 0]);
}

#[test]
fn an_answer_that_was_lost_with_everybody_alive_is_named() {
    let lost = Fault::DropReply { reset: true };
    let (world, mut first, mut second) = under_way("strict", lost);
    second.tell("want");
    for worker in [&mut first, &mut second] {
        assert_eq!(worker.answer().as_deref(), Some(LOST));
    }
    world.must_be_lost();
    assert_eq!(seen(&world), [2, 1, 1, 1, 1]);
}
