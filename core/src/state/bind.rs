//! Where the binding of a new credential to its company stands.

use super::Attempt;
use crate::{env::Deadline, failure::Failure, output::Op, record::candidate::Candidate};
use alloc::{boxed::Box, string::String, sync::Arc};

/// Where the binding of a new credential to its company stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bind {
    #[default]
    Idle,
    /// The connection's record is being read, before a key is tried.
    Looking { op: Op, tries: u8, candidate: Box<Candidate> },
    /// The API is asked whose credential it is.
    Asking { op: Op, give_up_at: u64, tries: u8, candidate: Box<Candidate> },
    /// To be asked again at this time.
    Pausing { until: Deadline, tries: u8, candidate: Box<Candidate> },
    /// The company is being reserved for this tenant.
    Reserving { op: Op, tries: u8, learnt: Learned, candidate: Box<Candidate> },
    /// The record is being read once more: the candidate was not in it.
    Rereading { op: Op, learnt: Learned, candidate: Box<Candidate> },
    /// The credential is being put in the place of the one before.
    Promoting { attempt: Attempt, learnt: Learned, candidate: Box<Candidate> },
    /// It is not to be used: is its company another tenant's, who must not lose it?
    Checking { op: Op, failure: Failure, candidate: Box<Candidate> },
    /// The server is told that it is not wanted.
    Uninstalling { op: Op, give_up_at: u64, failure: Failure, candidate: Box<Candidate> },
    /// It is being taken out of the record.
    Dropping { attempt: Attempt, failure: Failure, candidate: Box<Candidate> },
}

/// What the API said of the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Learned {
    /// None where the provider needs none.
    pub(crate) company: Option<String>,
    pub(crate) scope: Option<Arc<str>>,
}

impl Bind {
    pub(crate) fn op(&self) -> Option<Op> {
        match self {
            Self::Looking { op, .. }
            | Self::Asking { op, .. }
            | Self::Reserving { op, .. }
            | Self::Rereading { op, .. }
            | Self::Checking { op, .. }
            | Self::Uninstalling { op, .. } => Some(*op),
            Self::Promoting { attempt, .. } | Self::Dropping { attempt, .. } => Some(attempt.op),
            Self::Idle | Self::Pausing { .. } => None,
        }
    }

    /// Whether nothing has been written, and nothing is about to be.
    pub(crate) fn is_only_asking(&self) -> bool {
        matches!(self, Self::Asking { .. } | Self::Pausing { .. })
    }

    pub(crate) fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::Looking { candidate, .. }
            | Self::Asking { candidate, .. }
            | Self::Pausing { candidate, .. }
            | Self::Reserving { candidate, .. }
            | Self::Rereading { candidate, .. }
            | Self::Promoting { candidate, .. }
            | Self::Checking { candidate, .. }
            | Self::Uninstalling { candidate, .. }
            | Self::Dropping { candidate, .. } => Some(candidate),
            Self::Idle => None,
        }
    }
}
