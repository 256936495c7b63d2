//! What each policy makes of a refresh token that comes back.

use std::time::Duration;

use evergrant_authority::{BASIC_CLIENT, Config, POST_CLIENT, PUBLIC_CLIENT, Policy};
use serde_json::json;

use crate::client::*;

const WINDOW: Duration = Duration::from_secs(30);

fn with(policy: Policy) -> World {
    World::with(Config { policy, ..Config::default() })
}

fn refresh(world: &World, token: &str) -> Tokens {
    world.refresh(BASIC_CLIENT, token).tokens()
}

#[track_caller]
fn refused(world: &World, token: &str) {
    assert!(!world.would_honour(token));
    world.refresh(BASIC_CLIENT, token).refuses(400, "invalid_grant");
}

#[test]
fn strict_ends_the_grant() {
    let world = with(Policy::Strict);
    let (first, newer) = (world.connect(BASIC_CLIENT), world.connect(BASIC_CLIENT));
    let second = refresh(&world, &first.refresh);
    refused(&world, &first.refresh);
    refused(&world, &first.refresh);
    refused(&world, &second.refresh);
    assert!(!world.serves(&second.access));
    assert!(world.would_honour(&newer.refresh) && world.serves(&newer.access));
    let stats = world.stats();
    assert_eq!((stats.replayed_refresh_tokens, stats.grants_revoked_by_replay), (2, 1));
    assert_eq!((stats.grants_alive, stats.refresh_tokens_alive), (1, 1));
}

#[test]
fn strict_per_user_ends_newer_grants_too() {
    let world = with(Policy::StrictPerUser);
    let first = world.connect(BASIC_CLIENT);
    refresh(&world, &first.refresh);
    let (newer, other_client) = (world.connect(BASIC_CLIENT), world.connect(POST_CLIENT));
    world.post("/control/consent", &[], "{\"mode\":\"automatic\",\"user\":\"bob\"}");
    let other_user = world.connect(BASIC_CLIENT);
    refused(&world, &first.refresh);
    refused(&world, &newer.refresh);
    assert!(!world.serves(&newer.access));
    assert_eq!(world.stats().grants_revoked_by_replay, 2);
    assert!(world.serves(&other_client.access) && world.would_honour(&other_user.refresh));
}

#[test]
fn single_use_ends_nothing_but_the_token() {
    let world = with(Policy::SingleUse);
    let first = world.connect(BASIC_CLIENT);
    let second = refresh(&world, &first.refresh);
    refused(&world, &first.refresh);
    assert!(world.serves(&second.access));
    refresh(&world, &second.refresh);
    let stats = world.stats();
    assert_eq!((stats.replayed_refresh_tokens, stats.grants_revoked_by_replay), (1, 0));
}

#[test]
fn an_expired_token_ends_its_grant_where_there_are_families() {
    let life = Some(Duration::from_secs(60));
    for (policy, alive) in [(Policy::Strict, 0), (Policy::SingleUse, 1)] {
        let config = Config { policy, refresh_token_lifetime: life, ..Config::default() };
        let world = World::with(config);
        let first = world.connect(BASIC_CLIENT);
        world.advance(60);
        refused(&world, &first.refresh);
        let stats = world.stats();
        assert_eq!((stats.grants_alive, stats.refresh_tokens_alive), (alive, 0), "{policy}");
    }
}

#[test]
fn grace_with_the_same_successor() {
    let world = with(Policy::GraceSame(WINDOW));
    let first = world.connect(BASIC_CLIENT);
    let second = refresh(&world, &first.refresh);
    let again = refresh(&world, &first.refresh);
    assert_eq!(second.refresh, again.refresh);
    assert_ne!(second.access, again.access);
    assert!(!world.serves(&first.access));
    assert!(world.serves(&second.access) && world.serves(&again.access));

    // Also while the successor is in use.
    let third = refresh(&world, &second.refresh);
    world.advance(29);
    assert_eq!(refresh(&world, &first.refresh).refresh, second.refresh);
    world.advance(1);
    assert!(world.would_honour(&third.refresh));
    refused(&world, &first.refresh);
    refused(&world, &third.refresh);
    assert_eq!(world.stats().grants_revoked_by_replay, 1);
}

#[test]
fn grace_with_siblings() {
    let world = with(Policy::GraceSibling(WINDOW));
    let first = world.connect(BASIC_CLIENT);
    let (one, two) = (refresh(&world, &first.refresh), refresh(&world, &first.refresh));
    assert_ne!(one.refresh, two.refresh);
    assert!(world.serves(&one.access) && world.serves(&two.access));
    assert_eq!(world.stats().refresh_tokens_alive, 3);
    let child = refresh(&world, &one.refresh);
    let other = refresh(&world, &two.refresh);
    assert!(world.would_honour(&child.refresh) && world.would_honour(&other.refresh));
    world.advance(30);
    assert_eq!(world.stats().refresh_tokens_alive, 2);
    refused(&world, &first.refresh);
    refused(&world, &child.refresh);
}

#[test]
fn a_window_of_milliseconds_in_real_time() {
    let world = with(Policy::GraceSame(Duration::from_millis(40)));
    let first = world.connect(BASIC_CLIENT);
    let second = refresh(&world, &first.refresh);
    std::thread::sleep(Duration::from_millis(50));
    assert!(world.would_honour(&second.refresh));
    refused(&world, &first.refresh);
    refused(&world, &second.refresh);
}

#[test]
fn grace_does_not_outlive_the_grant() {
    let world = with(Policy::GraceSame(WINDOW));
    let first = world.connect(BASIC_CLIENT);
    refresh(&world, &first.refresh);
    world.post("/control/revoke-grants", &[], "");
    refused(&world, &first.refresh);
    assert_eq!(world.stats().replayed_refresh_tokens, 0);
}

#[test]
fn the_newest_wins() {
    let world = with(Policy::NewestWins);
    let first = world.connect(BASIC_CLIENT);
    let lost = refresh(&world, &first.refresh);
    let second = refresh(&world, &first.refresh);
    refused(&world, &lost.refresh);
    assert!(world.would_honour(&first.refresh), "its successor has not been used");
    let third = refresh(&world, &second.refresh);
    refused(&world, &first.refresh);
    refused(&world, &lost.refresh);
    assert!(world.would_honour(&second.refresh) && world.would_honour(&third.refresh));
    assert_eq!(world.stats().grants_revoked_by_replay, 0);
}

#[test]
fn no_rotation() {
    let world = with(Policy::NoRotation);
    let first = world.connect(BASIC_CLIENT);
    let second = refresh(&world, &first.refresh);
    let third = refresh(&world, &second.refresh);
    assert_eq!((&first.refresh, &first.refresh), (&second.refresh, &third.refresh));
    assert!(!world.serves(&first.access) && !world.serves(&second.access));
    assert!(world.serves(&third.access));
    assert_eq!(world.stats().replayed_refresh_tokens, 0);
}

#[test]
fn old_access_tokens_live_where_they_are_let() {
    for policy in [
        Policy::Strict,
        Policy::GraceSame(WINDOW),
        Policy::GraceSibling(WINDOW),
        Policy::NewestWins,
        Policy::NoRotation,
    ] {
        for dies in [true, false] {
            let config = Config { policy, old_access_token_dies: dies, ..Config::default() };
            let world = World::with(config);
            let first = world.connect(BASIC_CLIENT);
            let second = refresh(&world, &first.refresh);
            assert_eq!(world.serves(&first.access), !dies, "{policy}");
            assert!(world.serves(&second.access));
            world.advance(900);
            assert!(!world.serves(&first.access));
        }
    }
}

#[test]
fn a_policy_is_set_at_run_time() {
    let world = World::new();
    let told = || world.get("/control/policy", &[]).json();
    assert_eq!(told(), json!({ "policy": "strict", "old_access_token_dies": true }));
    let set = |body: &str| world.post("/control/policy", &[], body).status;
    assert_eq!(set(r#"{"policy":"grace-sibling:30000"}"#), 200);
    assert_eq!(set(r#"{"old_access_token_dies":false}"#), 200);
    assert_eq!(told(), json!({ "policy": "grace-sibling:30000", "old_access_token_dies": false }));
    for body in [r#"{"policy":"kind"}"#, r#"{"policy":1}"#, r#"{"surprise":1}"#, ""] {
        assert_eq!(set(body), 400, "{body}");
    }
    let first = world.connect(PUBLIC_CLIENT);
    world.refresh(PUBLIC_CLIENT, &first.refresh).tokens();
    world.refresh(PUBLIC_CLIENT, &first.refresh).tokens();
    assert!(world.serves(&first.access));

    let control = world.authority.control();
    control.set_old_access_token_dies(true);
    control.set_policy(Policy::Strict);
    assert_eq!(control.policy(), Policy::Strict);
    world.refresh(PUBLIC_CLIENT, &first.refresh).refuses(400, "invalid_grant");
    assert_eq!(world.stats().grants_alive, 0);
}
