use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    clock::Moment,
    random::{self, Hash},
    scope::Scope,
    subject::Subject,
};

/// Who makes an API key, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Made by Pleo when an integration is installed, and bound to that one installation.
    Integrated,
    /// Made by a person in the web application, for tools of his own.
    Standalone,
}

/// What an API key is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Good.
    Active,
    /// Ended for good.
    Revoked,
    /// Past its end.
    Expired,
    /// Switched off, and may be switched on again.
    Disabled,
}

/// An API key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// Which kind.
    pub kind: KeyKind,
    /// Whom it speaks for.
    pub subject: Subject,
    /// What it opens.
    pub scopes: Vec<String>,
    /// Its life in seconds of the authority's clock; `None` means no end.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// The application that it is for, which may be an OAuth client: then both have one
    /// installation. `None` means one of its own, `api-key-` and its id.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// An API key that was made: the one time that it is shown.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CreatedApiKey {
    /// Counted from 0.
    pub id: usize,
    /// The key: the user name of HTTP Basic, with an empty password.
    pub key: String,
}

/// An API key as the authority sees it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApiKeyStatus {
    /// Counted from 0.
    pub id: usize,
    /// Which kind.
    pub kind: KeyKind,
    /// The application that it is for.
    pub client_id: String,
    /// Whom it speaks for.
    pub subject: Subject,
    /// What it opens.
    pub scopes: Vec<String>,
    /// What it is worth now.
    pub state: KeyState,
    /// Its end in seconds since the UNIX epoch, by the authority's clock.
    pub expires_at: Option<u64>,
    /// How many calls it opened a door for.
    pub accepted: u64,
}

/// Why an API key cannot be made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// No scope, one twice, or one with characters that RFC 6749 §3.3 does not allow.
    #[error("scopes must be some, each once, and scope tokens")]
    Scopes,
    /// There is no key with this id.
    #[error("there is no such API key")]
    Unknown,
    /// What was revoked or has expired stays so.
    #[error("this API key has ended for good")]
    Ended,
}

/// Why a key opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyRefusal {
    /// The header is not HTTP Basic with a user name and an empty password.
    Malformed,
    /// No such key was made.
    Unknown,
    /// It was revoked.
    Revoked,
    /// It has expired.
    Expired,
    /// It is switched off.
    Disabled,
    /// It is good, and lacks the scope.
    Scope,
}

#[derive(Debug, Default)]
pub(crate) struct Keys {
    keys: Vec<Key>,
    by_hash: BTreeMap<Hash, usize>,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) kind: KeyKind,
    pub(crate) client_id: String,
    pub(crate) subject: Subject,
    pub(crate) scope: Scope,
    expires: Option<Moment>,
    /// As it was set; whether it has expired is the clock's matter.
    set: KeyState,
    accepted: u64,
}

impl Keys {
    pub(crate) fn create(
        &mut self,
        now: Moment,
        new: NewApiKey,
    ) -> Result<(CreatedApiKey, &Key), ApiKeyError> {
        let scope = Scope::parse(&new.scopes.join(" "));
        let scope = scope.filter(|scope| scope.tokens() == new.scopes);
        let scope = scope.ok_or(ApiKeyError::Scopes)?;
        let id = self.keys.len();
        // No form of Pleo's is documented; third parties know this prefix.
        let key = format!("plp_{}", random::token());
        self.by_hash.insert(Hash::of(&key), id);
        self.keys.push(Key {
            kind: new.kind,
            client_id: new.client_id.unwrap_or_else(|| format!("api-key-{id}")),
            subject: new.subject,
            scope,
            expires: new.expires_in.map(|seconds| now.plus(Duration::from_secs(seconds))),
            set: KeyState::Active,
            accepted: 0,
        });
        Ok((CreatedApiKey { id, key }, &self.keys[id]))
    }

    pub(crate) fn set_state(
        &mut self,
        now: Moment,
        id: usize,
        state: KeyState,
    ) -> Result<(), ApiKeyError> {
        let key = self.keys.get_mut(id).ok_or(ApiKeyError::Unknown)?;
        match (key.state(now), state) {
            (was, wanted) if was == wanted => {}
            (KeyState::Revoked | KeyState::Expired, _) => return Err(ApiKeyError::Ended),
            (_, KeyState::Expired) => key.expires = Some(now),
            (_, wanted) => key.set = wanted,
        }
        Ok(())
    }

    /// The key that this text is, if it is good. Counts the use.
    pub(crate) fn accept(&mut self, now: Moment, text: &str) -> Result<&Key, KeyRefusal> {
        let id = self.by_hash.get(&Hash::of(text)).ok_or(KeyRefusal::Unknown)?;
        let key = self.keys.get_mut(*id).ok_or(KeyRefusal::Unknown)?;
        match key.state(now) {
            KeyState::Revoked => return Err(KeyRefusal::Revoked),
            KeyState::Expired => return Err(KeyRefusal::Expired),
            KeyState::Disabled => return Err(KeyRefusal::Disabled),
            KeyState::Active => {}
        }
        key.accepted += 1;
        Ok(key)
    }

    /// Ends the keys that are bound to this installation.
    pub(crate) fn end_integrated(&mut self, client_id: &str, subject: &Subject) {
        for key in &mut self.keys {
            let bound = key.kind == KeyKind::Integrated
                && key.client_id == client_id
                && key.subject == *subject;
            if bound {
                key.set = KeyState::Revoked;
            }
        }
    }

    /// Whether this text is or was a key.
    pub(crate) fn knows(&self, text: &str) -> bool {
        self.by_hash.contains_key(&Hash::of(text))
    }

    pub(crate) fn list(&self, now: Moment) -> Vec<ApiKeyStatus> {
        let status = self.keys.iter().enumerate().map(|(id, key)| ApiKeyStatus {
            id,
            kind: key.kind,
            client_id: key.client_id.clone(),
            subject: key.subject.clone(),
            scopes: key.scope.tokens().to_vec(),
            state: key.state(now),
            expires_at: key.expires.map(Moment::unix_seconds),
            accepted: key.accepted,
        });
        status.collect()
    }

    pub(crate) fn active(&self, now: Moment) -> usize {
        self.keys.iter().filter(|key| key.state(now) == KeyState::Active).count()
    }
}

impl Key {
    /// An end that a person made comes before the one that was due.
    fn state(&self, now: Moment) -> KeyState {
        let expired = self.expires.is_some_and(|expires| now >= expires);
        if expired && self.set != KeyState::Revoked { KeyState::Expired } else { self.set }
    }
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("id", &self.id).finish_non_exhaustive()
    }
}
