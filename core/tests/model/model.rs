//! The model as the checker sees it, and a run of it.

use crate::{actions::Action, setup::Setup, world::World};
use evergrant::{Rule, turn_off};
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

#[derive(Clone, Debug)]
pub struct Explored {
    pub setup: Setup,
}

impl Model for Explored {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(&self.setup)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.actions(&self.setup, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.apply(&self.setup, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.setup.invariants().iter().map(|invariant| invariant.property()).collect()
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Found {
    pub states: usize,
    pub transitions: usize,
    /// Every state was seen.
    pub whole: bool,
    /// What was broken, and how.
    pub broken: Vec<(&'static str, Vec<Action>)>,
}

/// The switches of the rules are the whole process's: one run at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Explores until something is broken, everything was seen, or so many transitions
/// were made.
pub fn explore(name: &str, setup: &Setup, off: &[Rule], limit: usize) -> Found {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    turn_off(off);
    let begun = Instant::now();
    // A counterexample is shortest where one thread goes breadth first.
    let threads = if off.is_empty() { 2 } else { 1 };
    let checker = Explored { setup: setup.clone() }
        .checker()
        .threads(threads)
        .target_state_count(limit)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let mut broken: Vec<_> =
        checker.discoveries().into_iter().map(|(name, path)| (name, path.into_actions())).collect();
    broken.sort_by_key(|(name, _)| *name);
    turn_off(&[]);
    drop(turn);
    let found = Found {
        states: checker.unique_state_count(),
        transitions: checker.state_count(),
        whole: broken.is_empty() && checker.state_count() < limit,
        broken,
    };
    let seconds = begun.elapsed().as_secs_f64();
    let whole = if found.whole { "all" } else { "cut" };
    println!(
        "{name:<44} {whole} {:>9} states {:>10} transitions, depth {:>3}, {seconds:>6.1} s",
        found.states,
        found.transitions,
        checker.max_depth(),
    );
    for (name, path) in &found.broken {
        println!("  {name}: {path:?}");
        if std::env::var_os("TRACE").is_some() {
            trace(setup, off, path);
        }
    }
    found
}

/// Shows a counterexample action by action.
fn trace(setup: &Setup, off: &[Rule], path: &[Action]) {
    turn_off(off);
    let mut world = World::new(setup);
    for action in path {
        world.apply(setup, *action);
        println!("    {action:?}");
        for (at, machine) in world.machines.iter().enumerate() {
            println!("      machine {at}: {:?}", machine.connection.as_ref().map(|it| it.memory()));
            println!("        wants {:?}, holds {:?}", machine.ops, machine.held);
        }
        println!("      store: {:?}", world.record);
        println!("      network: {:?}", world.flights);
        println!("      server: {:?}, {:?}", world.server, world.seen);
    }
    turn_off(&[]);
}
