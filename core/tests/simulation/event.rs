//! What happens at a time, and what is known of it.

use crate::{
    dice::Act,
    net::Ask,
    store::{Standing, View},
};
use evergrant::*;

/// What happens at a time.
pub enum Event {
    /// The next act that chance has.
    NextAct,
    Planned(Act),
    Timer {
        worker: usize,
        stamp: u32,
    },
    Swap(Box<SwapJob>),
    Tell {
        worker: usize,
        life: u32,
        input: Box<Input>,
        seen: Option<Seen>,
    },
    Arrive {
        flight: u32,
    },
    /// The network brings a request once more.
    Copy(Box<Ask>),
    Reply {
        flight: u32,
    },
    Silence {
        flight: u32,
    },
    Resume {
        worker: usize,
        life: u32,
        timer_first: bool,
    },
    Start {
        worker: usize,
        life: u32,
        unread: bool,
    },
}

/// A swap on its way to the store.
pub struct SwapJob {
    pub worker: usize,
    pub life: u32,
    pub op: Op,
    pub key: StoreKey,
    pub expected: Option<Revision>,
    pub write: Option<Write>,
    /// Milliseconds until the answer comes; none if nobody is told.
    pub answer_in: Option<u64>,
    /// The answer is that there is none.
    pub silent: bool,
    pub rubbish: Option<u32>,
    pub arg: u32,
}

/// What a connection's record said that a worker was shown.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub revision: u64,
    pub generation: u64,
    pub ended: bool,
}

impl Seen {
    pub fn of(revision: u64, view: &View) -> Self {
        let ended = matches!(view.status, Standing::Disconnecting | Standing::Disconnected);
        Self { revision, generation: view.generation, ended }
    }
}

/// A time, the order within it, and what happens.
pub struct Due(pub u64, pub u64, pub Event);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub rule: &'static str,
    pub detail: String,
}

/// New tokens that a machine has been given and the store has not yet.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The refresh token that was used up; none for a code.
    pub parent: Option<u32>,
    pub refresh: u32,
    pub access: u32,
    pub worker: usize,
    pub life: u32,
    pub since: u64,
}
