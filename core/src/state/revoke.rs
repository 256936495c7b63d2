//! Where the end of the grant stands, and what is owed after it.

use super::{Attempt, Claim};
use crate::{entropy::Id, env::Deadline, output::Op, secret::Secret};
use alloc::boxed::Box;

/// Where the end of the grant stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Revoke {
    #[default]
    Idle,
    /// The connection's record is being read: for a person who wants the grant ended,
    /// and when (UNIX ms), or to go on with an end that was begun before.
    Looking { op: Op, tries: u8, ends: Ends, wanted: Option<u64> },
    /// `Disconnecting` is being written: from here on no token is served.
    Marking { attempt: Attempt },
    /// The access token with which the server is to be told has died: the intent to get
    /// a new one is being written.
    Claiming { attempt: Attempt, claim: Box<Claim> },
    /// The refresh request is out.
    Renewing { op: Op, claim: Box<Claim>, give_up_at: u64 },
    /// The server is being told.
    Sent { op: Op, give_up_at: u64, token_id: Option<Id>, both_secrets: bool },
    /// The tombstone is being written, after the end of these tokens was told.
    Burying { attempt: Attempt, told: Told, token_id: Option<Id> },
    /// The store failed in the midst; taken up again at this time.
    Pausing { until: Deadline, ends: Ends, wanted: Option<u64> },
}

/// The grant that was known, if it was known, when the person wanted it ended: one
/// that came while the store was silent is not meant.
pub(crate) type Ends = Option<Option<Id>>;

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
        both_secrets: bool,
    },
    /// What became of it is being written; if that fails, looked at again then.
    Writing {
        attempt: Attempt,
        pause: Deadline,
    },
    Pausing {
        until: Deadline,
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
    /// It refuses what an operator can mend: worth a failure too, and still owed.
    Misconfigured,
    /// Nobody knows, or it asks for patience.
    Unclear,
}

impl Revoke {
    /// Whether a person's wish is nowhere but here.
    pub(crate) fn is_unsaved(&self) -> bool {
        match self {
            Self::Looking { wanted, .. } | Self::Pausing { wanted, .. } => wanted.is_some(),
            Self::Marking { .. } => true,
            Self::Idle
            | Self::Claiming { .. }
            | Self::Renewing { .. }
            | Self::Sent { .. }
            | Self::Burying { .. } => false,
        }
    }

    pub(crate) fn op(&self) -> Option<Op> {
        match self {
            Self::Looking { op, .. } | Self::Renewing { op, .. } | Self::Sent { op, .. } => {
                Some(*op)
            }
            Self::Marking { attempt }
            | Self::Claiming { attempt, .. }
            | Self::Burying { attempt, .. } => Some(attempt.op),
            Self::Idle | Self::Pausing { .. } => None,
        }
    }
}
