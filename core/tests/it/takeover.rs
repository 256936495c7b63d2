//! When another worker's refresh may be taken over: the clauses (a) to (e) of the
//! protocol, each at the last millisecond before and at the first after.

use crate::common::*;
use evergrant::*;

const TIMING: Timing = RefreshPolicy::STRICT.timing;

/// How long the request of a dead owner may still be on its way, and one more.
const DEALT_WITH: u64 = TIMING.send_within + TIMING.start_within + 1;

/// A worker has written its intent, and died; another starts and reads the record.
fn orphaned(refresh: RefreshPolicy) -> World {
    let provider = ProviderConfig { refresh, ..provider_config() };
    let mut world = World::with(client_of(provider, client_config()));
    world.authorize();
    world.advance(3_600_000);
    until_sent(&mut world, wanted());
    world.restart();
    world
}

/// Says by the store's own clock how old the record is, from here on.
fn written_ago(world: &mut World, age: u64) {
    let key = world.connection.store_key().as_str().to_owned();
    world.store.get_mut(&key).unwrap().age = Some(age);
}

/// How long after now the other worker sends, if it is woken at every deadline.
fn sends_after(world: &mut World, first: Input) -> u64 {
    let start = world.now;
    let mut outputs = world.run(first);
    while requests(&outputs).is_empty() {
        outputs = world.wake();
    }
    assert_eq!(tokens(&outputs).len(), 1, "and gets its token");
    world.now - start
}

#[test]
fn a_by_the_observers_own_clock_from_the_first_sight() {
    let mut world = orphaned(RefreshPolicy::STRICT);
    assert_eq!(sends_after(&mut world, wanted()), TIMING.takeover_after);
}

#[test]
fn b_by_the_stores_own_clock() {
    let mut world = orphaned(RefreshPolicy::STRICT);
    written_ago(&mut world, TIMING.takeover_after - 1);
    world.restart();
    let outputs = world.run(wanted());
    assert!(requests(&outputs).is_empty(), "a millisecond too early");
    written_ago(&mut world, TIMING.takeover_after);
    assert_eq!(requests(&world.wake()).len(), 1, "a fresh look a millisecond later");
    assert!(world.now - START < 3_601_000);

    let mut world = orphaned(RefreshPolicy::STRICT);
    written_ago(&mut world, TIMING.takeover_after);
    world.restart();
    assert_eq!(sends_after(&mut world, wanted()), 0, "as read when it started");
}

#[test]
fn c_by_the_wall_clocks_beyond_their_skew() {
    let mut world = orphaned(RefreshPolicy::STRICT);
    world.advance(TIMING.takeover_after + 120_000 - 1);
    assert_eq!(sends_after(&mut world, wanted()), 1, "the last millisecond");
    let mut world = orphaned(RefreshPolicy::STRICT);
    world.advance(TIMING.takeover_after + 120_000);
    assert_eq!(sends_after(&mut world, wanted()), 0);
}

#[test]
fn d_an_owner_known_to_be_dead_is_taken_over_once_its_request_is_dealt_with() {
    let mut world = orphaned(RefreshPolicy::STRICT);
    world.run(wanted());
    assert_eq!(sends_after(&mut world, Input::PeerGone), DEALT_WITH);
    assert_eq!(world.server.replays, 0);
}

#[test]
fn d_only_the_intent_last_read_is_orphaned() {
    // Said before anything was read, it says nothing of what is read later.
    let mut world = orphaned(RefreshPolicy::STRICT);
    world.connection = Connection::new(world.client.clone(), TENANT).unwrap();
    world.run(Input::PeerGone);
    assert_eq!(sends_after(&mut world, wanted()), TIMING.takeover_after);
}

#[test]
fn d_ones_own_refresh_is_no_orphan() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = until_sent(&mut world, wanted());
    let before = world.connection.wake_at(world.now);
    assert!(world.run(Input::PeerGone).is_empty());
    assert_eq!(world.connection.wake_at(world.now), before);
    let answer = world.perform(&http(&sent)).unwrap();
    assert_eq!(tokens(&world.run(answer)).len(), 1);
    assert_eq!(world.server.refreshes, 1);
}

#[test]
fn e_where_a_replay_does_no_harm_the_same_owner_goes_on_at_once() {
    let refresh = RefreshPolicy { rotation: Rotation::SameSuccessor, ..RefreshPolicy::STRICT };
    let provider = ProviderConfig { refresh, ..provider_config() };
    let mut world = World::with(client_of(provider, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(server::Fault::ReplyLost);
    let outputs = world.run(wanted());
    assert_eq!(failures(&outputs), ["try_later_unavailable"]);
    let start = world.now;
    while requests(&world.wake()).is_empty() {}
    assert!(world.now - start < TIMING.takeover_after, "{}", world.now - start);
}

#[test]
fn who_waits_for_another_tells_of_the_token_only_whom_it_was_asked_by() {
    let mut world = World::authorized();
    let mut other = second_worker(&world);
    world.advance(3_100_000);
    until_sent(&mut world, Input::Wake);
    swap_workers(&mut world, &mut other);
    assert!(tokens(&world.run(Input::Wake)).is_empty());
    assert_eq!(tokens(&world.token_wanted()).len(), 1);
}
