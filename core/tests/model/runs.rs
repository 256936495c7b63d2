//! The runs.

use crate::{
    model::explore,
    setup::{Budget, Setup},
};
use evergrant::*;

fn run(name: &str, setup: Setup) {
    let found = explore(name, &setup, &[], 3_000_000);
    assert!(found.broken.is_empty());
}

#[test]
fn first() {
    let none = Budget::NONE;
    let short = crate::setup::Ticks { w: 1, t: 2, d: 1, s: 1, a: 5 };
    run("2 wants, any pause", Setup::new(Rotation::Strict, Budget { wants: 2, ..none }).untimely());
    run("1 want, any pause", Setup::new(Rotation::Strict, Budget { wants: 1, ..none }).untimely());
    run(
        "1 want, any pause, short",
        Setup::new(Rotation::Strict, Budget { wants: 1, ..none }).untimely().ticks(short),
    );
    run("2 wants", Setup::new(Rotation::Strict, Budget { wants: 2, ..none }));
    run(
        "2 wants, any pause, short",
        Setup::new(Rotation::Strict, Budget { wants: 2, ..none }).untimely().ticks(short),
    );
}
