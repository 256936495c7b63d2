//! A pending authorization, and the redirect that is to complete it.

use super::{AuthorizationId, Kind, Record, StoreKey, Unknown, callback::Callback};
use crate::{
    client::{Client, IssJudgement},
    entropy::Id,
    failure::CallbackFault,
    json::{Object, Writer, integer, secret, shared, string},
    secret::Secret,
};
use alloc::{string::String, sync::Arc};

/// What has to outlive the person's stay in the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    key: StoreKey,
    pub(crate) connection: StoreKey,
    pub(crate) tenant: String,
    /// Gone once the authorization has been used.
    pub(crate) verifier: Option<Secret>,
    pub(crate) redirect_uri: Arc<str>,
    pub(crate) scope: Arc<str>,
    /// SHA-256 of the binding secret; none where the same process finishes.
    pub(crate) binding: Option<String>,
    pub(crate) return_context: Option<String>,
    /// The company that the host has chosen.
    pub(crate) company: Option<String>,
    pub(crate) created_at: u64,
    /// The connection's generation when it was begun, where it was known.
    pub(crate) begun_in: Option<u64>,
    pub(crate) expires_at: u64,
    /// A tombstone: who has used the authorization up. Single use over all processes.
    pub(crate) used_by: Option<Id>,
    unknown: Unknown,
}

impl Pending {
    pub(crate) fn new(
        authorization: &AuthorizationId,
        owner: (&StoreKey, &str),
        verifier: Secret,
    ) -> Self {
        Self {
            key: StoreKey::pending(authorization),
            connection: owner.0.clone(),
            tenant: String::from(owner.1),
            verifier: Some(verifier),
            redirect_uri: Arc::default(),
            scope: Arc::default(),
            binding: None,
            return_context: None,
            company: None,
            created_at: 0,
            begun_in: None,
            expires_at: 0,
            used_by: None,
            unknown: Unknown::default(),
        }
    }

    /// The same, used up.
    pub(crate) fn used(&self, by: Id) -> Self {
        Self {
            verifier: None,
            binding: None,
            return_context: None,
            used_by: Some(by),
            ..self.clone()
        }
    }

    /// Judges a redirect in the one order: `state` and browser binding, then
    /// `iss`, then whether it says anything. Nothing is consumed by judging.
    pub(crate) fn judge(
        &self,
        connection: &StoreKey,
        client: &Client,
        callback: &Callback,
        now: u64,
    ) -> Result<Answer, CallbackFault> {
        if self.connection != *connection {
            return Err(CallbackFault::ForeignConnection);
        }
        if self.used_by.is_some() {
            return Err(CallbackFault::StateUsed);
        }
        if now >= self.expires_at {
            return Err(CallbackFault::Expired);
        }
        if !callback.proof_fits(self.binding.as_deref()) {
            return Err(CallbackFault::BindingMismatch);
        }
        match client.judges_iss(callback.iss.as_ref().map(Secret::expose)) {
            IssJudgement::Good => {}
            IssJudgement::Missing => return Err(CallbackFault::IssuerMissing),
            IssJudgement::Mismatch => return Err(CallbackFault::IssuerMismatch),
        }
        match (&callback.code, &callback.error) {
            (Some(code), None) => Ok(Answer::Code(code.clone())),
            (None, Some(error)) => {
                Ok(Answer::Error(error.clone(), callback.error_description.clone()))
            }
            (Some(_), Some(_)) | (None, None) => Err(CallbackFault::Malformed),
        }
    }
}

/// From when the store may delete a pending record: long after any redirect
/// could count.
pub(crate) fn purge_at(expires_at: u64) -> u64 {
    expires_at.saturating_add(86_400_000)
}

/// How a browser will be recognised when it comes back: without this, an
/// attacker's link could bind a victim's account to the attacker's tenant
/// (RFC 9700 §4.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// For web hosts: [`crate::Output::OpenUrl`] yields a secret to be set as a
    /// cookie, which must come back with the redirect.
    Cookie,
    /// For native apps and command lines: the redirect comes to the app that
    /// began the authorization, on the same device, if in another process.
    SameProcess,
}

/// What came back with the redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrowserProof {
    /// The secret of the cookie.
    Binding(Secret),
    /// The redirect came to the app that began the authorization.
    SameProcess,
    /// The browser sent no cookie.
    Missing,
}

/// What a redirect says once it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Code(Secret),
    Error(Secret, Option<Secret>),
}

impl Record for Pending {
    const KIND: Kind = Kind::Pending;

    fn read(object: &mut Object<'_>, key: &StoreKey) -> Option<Self> {
        Some(Self {
            key: key.clone(),
            connection: object.required("connection", StoreKey::read)?,
            tenant: object.required("tenant", string)?,
            verifier: object.optional("verifier", secret)?,
            redirect_uri: object.required("redirect_uri", shared)?,
            scope: object.required("scope", shared)?,
            binding: object.optional("binding", string)?,
            return_context: object.optional("return_context", string)?,
            company: object.optional("company", string)?,
            created_at: object.required("created_at", integer)?,
            begun_in: object.optional("begun_in", integer)?,
            expires_at: object.required("expires_at", integer)?,
            used_by: object.optional("used_by", Id::read)?,
            unknown: Unknown::default(),
        })
    }

    fn write(&self, to: &mut Writer) {
        to.text("connection", self.connection.as_str());
        to.text("tenant", self.tenant.as_str());
        to.text("verifier", self.verifier.as_ref().map(Secret::expose));
        to.text("redirect_uri", &*self.redirect_uri);
        to.text("scope", &*self.scope);
        to.text("binding", self.binding.as_deref());
        to.text("return_context", self.return_context.as_deref());
        to.text("company", self.company.as_deref());
        to.integer("created_at", self.created_at);
        to.integer("begun_in", self.begun_in);
        to.integer("expires_at", self.expires_at);
        to.id("used_by", self.used_by);
    }

    fn room(&self) -> usize {
        let context = self.return_context.as_ref().map_or(0, String::len);
        1_024_usize.saturating_add(self.scope.len()).saturating_add(context)
    }

    fn key(&self) -> &StoreKey {
        &self.key
    }

    fn unknown(&mut self) -> &mut Unknown {
        &mut self.unknown
    }

    fn unknown_ref(&self) -> &Unknown {
        &self.unknown
    }
}
