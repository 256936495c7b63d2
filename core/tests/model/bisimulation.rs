//! That the canonical view leaves nothing out: states that it calls one, reached in
//! different ways, have the same successors.

use crate::{
    actions::Action,
    setup::{Budget, Setup},
    world::World,
};
use evergrant::Rotation;
use std::collections::{BTreeMap, VecDeque};

/// The successors of a state, by the action that leads to each.
fn successors(world: &World, setup: &Setup) -> Vec<(Action, World)> {
    let mut actions = vec![];
    world.actions(setup, &mut actions);
    let next = |action| {
        let mut next = world.clone();
        next.apply(setup, action);
        (action, next)
    };
    actions.into_iter().map(next).collect()
}

fn fingerprints(successors: &[(Action, World)]) -> Vec<u64> {
    let mut fingerprints: Vec<u64> = successors.iter().map(|(_, next)| next.fingerprint).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    fingerprints
}

fn compare(setup: &Setup) {
    let start = World::new(setup);
    let mut known: BTreeMap<u64, (Vec<u64>, Vec<Action>)> = BTreeMap::new();
    let mut queue = VecDeque::from([(start, vec![])]);
    let mut compared = 0;
    while let Some((world, path)) = queue.pop_front() {
        let next = successors(&world, setup);
        let found = fingerprints(&next);
        if let Some((first, first_path)) = known.get(&world.fingerprint) {
            assert_eq!(*first, found, "{first_path:?}\n{path:?}");
            compared += 1;
            continue;
        }
        known.insert(world.fingerprint, (found, path.clone()));
        for (action, next) in next {
            let mut path = path.clone();
            path.push(action);
            queue.push_back((next, path));
        }
    }
    println!("{} states, {compared} of them reached again, with the same successors", known.len());
}

#[test]
fn what_is_called_one_state_goes_on_in_one_way() {
    let two = Budget { wants: 2, ..Budget::NONE };
    let one = Budget { wants: 1, ..Budget::NONE };
    compare(&Setup::new(Rotation::Strict, Budget { resets: 1, ..two }));
    compare(&Setup::new(Rotation::NewestWins, Budget { crashes: 1, ..two }));
    compare(&Setup::new(Rotation::Siblings, Budget { silences: 1, ..two }));
    compare(&Setup::new(Rotation::Strict, Budget { reauthorizations: 1, ..one }));
    compare(&Setup::new(Rotation::Strict, Budget { revokes: 1, ..one }));
    compare(&Setup::new(Rotation::Strict, one).untimely());
    compare(&Setup::new(Rotation::Strict, Budget { replies_lost: 1, ..two }).oracle());
    let refused = Budget { refused_calls: 2, ..Budget::NONE };
    compare(&Setup::new(Rotation::Strict, Budget { withdrawals: 1, ..refused }).lasting());
    let both = Budget { revokes: 1, reauthorizations: 1, ..Budget::NONE };
    compare(&Setup::new(Rotation::Strict, both).disconnect_by_api());
}
