//! The runs.

use crate::{
    model::explore,
    setup::{Budget, Setup},
};
use evergrant::*;

fn run(name: &str, setup: Setup) {
    let found = explore(name, &setup, &[], 1_000_000);
    let _ = found;
}

const POLICIES: [Rotation; 6] = [
    Rotation::Strict,
    Rotation::SingleUse,
    Rotation::SameSuccessor,
    Rotation::Siblings,
    Rotation::NewestWins,
    Rotation::None,
];

fn every(name: &str, budget: Budget) {
    for rotation in POLICIES {
        let setup = Setup::new(rotation, budget);
        run(&format!("{name}, {rotation:?}"), setup);
    }
}

/// What brings the same token cannot be told to be unsaved, as S wants it.
fn every_rotating(name: &str, budget: Budget) {
    for rotation in &POLICIES[..5] {
        run(&format!("{name}, {rotation:?}"), Setup::new(*rotation, budget));
    }
}

#[test]
fn faults() {
    let none = Budget::NONE;
    let two = Budget { wants: 2, ..none };
    every("two wants", two);
    every("crash", Budget { crashes: 1, ..two });
    every("request lost", Budget { requests_lost: 1, ..two });
    every("reply lost", Budget { replies_lost: 1, ..two });
    every("reset", Budget { resets: 1, ..two });
    every("not sent", Budget { not_sent: 1, ..two });
    every("refused", Budget { refusals: 1, ..two });
    every("silence", Budget { silences: 1, ..two });
    every("late swap", Budget { late_swaps: 1, ..two });
    every_rotating("pause", Budget { pauses: 1, ..two });
    every("forget", Budget { forgets: 1, ..two });
    every("repeat", Budget { repeats: 1, ..two });
}

#[test]
fn people() {
    let none = Budget::NONE;
    let one = Budget { wants: 1, ..none };
    every("revoke", Budget { revokes: 1, ..one });
    every("reauthorize", Budget { reauthorizations: 1, ..one });
    every("revoke, reauthorize", Budget { revokes: 1, reauthorizations: 1, ..one });
}

#[test]
fn clocks() {
    let two = Budget { wants: 2, ..Budget::NONE };
    for rotation in POLICIES {
        let setup = Setup { ahead: [0, 1_000, 0], ..Setup::new(rotation, two) };
        run(&format!("skew, {rotation:?}"), setup);
        let setup = Setup::new(rotation, Budget { jumps: 2, ..two });
        run(&format!("jumps, {rotation:?}"), Setup { uptime: true, ..setup });
        let setup = Setup::new(rotation, Budget { crashes: 1, ..two });
        run(&format!("store clock, {rotation:?}"), Setup { store_clock: true, ..setup });
    }
}

#[test]
fn untimely() {
    for rotation in POLICIES {
        let one = Budget { wants: 1, ..Budget::NONE };
        run(&format!("any pause, {rotation:?}"), Setup::new(rotation, one).untimely());
        let faults = Budget { replies_lost: 1, crashes: 1, silences: 1, late_swaps: 1, ..one };
        run(&format!("any pause, faults, {rotation:?}"), Setup::new(rotation, faults).untimely());
        let revoke = Budget { revokes: 1, ..one };
        run(&format!("any pause, revoke, {rotation:?}"), Setup::new(rotation, revoke).untimely());
        let again = Budget { reauthorizations: 1, ..one };
        run(&format!("any pause, reauth, {rotation:?}"), Setup::new(rotation, again).untimely());
        let two = Budget { wants: 2, ..Budget::NONE };
        run(&format!("any pause, two, {rotation:?}"), Setup::new(rotation, two).untimely());
    }
}
