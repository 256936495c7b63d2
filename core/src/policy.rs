//! What a refresh does at a provider, and how long things take: data, one row
//! for each kind of server.

use crate::rules::{self, Rule};

/// What a refresh does at this provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// What becomes of the refresh token that was used.
    pub rotation: Rotation,
    /// Whether the access token before dies at once when a refresh succeeds.
    /// Then no token is served while a refresh is on its way.
    pub access_dies: bool,
    /// Whether the server keeps one family of tokens for each user and client:
    /// then the replay of an old grant's token kills a newer grant too.
    pub family_per_user: bool,
    /// How long things take.
    pub timing: Timing,
}

/// What becomes of a refresh token that was used (RFC 9700 §4.14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
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

impl Rotation {
    /// A replay right after an unknown outcome does no harm: nobody needs to wait
    /// until the first request must have been dealt with.
    pub(crate) fn replay_is_harmless(self) -> bool {
        match self {
            Self::SameSuccessor | Self::Siblings | Self::None => true,
            Self::Strict | Self::SingleUse | Self::NewestWins => false,
        }
    }

    /// Two successors of one token can be alive, and the stored one may turn out
    /// to be the dead one: the other is kept as a spare.
    pub(crate) fn has_siblings(self) -> bool {
        match self {
            Self::Siblings | Self::NewestWins => true,
            Self::Strict | Self::SingleUse | Self::SameSuccessor | Self::None => false,
        }
    }
}

/// The rows of known providers, each a reading of their documentation; whoever
/// knows better changes the field.
impl RefreshPolicy {
    /// For a server of which nothing is known. Also Pleo ("all previous tokens
    /// are immediately invalidated"), Salesforce with rotation, Auth0 without
    /// leeway, Curity, and Keycloak with reuse 0.
    pub const STRICT: Self = Self {
        rotation: Rotation::Strict,
        access_dies: true,
        family_per_user: false,
        timing: Timing::STRICT,
    };

    /// node oidc-provider: strict, and all grants of one browser session are one
    /// family; the access token before lives on (seen in docs/servers.md).
    pub const OIDC_PROVIDER: Self =
        Self { access_dies: false, family_per_user: true, ..Self::STRICT };

    /// django-oauth-toolkit without a grace period, and Authlib with rotation: a
    /// replay is refused and harms nothing else (seen in docs/servers.md).
    pub const SINGLE_USE: Self = Self { rotation: Rotation::SingleUse, ..Self::STRICT };

    /// Okta: 30 s of grace, in which a replay brings another successor.
    pub const OKTA: Self = Self {
        rotation: Rotation::Siblings,
        access_dies: false,
        family_per_user: false,
        timing: Timing::GRACE_30_S,
    };

    /// Auth0 with a leeway, Ory Hydra and Amazon Cognito with a grace period, of 30 s or
    /// more: siblings. Where it is shorter, a takeover comes too late to be forgiven, and
    /// the server is a strict one.
    pub const SIBLINGS: Self = Self::OKTA;

    /// Atlassian: ten minutes in which the old pair works; Xero and Linear: 30. Long
    /// enough for the times of a strict server, which are safer.
    pub const ATLASSIAN: Self = Self { timing: Timing::STRICT, ..Self::OKTA };

    /// A replay brings the same successor for 30 s or more. Where it is for less
    /// (Supabase: 10 s), the server is a strict one.
    pub const SAME_SUCCESSOR: Self = Self { rotation: Rotation::SameSuccessor, ..Self::OKTA };

    /// WSO2, Airlock, Doorkeeper with `previous_refresh_token`: the old token is
    /// good until its successor is used.
    pub const NEWEST_WINS: Self =
        Self { rotation: Rotation::NewestWins, access_dies: false, ..Self::STRICT };

    /// Connect2id: a replay is refused, five seconds of grace are too few to use.
    pub const CONNECT2ID: Self = Self::SINGLE_USE;

    /// Google, Microsoft Entra, HubSpot, Keycloak by default: no rotation.
    pub const NO_ROTATION: Self =
        Self { rotation: Rotation::None, access_dies: false, ..Self::STRICT };

    /// Wise: no rotation, but the old access token dies at once.
    pub const WISE: Self = Self { rotation: Rotation::None, ..Self::STRICT };
}

/// The timing row of the refresh protocol, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// W: from before the intent is written to the first byte sent.
    pub send_within: u64,
    /// T: how long an answer is listened for.
    pub listen_for: u64,
    /// D: the longest that the server may take to start on a request (assumed).
    pub start_within: u64,
    /// S: from the answer to its being stored.
    pub save_within: u64,
    /// A: after this, counted on its own clock, an observer takes over.
    pub takeover_after: u64,
}

impl Timing {
    /// For a server that revokes a grant when a spent refresh token is replayed.
    pub const STRICT: Self = Self {
        send_within: 3_000,
        listen_for: 60_000,
        start_within: 59_000,
        save_within: 12_000,
        takeover_after: 90_000,
    };

    /// For a server with 30 s of grace: what is sent after a takeover, A + W + D = 21.5 s
    /// after the first request, is still within it.
    pub const GRACE_30_S: Self = Self {
        send_within: 1_000,
        listen_for: 8_000,
        start_within: 7_500,
        save_within: 2_000,
        takeover_after: 13_000,
    };

    /// After this the server must have dealt with a request, or never will:
    /// W + D, and a moment more.
    pub(crate) fn dealt_with(&self) -> u64 {
        self.send_within.saturating_add(self.start_within).saturating_add(1)
    }

    /// After this an owner has the answer, and has stored it, or never will:
    /// W + T + S.
    pub(crate) fn answered_within(&self) -> u64 {
        self.send_within.saturating_add(self.listen_for).saturating_add(self.save_within)
    }

    /// T > D, or grants die with no fault at all; A > max(W + D, W + T + S), or
    /// two requests with one refresh token can be on their way at once.
    pub(crate) fn is_sound(&self) -> bool {
        let row = [
            self.send_within,
            self.listen_for,
            self.start_within,
            self.save_within,
            self.takeover_after,
        ];
        let late_start = self.send_within.saturating_add(self.start_within);
        if !rules::holds(Rule::SoundTiming) {
            return true;
        }
        row.iter().all(|time| (1..=3_600_000).contains(time))
            && self.listen_for > self.start_within
            && self.takeover_after > late_start.max(self.answered_within())
    }
}
