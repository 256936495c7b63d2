//! HTTP requests and answers as values; the host does the talking.

use crate::{
    http_date,
    secret::{Secret, SecretBytes},
};
use alloc::{string::String, vec::Vec};
use core::fmt;

/// A request for the host to send, exactly once and without following
/// redirects. `Debug` shows method, URL and header names, no value and no body.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL; no credential is ever in it.
    pub url: String,
    /// Header names (lower case) and values.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body; empty for `GET` and `DELETE`.
    pub body: SecretBytes,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &self.headers)
            .field("body", &self.body)
            .finish()
    }
}

/// The methods that the lifecycle needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// The answer to a request: whole, or the host says [`HttpFault`] instead.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Header names (any case) and values.
    pub headers: Vec<(String, String)>,
    /// The body as it came, decompressed.
    pub body: SecretBytes,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body)
            .finish()
    }
}

/// The first value of a header, by its name in any case.
pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(found.1.trim())
}

/// How long `Retry-After` asks for patience (RFC 9110 §10.2.3), in milliseconds:
/// seconds or a date, at most a day.
pub(crate) fn retry_after(headers: &[(String, String)], now: u64) -> Option<u64> {
    let value = header(headers, "retry-after")?;
    let wait = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a number has are more than a day.
        value.parse().map_or(u64::MAX, |seconds: u64| seconds.saturating_mul(1_000))
    } else {
        http_date::parse(value, now)?.saturating_sub(now)
    };
    Some(wait.min(86_400_000))
}

/// Why there is no answer. A closed list: a client library that cannot tell
/// says `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFault {
    /// Certainly no byte of the request left: DNS, connect or TLS failed.
    NotSent,
    /// The host saw `send_within` pass before it could send, and did not send.
    TooLate,
    /// Anything else: the server may have handled the request.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    const NOW: u64 = 1_700_000_000_000;

    fn after(value: &str) -> Option<u64> {
        retry_after(&[("Retry-AFTER".into(), value.into())], NOW)
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_until_a_date() {
        const DAY: u64 = 86_400_000;
        for (value, expected) in [
            ("0", Some(0)),
            ("120", Some(120_000)),
            (" 120\t", Some(120_000)),
            ("86401", Some(DAY)),
            ("18446744073709551616", Some(DAY)),
            ("Tue, 14 Nov 2023 22:13:21 GMT", Some(1_000)),
            ("Tue, 14 Nov 2023 22:13:19 GMT", Some(0)),
            ("Tuesday, 14-Nov-23 22:14:20 GMT", Some(60_000)),
            ("Tue Nov 14 22:14:20 2023", Some(60_000)),
            ("Thu, 14 Nov 2030 22:13:21 GMT", Some(DAY)),
            ("", None),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("5 s", None),
            ("soon", None),
        ] {
            assert_eq!(after(value), expected, "{value:?}");
        }
        assert_eq!(retry_after(&[], NOW), None);
    }

    proptest! {
        #[test]
        fn any_text_asks_for_a_day_at_most(value in any::<String>()) {
            prop_assert!(after(&value).is_none_or(|wait| wait <= 86_400_000));
        }

        /// As a peer writes dates, from 1970 to the end of the year 9999.
        #[test]
        fn dates_are_read_as_a_peer_writes_them(seconds in 0..253_402_300_800_u64) {
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            let date = httpdate::fmt_http_date(time);
            prop_assert_eq!(http_date::parse(&date, NOW), Some(seconds * 1_000), "{}", date);
            let wait = (seconds * 1_000).saturating_sub(NOW).min(86_400_000);
            prop_assert_eq!(after(&format!(" {date}")), Some(wait));
        }
    }
}
