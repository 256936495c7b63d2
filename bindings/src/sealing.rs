//! How records are protected in the store.

use crate::{Refusal, SecretBytes};
use std::{fmt, sync::Arc};

/// How records are protected in the store: an object, so that no key is ever printed.
#[derive(Clone, PartialEq, Eq, uniffi::Object)]
#[uniffi::export(Debug, Eq)]
pub struct Sealing(evergrant::Sealing);

#[uniffi::export]
impl Sealing {
    /// In clear: tokens can be read by whoever reads the store. To be chosen only where
    /// the store itself is encrypted and guarded.
    #[uniffi::constructor]
    pub fn plain() -> Self {
        Self(evergrant::Sealing::Plain)
    }

    /// Sealed with AES-256-GCM-SIV (RFC 8452), each record for its own store key. What
    /// is written is sealed with `active`; what is read may be sealed with an older
    /// key too. To rotate, make a new key and put the one before among the older ones.
    ///
    /// `accept_plain` takes records in clear as well: for the time in which a store is
    /// brought from plain to sealed records, and no longer, since meanwhile whoever
    /// writes to the store can forge any record.
    ///
    /// Throws `misuse_sealing_key_invalid` or `misuse_sealing_key_duplicate`.
    #[uniffi::constructor(default(older = [], accept_plain = false))]
    pub fn sealed(
        active: SealingKey,
        older: Vec<SealingKey>,
        accept_plain: bool,
    ) -> Result<Self, Refusal> {
        let older = older.iter().map(SealingKey::checked).collect::<Result<_, _>>()?;
        let ring = evergrant::KeyRing::new(active.checked()?, older)?;
        Ok(Self(evergrant::Sealing::Sealed(if accept_plain {
            ring.accepting_plain()
        } else {
            ring
        })))
    }
}

impl Sealing {
    pub(crate) fn inner(&self) -> &evergrant::Sealing {
        &self.0
    }
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A key that records are sealed with.
#[derive(Clone, Debug, uniffi::Record)]
pub struct SealingKey {
    /// Its name, which stands in every record that it seals: not a secret, and never
    /// given to another key. 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    pub id: String,
    /// 32 bytes from the system's generator or from a key management service, never a
    /// password.
    pub key: Arc<SecretBytes>,
}

impl SealingKey {
    fn checked(&self) -> Result<evergrant::SealingKey, evergrant::Misuse> {
        evergrant::SealingKey::new(self.id.clone(), self.key.inner().clone())
    }
}

/// With which key a record is sealed, by its id; none for a record in clear. It names
/// the key that is missing after `host_sealing_key_missing` was thrown, and tells
/// whether an old key is still needed.
///
/// Throws nothing but a panic.
#[uniffi::export]
pub fn sealing_key_id(record: &SecretBytes) -> Result<Option<String>, Refusal> {
    Ok(evergrant::sealing_key_id(record.inner().expose()).map(str::to_owned))
}
