//! Everything that there is at one moment: machines, store, network and server.

use crate::{
    calls::Calls,
    canonical::{self, Origin, START, Shaped, TICK},
    parts::{Flight, LateSwap, Machine, Pending, Wanted},
    properties::is_final,
    record::Record,
    server::{Request, Server},
    setup::{Budget, Setup},
};
use evergrant::*;
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

pub const TENANT: &str = "tenant";
pub const REDIRECT_URI: &str = "https://client.example/callback";

#[derive(Clone)]
pub struct World {
    pub now: u64,
    /// For entropy, revisions and codes: never twice the same.
    pub seed: u64,
    pub machines: Vec<Machine>,
    /// The connection's record.
    pub record: Option<Arc<Record>>,
    /// What a store that forgets the last write goes back to.
    pub before: Option<Arc<Record>>,
    /// Other records: pending authorizations.
    pub others: Shaped<BTreeMap<String, Stored>>,
    pub late: Vec<LateSwap>,
    pub flights: Vec<Flight>,
    /// A person on the way back from the browser.
    pub redirect: Shaped<Option<String>>,
    pub server: Shaped<Server>,
    pub calls: Shaped<Calls>,
    pub left: Budget,
    pub seen: Seen,
    /// Which machines have said something final since the last action, a bit each.
    pub answered: u8,
    pub fingerprint: u64,
}

/// What the invariants remember of the past.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The invariants that have been broken, a bit for each.
    pub broken: u16,
    /// A fault has lost an answer that brought tokens, or the person has ended the
    /// grant: there may be a verdict.
    pub over: bool,
    /// The person has ended the grant at the provider.
    pub withdrawn: bool,
    /// The store has forgotten an acknowledged write.
    pub forgotten: bool,
    pub disconnects: u8,
    /// Who wrote the intent in the store.
    pub author: Author,
    /// The refresh token that the store holds, or held last.
    pub last: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Author {
    #[default]
    Nobody,
    Lives(usize),
    Dead,
}

impl World {
    /// A grant whose access token has just expired, and machines that have read it.
    pub fn new(setup: &Setup) -> Self {
        let mut world = Self::empty(setup);
        world.authorize(setup, 0);
        world.redirected(setup, 0);
        while let Some(pending) = world.machines[0].ops.first().cloned() {
            match pending.what {
                Wanted::Swap { .. } => world.perform(setup, 0, 0, true),
                Wanted::Http { .. } => {
                    world.send(setup, 0, 0);
                    world.handle(setup, 0);
                    world.deliver(setup, 0, false);
                }
            }
        }
        world.now += 2 * TICK;
        world.others = Shaped::new(BTreeMap::new());
        world.before = None;
        for at in 0..setup.machines {
            world.machines[at].change(|machine| machine.ahead = setup.ahead[at]);
            world.restart(setup, at);
        }
        world.left = setup.budget;
        world.seal(setup);
        world
    }

    fn empty(setup: &Setup) -> Self {
        let connection = Connection::new(setup.client.clone(), TENANT).expect("a tenant");
        let machine = Machine {
            connection: Some(Arc::new(connection)),
            memory: Arc::default(),
            shape: Arc::default(),
            ahead: 0,
            paused: false,
            ops: vec![],
            held: vec![],
            told: vec![],
        };
        Self {
            now: START,
            seed: 0,
            machines: vec![machine; setup.machines],
            record: None,
            before: None,
            others: Shaped::new(BTreeMap::new()),
            late: vec![],
            flights: vec![],
            redirect: Shaped::new(None),
            server: Shaped::new(Server::new(&setup.client.provider().config().refresh)),
            calls: Shaped::new(Calls::default()),
            left: Budget::default(),
            seen: Seen::default(),
            answered: 0,
            fingerprint: 0,
        }
    }

    pub fn restart(&mut self, setup: &Setup, at: usize) {
        let current = self.stored(setup);
        let connection = Connection::restore(setup.client.clone(), TENANT, current);
        self.machines[at].remembers(Some(Arc::new(connection.expect("a readable record"))));
    }

    /// The record as the store gives it out.
    pub fn stored(&self, setup: &Setup) -> Option<Stored> {
        let record = self.record.as_ref()?;
        let age = setup.store_clock.then(|| self.now - record.written_at);
        Some(Stored { revision: record.revision.clone(), bytes: record.bytes.clone(), age })
    }

    pub fn next_seed(&mut self) -> u64 {
        self.seed += 1;
        self.seed
    }

    /// Tells a machine what happened, and takes down what it wants.
    pub fn tell(&mut self, setup: &Setup, at: usize, input: Input) -> Vec<Output> {
        let Some(mut connection) = self.machines[at].connection.take() else { return vec![] };
        if self.machines[at].paused {
            self.machines[at].change(|machine| machine.paused = false);
        }
        let mut queue = VecDeque::from([input]);
        let mut said = vec![];
        while let Some(input) = queue.pop_front() {
            let seed = self.next_seed();
            let env = setup.env(self.now, self.machines[at].ahead, seed);
            let step = Arc::make_mut(&mut connection).step(&env, input).expect("no misuse");
            for output in step.outputs {
                match output {
                    Output::Swap { op, key, expected, write } if key == *connection.store_key() => {
                        let write = write.map(|write| write.bytes);
                        if write.is_none() && setup.eager_reads {
                            queue.push_back(Input::Swapped { op, current: self.stored(setup) });
                            continue;
                        }
                        let what = Wanted::Swap { expected, write, answer: None };
                        self.want(setup, at, op, what);
                    }
                    // Nobody else touches these: at once.
                    Output::Swap { op, key, expected, write } => {
                        let current = self.swap_other(&key, expected.as_ref(), write);
                        queue.push_back(Input::Swapped { op, current });
                    }
                    Output::SendHttp { op, request, send_within, .. } => {
                        let request = Request::parse(&request);
                        self.judge_wanted(setup, request);
                        self.want(setup, at, op, Wanted::Http { request, within: send_within });
                    }
                    other => {
                        self.judge_started(setup, &other);
                        self.answered |= u8::from(is_final(&other)) << at;
                        said.push(other);
                    }
                }
            }
        }
        self.machines[at].remembers(Some(connection));
        self.judge_held(setup, at);
        said
    }

    fn want(&mut self, setup: &Setup, at: usize, op: Op, what: Wanted) {
        let since = if setup.timely { self.now } else { 0 };
        let pending = Pending { op, since, what, shape: Arc::default() };
        self.machines[at].ops.push(pending.with(|_| ()));
    }

    fn swap_other(
        &mut self,
        key: &StoreKey,
        expected: Option<&Revision>,
        write: Option<Write>,
    ) -> Option<Stored> {
        let there = self.others.get(key.as_str()).map(|stored| &stored.revision);
        if let Some(write) = write
            && there == expected
        {
            let revision = self.next_revision();
            let stored = Stored { revision, bytes: write.bytes, age: None };
            self.others.change(|others| others.insert(key.as_str().into(), stored));
        }
        self.others.get(key.as_str()).cloned()
    }

    pub fn next_revision(&mut self) -> Revision {
        Revision::new(format!("rev{:019}", self.next_seed()))
    }

    /// Brings what has no order into one, and sums everything up.
    pub fn seal(&mut self, setup: &Setup) {
        self.answered = 0;
        let revision = self.record.as_ref().map(|record| &record.revision);
        self.late.retain(|swap| swap.expected.as_ref() == revision);
        for Machine { memory, ops, .. } in &mut self.machines {
            // Nobody hears of it, and it can change nothing.
            ops.retain(|pending| match &pending.what {
                Wanted::Swap { answer: None, write: Some(_), expected, .. } => {
                    memory.awaits(pending.op) || expected.as_ref() == revision
                }
                Wanted::Swap { .. } => memory.awaits(pending.op),
                Wanted::Http { .. } => true,
            });
        }
        if self.left.forgets == 0 {
            self.before = None;
        }
        self.note_served();
        self.fingerprint = if setup.symmetric() {
            self.view(setup, [0, 1]).min(self.view(setup, [1, 0]))
        } else {
            self.view(setup, [0, 1, 2])
        };
    }

    fn view<const N: usize>(&self, setup: &Setup, order: [usize; N]) -> u64 {
        let machines = order.iter().filter_map(|at| self.machines.get(*at));
        let shapes = machines.flat_map(|machine| {
            [&*machine.memory, &*machine.shape]
                .into_iter()
                .chain(machine.ops.iter().map(|op| &*op.shape))
        });
        let store = [&self.record, &self.before];
        let store = store.into_iter().flatten().map(|record| &record.shape);
        // No order among these means anything.
        let mut flights: Vec<&Flight> = self.flights.iter().collect();
        let place = |flight: &Flight| order.iter().position(|at| flight.is_heard_by(*at));
        flights.sort_by_key(|flight| (place(flight), flight.shape.order(), flight.sent));
        let shapes = store
            .chain(shapes)
            .chain(self.late.iter().map(|swap| &*swap.shape))
            .chain(flights.iter().map(|flight| &*flight.shape))
            .chain([self.others.shape(), self.redirect.shape()])
            .chain([self.server.shape(), self.calls.shape()]);
        let generation = self.record.as_ref().map_or(0, |record| record.generation);
        let origin = Origin { now: self.now, generation, horizon: setup.horizon() };
        let mut hash = DefaultHasher::new();
        hash.write_u64(canonical::fold(shapes, &origin));
        self.left.hash(&mut hash);
        let author = match self.seen.author {
            Author::Lives(at) => Author::Lives(order.iter().position(|o| *o == at).unwrap_or(at)),
            author => author,
        };
        Seen { author, ..self.seen.clone() }.hash(&mut hash);
        let ops = order.iter().filter_map(|at| self.machines.get(*at)).map(|m| m.ops.len());
        ops.for_each(|ops| hash.write_usize(ops));
        hash.write_u8(u8::from(self.record.is_some()) | u8::from(self.before.is_some()) << 1);
        hash.finish()
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, to: &mut H) {
        to.write_u64(self.fingerprint);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "state {:016x} at tick {}", self.fingerprint, (self.now - START) / TICK)
    }
}
