//! Scopes (RFC 6749 §3.3): what may be asked for, what was granted.

use crate::bytes;
use alloc::{string::String, sync::Arc};

/// A scope-token.
pub(crate) fn is_scope(scope: &str) -> bool {
    !scope.is_empty() && scope.len() <= LONGEST && bytes::all(scope.as_bytes(), is_of_scope)
}

const LONGEST: usize = 256;

fn is_of_scope(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

/// The scopes of an answer, one space apart. What is no scope-token is left out, and
/// the answer is none if that leaves nothing of a text that said something.
pub(crate) fn granted(text: &str, commas: bool) -> Option<Arc<str>> {
    let spaced = !text.as_bytes().split(|byte| *byte == b' ').any(<[u8]>::is_empty);
    let plain = |byte| byte == b' ' || is_of_scope(byte);
    // As most servers write it.
    if spaced && !commas && text.len() <= LONGEST && bytes::all(text.as_bytes(), plain) {
        return Some(text.into());
    }
    let parts = text.split(|c: char| c.is_ascii_whitespace() || (commas && c == ','));
    let mut scopes = String::with_capacity(text.len());
    for scope in parts.filter(|scope| is_scope(scope)) {
        push(&mut scopes, scope);
    }
    (!scopes.is_empty() || text.trim().is_empty()).then(|| scopes.into())
}

/// One space apart.
fn push(scopes: &mut String, scope: &str) {
    if !scopes.is_empty() {
        scopes.push(' ');
    }
    scopes.push_str(scope);
}

/// What was asked for and not granted, one space apart.
pub(crate) fn missing(asked: &str, granted: &str) -> String {
    if asked == granted {
        return String::new();
    }
    let mut missing = String::new();
    for scope in asked.split(' ').filter(|scope| !scope.is_empty()) {
        if granted.split(' ').all(|own| own != scope) {
            push(&mut missing, scope);
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_granted_is_read_token_by_token() {
        for (text, spaces, commas) in [
            ("", Some(""), Some("")),
            ("  ", Some(""), Some("")),
            ("a", Some("a"), Some("a")),
            (" a  b ", Some("a b"), Some("a b")),
            ("a\tb\nc", Some("a b c"), Some("a b c")),
            // A comma is a character of a scope-token like any other.
            ("a,b", Some("a,b"), Some("a b")),
            ("repo, gist", Some("repo, gist"), Some("repo gist")),
            (",,", Some(",,"), None),
            ("a \"b\" c", Some("a c"), Some("a c")),
            ("a\\b", None, None),
            ("é", None, None),
            ("a\u{0}b c", Some("c"), Some("c")),
        ] {
            assert_eq!(granted(text, false).as_deref(), spaces, "{text:?}");
            assert_eq!(granted(text, true).as_deref(), commas, "{text:?}");
        }
        let long = "x".repeat(257);
        assert_eq!(granted(&long, false), None);
    }

    #[test]
    fn what_is_missing_is_what_was_asked_for() {
        for (asked, granted, expected) in [
            ("", "", ""),
            ("a b", "b a", ""),
            ("a b c", "b", "a c"),
            ("a", "a:b", "a"),
            ("", "a", ""),
            ("a", "", "a"),
        ] {
            assert_eq!(missing(asked, granted), expected);
        }
    }

    proptest! {
        #[test]
        fn scopes_survive_being_written_and_read(
            scopes in proptest::collection::vec("[!#-+\\--\\[\\]-~]{1,12}", 1..6)
        ) {
            let written = scopes.join(" ");
            let written = Some(Arc::from(written));
            prop_assert_eq!(&granted(&scopes.join(" "), false), &written);
            prop_assert_eq!(&granted(&scopes.join(", "), true), &written);
        }

        #[test]
        fn any_text_gives_scope_tokens_or_nothing(text in any::<String>(), commas: bool) {
            if let Some(scopes) = granted(&text, commas) {
                prop_assert!(scopes.len() <= text.len());
                prop_assert!(scopes.is_empty() || scopes.split(' ').all(is_scope));
            }
        }
    }
}
