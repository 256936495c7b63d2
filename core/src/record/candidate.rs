//! A credential whose company is not yet known.

use super::{AuthorizationId, connection::Tokens};
use crate::{
    entropy::Id,
    json::{Writer, closed, integer, shared, string},
};
use alloc::{string::String, sync::Arc};

/// Stands beside the grant before it, until it is known whose it is: a crash in
/// between leaves nothing wrong active. That of an authorization is in the record;
/// an API key is not stored before it has been found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) tokens: Tokens,
    pub(crate) grant_id: Id,
    /// The authorization that it came of; none for an API key.
    pub(crate) authorization: Option<AuthorizationId>,
    pub(crate) asked_scope: Arc<str>,
    pub(crate) return_context: Option<String>,
    pub(crate) created_at: u64,
    /// The connection's generation when it was begun, where it was known.
    pub(crate) begun_in: Option<u64>,
    /// The company that the host has chosen.
    pub(crate) company: Option<String>,
}

/// How long its company is asked for before it is given up.
const LIFE: u64 = 900_000;

/// After this another worker may ask too: asking changes nothing.
const PATIENCE: u64 = 10_000;

impl Candidate {
    pub(super) fn read(value: &str) -> Option<Self> {
        closed(value, |object| {
            Some(Self {
                tokens: object.required("tokens", Tokens::read)?,
                grant_id: object.required("grant_id", Id::read)?,
                authorization: object.optional("authorization", AuthorizationId::read)?,
                asked_scope: object.required("asked_scope", shared)?,
                return_context: object.optional("return_context", string)?,
                created_at: object.required("created_at", integer)?,
                begun_in: object.optional("begun_in", integer)?,
                company: object.optional("company", string)?,
            })
        })
    }

    pub(super) fn write(&self, to: &mut Writer) {
        to.nested("tokens", |to| self.tokens.write(to));
        to.id("grant_id", self.grant_id);
        to.text("authorization", self.authorization.as_ref().map(AuthorizationId::as_str));
        to.text("asked_scope", &*self.asked_scope);
        to.text("return_context", self.return_context.as_deref());
        to.integer("created_at", self.created_at);
        to.integer("begun_in", self.begun_in);
        to.text("company", self.company.as_deref());
    }

    /// Until when its company is asked for.
    pub(crate) fn ends_at(&self) -> u64 {
        let longest = self.tokens.obtained_at.saturating_add(LIFE);
        self.tokens.access_exp.map_or(longest, |expiry| expiry.min(longest))
    }

    /// When somebody who finds it in the record takes it up.
    pub(crate) fn left_behind_at(&self) -> u64 {
        self.tokens.obtained_at.saturating_add(PATIENCE)
    }

    /// The same as seen now: one that is said to be of the future is of a clock that
    /// has been set back since.
    pub(crate) fn taken_up_at(&self, now: u64) -> u64 {
        if now < self.tokens.obtained_at { now } else { self.left_behind_at() }
    }
}
