use std::fmt;

use super::{Subject, clock::Moment, random::Hash, scope::Scope};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GrantId(pub(super) usize);

/// Who consented, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) user: String,
    pub(crate) subject: Subject,
}

#[derive(Debug)]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) owner: Owner,
    pub(super) scope: Scope,
    pub(super) ended: bool,
}

#[derive(Debug)]
pub(super) struct AccessToken {
    pub(super) grant: GrantId,
    pub(super) scope: Scope,
    pub(super) issued: Moment,
    pub(super) expires: Moment,
}

#[derive(Debug)]
pub(super) struct RefreshToken {
    pub(super) grant: GrantId,
    pub(super) issued: Moment,
    pub(super) expires: Option<Moment>,
    /// When it was used first.
    pub(super) used: Option<Moment>,
    /// Its successor has been used, or another successor of its parent has taken its place.
    pub(super) closed: bool,
    /// The token that it was issued for.
    pub(super) parent: Option<Hash>,
}

/// A token answer (RFC 6749 §5.1).
pub(crate) struct Issued {
    pub(crate) grant: GrantId,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) expires_in: u64,
    pub(crate) scope: Scope,
}

/// Why a token request comes to nothing (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Grant(&'static str),
    /// A refresh token that had been used: `invalid_grant` to the client, news to the statistics.
    Replay {
        /// How many grants ended for it.
        ended: usize,
    },
    Scope(&'static str),
}

/// The token belongs to another client (RFC 7009 §2.1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RevokeRefused;

/// What a live access token allows.
#[derive(Debug)]
pub(crate) struct Allowed<'a> {
    pub(crate) grant: GrantId,
    pub(crate) client_id: &'a str,
    pub(crate) subject: &'a Subject,
    pub(crate) scope: &'a Scope,
}

/// What introspection tells about a live token (RFC 7662 §2.2).
#[derive(Debug)]
pub(crate) struct Description<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) issued: Moment,
    pub(crate) expires: Option<Moment>,
    pub(crate) name: String,
}

impl RefreshToken {
    pub(super) fn first(grant: GrantId, issued: Moment, expires: Option<Moment>) -> Self {
        Self { grant, issued, expires, used: None, closed: false, parent: None }
    }

    pub(super) fn following(self, parent: Hash) -> Self {
        Self { parent: Some(parent), ..self }
    }

    pub(super) fn is_expired(&self, now: Moment) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
