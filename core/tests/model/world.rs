//! Everything that there is at one moment: machines, store, network and server.

use crate::{
    canonical::{self, Origin, START, Shape, Shaped, TICK},
    properties::is_final,
    record::Record,
    server::{Reply, Request, Server, Token},
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
    /// A fault has lost an answer that brought tokens.
    pub reply_lost: bool,
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

#[derive(Clone)]
pub struct Machine {
    /// None while its process is down.
    pub connection: Option<Arc<Connection>>,
    /// Of what it remembers.
    pub memory: Arc<Shape>,
    /// Of what the world knows of it.
    pub shape: Arc<Shape>,
    /// How far its wall clock is ahead, in milliseconds.
    pub ahead: u64,
    pub paused: bool,
    pub ops: Vec<Pending>,
    /// Tokens that an answer brought, and that the store has not had yet.
    pub held: Vec<Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub token: Token,
    /// From when S counts, if it does.
    pub since: Option<u64>,
}

/// An output that wants an answer, and has none yet.
#[derive(Clone, Debug)]
pub struct Pending {
    pub op: Op,
    pub since: u64,
    pub what: Wanted,
    pub shape: Arc<Shape>,
}

#[derive(Clone, Debug)]
pub enum Wanted {
    Swap { expected: Option<Revision>, write: Option<SecretBytes>, answer: Option<Option<Stored>> },
    Http { request: Request, within: u64 },
}

/// A swap that was not answered, and may land later.
#[derive(Clone, Debug)]
pub struct LateSwap {
    pub expected: Option<Revision>,
    pub write: SecretBytes,
    pub author: Option<usize>,
    pub shape: Arc<Shape>,
}

/// A request on its way, or its answer.
#[derive(Clone, Debug)]
pub struct Flight {
    pub owner: Owner,
    pub op: Op,
    pub request: Request,
    pub sent: u64,
    pub stage: Stage,
    pub shape: Arc<Shape>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A live machine listens.
    Listens(usize),
    /// A fault has cut the line, or killed who listened.
    CutOff,
    /// It was listened for as long as T, and nobody was at fault.
    TimedOut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Travelling,
    Answered(Reply),
    /// Lost, and the machine does not know yet.
    Gone,
}

impl Flight {
    pub fn new(owner: usize, op: Op, request: Request, sent: u64) -> Self {
        let (owner, stage) = (Owner::Listens(owner), Stage::Travelling);
        let shape = Arc::default();
        Self { owner, op, request, sent, stage, shape }.with(|_| ())
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self.op = if let Owner::Listens(_) = self.owner { self.op } else { Op(0) };
        let Self { owner, op, request, sent, stage, .. } = &self;
        // Who listens is told apart by the op, which only one machine mentions.
        let listens = matches!(owner, Owner::Listens(_));
        let cut = *owner == Owner::CutOff;
        let text = format_args!("{listens}{cut}{op:?}{request:?}sent: {sent}{stage:?}");
        self.shape = Arc::new(Shape::of(text));
        self
    }

    pub fn is_heard_by(&self, machine: usize) -> bool {
        self.owner == Owner::Listens(machine)
    }
}

impl Machine {
    pub fn is_up(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether it remembers this name: a token, a revision.
    pub fn knows(&self, name: &str) -> bool {
        self.is_up() && self.memory.mentions(name)
    }

    pub fn change(&mut self, change: impl FnOnce(&mut Self)) {
        change(self);
        let Self { ahead, paused, held, .. } = self;
        self.shape = Arc::new(Shape::of(format_args!("{ahead} {paused} {held:?}")));
    }

    pub fn remembers(&mut self, connection: Option<Arc<Connection>>) {
        let memory = connection.as_ref().map(|connection| connection.memory());
        self.memory = Arc::new(Shape::of(format_args!("{memory:?}")));
        self.connection = connection;
    }
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
                        self.want(setup, at, op, Wanted::Http { request, within: send_within });
                    }
                    other => {
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
        self.flights.sort_by_key(|flight| (flight.shape.order(), flight.sent));
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
        let shapes = store
            .chain(shapes)
            .chain(self.late.iter().map(|swap| &*swap.shape))
            .chain(self.flights.iter().map(|flight| &*flight.shape))
            .chain([self.others.shape(), self.redirect.shape(), self.server.shape()]);
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

impl Pending {
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        let Self { op, since, what, .. } = &self;
        self.shape = Arc::new(Shape::of(format_args!("{op:?} since: {since} {what:?}")));
        self
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
