//! Randomness derived from the entropy of one step, by label.

use crate::{env::Env, json, secret::Secret};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use core::{fmt, str};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// `SHA-256(label ‖ 0 ‖ entropy)`: one seed, independent values by label.
pub(crate) fn derive(env: &Env, label: &str) -> Zeroizing<[u8; 32]> {
    let mut hash = Sha256::new();
    hash.update(label.as_bytes());
    hash.update([0]);
    hash.update(env.entropy);
    Zeroizing::new(hash.finalize().into())
}

/// A secret of 256 bits as 43 characters of base64url: long enough for a
/// `code_verifier` (RFC 7636 §4.1: 43 to 128) and for a `state`.
pub(crate) fn secret(env: &Env, label: &str) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(derive(env, label).as_slice()))
}

/// A number below `bound` (0 if `bound` is 0); the bias of the remainder does
/// not matter for jitter, its only use.
pub(crate) fn below(env: &Env, label: &str, bound: u64) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *derive(env, label);
    let drawn = u64::from_be_bytes([a, b, c, d, e, f, g, h]).checked_rem(bound).unwrap_or(0);
    // Lots that are drawn would multiply the model's states.
    if cfg!(evergrant_model) { bound } else { drawn }
}

/// BASE64URL(SHA-256(text)), as of RFC 7636 §4.2.
pub(crate) fn sha256_base64url(text: &str) -> Base64Url<43> {
    Base64Url::of(&Sha256::digest(text.as_bytes()))
}

/// `N` characters of base64url.
pub(crate) struct Base64Url<const N: usize>([u8; N]);

impl<const N: usize> Base64Url<N> {
    fn of(bytes: &[u8]) -> Self {
        let mut text = [0; N];
        let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
        debug_assert_eq!(written, Ok(N), "as many characters as the bytes take");
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A random name of 128 bits: a token pair's, a grant's, an intent's nonce.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id([u8; 16]);

impl Id {
    pub(crate) fn new(env: &Env, label: &str) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(derive(env, label).first_chunk::<16>().unwrap_or(&[0; 16]));
        Self(id)
    }
}

impl Id {
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// As a record has it.
    pub(crate) fn read(value: &str) -> Option<Self> {
        let mut id = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(json::text(value)?.as_bytes(), &mut id) {
            Ok(16) => Some(Self(id)),
            _ => None,
        }
    }

    /// As a record has it: 22 characters of base64url.
    pub(crate) fn encode(self) -> Base64Url<22> {
        Base64Url::of(&self.0)
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode().as_str())
    }
}
