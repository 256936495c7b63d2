//! HTTP Basic credentials (RFC 7617 §2): what a header holds of them, and the way back.

use crate::secret::Secret;
use alloc::{string::String, vec, vec::Vec};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use core::str;
use zeroize::Zeroizing;

pub(crate) const PREFIX: &str = "Basic ";

/// The header's value. Buffers have room for all of it: what grows leaves a copy behind.
pub(crate) fn header(user: &str, password: &str) -> Secret {
    let length = user.len().saturating_add(password.len()).saturating_add(1);
    let mut pair = Zeroizing::new(String::with_capacity(length));
    pair.push_str(user);
    pair.push(':');
    pair.push_str(password);
    let room = length.div_ceil(3).saturating_mul(4).saturating_add(PREFIX.len());
    let mut header = Vec::with_capacity(room);
    header.extend_from_slice(PREFIX.as_bytes());
    header.resize(room, 0);
    if let Some((_, encoded)) = header.split_at_mut_checked(PREFIX.len()) {
        let written = STANDARD.encode_slice(pair.as_bytes(), encoded);
        debug_assert_eq!(written, Ok(encoded.len()), "room for all of it, and no more");
    }
    Secret::new(String::from_utf8(header).unwrap_or_default())
}

/// The user name, where there is no password.
pub(crate) fn user(header: &Secret) -> Option<Secret> {
    let encoded = header.expose().strip_prefix(PREFIX)?;
    let mut pair = Zeroizing::new(vec![0; encoded.len()]);
    let length = STANDARD.decode_slice(encoded, &mut pair).ok()?;
    Some(Secret::from(str::from_utf8(pair.get(..length)?).ok()?.strip_suffix(':')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_made_and_read() {
        // RFC 7617 §2.
        let aladdin = header("Aladdin", "open sesame");
        assert_eq!(aladdin.expose(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(user(&aladdin), None);
        for name in ["", "a", "ab", "abc", "key-é"] {
            assert_eq!(user(&header(name, "")), Some(Secret::from(name)));
        }
        assert_eq!(user(&Secret::from("Bearer a")), None);
        assert_eq!(user(&Secret::from("Basic *")), None);
    }
}
