//! What a refresh does at a provider, and how long things take.

use crate::mirror::mirror;

/// What a refresh does at this provider. By default: the strictest reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RefreshPolicy {
    /// What becomes of the refresh token that was used. Absent: `Strict`, since
    /// an enum cannot be a default.
    #[uniffi(default = None)]
    pub rotation: Option<Rotation>,
    /// Whether the server keeps one family of tokens for each user and client.
    #[uniffi(default = false)]
    pub family_per_user: bool,
    /// Whether the access token before dies at once when a refresh succeeds.
    #[uniffi(default = true)]
    pub access_dies: bool,
    /// How long things take.
    #[uniffi(default)]
    pub timing: Timing,
}

impl From<RefreshPolicy> for evergrant::RefreshPolicy {
    fn from(policy: RefreshPolicy) -> Self {
        let RefreshPolicy { rotation, family_per_user, access_dies, timing } = policy;
        let rotation = rotation.unwrap_or(Rotation::Strict).into();
        Self { rotation, family_per_user, access_dies, timing: timing.into() }
    }
}

impl From<evergrant::RefreshPolicy> for RefreshPolicy {
    fn from(policy: evergrant::RefreshPolicy) -> Self {
        let evergrant::RefreshPolicy { rotation, family_per_user, access_dies, timing } = policy;
        // As the default has it: absent is strict.
        let strict = rotation == evergrant::Rotation::Strict;
        let rotation = (!strict).then(|| rotation.into());
        Self { rotation, family_per_user, access_dies, timing: timing.into() }
    }
}

mirror! {
    /// What becomes of a refresh token that was used (RFC 9700 §4.14.2).
    Rotation {
        /// Good once; a replay revokes the whole grant.
        Strict,
        /// Good once; a replay is refused and harms nothing else.
        SingleUse,
        /// For a while a replay brings the same successor again.
        SameSuccessor,
        /// For a while a replay brings another successor; all of them are good.
        Siblings,
        /// A replay brings another successor, and the one before is dead.
        NewestWins,
        /// It stays as it is.
        None,
    }
}

/// The timing row of the refresh protocol, in milliseconds. By default: for a
/// server that revokes a grant when a spent refresh token is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Timing {
    /// W: from before the intent is written to the first byte sent.
    #[uniffi(default = 3000)]
    pub send_within: u64,
    /// T: how long an answer is listened for.
    #[uniffi(default = 60000)]
    pub listen_for: u64,
    /// D: the longest that the server may take to start on a request (assumed).
    #[uniffi(default = 59000)]
    pub start_within: u64,
    /// S: from the answer to its being stored.
    #[uniffi(default = 12000)]
    pub save_within: u64,
    /// A: after this, counted on its own clock, an observer takes over.
    #[uniffi(default = 90000)]
    pub takeover_after: u64,
}

impl From<Timing> for evergrant::Timing {
    fn from(timing: Timing) -> Self {
        let Timing { send_within, listen_for, start_within, save_within, takeover_after } = timing;
        Self { send_within, listen_for, start_within, save_within, takeover_after }
    }
}

impl From<evergrant::Timing> for Timing {
    fn from(timing: evergrant::Timing) -> Self {
        let evergrant::Timing {
            send_within,
            listen_for,
            start_within,
            save_within,
            takeover_after,
        } = timing;
        Self { send_within, listen_for, start_within, save_within, takeover_after }
    }
}
