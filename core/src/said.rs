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

/// More of a text is not looked through, as only its beginning is shown: otherwise whoever
/// wrote it, and the secret too, could make that take long.
const LONGEST: usize = 16_384;

fn redact(text: &str, limit: usize, secrets: &[&Secret]) -> String {
    let cut = (LONGEST.saturating_sub(3)..=LONGEST).rev().find_map(|end| text.get(..end));
    let mut clean = Cow::Borrowed(cut.unwrap_or(text));
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

fn replace(clean: &mut Cow<'_, str>, sent: &str) {
    if sent.is_empty() {
        return;
    }
    let (mut shown, mut rest) = (String::new(), &**clean);
    // Not `str::find`, which brings 3 KB along.
    while let Some(at) = rest.as_bytes().windows(sent.len()).position(|it| it == sent.as_bytes()) {
        let (before, from) = rest.split_at_checked(at).unwrap_or_default();
        shown.push_str(before);
        shown.push_str("[redacted]");
        rest = from.get(sent.len()..).unwrap_or_default();
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
    use alloc::{format, string::ToString as _};

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
        // Two that begin alike, one that begins with what it ends with, one in two forms.
        let alike =
            "Basic QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejpu";
        let two =
            [alike.to_string(), alike.replace("pu", "po")].map(|it| Secret::from(it.as_str()));
        let zeros = Secret::from(format!("{}!s3cret!tail", "0".repeat(64)).as_str());
        let form = Secret::from(format!("{}!tail*one$$", "x.Y-".repeat(20)).as_str());
        let secrets = [&two[0], &two[1], &zeros, &form];
        let mut encoded = String::new();
        uri::push_form(&mut encoded, "", form.expose());
        for said in [two[1].expose(), zeros.expose(), form.expose(), &encoded[1..]] {
            let shown = redact(&format!("got 0{said} there"), 200, &secrets);
            assert_eq!(shown, "got 0[redacted] there");
        }
        // What is long is cut off, here in the midst of a character.
        let long = format!("\u{e9} {}s3cret", "\u{e9} a ".repeat(9_000));
        let whole = (LONGEST - 3) / 5 * 4;
        assert_eq!(redact(&long, usize::MAX, &[&secret]).len(), 2 + whole);
        for before in 0..45 {
            for length in 15..45 {
                let text = format!("{}{} a", "! ".repeat(before), "t".repeat(length));
                let hidden = redact(&text, 200, &[]).contains("[redacted]");
                assert_eq!(hidden, length >= TOKEN_LIKE, "{text}");
            }
        }
    }
}
