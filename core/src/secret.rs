//! Values that must not be seen: never printed, wiped when dropped.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::{fmt, mem};
use subtle::ConstantTimeEq;

/// A text that must not be shown: a token, a code, a client secret.
///
/// `Debug` prints `Secret(..)`; there is no `Display` and no blanket
/// `Serialize`. The memory is wiped when the last clone is dropped, and
/// equality takes the same time wherever two values of one length differ.
#[derive(Clone)]
pub struct Secret(Arc<Text>);

impl Secret {
    /// Takes the text over; the caller's own copies are the caller's to wipe.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.len() == text.capacity() {
            return Self(Arc::new(Text(text.into_boxed_str())));
        }
        // To shrink a buffer may leave a copy behind.
        let exact = Text(Box::from(text.as_str()));
        wipe(&mut text.into_bytes());
        Self(Arc::new(exact))
    }

    /// The text itself. Every use of this is a place where a secret may leave.
    pub fn expose(&self) -> &str {
        &self.0.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(evergrant_model)]
        return f.write_str(self.expose());
        #[cfg(not(evergrant_model))]
        f.write_str("Secret(..)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for Secret {}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Bytes that must not be shown: an HTTP body, a stored record.
///
/// As [`Secret`], but `Debug` tells the length, which a record's size or a
/// body's limit makes useful and which no secret depends on.
#[derive(Clone)]
pub struct SecretBytes(Arc<Bytes>);

impl SecretBytes {
    /// Takes the bytes over.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Bytes(bytes.into())))
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0.0
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.expose().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(evergrant_model)]
        return f.write_str(&alloc::string::String::from_utf8_lossy(self.expose()));
        #[cfg(not(evergrant_model))]
        write!(f, "SecretBytes({} bytes)", self.len())
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for SecretBytes {}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

struct Text(Box<str>);

impl Drop for Text {
    fn drop(&mut self) {
        wipe(&mut mem::take(&mut self.0).into_string().into_bytes());
    }
}

struct Bytes(Vec<u8>);

impl Drop for Bytes {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites all that a buffer has room for. In blocks, and then the compiler is told
/// that somebody looks: `Zeroize` writes byte by byte, which took a tenth of a lifecycle.
pub(crate) fn wipe(bytes: &mut Vec<u8>) {
    let room = bytes.capacity();
    bytes.clear();
    bytes.resize(room, 0);
    zeroize::optimization_barrier(bytes.as_slice());
}
