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
    Some(found.1.trim_ascii())
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
#[path = "http_tests.rs"]
mod tests;
