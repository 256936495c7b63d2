//! What the machine remembers between two steps.

mod authorize;
mod bind;
mod refresh;
mod revoke;

pub(crate) use authorize::{
    Authorization, AuthorizationStage, CodeGrant, Draft, Exchange, ExchangeStage, NewGrant,
};
pub(crate) use bind::{Bind, Learned};
pub(crate) use refresh::{Claim, Refresh, Renewal, Settle, UnknownOutcome};
pub(crate) use revoke::{Ends, Outbox, Revoke, Told};

use crate::{
    entropy::Id,
    env::{Deadline, Moment},
    failure::Failure,
    output::Op,
    provider::ProviderConfig,
    record::{Revision, connection::ConnectionRecord},
    requests::SecretInUse,
    secret::SecretBytes,
};
use alloc::{boxed::Box, vec::Vec};
use core::ops::{Deref, DerefMut};

/// The connection's memory: what the store was last seen to hold, and what a later step
/// must know of an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) ops: Ops,
    pub(crate) known: Known,
    under_way: UnderWay,
    /// The candidate that was answered for last: not to be taken up again here.
    pub(crate) answered: Option<Id>,
    /// The one token that is wanted, by however many callers.
    pub(crate) demand: Option<Demand>,
    /// How old the record last read was then, by the store's own clock.
    pub(crate) store_age: Option<u64>,
    /// The nonce of the last intent of this machine's own.
    pub(crate) last_claim: Option<Id>,
    /// How often in a row the store was found to have forgotten a write.
    pub(crate) repairs: u8,
    /// Which of the client's secrets the server took last.
    pub(crate) secret: SecretInUse,
    /// Of the provider: a refresh kills the access token before it.
    pub(crate) access_dies: bool,
    /// Of the provider: what the store does not take may be served unsaved.
    pub(crate) release_unsaved: bool,
}

impl State {
    /// Of a connection of which nothing has been read yet.
    pub(crate) fn new(provider: &ProviderConfig) -> Self {
        Self {
            access_dies: provider.refresh.access_dies,
            release_unsaved: provider.release_unsaved,
            ..Self::default()
        }
    }

    /// Gives back the memory of what is over.
    pub(crate) fn tidy(&mut self) {
        let Some(parts) = &mut self.under_way.0 else { return };
        let intent = self.known.record().and_then(|record| record.intent.as_ref());
        // Seen again, an intent that is gone would only be waited for longer.
        if matches!(parts.refresh, Refresh::Idle) && intent.is_none() {
            parts.observed = None;
            parts.orphan = None;
        }
        if parts.are_idle() {
            self.under_way = UnderWay(None);
        }
    }
}

impl Deref for State {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.under_way
    }
}

impl DerefMut for State {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.under_way
    }
}

/// Where each part of the lifecycle stands. Parts go on side by side: a person may
/// authorize while a refresh is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) authorizations: Vec<Authorization>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) bind: Bind,
    pub(crate) refresh: Refresh,
    pub(crate) revoke: Revoke,
    pub(crate) outbox: Outbox,
    /// A generation whose token the API refused.
    pub(crate) rejected: Option<u64>,
    /// The generation that was obtained because the one before was refused.
    pub(crate) renewed: Option<u64>,
    pub(crate) backoff: Option<Box<Backoff>>,
    /// When another worker's intent was first seen, by this one's clocks.
    pub(crate) observed: Option<(Id, Moment)>,
    /// The intent of a worker that is known to be dead.
    pub(crate) orphan: Option<Id>,
    /// Refreshes that are no longer waited for; their tokens are still welcome.
    pub(crate) late: Vec<(Op, Claim)>,
    /// Tokens that came while others of their generation were being stored.
    pub(crate) sibling: Option<Box<Renewal>>,
}

impl Parts {
    const IDLE: Self = Self {
        authorizations: Vec::new(),
        exchanges: Vec::new(),
        bind: Bind::Idle,
        refresh: Refresh::Idle,
        revoke: Revoke::Idle,
        outbox: Outbox::Idle,
        rejected: None,
        renewed: None,
        backoff: None,
        observed: None,
        orphan: None,
        late: Vec::new(),
        sibling: None,
    };

    /// Whether they equal `IDLE`, in much less code than comparing everything in them.
    fn are_idle(&self) -> bool {
        let Self {
            authorizations,
            exchanges,
            bind: Bind::Idle,
            refresh: Refresh::Idle,
            revoke: Revoke::Idle,
            outbox: Outbox::Idle,
            rejected: None,
            renewed: None,
            backoff: None,
            observed: None,
            orphan: None,
            late,
            sibling: None,
        } = self
        else {
            return false;
        };
        authorizations.is_empty() && exchanges.is_empty() && late.is_empty()
    }
}

/// As a rule nothing is under way, and most connections of a large fleet are such: they
/// share this.
static IDLE: Parts = Parts::IDLE;

/// The parts of the lifecycle, which take memory from the first that is begun until
/// [`State::tidy`] finds all of them idle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct UnderWay(Option<Box<Parts>>);

impl Deref for UnderWay {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        self.0.as_deref().unwrap_or(&IDLE)
    }
}

impl DerefMut for UnderWay {
    fn deref_mut(&mut self) -> &mut Parts {
        self.0.get_or_insert_with(|| Box::new(Parts::IDLE))
    }
}

/// Numbers the outputs of one life of the machine.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(evergrant_model), derive(Debug))]
pub(crate) struct Ops {
    /// Random, drawn at the first step.
    pub(crate) life: Option<u32>,
    count: u32,
    /// Folded from the last step's entropy, to notice when it comes again.
    pub(crate) last_entropy: u64,
}

/// What only counts would keep the model from ever coming to an end.
#[cfg(evergrant_model)]
impl core::fmt::Debug for Ops {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ops")
    }
}

impl Ops {
    pub(crate) fn next(&mut self) -> Op {
        self.count = self.count.wrapping_add(1);
        let life = u64::from(self.life.unwrap_or_default());
        Op((life << 32) | u64::from(self.count))
    }
}

/// What the store was last seen to hold for this connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Known {
    #[default]
    Unread,
    Absent,
    Present(Revision, Box<ConnectionRecord>),
    /// The store has forgotten what it had acknowledged: what is remembered
    /// goes in again, over what is there now.
    Ahead(Option<Revision>, Box<ConnectionRecord>),
}

impl Known {
    pub(crate) fn record(&self) -> Option<&ConnectionRecord> {
        match self {
            Self::Present(_, record) | Self::Ahead(_, record) => Some(record),
            Self::Unread | Self::Absent => None,
        }
    }

    pub(crate) fn revision(&self) -> Option<&Revision> {
        match self {
            Self::Present(revision, _) => Some(revision),
            Self::Ahead(revision, _) => revision.as_ref(),
            Self::Unread | Self::Absent => None,
        }
    }

    pub(crate) fn is_unread(&self) -> bool {
        matches!(self, Self::Unread)
    }
}

/// A write of the connection's record that the store has not confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) op: Op,
    pub(crate) next: Box<ConnectionRecord>,
    pub(crate) bytes: SecretBytes,
    /// How often the store has not answered.
    pub(crate) tries: u8,
}

/// A token that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) min_validity: u64,
}

/// Why no refresh is begun for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    pub(crate) failures: u16,
    pub(crate) until: Deadline,
    pub(crate) failure: Failure,
}

impl Backoff {
    /// Whether no try is made of itself: time alone does not set data right. Whoever
    /// wants a token is let try again after the pause.
    pub(crate) fn waits_for_somebody(&self) -> bool {
        matches!(self.failure, Failure::Misconfigured { .. })
    }
}

/// Tokens being stored: they are kept here until the store has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placing {
    Writing(Attempt),
    /// The store does not answer; tried again at this time.
    Holding {
        retry_at: Deadline,
        tries: u8,
    },
}

impl Placing {
    pub(crate) fn op(&self) -> Option<Op> {
        match self {
            Self::Writing(attempt) => Some(attempt.op),
            Self::Holding { .. } => None,
        }
    }
}
