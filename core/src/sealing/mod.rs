//! How records are protected in the store: in clear, or sealed.
//!
//! A sealed record is text too, so that a store that keeps records as text goes on:
//! `evergrant 1 <key id>`, a line break, and base64url of nonce, ciphertext and tag.

#[cfg(feature = "sealed")]
mod ring;

#[cfg(feature = "sealed")]
pub use ring::{KeyRing, SealingKey};

use crate::{
    failure::{Failure, HostFault},
    secret::SecretBytes,
};
use core::{ops::Deref, str};

/// How records are protected in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sealing {
    /// In clear: tokens can be read by whoever reads the store. To be chosen
    /// only where the store itself is encrypted and guarded.
    Plain,
    /// Sealed with AES-256-GCM-SIV (RFC 8452), each record for its own store key: it
    /// can be neither read nor changed without the ring's keys, nor be passed off as
    /// another tenant's. What the store still sees is the id of the key, the length,
    /// the store key, and when to wake or purge. That an old record is put back in the
    /// place of a newer one cannot be noticed.
    ///
    /// With the Cargo feature `sealed`, which is on by default.
    #[cfg(feature = "sealed")]
    Sealed(KeyRing),
}

/// With which key a record is sealed, by its id; none for a record in clear. For
/// hosts that want to know whether an old key is still needed: a record that begins
/// with `evergrant 1 <key id>` and a line break needs that key.
pub fn sealing_key_id(record: &[u8]) -> Option<&str> {
    Envelope::of(record).map(|envelope| envelope.key_id)
}

#[cfg_attr(not(feature = "sealed"), allow(unused_variables, reason = "only seals need the key"))]
impl Sealing {
    /// Puts a record into its envelope.
    pub(crate) fn close(&self, store_key: &str, json: SecretBytes) -> SecretBytes {
        match self {
            Self::Plain => json,
            #[cfg(feature = "sealed")]
            Self::Sealed(ring) => SecretBytes::new(ring.seal(store_key, json.expose())),
        }
    }

    /// Takes a record out of its envelope.
    pub(crate) fn open<'a>(
        &self,
        store_key: &str,
        record: &'a [u8],
    ) -> Result<Opened<'a>, Failure> {
        let sealed = record.starts_with(SEALED);
        match self {
            Self::Plain if sealed => fault(HostFault::RecordSealing),
            Self::Plain => Ok(Opened::Clear(record)),
            #[cfg(feature = "sealed")]
            Self::Sealed(ring) if sealed => match Envelope::of(record) {
                Some(envelope) if envelope.version == VERSION => ring.open(store_key, &envelope),
                Some(envelope) if envelope.version.bytes().all(|b| b.is_ascii_digit()) => {
                    fault(HostFault::RecordNewer)
                }
                Some(_) | None => fault(HostFault::RecordUnreadable),
            },
            #[cfg(feature = "sealed")]
            Self::Sealed(ring) if ring.accepts_plain() => Ok(Opened::Clear(record)),
            #[cfg(feature = "sealed")]
            Self::Sealed(_) => fault(HostFault::RecordSealing),
        }
    }
}

/// A record out of its envelope.
pub(crate) enum Opened<'a> {
    Clear(&'a [u8]),
    #[cfg(feature = "sealed")]
    Sealed(zeroize::Zeroizing<alloc::vec::Vec<u8>>),
}

impl Deref for Opened<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Clear(json) => json,
            #[cfg(feature = "sealed")]
            Self::Sealed(json) => json,
        }
    }
}

/// How a sealed record begins, which no JSON object does.
const SEALED: &[u8] = b"evergrant ";

/// Of the envelope, not of the record in it.
#[cfg(feature = "sealed")]
const VERSION: &str = "1";

/// The parts of a sealed record, not yet opened.
#[cfg_attr(not(feature = "sealed"), allow(dead_code, reason = "only the id is asked for"))]
struct Envelope<'a> {
    version: &'a str,
    key_id: &'a str,
    body: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn of(record: &'a [u8]) -> Option<Self> {
        let rest = record.strip_prefix(SEALED)?;
        let end = rest.iter().position(|b| *b == b'\n')?;
        let (head, body) = rest.split_at_checked(end)?;
        let (version, key_id) = str::from_utf8(head).ok()?.split_once(' ')?;
        let good = !version.is_empty() && is_key_id(key_id);
        good.then_some(Self { version, key_id, body: body.get(1..)? })
    }
}

/// The id of a key: 1 to 64 of `A-Z a-z 0-9 . _ -`.
fn is_key_id(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=64).contains(&id.len()) && id.bytes().all(allowed)
}

fn fault<T>(fault: HostFault) -> Result<T, Failure> {
    Err(Failure::HostFailed(fault))
}
