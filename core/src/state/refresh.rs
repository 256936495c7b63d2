//! Where the refresh stands.

use super::{Attempt, Placing};
use crate::{
    entropy::Id,
    env::{Deadline, Moment},
    failure::{Cause, Failure},
    output::Op,
    record::connection::Tokens,
    secret::Secret,
};
use alloc::{boxed::Box, string::String, sync::Arc};

/// Where the refresh stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Refresh {
    #[default]
    Idle,
    /// The connection's record is being read.
    Looking { op: Op, tries: u8 },
    /// The intent is being written.
    Claiming { attempt: Attempt, claim: Box<Claim> },
    /// The server is asked whether the refresh token is still live.
    Asking { op: Op, claim: Box<Claim>, give_up_at: u64 },
    /// It is not: somebody has, or had, its successor, and is given time to save it.
    Holding { claim: Box<Claim>, until: Deadline },
    /// The refresh token is at the server.
    Sent { op: Op, claim: Box<Claim>, give_up_at: u64 },
    /// The new tokens are being stored.
    Saving { placing: Placing, renewal: Box<Renewal> },
    /// What came of a failed refresh is being written.
    Settling { attempt: Attempt, claim: Option<Box<Claim>>, settle: Settle },
    /// To be looked at again at this time.
    Waiting { until: Deadline, unknown: Option<Box<UnknownOutcome>> },
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
    pub(crate) scope: Arc<str>,
    /// Before the intent was written: W counts from here.
    pub(crate) start: Moment,
    /// What `unresolved` was without this claim.
    pub(crate) unresolved: bool,
    /// How often the store was too slow for W.
    pub(crate) late_claims: u8,
    /// It was sent with the client's other secret too.
    pub(crate) both_secrets: bool,
}

/// What a refresh brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renewal {
    pub(crate) generation: u64,
    pub(crate) grant_id: Option<Id>,
    pub(crate) tokens: Tokens,
    /// The refresh token that they were got with.
    pub(crate) sent: Secret,
    pub(crate) rotated: bool,
    /// The scopes that the tokens before had and these have not.
    pub(crate) missing_scope: String,
    /// Why the tokens must not be served, if so.
    pub(crate) failure: Option<Failure>,
}

/// What came of a failed refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// The token was not used up: the intent is taken out.
    Release(Failure),
    /// Nobody can know: others are told that this owner has stopped listening.
    GiveUp(Failure),
    /// The grant is over.
    Verdict(Cause),
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
            | Self::Asking { .. }
            | Self::Holding { .. }
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
            | Self::Asking { claim, .. }
            | Self::Holding { claim, .. }
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
            Self::Looking { op, .. } | Self::Asking { op, .. } | Self::Sent { op, .. } => Some(*op),
            Self::Claiming { attempt, .. } | Self::Settling { attempt, .. } => Some(attempt.op),
            Self::Saving { placing, .. } => placing.op(),
            Self::Idle | Self::Waiting { .. } | Self::Holding { .. } => None,
        }
    }
}
