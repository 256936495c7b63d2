//! Authorizations that were begun here, and redirects on their way to a grant.

use super::{Attempt, Placing};
use crate::{
    entropy::Id,
    env::Deadline,
    failure::Failure,
    input::Authorize,
    output::Op,
    record::{
        AuthorizationId,
        callback::Callback,
        connection::Tokens,
        pending::{Answer, Pending},
    },
    secret::{Secret, SecretBytes},
};
use alloc::{boxed::Box, string::String, sync::Arc};

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
    /// The connection's record is being read.
    Looking {
        op: Op,
        draft: Box<Draft>,
        tries: u8,
    },
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

/// What an authorization will be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) asked: Authorize,
    pub(crate) state: Secret,
    pub(crate) verifier: Secret,
    /// What the browser's cookie will hold.
    pub(crate) binding: Option<Secret>,
}

impl Authorization {
    /// Whether a person is, or is about to be, in the browser.
    pub(crate) fn is_waiting(&self) -> bool {
        match self.stage {
            AuthorizationStage::Looking { .. }
            | AuthorizationStage::Storing { .. }
            | AuthorizationStage::Open => true,
            AuthorizationStage::Expiring { .. }
            | AuthorizationStage::CancelLooking { .. }
            | AuthorizationStage::CancelWriting { .. } => false,
        }
    }

    /// When it runs out, while somebody is waited for.
    pub(crate) fn wake_at(&self) -> Option<u64> {
        matches!(self.stage, AuthorizationStage::Open).then_some(self.expires_at)
    }

    pub(crate) fn op(&self) -> Option<Op> {
        match self.stage {
            AuthorizationStage::Looking { op, .. }
            | AuthorizationStage::Storing { op, .. }
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
    pub(crate) stage: ExchangeStage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExchangeStage {
    /// The pending record is being read.
    Looking { op: Op, callback: Box<Callback>, tries: u8 },
    /// It is being used up: only one process gets beyond this.
    Consuming {
        op: Op,
        answer: Answer,
        pending: Box<Pending>,
        by: Id,
        bytes: SecretBytes,
        tries: u8,
    },
    /// The connection's record is being read.
    Reading { op: Op, grant: Box<CodeGrant>, tries: u8 },
    /// The fence against new refreshes is being written.
    Fencing { attempt: Attempt, nonce: Id, grant: Box<CodeGrant>, wait: bool },
    /// A refresh of the grant before may still be on its way, and would be taken
    /// for theft of the new one: its time is let pass.
    Waiting { nonce: Id, grant: Box<CodeGrant>, until: Deadline },
    /// The code is at the server.
    Sent { op: Op, nonce: Id, grant: Box<CodeGrant>, tries: u8 },
    /// The new grant is being stored.
    Saving { placing: Placing, new: Box<NewGrant> },
    /// What the server gave and nobody may use is being written down as owed.
    Owing {
        attempt: Attempt,
        refresh: Option<Secret>,
        access: Option<Secret>,
        failure: Failure,
        grant: Box<CodeGrant>,
    },
    /// The fence is being taken away after a failure.
    Lifting { attempt: Attempt, nonce: Id, failure: Failure, grant: Box<CodeGrant> },
}

/// A code, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeGrant {
    pub(crate) code: Secret,
    pub(crate) verifier: Secret,
    pub(crate) redirect_uri: Arc<str>,
    pub(crate) scope: Arc<str>,
    pub(crate) return_context: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) created_at: u64,
    /// The generation in which the authorization was begun, where it was known.
    pub(crate) begun_in: Option<u64>,
    /// It was sent with the client's other secret too.
    pub(crate) both_secrets: bool,
}

/// Tokens of a new grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewGrant {
    pub(crate) grant_id: Id,
    pub(crate) tokens: Tokens,
    pub(crate) grant: Box<CodeGrant>,
    /// After a save that nobody confirmed: the grant over which it was written.
    pub(crate) unsure_over: Option<Option<Id>>,
    /// Whether it takes the place of a grant that was being ended.
    pub(crate) over_end: bool,
}

impl Exchange {
    /// Whether tokens that the server gave are nowhere but here.
    pub(crate) fn is_unsaved(&self) -> bool {
        matches!(self.stage, ExchangeStage::Saving { .. } | ExchangeStage::Owing { .. })
    }

    pub(crate) fn op(&self) -> Option<Op> {
        match &self.stage {
            ExchangeStage::Looking { op, .. }
            | ExchangeStage::Consuming { op, .. }
            | ExchangeStage::Reading { op, .. }
            | ExchangeStage::Sent { op, .. } => Some(*op),
            ExchangeStage::Fencing { attempt, .. }
            | ExchangeStage::Owing { attempt, .. }
            | ExchangeStage::Lifting { attempt, .. } => Some(attempt.op),
            ExchangeStage::Saving { placing, .. } => placing.op(),
            ExchangeStage::Waiting { .. } => None,
        }
    }
}
