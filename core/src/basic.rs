//! HTTP Basic credentials (RFC 7617 §2): what a header holds of them, and the way back.

use crate::secret::Secret;
use alloc::string::String;
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
    let mut header = String::with_capacity(room);
    header.push_str(PREFIX);
    STANDARD.encode_string(pair.as_bytes(), &mut header);
    Secret::new(header)
}

/// The user name, where there is no password.
pub(crate) fn user(header: &Secret) -> Option<Secret> {
    let pair = Zeroizing::new(STANDARD.decode(header.expose().strip_prefix(PREFIX)?).ok()?);
    Some(Secret::from(str::from_utf8(&pair).ok()?.strip_suffix(':')?))
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
