//! What the machine remembers between two steps.

use crate::{
    entropy::Id,
    env::Moment,
    failure::Failure,
    output::Op,
    record::{
        AuthorizationId, Revision,
        connection::{ConnectionRecord, Tokens},
        pending::{Answer, Callback, Pending},
    },
    secret::{Secret, SecretBytes},
    token::Deviation,
};
use alloc::{boxed::Box, string::String, vec::Vec};

/// The connection's memory: what the store was last seen to hold, and where
/// each part of the lifecycle stands. Parts go on side by side: a person may
/// authorize while a refresh is on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) ops: Ops,
    pub(crate) known: Known,
    pub(crate) authorizations: Vec<Authorization>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) refresh: Refresh,
    pub(crate) revoke: Revoke,
    pub(crate) outbox: Outbox,
    /// How often in a row the store was found to have forgotten a write.
    pub(crate) repairs: u8,
    /// The one token that is wanted, by however many callers.
    pub(crate) demand: Option<Demand>,
    /// A generation whose token the API refused.
    pub(crate) rejected: Option<u64>,
    /// The generation that was obtained because the one before was refused.
    pub(crate) renewed: Option<u64>,
    pub(crate) backoff: Option<Box<Backoff>>,
    /// When another worker's intent was first seen, by this one's clocks.
    pub(crate) observed: Option<(Id, Moment)>,
    /// The nonce of the last intent of this machine's own.
    pub(crate) last_claim: Option<Id>,
    /// A refresh that is no longer waited for; its tokens are still welcome.
    pub(crate) late: Option<Box<(Op, Claim)>>,
    /// Of the provider: a refresh kills the access token before it.
    pub(crate) access_dies: bool,
    /// Of the provider: what the store does not take may be served unsaved.
    pub(crate) release_unsaved: bool,
}

/// Numbers the outputs of one life of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ops {
    /// Random, drawn at the first step.
    pub(crate) life: Option<u32>,
    count: u32,
    /// Folded from the last step's entropy, to notice when it comes again.
    pub(crate) last_entropy: u64,
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
    pub(crate) next: ConnectionRecord,
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
    pub(crate) until: u64,
    pub(crate) failure: Failure,
}

/// An authorization that this machine began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) id: AuthorizationId,
    pub(crate) expires_at: u64,
    pub(crate) return_context: Option<String>,
    pub(crate) stage: AuthorizationStage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthorizationStage {
    /// The pending record is being written; the browser must not go before it.
    Storing {
        op: Op,
        url: Secret,
        binding: Option<Secret>,
        bytes: SecretBytes,
        tries: u8,
    },
    /// The person is in the browser.
    Open,
    /// Its time is over; has another process completed it?
    Expiring {
        op: Op,
    },
    /// Being given up: the record is read, then turned into a tombstone.
    CancelLooking {
        op: Op,
    },
    CancelWriting {
        op: Op,
        bytes: SecretBytes,
    },
}

impl Authorization {
    /// When it runs out, while somebody is waited for.
    pub(crate) fn wake_at(&self) -> Option<u64> {
        matches!(self.stage, AuthorizationStage::Open).then_some(self.expires_at)
    }

    pub(crate) fn op(&self) -> Option<Op> {
        match self.stage {
            AuthorizationStage::Storing { op, .. }
            | AuthorizationStage::Expiring { op }
            | AuthorizationStage::CancelLooking { op }
            | AuthorizationStage::CancelWriting { op, .. } => Some(op),
            AuthorizationStage::Open => None,
        }
    }
}

/// A redirect on its way to becoming a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) authorization: AuthorizationId,
    pub(crate) stage: Box<ExchangeStage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeStage {
    /// The pending record is being read.
    Looking { op: Op, callback: Callback, tries: u8 },
    /// It is being used up: only one process gets beyond this.
    Consuming { op: Op, answer: Answer, pending: Pending, by: Id, bytes: SecretBytes, tries: u8 },
    /// The connection's record is being read.
    Reading { op: Op, grant: CodeGrant, tries: u8 },
    /// The fence against new refreshes is being written.
    Fencing { attempt: Attempt, nonce: Id, grant: CodeGrant, wait: bool },
    /// A refresh of the grant before may still be on its way, and would be taken
    /// for theft of the new one: its time is let pass.
    Waiting { nonce: Id, grant: CodeGrant, until: u64 },
    /// The code is at the server.
    Sent { op: Op, nonce: Id, grant: CodeGrant, tries: u8 },
    /// The new grant is being stored.
    Saving { placing: Placing, new: NewGrant },
    /// The fence is being taken away after a failure.
    Lifting { attempt: Attempt, nonce: Id, failure: Failure, grant: CodeGrant },
}

/// A code, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeGrant {
    pub(crate) code: Secret,
    pub(crate) verifier: Secret,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) return_context: Option<String>,
    pub(crate) created_at: u64,
}

/// Tokens of a new grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewGrant {
    pub(crate) grant_id: Id,
    pub(crate) tokens: Tokens,
    pub(crate) deviations: Vec<Deviation>,
    pub(crate) grant: CodeGrant,
}

/// Tokens being stored: they are kept here until the store has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placing {
    Writing(Box<Attempt>),
    /// The store does not answer; tried again at this time.
    Holding {
        retry_at: u64,
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

impl Exchange {
    pub(crate) fn op(&self) -> Option<Op> {
        match &*self.stage {
            ExchangeStage::Looking { op, .. }
            | ExchangeStage::Consuming { op, .. }
            | ExchangeStage::Reading { op, .. }
            | ExchangeStage::Sent { op, .. } => Some(*op),
            ExchangeStage::Fencing { attempt, .. } | ExchangeStage::Lifting { attempt, .. } => {
                Some(attempt.op)
            }
            ExchangeStage::Saving { placing, .. } => placing.op(),
            ExchangeStage::Waiting { .. } => None,
        }
    }
}

/// Where the refresh stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Refresh {
    #[default]
    Idle,
    /// The connection's record is being read.
    Looking { op: Op, tries: u8 },
    /// The intent is being written.
    Claiming { attempt: Box<Attempt>, claim: Box<Claim> },
    /// The refresh token is at the server.
    Sent { op: Op, claim: Box<Claim>, give_up_at: u64 },
    /// The new tokens are being stored.
    Saving { placing: Placing, renewal: Box<Renewal> },
    /// What came of a failed refresh is being written.
    Settling { attempt: Box<Attempt>, claim: Option<Box<Claim>>, settle: Settle },
    /// To be looked at again at this time.
    Waiting { until: u64, unknown: Option<Box<UnknownOutcome>> },
}

/// A refresh token that may or may not have been used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownOutcome {
    pub(crate) generation: u64,
    /// For whoever wants a token meanwhile, and must not be given the old one.
    pub(crate) failure: Failure,
}

/// A refresh that is ours to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) nonce: Id,
    pub(crate) attempt: u16,
    pub(crate) generation: u64,
    pub(crate) grant_id: Option<Id>,
    pub(crate) refresh: Secret,
    pub(crate) scope: String,
    /// Before the intent was written: W counts from here.
    pub(crate) start: Moment,
    /// What `unresolved` was without this claim.
    pub(crate) unresolved: bool,
    /// How often the store was too slow for W.
    pub(crate) late_claims: u8,
}

/// What a refresh brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renewal {
    pub(crate) generation: u64,
    pub(crate) grant_id: Option<Id>,
    pub(crate) tokens: Tokens,
    pub(crate) rotated: bool,
    /// Why the tokens must not be served, if so.
    pub(crate) failure: Option<Failure>,
    pub(crate) deviations: Vec<Deviation>,
}

/// What came of a failed refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// The token was not used up: the intent is taken out.
    Release(Failure),
    /// Nobody can know: others are told that this owner has stopped listening.
    GiveUp(Failure),
    /// The grant is over.
    Verdict(crate::failure::Cause),
    /// It is not: a sibling of the dead token was kept, and takes its place.
    Promote,
    /// The store had forgotten a write, and has it again.
    Repair,
}

impl Refresh {
    pub(crate) fn is_under_way(&self) -> bool {
        match self {
            Self::Idle | Self::Looking { .. } | Self::Waiting { unknown: None, .. } => false,
            Self::Claiming { .. }
            | Self::Sent { .. }
            | Self::Saving { .. }
            | Self::Settling { .. }
            | Self::Waiting { unknown: Some(_), .. } => true,
        }
    }

    /// The generation whose refresh token is, or may have been, used up.
    pub(crate) fn generation_at_server(&self) -> Option<u64> {
        match self {
            Self::Sent { claim, .. }
            | Self::Settling { claim: Some(claim), settle: Settle::GiveUp(_), .. } => {
                Some(claim.generation)
            }
            Self::Saving { renewal, .. } => Some(renewal.generation),
            Self::Waiting { unknown: Some(unknown), .. } => Some(unknown.generation),
            Self::Idle
            | Self::Looking { .. }
            | Self::Claiming { .. }
            | Self::Settling { .. }
            | Self::Waiting { unknown: None, .. } => None,
        }
    }

    pub(crate) fn op(&self) -> Option<Op> {
        match self {
            Self::Looking { op, .. } | Self::Sent { op, .. } => Some(*op),
            Self::Claiming { attempt, .. } | Self::Settling { attempt, .. } => Some(attempt.op),
            Self::Saving { placing, .. } => placing.op(),
            Self::Idle | Self::Waiting { .. } => None,
        }
    }
}

/// Where the end of the grant stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Revoke {
    #[default]
    Idle,
    /// The connection's record is being read.
    Looking { op: Op, tries: u8 },
    /// `Disconnecting` is being written: from here on no token is served.
    Marking { attempt: Box<Attempt> },
    /// The server is being told.
    Sent { op: Op, give_up_at: u64 },
    /// The tombstone is being written, after the end of these tokens was told.
    Burying { attempt: Box<Attempt>, told: Told, token_id: Option<Id> },
    /// The store failed in the midst; taken up again at this time.
    Pausing { until: u64 },
}

/// Where a duty of the outbox stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Outbox {
    #[default]
    Idle,
    /// The server is being told.
    Sent {
        op: Op,
        owed: Secret,
        give_up_at: u64,
    },
    /// What became of it is being written; if that fails, looked at again then.
    Writing {
        attempt: Box<Attempt>,
        pause: u64,
    },
    Pausing {
        until: u64,
    },
}

impl Outbox {
    pub(crate) fn op(&self) -> Option<Op> {
        match self {
            Self::Sent { op, .. } => Some(*op),
            Self::Writing { attempt, .. } => Some(attempt.op),
            Self::Idle | Self::Pausing { .. } => None,
        }
    }
}

/// What the server made of being told that the grant ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The grant is over.
    Yes,
    /// It will not be told: there is no way, or nothing to say it with.
    No,
    /// It refuses for good, which is worth a failure.
    Refused,
    /// Nobody knows, or it asks for patience.
    Unclear,
}

impl Revoke {
    pub(crate) fn op(&self) -> Option<Op> {
        match self {
            Self::Looking { op, .. } | Self::Sent { op, .. } => Some(*op),
            Self::Marking { attempt } | Self::Burying { attempt, .. } => Some(attempt.op),
            Self::Idle | Self::Pausing { .. } => None,
        }
    }
}
