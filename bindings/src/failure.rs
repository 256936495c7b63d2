//! Failures as flat records: what to do, and codes that are the same everywhere.

/// What came of something that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Failure {
    /// What to do about it.
    pub kind: FailureKind,
    /// The stable name, the same in every language.
    pub code: String,
    /// The stable number, the same in every language.
    pub number: u16,
    /// When another try makes sense, UNIX ms, if time is all that it takes.
    pub retry_at: Option<u64>,
    /// Whose a credential is that is another's, where that is known.
    pub company: Option<String>,
    /// The server's own OAuth error code, redacted, if it gave one.
    pub error: Option<String>,
    /// The server's explanation, redacted, for developers.
    pub description: Option<String>,
    /// The id of the sealing key that is missing, if that is what is wrong.
    pub sealing_key: Option<String>,
}

impl From<&evergrant::Failure> for Failure {
    fn from(failure: &evergrant::Failure) -> Self {
        let said = failure.said();
        Self {
            kind: failure.into(),
            code: failure.code().to_owned(),
            number: failure.number(),
            retry_at: failure.retry_at(),
            company: failure.company().map(ToOwned::to_owned),
            error: said.map(|said| said.error.clone()),
            description: said.and_then(|said| said.description.clone()),
            sealing_key: failure.sealing_key().map(str::to_owned),
        }
    }
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FailureKind {
    /// Ask the person to authorize again; configuration is kept.
    ReauthenticationRequired,
    /// Try again at `retry_at`; the grant is untouched.
    TryLater,
    /// The request may have been handled, but nobody can know. For an
    /// authorization: begin a new one.
    OutcomeUnknown,
    /// Somebody said no; tell the person.
    Denied,
    /// A redirect was not accepted, and nothing has changed: go on waiting.
    CallbackRefused,
    /// Tell the operator: client or provider data must be set right.
    Misconfigured,
    /// The new credential was not bound to a company; what was before is as it was.
    CompanyMismatch,
    /// Tell the provider: its server broke the protocol.
    ServerMisbehaved,
    /// Mend the store or the host.
    HostFailed,
}

impl From<&evergrant::Failure> for FailureKind {
    fn from(failure: &evergrant::Failure) -> Self {
        use evergrant::Failure as From;
        match failure {
            From::ReauthenticationRequired(_) => Self::ReauthenticationRequired,
            From::TryLater { .. } => Self::TryLater,
            From::OutcomeUnknown => Self::OutcomeUnknown,
            From::Denied { .. } => Self::Denied,
            From::CallbackRefused(_) => Self::CallbackRefused,
            From::Misconfigured { .. } => Self::Misconfigured,
            From::CompanyMismatch { .. } => Self::CompanyMismatch,
            From::ServerMisbehaved(_) => Self::ServerMisbehaved,
            From::HostFailed(_) | From::SealingKeyMissing { .. } => Self::HostFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Transcripts in every language write a kind by the name of its variant.
    #[test]
    fn kinds_are_named_as_in_core() {
        use evergrant::Failure as From;
        let said = None;
        let failures = [
            From::ReauthenticationRequired(evergrant::Cause::Expired),
            From::TryLater { at: 1, reason: evergrant::Delay::Busy, said: said.clone() },
            From::OutcomeUnknown,
            From::Denied { reason: evergrant::Denial::Forbidden, said: said.clone() },
            From::CallbackRefused(evergrant::CallbackFault::Expired),
            From::Misconfigured { reason: evergrant::ConfigurationFault::OtherError, said },
            From::CompanyMismatch { reason: evergrant::CompanyFault::Taken, company: None },
            From::ServerMisbehaved(evergrant::ServerFault::TokenUnusable),
            From::HostFailed(evergrant::HostFault::RecordNewer),
            From::SealingKeyMissing { id: "k1".to_owned() },
        ];
        for failure in failures {
            let mirrored = Failure::from(&failure);
            let name = format!("{:?}", mirrored.kind).to_lowercase();
            assert_eq!(name, failure.kind().replace('_', ""));
            assert_eq!((&*mirrored.code, mirrored.number), (failure.code(), failure.number()));
        }
    }
}
