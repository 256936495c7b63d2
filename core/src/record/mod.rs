//! What survives: the records, their envelope and their keys.
//!
//! A record in clear is one JSON object. Its `v` says which version wrote it: a
//! newer one is never overwritten, and members that this version does not know
//! are kept when it rewrites a record.

pub(crate) mod bearer;
pub(crate) mod callback;
pub(crate) mod candidate;
pub(crate) mod company;
pub(crate) mod connection;
pub(crate) mod pending;

pub use company::{company_tenant, release_company, reserve_company};
pub use pending::{Binding, BrowserProof};

use crate::{
    client::Client,
    entropy,
    failure::{Failure, HostFault, Misuse},
    json::{self, Object, Writer},
    sealing::Sealing,
    secret::{Secret, SecretBytes},
    uri,
};
use alloc::{string::String, sync::Arc};
use core::{fmt, str};

/// Under what name the store keeps a record: printable ASCII without spaces.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreKey(Arc<str>);

impl StoreKey {
    /// The key of a connection's record.
    ///
    /// # Errors
    /// [`Misuse::TenantInvalid`] if the tenant is empty or over 256 bytes.
    pub fn connection(client: &Client, tenant: &str) -> Result<Self, Misuse> {
        if tenant.is_empty() || tenant.len() > 256 {
            return Err(Misuse::TenantInvalid);
        }
        Ok(Self::of(
            "connection",
            &[&client.provider().config().environment, client.client_id(), tenant],
        ))
    }

    /// The key of the record that reserves a company for one tenant.
    pub fn company(client: &Client, company: &str) -> Self {
        Self::of("company", &[&client.provider().config().environment, client.client_id(), company])
    }

    /// The key of a pending authorization.
    pub fn pending(authorization: &AuthorizationId) -> Self {
        Self::of("pending", &[authorization.as_str()])
    }

    /// The key as the store should use it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(value: &str) -> Option<Self> {
        json::text(value).map(|text| Self(text.into()))
    }

    fn of(kind: &str, parts: &[&str]) -> Self {
        let lengths = parts.iter().map(|part| part.len().saturating_add(1));
        let room = lengths.fold(kind.len().saturating_add(16), usize::saturating_add);
        let mut key = String::with_capacity(room);
        key.push_str(kind);
        for part in parts {
            key.push('/');
            // A file store must not read a part as a folder above.
            match *part {
                "." => key.push_str("%2E"),
                ".." => key.push_str("%2E%2E"),
                part => uri::push_component(&mut key, part),
            }
        }
        Self(key.into())
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one authorization: BASE64URL(SHA-256(`state`)). Not a secret: the
/// `state` cannot be computed from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuthorizationId(Arc<str>);

impl AuthorizationId {
    pub(crate) fn of(state: &str) -> Self {
        Self(entropy::sha256_base64url(state).as_str().into())
    }

    /// Takes an id that an `OpenUrl` gave earlier; an invented one names nothing.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    fn read(value: &str) -> Option<Self> {
        json::shared(value).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The store's own version of a record: a row version, an ETag, a hash. Opaque,
/// compared for equality only, never used twice for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision(Arc<str>);

impl Revision {
    /// Takes a revision as the store gave it.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The revision as the store gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a store holds under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The version that was read.
    pub revision: Revision,
    /// The record.
    pub bytes: SecretBytes,
    /// How long ago this revision was written, in milliseconds, by the store's own
    /// clock, where it has one that does not jump: `now() - written_at`, both taken
    /// there. Rounded down, never up. It spares a worker that has just started the
    /// wait for a refresh whose owner died long ago.
    pub age: Option<u64>,
}

/// What a store is to hold under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The record.
    pub bytes: SecretBytes,
    /// When the connection wants a step of `Wake`, UNIX ms: for an index of
    /// what is due. It carries no safety.
    pub due_at: Option<u64>,
    /// From when the store may delete the record, UNIX ms. Only pending
    /// authorizations have one; tombstones of connections are never deleted.
    pub purge_at: Option<u64>,
}

/// The version that this code writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 1;

/// A record's own part of reading and writing it.
pub(crate) trait Record {
    /// What kind of record this is, as its `kind` says.
    const KIND: Kind;

    /// Takes the members that this version knows, but for those that every record has.
    fn read(object: &mut Object<'_>, key: &StoreKey) -> Option<Self>
    where
        Self: Sized;
    /// Writes the same.
    fn write(&self, to: &mut Writer);
    /// How many bytes it takes, roughly and rather too many.
    fn room(&self) -> usize;
    fn key(&self) -> &StoreKey;
    /// Members that this version does not know.
    fn unknown(&mut self) -> &mut Unknown;
    fn unknown_ref(&self) -> &Unknown;
}

/// Members of a record that this version does not know, as they follow the others;
/// none as a rule. A newer version may have put secrets there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unknown(Option<Secret>);

/// The three kinds of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connection,
    Pending,
    Company,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Pending => "pending",
            Self::Company => "company",
        }
    }
}

/// The bytes of a record, in the envelope that the client asks for.
pub(crate) fn encode<R: Record>(sealing: &Sealing, record: &R) -> SecretBytes {
    let unknown = record.unknown_ref().0.as_ref().map_or("", Secret::expose);
    let room = record.room().saturating_add(unknown.len());
    let json = Writer::object(room, |to| {
        to.integer("v", u64::from(VERSION));
        to.word("kind", R::KIND.as_str());
        to.text("key", record.key().as_str());
        record.write(to);
        to.members(unknown);
    });
    sealing.close(record.key().as_str(), json)
}

/// Reads a record that must be of this kind and stand under this key.
pub(crate) fn decode<R: Record>(
    sealing: &Sealing,
    key: &StoreKey,
    bytes: &[u8],
) -> Result<R, Failure> {
    let json = sealing.open(key.as_str(), bytes)?;
    let mut object = open(&json, R::KIND, key)?;
    let Some(mut record) = R::read(&mut object, key) else {
        return fault(HostFault::RecordUnreadable);
    };
    *record.unknown() = unknown(object, json.len());
    Ok(record)
}

/// The members of a record of this kind and key, if it is not of a newer version: that one
/// is known by its `v`, whatever else has changed.
fn open<'a>(json: &'a [u8], kind: Kind, key: &StoreKey) -> Result<Object<'a>, Failure> {
    let json = str::from_utf8(json).ok();
    let Some(mut object) = json.and_then(Object::read) else {
        return fault(HostFault::RecordUnreadable);
    };
    let version = object.required("v", json::integer::<u64>);
    if version.is_some_and(|version| version > u64::from(VERSION)) {
        return fault(HostFault::RecordNewer);
    }
    let own = object.take("kind").and_then(json::text);
    if version.is_none() || own.as_deref() != Some(kind.as_str()) {
        return fault(HostFault::RecordUnreadable);
    }
    match object.take("key").and_then(json::text) {
        Some(own) if own == key.as_str() => Ok(object),
        Some(_) => fault(HostFault::RecordForeign),
        None => fault(HostFault::RecordUnreadable),
    }
}

/// What is left of a record that is as long as this, in memory that does not grow.
fn unknown(object: Object<'_>, length: usize) -> Unknown {
    if object.is_spent() {
        return Unknown(None);
    }
    let mut text = String::with_capacity(length);
    for (name, value) in object.rest() {
        text.push(',');
        text.push_str(&json::quoted(&name));
        text.push(':');
        text.push_str(value);
    }
    Unknown(Some(Secret::new(text)))
}

fn fault<T>(fault: HostFault) -> Result<T, Failure> {
    Err(Failure::HostFailed(fault))
}

/// Finds the record under which a redirect's authorization is kept, so that a
/// host with one callback URL for many tenants can tell whose it is.
///
/// # Errors
/// [`Failure::CallbackRefused`] if the URL has no readable `state`.
pub fn pending_key(url: &Secret) -> Result<StoreKey, Failure> {
    callback::Callback::parse(url).map(|callback| callback.key).map_err(Failure::CallbackRefused)
}

/// Whose authorization a pending record is: the tenant of the connection that
/// the redirect must be given to.
///
/// # Errors
/// [`Failure::HostFailed`] if the bytes are not a pending record of this client
/// under this key, [`Failure::CallbackRefused`] as [`pending_key`].
pub fn pending_tenant(
    client: &Client,
    url: &Secret,
    bytes: &SecretBytes,
) -> Result<String, Failure> {
    let key = pending_key(url)?;
    let record: pending::Pending = decode(client.sealing(), &key, bytes.expose())?;
    match StoreKey::connection(client, &record.tenant) {
        Ok(owner) if owner == record.connection => Ok(record.tenant),
        Ok(_) | Err(_) => fault(HostFault::RecordForeign),
    }
}

#[cfg(test)]
mod frozen_tests;
