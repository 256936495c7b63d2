use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// All that is kept of a token or code. Looking up a hash tells a guesser nothing by its timing,
/// and a state that holds no token cannot print one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    pub(crate) fn of(text: &str) -> Self {
        Self(sha256(text))
    }

    /// A name for the token that is safe to show (`jti`).
    pub(crate) fn short_name(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0[..12])
    }

    pub(crate) fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Makes the first successor of a refresh token: the same one each time, and one that nobody can
/// guess who has only the token.
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new() -> Self {
        Self(token())
    }

    pub(crate) fn successor_of(&self, token: &str) -> String {
        URL_SAFE_NO_PAD.encode(sha256(&format!("{} {token}", self.0)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// 256 bits that nobody can guess (RFC 6749 §10.10).
pub(crate) fn token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// The S256 transformation (RFC 7636 §4.2).
pub(crate) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier))
}

/// A UUID for a text, the same in every run.
pub(crate) fn uuid_of(text: &str) -> String {
    let hash = sha256(text);
    let mut uuid = String::new();
    for (i, byte) in hash[..16].iter().enumerate() {
        if [4, 6, 8, 10].contains(&i) {
            uuid.push('-');
        }
        // Version 8 and the variant of RFC 9562 §5.8: made by a rule of our own.
        let byte = match i {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        uuid.push_str(&format!("{byte:02x}"));
    }
    uuid
}

fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s256_of_rfc_7636_appendix_b() {
        assert_eq!(
            challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
