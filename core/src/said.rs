//! What a server says of itself, made fit to be shown.

use crate::{basic, bytes, secret::Secret, uri};
use alloc::{borrow::Cow, string::String};
use zeroize::Zeroizing;

/// `error` and `error_description` as a server gave them, made fit to be shown:
/// printable ASCII, bounded, and with everything that looks like a token or
/// equals a secret of the request taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSaid {
    /// The OAuth error code (RFC 6749 §4.1.2.1, §5.2).
    pub error: String,
    /// The server's explanation, for developers, not for end users.
    pub description: Option<String>,
}

impl ServerSaid {
    pub(crate) fn new(error: &str, description: Option<&str>, secrets: &[&Secret]) -> Self {
        Self {
            error: redact(error, 64, secrets),
            description: description.map(|text| redact(text, 200, secrets)),
        }
    }
}

/// A run of this many token characters may be a token, and is not shown.
const TOKEN_LIKE: usize = 20;

fn redact(text: &str, limit: usize, secrets: &[&Secret]) -> String {
    let mut clean = Cow::Borrowed(text);
    for secret in secrets {
        take_out(&mut clean, secret.expose());
    }
    let mut shown = String::with_capacity(clean.len().min(limit));
    if is_fit(clean.as_bytes()) {
        shown.push_str(clean.get(..limit).unwrap_or(&clean));
        return shown;
    }
    for word in clean.split_inclusive(|c: char| !is_token_character(c)) {
        let run = word.trim_end_matches(|c: char| !is_token_character(c));
        let rest = word.strip_prefix(run).unwrap_or_default();
        let hidden = run.len() >= TOKEN_LIKE && !KNOWN_ERRORS.contains(&run);
        let run = if hidden { "[redacted]" } else { run };
        shown.extend(run.chars().chain(rest.chars()).map(printable));
        if shown.len() >= limit {
            // It is all ASCII.
            shown.truncate(limit);
            break;
        }
    }
    shown
}

/// Whether a text is printable and none of its words may be a token.
fn is_fit(text: &[u8]) -> bool {
    let of_token = |byte: &&u8| is_token_character(char::from(**byte));
    // A run that is long enough lies across one of these places.
    let places = (0..text.len()).skip(TOKEN_LIKE.saturating_sub(1)).step_by(TOKEN_LIKE);
    bytes::all(text, |byte| byte == b' ' || byte.is_ascii_graphic())
        && !places.filter_map(|place| text.split_at_checked(place)).any(|(before, from)| {
            let after = from.iter().take_while(of_token).count();
            let before = before.iter().rev().take_while(of_token).count();
            after > 0 && before.saturating_add(after) >= TOKEN_LIKE
        })
}

/// Takes a secret out as it is, and as it was sent: in a form, and after `Basic`.
fn take_out(clean: &mut Cow<'_, str>, secret: &str) {
    let credentials = secret.strip_prefix(basic::PREFIX).unwrap_or_default();
    replace(clean, secret);
    replace(clean, credentials);
    let same = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    // What is encoded is no shorter.
    if secret.len() <= clean.len() && !bytes::all(secret.as_bytes(), same) {
        let room = uri::room(&[secret]).saturating_add(1);
        let mut encoded = Zeroizing::new(String::with_capacity(room));
        uri::push_form(&mut encoded, "", secret);
        replace(clean, encoded.trim_start_matches('='));
        encoded.clear();
        uri::push_component(&mut encoded, secret);
        replace(clean, &encoded);
    }
}

/// Of a long secret so many bytes are looked for, and as much as follows there goes with
/// them: a server may repeat it cut off, and looking takes no longer the longer it is.
const HEAD: usize = 64;

fn replace(clean: &mut Cow<'_, str>, sent: &str) {
    let head = sent.as_bytes().get(..HEAD).unwrap_or(sent.as_bytes());
    if head.is_empty() {
        return;
    }
    let (mut shown, mut rest) = (String::new(), &**clean);
    while let Some(at) = rest.as_bytes().windows(head.len()).position(|part| part == head)
        && let Some((before, from)) = rest.split_at_checked(at)
    {
        shown.push_str(before);
        shown.push_str("[redacted]");
        let both = sent.chars().zip(from.chars()).take_while(|(own, c)| own == c);
        let length = both.map(|(c, _)| c.len_utf8()).sum();
        rest = from.get(length..).unwrap_or_default();
    }
    if !shown.is_empty() {
        shown.push_str(rest);
        *clean = Cow::Owned(shown);
    }
}

fn printable(c: char) -> char {
    if c == ' ' || c.is_ascii_graphic() { c } else { ' ' }
}

fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/' | '=' | '%')
}

/// Registered error names that are as long as a token could be.
const KNOWN_ERRORS: &[&str] = &[
    "unsupported_response_type",
    "temporarily_unavailable",
    "unsupported_grant_type",
    "interaction_required",
    "unsupported_token_type",
    "request_uri_not_supported",
    "request_not_supported",
    "registration_not_supported",
    "account_selection_required",
    "invalid_request_object",
    "insufficient_user_authentication",
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn what_a_server_says_is_made_fit_to_be_shown() {
        let secret = Secret::from("s3cret");
        for (said, shown) in [
            ("The refresh token is invalid.", "The refresh token is invalid."),
            ("token abcdefghijklmnopqrst is spent", "token [redacted] is spent"),
            ("secret=s3cret!", "secret=[redacted]!"),
            ("a\r\nSet-Cookie: x\u{7f}\u{e9}", "a  Set-Cookie: x  "),
            ("unsupported_response_type", "unsupported_response_type"),
            ("\"abcdefghijklmnopqrstuvwxyz\"", "\"[redacted]\""),
            ("abcdefghijklmnopqrs tuvwxyz", "abcdefghijklmnopqrs tuvwxyz"),
        ] {
            assert_eq!(redact(said, 200, &[&secret]), shown);
        }
        assert_eq!(redact(&"a ".repeat(1_000), 64, &[]).len(), 64);
        assert_eq!(
            redact("s3crets3cret and s3crt", 200, &[&secret]),
            "[redacted][redacted] and s3crt"
        );
        // A long one, repeated cut off: within a word, between two, and not at all.
        for long in ["a b ".repeat(200), format!("{}\u{e9} c", "x y".repeat(21)), "z".repeat(64)] {
            let secret = Secret::from(long.as_str());
            for length in (64..=long.len()).filter(|length| long.is_char_boundary(*length)) {
                let said = format!("got {}, no", &long[..length]);
                assert_eq!(redact(&said, 200, &[&secret]), "got [redacted], no", "{length}");
            }
        }
        for before in 0..45 {
            for length in 15..45 {
                let text = format!("{}{} a", "! ".repeat(before), "t".repeat(length));
                let hidden = redact(&text, 200, &[]).contains("[redacted]");
                assert_eq!(hidden, length >= TOKEN_LIKE, "{text}");
            }
        }
    }
}
