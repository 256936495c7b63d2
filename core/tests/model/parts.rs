//! What a world is made of besides its store and server.

use crate::{
    canonical::Shape,
    server::{Reply, Request, Token},
};
use evergrant::*;
use std::sync::Arc;

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
    /// Refresh tokens that the server has told it are used up.
    pub told: Vec<Token>,
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
        let text = format_args!("{listens} {cut} {op:?} {request:?} sent: {sent} {stage:?}");
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
        let Self { ahead, paused, held, told, .. } = self;
        self.shape = Arc::new(Shape::of(format_args!("{ahead} {paused} {held:?} {told:?}")));
    }

    pub fn remembers(&mut self, connection: Option<Arc<Connection>>) {
        let memory = connection.as_ref().map(|connection| connection.memory());
        self.memory = Arc::new(Shape::of(format_args!("{memory:?}")));
        self.connection = connection;
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
