//! Values that must not be seen, as objects: they print `Secret(..)`.

use std::{fmt, sync::Arc};

/// A text that must not be shown: a token, a code, a client secret, a header
/// block, a URL that carries one of these.
///
/// It prints `Secret(..)`, compares in constant time, and its memory is wiped
/// when the last reference is gone. What `expose` returns is the host's own
/// copy, which nobody wipes.
#[derive(Clone, PartialEq, Eq, uniffi::Object)]
#[uniffi::export(Debug, Display, Eq)]
pub struct Secret(evergrant::Secret);

#[uniffi::export]
impl Secret {
    /// Takes a copy of the text.
    #[uniffi::constructor]
    pub fn new(text: String) -> Self {
        Self(evergrant::Secret::new(text))
    }

    /// The text itself. Every use of this is a place where a secret may leave.
    pub fn expose(&self) -> String {
        self.0.expose().to_owned()
    }
}

impl Secret {
    pub(crate) fn shared(secret: evergrant::Secret) -> Arc<Self> {
        Arc::new(Self(secret))
    }

    pub(crate) fn inner(&self) -> &evergrant::Secret {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Bytes that must not be shown: an HTTP body, a stored record. They print
/// their number only.
#[derive(Clone, PartialEq, Eq, uniffi::Object)]
#[uniffi::export(Debug, Display, Eq)]
pub struct SecretBytes(evergrant::SecretBytes);

#[uniffi::export]
impl SecretBytes {
    /// Takes a copy of the bytes.
    #[uniffi::constructor]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(evergrant::SecretBytes::new(bytes))
    }

    /// The bytes themselves. Every use of this is a place where a secret may leave.
    pub fn expose(&self) -> Vec<u8> {
        self.0.expose().to_vec()
    }
}

impl SecretBytes {
    pub(crate) fn shared(bytes: evergrant::SecretBytes) -> Arc<Self> {
        Arc::new(Self(bytes))
    }

    pub(crate) fn inner(&self) -> &evergrant::SecretBytes {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
