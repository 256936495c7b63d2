//! URIs by the strict grammar of RFC 3986: what is configured, what a token may
//! be sent to, and what is encoded into a query.

use crate::bytes;
use alloc::{borrow::Cow, string::String, vec::Vec};
use fluent_uri::{Uri, component::Host};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Scheme, host and port: where a token may go. Compared as of RFC 6454 §5.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    secure: bool,
    host: &'a str,
    port: u16,
    loopback: bool,
}

impl<'a> Origin<'a> {
    /// The origin of an `http` or `https` URL, or nothing for a URL that two
    /// parsers could read differently. A URL parser of the WHATWG kind repairs
    /// backslashes, tabs and odd numbers; here they are refused, so that the
    /// HTTP client cannot be led to another host than the one compared.
    ///
    /// Only scheme and authority are looked at: servers and apps do write raw `[` or
    /// `|` in queries, and what follows the authority does not change the host.
    pub(crate) fn of(url: &'a str) -> Option<Self> {
        let authority_at = authority_at(url)?;
        let length = url.get(authority_at..)?.find(['/', '?', '#']);
        let end = length.map_or(url.len(), |length| authority_at.saturating_add(length));
        // The grammar has no backslash, no control and no space.
        let uri = Uri::parse(url.get(..end)?).ok()?;
        let scheme = uri.scheme().as_str();
        let secure = scheme.eq_ignore_ascii_case("https");
        if !secure && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let authority = uri.authority()?;
        if authority.has_userinfo() {
            return None;
        }
        let host = authority.host();
        let loopback = match authority.host_parsed() {
            Host::Ipv4 { .. } => host.starts_with("127."),
            Host::Ipv6 { .. } => host == "[::1]",
            Host::RegName(_) if is_dns_name(host) => false,
            _ => return None,
        };
        let port = match authority.port() {
            None if secure => 443,
            None => 80,
            Some(digits) => plain_port(digits.as_str())?,
        };
        Some(Self { secure, host, port, loopback })
    }

    /// `https`, or `http` to a literal loopback address where that is allowed.
    pub(crate) fn is_protected(&self, loopback_http: bool) -> bool {
        self.secure || (loopback_http && self.loopback)
    }

    pub(crate) fn same_as(&self, other: &Origin<'_>) -> bool {
        self.secure == other.secure
            && self.port == other.port
            && self.host.eq_ignore_ascii_case(other.host)
    }

    /// The serialised origin (RFC 6454 §6.2), default port left out.
    pub(crate) fn to_text(self) -> String {
        let (scheme, default) = if self.secure { ("https", 443) } else { ("http", 80) };
        let mut text = [scheme, "://", self.host].concat();
        text.make_ascii_lowercase();
        if self.port != default {
            text.push(':');
            text.push_str(itoa::Buffer::new().format(self.port));
        }
        text
    }
}

/// Whether there is what other parsers strip, take for a slash, or end a line at.
pub(crate) fn is_misread(url: &[u8]) -> bool {
    url.iter().any(|&byte| byte <= b' ' || byte == 0x7f || byte == b'\\')
}

/// Whether it is certainly visible ASCII without a backslash, so that nobody misreads it:
/// eight bytes at a time, of which any may spoil the answer of those behind it.
pub(crate) fn is_plain(url: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    // The high bit of a byte, where it is none: a space or less borrows, 0x7f becomes 0x80,
    // and what differs from a backslash by nothing borrows.
    let spoilt = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
        word.wrapping_sub(ONES * 0x21) | word.wrapping_add(ONES) | backslash | word
    };
    // What the words leave over is in the last one, which overlaps the one before.
    let (Some((first, rest)), Some(last)) = (url.split_first_chunk(), url.last_chunk()) else {
        return !is_misread(url) && url.is_ascii();
    };
    let (words, _) = rest.as_chunks();
    let found = words.iter().fold(spoilt(first) | spoilt(last), |found, word| found | spoilt(word));
    found & HIGH == 0
}

/// Labels of letters, digits and hyphens (RFC 1123 §2.1), the last of which no
/// lenient parser could take for a number (`127.1`, `0x7f000001`).
pub(crate) fn is_dns_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let mut last = "";
    host.len() <= 253
        && host.split('.').inspect(|label| last = label).all(label)
        && !last.starts_with(|c: char| c.is_ascii_digit())
}

fn plain_port(digits: &str) -> Option<u16> {
    let port = digits.parse::<u64>().ok()?;
    if digits.starts_with('0') { None } else { port.try_into().ok() }
}

/// An endpoint that requests with credentials may go to: absolute, protected,
/// without user info and fragment.
pub(crate) fn is_endpoint(url: &str, loopback_http: bool) -> bool {
    url.len() <= 2048
        && Uri::parse(url).is_ok_and(|uri| uri.fragment().is_none())
        && Origin::of(url).is_some_and(|origin| origin.is_protected(loopback_http))
}

/// What a registered redirect URI is (RFC 8252 §7, RFC 9700 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RedirectKind {
    Web,
    Loopback,
    Localhost,
    PrivateScheme,
}

/// Which kind of redirect URI this is, or nothing if it may not be one.
pub(crate) fn redirect_kind(redirect_uri: &str) -> Option<RedirectKind> {
    let uri = Uri::parse(redirect_uri).ok()?;
    if redirect_uri.len() > 2048 || uri.fragment().is_some() {
        return None;
    }
    let scheme = uri.scheme().as_str();
    if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") {
        let origin = Origin::of(redirect_uri)?;
        return match (origin.secure, origin.loopback) {
            (_, true) => Some(RedirectKind::Loopback),
            (_, false) if origin.host.eq_ignore_ascii_case("localhost") => {
                Some(RedirectKind::Localhost)
            }
            (true, false) => Some(RedirectKind::Web),
            (false, false) => None,
        };
    }
    // A private scheme is a domain name turned round (RFC 8252 §7.1): the dot
    // keeps `javascript:` and `data:` out. What looks like a host behind it is a name
    // and no more: with user info, port or brackets not every parser takes it.
    let plain = uri.authority().is_none_or(|authority| {
        matches!(authority.host_parsed(), Host::RegName(_))
            && authority.host() == authority.as_str()
    });
    (plain && scheme.as_bytes().contains(&b'.')).then_some(RedirectKind::PrivateScheme)
}

/// Whether two redirect URIs are the same byte for byte, but for the port of a
/// loopback literal (RFC 8252 §7.3).
pub(crate) fn redirect_matches(registered: &str, asked: &str) -> bool {
    registered == asked
        || match (without_loopback_port(registered), without_loopback_port(asked)) {
            (Some(registered), Some(asked)) => registered == asked,
            _ => false,
        }
}

/// Where the authority of a URI begins.
fn authority_at(uri: &str) -> Option<usize> {
    uri.as_bytes().windows(3).position(|at| at == b"://")?.checked_add(3)
}

/// Scheme and host, and what follows the port, of a loopback literal.
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    if redirect_kind(uri)? != RedirectKind::Loopback {
        return None;
    }
    let authority_at = authority_at(uri)?;
    let rest = uri.get(authority_at..)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let host = match authority.find(']') {
        Some(bracket) => authority.get(..=bracket)?,
        None => authority.split(':').next()?,
    };
    let host_end = authority_at.checked_add(host.len())?;
    Some((uri.get(..host_end)?, rest.get(end..)?))
}

/// Everything but the unreserved characters of RFC 3986 §2.3.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Appends a text percent-encoded, as one path segment or one query component. A space is
/// written `%20`, which form decoders and plain percent decoders read alike; `+` they do not.
pub(crate) fn push_component(text: &mut String, component: &str) {
    if is_unreserved(component) {
        text.push_str(component);
    } else {
        text.extend(utf8_percent_encode(component, COMPONENT));
    }
}

/// How much room these texts take at most once they are encoded, each byte as `%XX`: what
/// has to grow leaves a copy of a secret behind.
pub(crate) fn room(texts: &[&str]) -> usize {
    texts.iter().fold(0, |room: usize, text| room.saturating_add(text.len().saturating_mul(3)))
}

/// Whether percent-encoding leaves it as it is (RFC 3986 §2.3).
pub(crate) fn is_unreserved(text: &str) -> bool {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    bytes::all(text.as_bytes(), kept)
}

/// The parameters of a URL's query.
pub(crate) fn query(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    pairs(query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Names and values of a form or a query. Most have nothing to be decoded.
pub(crate) fn pairs(form: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
        if !bytes::all(pair.as_bytes(), |byte| !matches!(byte, b'%' | b'+')) {
            return form_urlencoded::parse(pair.as_bytes()).next();
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((name.into(), value.into()))
    })
}

/// Appends `name=value` to a form body (RFC 6749 appendix B).
pub(crate) fn push_form(body: &mut String, name: &str, value: &str) {
    if !body.is_empty() {
        body.push('&');
    }
    body.push_str(name);
    body.push('=');
    // Most tokens need no escape.
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_');
    if bytes::all(value.as_bytes(), kept) {
        body.push_str(value);
    } else {
        body.extend(form_urlencoded::byte_serialize(value.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn an_origin_is_read_only_where_no_two_parsers_differ() {
        for (url, origin) in [
            ("https://external.pleo.io/v1/x?y=1", "https://external.pleo.io"),
            ("HTTPS://External.Pleo.IO", "https://external.pleo.io"),
            ("https://a.example:443/", "https://a.example"),
            ("https://a.example:8443#f", "https://a.example:8443"),
            ("http://127.0.0.1:80/", "http://127.0.0.1"),
            ("http://127.0.0.1/", "http://127.0.0.1"),
            ("https://[::1]:9/", "https://[::1]:9"),
            // What stands behind the authority is for the host's HTTP client to judge.
            ("https://a.example/a b\\@evil.test\t", "https://a.example"),
            ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(Origin::of(url).map(Origin::to_text), Some(origin.to_string()), "{url}");
        }
        for url in [
            "https://a.example\\@evil.test/",
            "https://a.example%2f@evil.test/",
            "https://user@a.example/",
            "https://a.example:/",
            "https://a.example:0443/",
            "https://a.example:65536/",
            "https://a.example./",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://%61.example/",
            "https://b\u{fc}cher.example/",
            "https://a_b.example/",
            "https:///path",
            "https:a.example",
            " https://a.example/",
            "https://a.exa\tmple/",
            "ftp://a.example/",
            "a.example",
        ] {
            assert!(Origin::of(url).is_none(), "{url}");
        }
    }

    #[test]
    fn plain_http_is_for_a_literal_loopback_address_and_only_where_allowed() {
        for (url, allowed) in [
            ("https://a.example", [true, true]),
            ("http://127.0.0.1:1", [false, true]),
            ("http://127.9.9.9:1", [false, true]),
            ("http://[::1]:1", [false, true]),
            ("http://localhost:1", [false, false]),
            ("http://a.example", [false, false]),
            ("http://128.0.0.1", [false, false]),
        ] {
            let origin = Origin::of(url);
            let protected = |loopback| origin.is_some_and(|origin| origin.is_protected(loopback));
            assert_eq!([false, true].map(protected), allowed, "{url}");
        }
    }

    #[test]
    fn redirect_uris_are_of_four_kinds() {
        for (uri, kind) in [
            ("https://client.example/callback?x=1", Some(RedirectKind::Web)),
            ("http://127.0.0.1/callback", Some(RedirectKind::Loopback)),
            ("http://[::1]:81/", Some(RedirectKind::Loopback)),
            ("http://localhost:81/", Some(RedirectKind::Localhost)),
            ("com.example.app:/callback", Some(RedirectKind::PrivateScheme)),
            ("com.example.app://oauth/callback", Some(RedirectKind::PrivateScheme)),
            ("com.example.app:///callback", Some(RedirectKind::PrivateScheme)),
            // Found by fuzzing: what no browser takes for a URL.
            ("com.example.app://:/callback", None),
            ("com.example.app://oauth:99999/callback", None),
            ("com.example.app://@/callback", None),
            ("com.example.app://[v1.a]/callback", None),
            ("http://client.example/callback", None),
            ("https://client.example/callback#f", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("/callback", None),
            ("", None),
        ] {
            assert_eq!(redirect_kind(uri), kind, "{uri}");
        }
    }

    #[test]
    fn a_redirect_uri_is_compared_byte_for_byte_but_for_a_loopback_port() {
        for (registered, asked, same) in [
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/cb", "https://a.example/cb/", false),
            ("https://a.example/cb", "https://A.example/cb", false),
            ("https://a.example/cb", "https://a.example:443/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:5000/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/other", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb?x", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:5000/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.2:5000/cb", false),
            ("http://[::1]/cb", "http://[::1]:5000/cb", true),
            ("http://localhost/cb", "http://localhost:5000/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000@evil.test/cb", false),
            ("com.example.app:/cb", "com.example.app:/cb", true),
        ] {
            assert_eq!(redirect_matches(registered, asked), same, "{registered} {asked}");
        }
    }

    #[test]
    fn forms_are_encoded_as_rfc_6749_appendix_b_has_it() {
        let mut body = String::new();
        push_form(&mut body, "value", " %&+\u{a3}\u{20ac}");
        assert_eq!(body, "value=+%25%26%2B%C2%A3%E2%82%AC");
    }

    #[test]
    fn of_each_byte_at_each_place_two_rules_say_the_same() {
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut url = [b'a'; 20];
                    url[at] = byte;
                    let url = &url[..length];
                    let plain = !is_misread(url) && url.is_ascii();
                    assert_eq!(is_plain(url), plain, "{url:?}");
                }
            }
        }
    }
}
