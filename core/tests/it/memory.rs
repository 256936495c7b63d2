//! How much memory a connection takes that nobody uses just now.

use crate::common::{
    API, World, authorize,
    counting::asked,
    failures,
    idle::{Idle, TOKENS},
    second_worker,
};
use evergrant::{Connection, Status};

/// Beside the tokens themselves, on a machine of 64 bits: docs/decisions/0014-memory.md.
const BUDGET: i64 = 840;

#[test]
fn an_idle_connection_is_its_tokens_and_little_else() {
    let idle = Idle::new();
    let before = asked();
    let connections: Vec<Connection> = (0..100).map(|number| idle.restored(number)).collect();
    let each = (asked().live - before.live) / 100;
    assert!(each <= TOKENS + BUDGET, "{each} bytes for each");

    let before = asked();
    for connection in &connections {
        assert!(connection.authorization(idle.now, API, 30_000).is_some());
        assert_eq!(connection.status(idle.now), Status::Authorized);
    }
    assert_eq!(asked(), before, "whoever is asked for its token takes no more");
}

#[test]
fn what_is_over_takes_no_memory() {
    let mut world = World::authorized();
    let before = live(&world.connection);
    assert_eq!(before, live(&second_worker(&world)), "after an exchange as one restored");
    world.advance(3_600_000);
    let outputs = world.token_wanted();
    assert_eq!((failures(&outputs), world.server.refreshes), (vec![], 1));
    assert_eq!(live(&world.connection), before, "after a refresh as before it");

    world.open_browser(authorize());
    assert!(live(&world.connection) > before, "a person in the browser is remembered");
}

/// What a connection takes of its own: secrets are shared with its clones.
fn live(connection: &Connection) -> i64 {
    let before = asked();
    let clone = Box::new(connection.clone());
    let live = asked().live - before.live;
    drop(clone);
    live
}
