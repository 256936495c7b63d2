//! The keys that records are sealed with.

use super::{Envelope, Opened, SEALED, VERSION, fault, is_key_id};
use crate::{
    failure::{Failure, HostFault, Misuse},
    secret::SecretBytes,
};
use aes_gcm_siv::{AeadInOut as _, Aes256GcmSiv, KeyInit as _, Nonce, Tag};
use alloc::{string::String, vec::Vec};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use core::{fmt, str};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The keys that a client seals its records with, and those that it opens them with.
///
/// To rotate: make a key, give it as the active one and the one before among the
/// older ones, everywhere. From then on every record that is written is sealed with
/// the new key. Once no record begins with `evergrant 1 <old id>` (see
/// [`sealing_key_id`](crate::sealing_key_id)), drop the old key; until then a record
/// under it is refused by [`Failure::SealingKeyMissing`]. Where processes do not
/// change over at the same time, first give all of them the new key as an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing {
    active: SealingKey,
    older: Vec<SealingKey>,
    accepts_plain: bool,
}

impl KeyRing {
    /// A ring that seals with `active`, and opens with any of the keys.
    ///
    /// # Errors
    /// [`Misuse::SealingKeyDuplicate`] if two keys have the same id.
    pub fn new(active: SealingKey, older: Vec<SealingKey>) -> Result<Self, Misuse> {
        let ring = Self { active, older, accepts_plain: false };
        let twice = |key: &SealingKey| ring.keys().filter(|other| other.id == key.id).count() > 1;
        if ring.keys().any(twice) { Err(Misuse::SealingKeyDuplicate) } else { Ok(ring) }
    }

    /// The same ring, which also takes records in clear: for the time in which a store
    /// is brought from [`Sealing::Plain`](crate::Sealing::Plain) to sealed records, and
    /// no longer, since meanwhile whoever writes to the store can forge any record.
    /// Every record that is written is sealed.
    #[must_use]
    pub fn accepting_plain(self) -> Self {
        Self { accepts_plain: true, ..self }
    }

    pub(super) fn accepts_plain(&self) -> bool {
        self.accepts_plain
    }

    /// The whole envelope.
    pub(super) fn seal(&self, store_key: &str, json: &[u8]) -> Vec<u8> {
        let head = self.active.head();
        let about = about(&head, store_key);
        let nonce = self.active.nonce(&about, json);
        let mut body =
            Vec::with_capacity(nonce.len().saturating_add(json.len()).saturating_add(16));
        body.extend_from_slice(&nonce);
        body.extend_from_slice(json);
        let (cipher, nonce) = (self.active.cipher(), Nonce::from(nonce));
        let text = body.split_first_chunk_mut::<12>().map(|(_, text)| text).unwrap_or_default();
        // Only what is longer than 64 GiB cannot be sealed.
        let tag = cipher.encrypt_inout_detached(&nonce, about.as_bytes(), text.into());
        let Ok(tag) = tag else { return Vec::new() };
        body.extend_from_slice(&tag);
        let mut sealed = head;
        URL_SAFE_NO_PAD.encode_string(&body, &mut sealed);
        sealed.into_bytes()
    }

    pub(super) fn open(
        &self,
        store_key: &str,
        envelope: &Envelope<'_>,
    ) -> Result<Opened<'static>, Failure> {
        let Some(key) = self.keys().find(|key| key.id == envelope.key_id) else {
            return Err(Failure::SealingKeyMissing { id: String::from(envelope.key_id) });
        };
        match key.open(store_key, envelope.body) {
            Some(json) => Ok(Opened::Sealed(json)),
            None => fault(HostFault::RecordForged),
        }
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        core::iter::once(&self.active).chain(&self.older)
    }
}

/// One key: wiped when its last clone is dropped, and shown by its id only.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey {
    id: String,
    key: SecretBytes,
    /// Of the nonces, derived from the key.
    nonces: SecretBytes,
}

impl SealingKey {
    /// Takes a key over: 32 bytes from the system's generator or from a key management
    /// service, never a password. Its id stands in every record that it seals; it is
    /// not a secret and is never given to another key.
    ///
    /// # Errors
    /// [`Misuse::SealingKeyInvalid`] if the id is not 1 to 64 characters of
    /// `A-Z a-z 0-9 . _ -`, or the key is not 32 bytes or all zeros.
    pub fn new(id: impl Into<String>, key: SecretBytes) -> Result<Self, Misuse> {
        let id = id.into();
        let bytes = key.expose();
        if !is_key_id(&id) || bytes.len() != 32 || bytes.iter().all(|b| *b == 0) {
            return Err(Misuse::SealingKeyInvalid);
        }
        let mut hash = Sha256::new();
        hash.update(b"evergrant sealing nonce\0");
        hash.update(bytes);
        let nonces = SecretBytes::new(hash.finalize().as_slice());
        Ok(Self { id, key, nonces })
    }

    /// The name of this key.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn head(&self) -> String {
        [str::from_utf8(SEALED).unwrap_or_default(), VERSION, " ", &self.id, "\n"].concat()
    }

    /// Made for each record, so that no expanded key lies about.
    fn cipher(&self) -> Aes256GcmSiv {
        let key = self.key.expose().first_chunk::<32>().unwrap_or(&[0; 32]);
        Aes256GcmSiv::new(key.into())
    }

    /// A hash of all that is sealed, under a key of its own: the machine has no entropy
    /// where a company is reserved, and the same record is sealed to the same bytes.
    fn nonce(&self, about: &str, json: &[u8]) -> [u8; 12] {
        let mut hash = Sha256::new();
        hash.update(self.nonces.expose());
        hash.update(about.as_bytes());
        // Neither part of `about` has a zero in it.
        hash.update([0]);
        hash.update(json);
        hash.finalize().first_chunk::<12>().copied().unwrap_or_default()
    }

    /// None if it is not what this key has sealed for this store key.
    fn open(&self, store_key: &str, body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut body = Zeroizing::new(URL_SAFE_NO_PAD.decode(body).ok()?);
        let (nonce, rest) = body.split_first_chunk_mut::<12>()?;
        let (text, tag) = rest.split_last_chunk_mut::<16>()?;
        let (nonce, tag) = (Nonce::from(*nonce), Tag::from(*tag));
        let about = about(&self.head(), store_key);
        self.cipher().decrypt_inout_detached(&nonce, about.as_bytes(), text.into(), &tag).ok()?;
        let end = body.len().saturating_sub(16);
        body.truncate(end);
        body.drain(..12);
        Some(body)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The associated data: the first line of the envelope, and the store key.
fn about(head: &str, store_key: &str) -> String {
    [head, store_key].concat()
}
