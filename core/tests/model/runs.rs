//! The runs: every policy of servers by every kind of fault, two machines, to the
//! last state. Each budget is written where it is used; how many states each has is
//! said in `docs/model.md`. Larger bounds take minutes and are left to `make model`.

use crate::{
    model::explore,
    setup::{Budget, Setup},
};
use evergrant::*;

const NONE: Budget = Budget::NONE;
const ONE: Budget = Budget { wants: 1, ..NONE };
const TWO: Budget = Budget { wants: 2, ..NONE };

const POLICIES: [Rotation; 6] = [
    Rotation::Strict,
    Rotation::SingleUse,
    Rotation::SameSuccessor,
    Rotation::Siblings,
    Rotation::NewestWins,
    Rotation::None,
];

/// Where every answer brings another token, and so can be told to be unsaved.
const ROTATING: &[Rotation] = POLICIES.split_at(5).0;

/// Where a replay may kill, and it is worth asking before it.
const DEADLY: &[Rotation] = &[Rotation::Strict, Rotation::SingleUse, Rotation::NewestWins];

/// More transitions than any run has that CI makes.
const ALL: usize = 2_000_000;

/// How many transitions a larger run is cut at, if it does not end before; `LIMIT` says
/// otherwise.
const LARGE: usize = 1_000_000;

fn all(name: &str, setup: &Setup) {
    let found = explore(name, setup, &[], ALL);
    assert!(found.whole, "{name}: {:?}", found.broken);
}

fn large(name: &str, setup: &Setup) {
    let said = std::env::var("LIMIT").ok().filter(|limit| !limit.is_empty());
    let limit = said.map_or(LARGE, |limit| limit.parse().expect("LIMIT is a number"));
    let found = explore(name, setup, &[], limit);
    assert!(found.broken.is_empty(), "{name}: {:?}", found.broken);
}

fn each(policies: &[Rotation], name: &str, change: impl Fn(Setup) -> Setup, budget: Budget) {
    for rotation in policies {
        let setup = change(Setup::new(*rotation, budget));
        all(&format!("{name}, {rotation:?}"), &setup);
    }
}

fn each_large(policies: &[Rotation], name: &str, change: impl Fn(Setup) -> Setup, budget: Budget) {
    for rotation in policies {
        let setup = change(Setup::new(*rotation, budget));
        large(&format!("{name}, {rotation:?}"), &setup);
    }
}

#[test]
fn crashes() {
    each(&POLICIES, "two demands", |setup| setup, TWO);
    each(&POLICIES, "crash", |setup| setup, Budget { crashes: 1, ..TWO });
    let told = Budget { crashes: 1, obituaries: 1, ..TWO };
    each(&POLICIES, "crash, and told of it", |setup| setup, told);
    let clock = |setup| Setup { store_clock: true, ..setup };
    each(&POLICIES, "crash, store with a clock", clock, Budget { crashes: 1, ..TWO });
    each(ROTATING, "pause", |setup| setup, Budget { pauses: 1, ..TWO });
}

#[test]
fn network() {
    each(&POLICIES, "request lost", |setup| setup, Budget { requests_lost: 1, ..TWO });
    each(&POLICIES, "answer lost", |setup| setup, Budget { replies_lost: 1, ..TWO });
    each(&POLICIES, "line cut", |setup| setup, Budget { resets: 1, ..TWO });
    each(&POLICIES, "not sent", |setup| setup, Budget { not_sent: 1, ..TWO });
    each(&POLICIES, "answer told twice", |setup| setup, Budget { repeats: 1, ..TWO });
    each(&POLICIES, "token not used up", |setup| setup, Budget { refusals: 1, ..TWO });
    // To others it is theft, which no client can help (C6).
    let harmless =
        [Rotation::SingleUse, Rotation::SameSuccessor, Rotation::Siblings, Rotation::None];
    each(&harmless, "request repeated", |setup| setup, Budget { duplicates: 1, ..TWO });
}

#[test]
fn store() {
    each(&POLICIES, "swap without answer", |setup| setup, Budget { silences: 1, ..TWO });
    each(ROTATING, "store gone for a while", |setup| setup, Budget { silences: 3, ..TWO });
    each(&POLICIES, "swap comes late", |setup| setup, Budget { late_swaps: 1, ..TWO });
    each(&POLICIES, "store forgets", |setup| setup, Budget { forgets: 1, ..TWO });
    let latent = |setup| Setup { latency: 1, ..setup };
    each(ROTATING, "slow store", latent, TWO);
}

#[test]
fn people() {
    each(&POLICIES, "revoke", |setup| setup, Budget { revokes: 1, ..ONE });
    each(&POLICIES, "revoke twice", |setup| setup, Budget { revokes: 2, ..NONE });
    let owed = Budget { revokes: 1, requests_lost: 1, replies_lost: 1, ..NONE };
    each(&POLICIES, "revoke, server not reached", |setup| setup, owed);
    each(&POLICIES, "authorize", |setup| setup, Budget { reauthorizations: 1, ..ONE });
    let family = Setup::family_per_user;
    each(&POLICIES, "authorize, one family", family, Budget { reauthorizations: 1, ..ONE });
    let unanswered = Budget { reauthorizations: 1, replies_lost: 1, ..NONE };
    each(&POLICIES, "authorize, answer lost", |setup| setup, unanswered);
    let both = Budget { revokes: 1, reauthorizations: 1, ..NONE };
    each(&POLICIES, "revoke, authorize", |setup| setup, both);
    let withdrawn = Budget { withdrawals: 1, reauthorizations: 1, ..ONE };
    each(&POLICIES, "withdrawn, authorize", |setup| setup, withdrawn);
}

#[test]
fn calls() {
    let refused = Budget { refused_calls: 2, ..NONE };
    each(DEADLY, "call refused", Setup::lasting, Budget { refused_calls: 3, ..NONE });
    each(&POLICIES, "call refused, crash", Setup::lasting, Budget { crashes: 1, ..refused });
    let lost = Budget { replies_lost: 1, ..refused };
    each(&POLICIES, "call refused, answer lost", Setup::lasting, lost);
    let withdrawn = Budget { withdrawals: 1, ..refused };
    each(&POLICIES, "call refused, withdrawn", Setup::lasting, withdrawn);
    let again = Budget { refused_calls: 1, reauthorizations: 1, ..NONE };
    each(&POLICIES, "call refused, authorize", Setup::lasting, again);
    let revoke = Budget { revokes: 1, refused_calls: 1, ..NONE };
    each(&POLICIES, "call refused, revoke", Setup::lasting, revoke);
    let early = |setup: Setup| setup.lasting().early();
    each(DEADLY, "call refused, early takeover", early, refused);
    let any_pause = |setup: Setup| setup.lasting().untimely();
    each(&POLICIES, "call refused, any pause", any_pause, Budget { refused_calls: 1, ..NONE });
}

#[test]
fn oracle() {
    each(DEADLY, "oracle, crash", Setup::oracle, Budget { crashes: 1, ..TWO });
    each(DEADLY, "oracle, request lost", Setup::oracle, Budget { requests_lost: 1, ..TWO });
    each(DEADLY, "oracle, answers lost", Setup::oracle, Budget { replies_lost: 2, ..TWO });
    each(DEADLY, "oracle, line cut", Setup::oracle, Budget { resets: 1, ..TWO });
    // As a pause of the owner would have it; a pause of any length is for larger bounds.
    let early = |setup: Setup| setup.oracle().early();
    each(DEADLY, "oracle, early takeover", early, Budget { replies_lost: 1, ..TWO });
}

#[test]
fn disconnect_by_api() {
    let by_api = Setup::disconnect_by_api;
    let lasting = |setup: Setup| setup.disconnect_by_api().lasting();
    each(&POLICIES, "disconnect by API", by_api, Budget { revokes: 1, ..ONE });
    each(&POLICIES, "disconnect by API twice", by_api, Budget { revokes: 2, ..NONE });
    let owed = Budget { revokes: 1, requests_lost: 1, replies_lost: 1, ..NONE };
    each(&POLICIES, "disconnect by API, not reached", by_api, owed);
    let refused = Budget { revokes: 1, refusals: 2, ..NONE };
    each(&POLICIES, "disconnect by API, refused", lasting, refused);
    let crash = Budget { revokes: 1, crashes: 1, ..NONE };
    each(&POLICIES, "disconnect by API, crash", by_api, crash);
    let both = Budget { revokes: 1, reauthorizations: 1, ..NONE };
    each(&POLICIES, "disconnect by API, authorize", by_api, both);
    each(DEADLY, "lasting, disconnect by API, authorize", lasting, both);
    // Two ends, and a grant between them.
    let twice = Budget { revokes: 2, ..both };
    each(&POLICIES, "lasting, disconnect by API twice, authorize", lasting, twice);
}

#[test]
fn clocks() {
    each(&POLICIES, "skew", |setup| Setup { ahead: [0, 1_000, 0], ..setup }, TWO);
    let uptime = |setup| Setup { uptime: true, ..setup };
    each(ROTATING, "wall clock jumps", uptime, Budget { jumps: 2, ..TWO });
}

#[test]
fn any_pause() {
    each(&POLICIES, "any pause", Setup::untimely, ONE);
    let faults = Budget { replies_lost: 1, silences: 1, ..ONE };
    each(&POLICIES, "any pause, faults", Setup::untimely, faults);
    each(&POLICIES, "any pause, crash", Setup::untimely, Budget { crashes: 1, ..ONE });
}

#[test]
#[ignore = "larger: make model"]
fn larger_faults_together() {
    let faults = Budget { crashes: 1, replies_lost: 1, silences: 1, late_swaps: 1, ..TWO };
    each_large(ROTATING, "faults together", |setup| setup, faults);
}

#[test]
#[ignore = "larger: make model"]
fn larger_people() {
    let both = Budget { revokes: 1, reauthorizations: 1, ..ONE };
    each_large(&POLICIES, "a demand, revoke, authorize", |setup| setup, both);
    let again = Budget { reauthorizations: 1, replies_lost: 1, ..TWO };
    each_large(&POLICIES, "two demands, authorize, answer lost", |setup| setup, again);
}

#[test]
#[ignore = "larger: make model"]
fn larger_any_pause() {
    let faults = Budget { replies_lost: 1, crashes: 1, silences: 1, late_swaps: 1, ..ONE };
    each_large(&POLICIES, "any pause, faults together", Setup::untimely, faults);
    each_large(&POLICIES, "any pause, two demands", Setup::untimely, TWO);
    let revoke = Budget { revokes: 1, ..ONE };
    each_large(&POLICIES, "any pause, revoke", Setup::untimely, revoke);
    let again = Budget { reauthorizations: 1, ..ONE };
    each_large(&POLICIES, "any pause, authorize", Setup::untimely, again);
    let oracle = |setup: Setup| setup.oracle().untimely();
    each_large(DEADLY, "oracle, any pause", oracle, Budget { replies_lost: 1, ..TWO });
    let refused = Budget { refused_calls: 2, crashes: 1, replies_lost: 1, ..NONE };
    let lasting = |setup: Setup| setup.lasting().untimely();
    each_large(&POLICIES, "call refused, any pause, faults", lasting, refused);
    let by_api = |setup: Setup| setup.disconnect_by_api().untimely();
    let both = Budget { revokes: 1, reauthorizations: 1, ..NONE };
    each_large(&POLICIES, "disconnect by API, any pause, authorize", by_api, both);
    let twice = Budget { revokes: 2, ..both };
    each_large(&POLICIES, "disconnect by API twice, authorize", Setup::disconnect_by_api, twice);
}

#[test]
#[ignore = "larger: make model"]
fn larger_generations_and_machines() {
    each_large(&POLICIES, "three demands", |setup| setup, Budget { wants: 3, ..NONE });
    let three = |setup| Setup { machines: 3, ..setup };
    each_large(&POLICIES, "three machines", three, TWO);
    each_large(&POLICIES, "three machines, crash", three, Budget { crashes: 1, ..TWO });
}
