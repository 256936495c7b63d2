//! What can go wrong, named by what to do about it.
//!
//! [`Misuse`] is the caller's bug; [`Failure`] is everything else. Each has a
//! stable `code()` and `number()`, the same in every language; numbers are only
//! ever appended.

pub use crate::reason::{
    CallbackFault, Cause, CompanyFault, ConfigurationFault, Delay, Denial, HostFault, Misuse,
    ServerFault,
};

use crate::said::ServerSaid;
use alloc::string::String;
use core::fmt;

/// What came of something that could not be done, named by what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Ask the person to authorize again; configuration is kept.
    ReauthenticationRequired(Cause),
    /// Try again at `at` (UNIX ms); the grant is untouched.
    TryLater {
        /// When another try makes sense, UNIX time in milliseconds.
        at: u64,
        /// What stands in the way.
        reason: Delay,
        /// The server's own words, if it gave any.
        said: Option<ServerSaid>,
    },
    /// The request may have been handled, but nobody can know. For an
    /// authorization: begin a new one.
    OutcomeUnknown,
    /// Somebody said no; tell the person.
    Denied {
        /// To what.
        reason: Denial,
        /// The server's own words, if it gave any.
        said: Option<ServerSaid>,
    },
    /// A redirect was not accepted, and nothing has changed: go on waiting.
    CallbackRefused(CallbackFault),
    /// Tell the operator: client or provider data must be set right.
    Misconfigured {
        /// What seems to be wrong.
        reason: ConfigurationFault,
        /// The server's own words, if it gave any.
        said: Option<ServerSaid>,
    },
    /// The new credential was not bound to a company, and is not used; the one
    /// before is as it was.
    CompanyMismatch {
        /// Why.
        reason: CompanyFault,
        /// Whose it is, where that is known and another's.
        company: Option<String>,
    },
    /// Tell the provider: its server broke the protocol.
    ServerMisbehaved(ServerFault),
    /// Mend the store or the host.
    HostFailed(HostFault),
    /// The same: a record is sealed with a key that the client does not have. It was
    /// not overwritten.
    SealingKeyMissing {
        /// The id of the key, which is not a secret.
        id: String,
    },
}

impl Failure {
    /// The stable name, the same in every language.
    pub fn code(&self) -> &'static str {
        self.code_and_number().0
    }

    /// The stable number, for C.
    pub fn number(&self) -> u16 {
        self.code_and_number().1
    }

    fn code_and_number(&self) -> (&'static str, u16) {
        match self {
            Self::ReauthenticationRequired(cause) => (cause.code(), cause.number()),
            Self::TryLater { reason, .. } => (reason.code(), reason.number()),
            Self::OutcomeUnknown => ("outcome_unknown", 801),
            Self::Denied { reason, .. } => (reason.code(), reason.number()),
            Self::CallbackRefused(fault) => (fault.code(), fault.number()),
            Self::Misconfigured { reason, .. } => (reason.code(), reason.number()),
            Self::CompanyMismatch { reason, .. } => (reason.code(), reason.number()),
            Self::ServerMisbehaved(fault) => (fault.code(), fault.number()),
            Self::HostFailed(fault) => (fault.code(), fault.number()),
            Self::SealingKeyMissing { .. } => ("host_sealing_key_missing", 707),
        }
    }

    /// What to do about it, in a word that is the same in every language: what
    /// an exception or an error type is named after.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ReauthenticationRequired(_) => "reauthentication_required",
            Self::TryLater { .. } => "try_later",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Denied { .. } => "denied",
            Self::CallbackRefused(_) => "callback_refused",
            Self::Misconfigured { .. } => "misconfigured",
            Self::CompanyMismatch { .. } => "company_mismatch",
            Self::ServerMisbehaved(_) => "server_misbehaved",
            Self::HostFailed(_) | Self::SealingKeyMissing { .. } => "host_failed",
        }
    }

    /// When another try makes sense, UNIX ms, if time is all that it takes.
    pub fn retry_at(&self) -> Option<u64> {
        match self {
            Self::TryLater { at, .. } => Some(*at),
            Self::ReauthenticationRequired(_)
            | Self::OutcomeUnknown
            | Self::Denied { .. }
            | Self::CallbackRefused(_)
            | Self::Misconfigured { .. }
            | Self::CompanyMismatch { .. }
            | Self::ServerMisbehaved(_)
            | Self::HostFailed(_)
            | Self::SealingKeyMissing { .. } => None,
        }
    }

    /// Whose a credential is that is another's, where that is known.
    pub fn company(&self) -> Option<&str> {
        match self {
            Self::CompanyMismatch { company, .. } => company.as_deref(),
            Self::ReauthenticationRequired(_)
            | Self::TryLater { .. }
            | Self::OutcomeUnknown
            | Self::Denied { .. }
            | Self::CallbackRefused(_)
            | Self::Misconfigured { .. }
            | Self::ServerMisbehaved(_)
            | Self::HostFailed(_)
            | Self::SealingKeyMissing { .. } => None,
        }
    }

    /// The server's own words, redacted, where it gave any.
    pub fn said(&self) -> Option<&ServerSaid> {
        match self {
            Self::TryLater { said, .. }
            | Self::Denied { said, .. }
            | Self::Misconfigured { said, .. } => said.as_ref(),
            Self::ReauthenticationRequired(_)
            | Self::OutcomeUnknown
            | Self::CallbackRefused(_)
            | Self::CompanyMismatch { .. }
            | Self::ServerMisbehaved(_)
            | Self::HostFailed(_)
            | Self::SealingKeyMissing { .. } => None,
        }
    }

    /// The id of the sealing key that is missing, if that is what is wrong.
    pub fn sealing_key(&self) -> Option<&str> {
        match self {
            Self::SealingKeyMissing { id } => Some(id),
            _ => None,
        }
    }

    pub(crate) fn try_later(at: u64, reason: Delay) -> Self {
        Self::TryLater { at, reason, said: None }
    }

    pub(crate) fn denied(reason: Denial) -> Self {
        Self::Denied { reason, said: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, vec::Vec};

    #[test]
    fn codes_and_numbers_are_unique_and_stable() {
        let mut all: Vec<(&str, u16)> =
            Vec::from([("outcome_unknown", 801), ("host_sealing_key_missing", 707)]);
        macro_rules! collect { ($($name:ident)*) => { $(
            all.extend($name::ALL.iter().map(|reason| (reason.code(), reason.number())));
        )* } }
        collect!(Misuse Cause Delay Denial CallbackFault ConfigurationFault ServerFault);
        collect!(HostFault CompanyFault);
        let codes: BTreeSet<_> = all.iter().map(|(code, _)| code).collect();
        let numbers: BTreeSet<_> = all.iter().map(|(_, number)| number).collect();
        assert_eq!((codes.len(), numbers.len()), (all.len(), all.len()));
        assert_eq!(all.len(), 84, "append only: change this number with every addition");
        let prefixes = all.iter().all(|(code, number)| match number / 100 {
            0 => code.starts_with("misuse_"),
            1 => code.starts_with("reauthenticate_"),
            2 => code.starts_with("try_later_"),
            3 => code.starts_with("denied_"),
            4 => code.starts_with("callback_"),
            5 => code.starts_with("misconfigured_"),
            6 => code.starts_with("server_"),
            7 => code.starts_with("host_"),
            _ => true,
        });
        assert!(prefixes);
    }
}
