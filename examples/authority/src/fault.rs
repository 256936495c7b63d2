use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// More padding than any client should read, and less than what hurts a small machine.
const MOST_PADDING: u64 = 64 * 1024 * 1024;

/// Which requests a fault strikes. Rules wait in the order in which they were added: a request is
/// struck by the first one that fits it, and by no other. Requests to `/control/` are never struck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FaultRule {
    /// The path, exactly: `/oauth/token`.
    pub path: String,
    /// Only requests with this method: `DELETE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only token requests with this `grant_type` (RFC 6749 §4.1.3, §6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// How many requests are struck before the rule is used up; once unless told otherwise.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens to them.
    pub fault: Fault,
}

/// Something that goes wrong with one request and its answer. In JSON an object with the variant's
/// name in snake case as `kind`, and the fields beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing goes wrong: so that a rule behind this one strikes a later request.
    Pass,
    /// The connection ends without an answer, and nothing was handled.
    DropRequest {
        /// End it by a TCP reset, not in good order.
        #[serde(default)]
        reset: bool,
    },
    /// The request is handled, and the connection ends without an answer.
    DropReply {
        /// End it by a TCP reset, not in good order.
        #[serde(default)]
        reset: bool,
    },
    /// The connection ends at once without an answer, and the request is handled later: it was
    /// under way all the time.
    ArriveLate {
        /// How much later, in milliseconds of real time.
        ms: u64,
        /// End it by a TCP reset, not in good order.
        #[serde(default)]
        reset: bool,
    },
    /// The request is handled later, also if the client has hung up by then.
    DelayRequest {
        /// How much later, in milliseconds of real time.
        ms: u64,
    },
    /// The request is handled at once, and its answer held back.
    DelayReply {
        /// For how many milliseconds of real time.
        ms: u64,
    },
    /// The request is handled twice, as if something on the way had repeated it.
    Duplicate {
        /// Which of the two answers the client gets.
        #[serde(default)]
        answer: Which,
        /// How many milliseconds of real time the second handling comes after the first.
        #[serde(default)]
        apart_ms: u64,
    },
    /// The request is handled, and the connection ends in the middle of the answer.
    Cut {
        /// After so many bytes.
        after_bytes: u64,
        /// Counted from where.
        #[serde(default)]
        of: Part,
        /// End it by a TCP reset, not in good order.
        #[serde(default)]
        reset: bool,
    },
    /// This answer instead of the authority's own.
    Answer {
        /// The status.
        status: u16,
        /// The headers, `content-type` among them.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body.
        #[serde(default)]
        body: String,
        /// Handle the request all the same, as behind a gateway that gave up.
        #[serde(default)]
        handled: bool,
    },
    /// An answer with `Retry-After` (RFC 9110 §10.2.3), and nothing handled.
    TryLater {
        /// 429 (RFC 6585 §4) unless told otherwise; 503 says it as well.
        #[serde(default = "too_many_requests")]
        status: u16,
        /// When to come back.
        retry_after: RetryAfter,
    },
    /// A 403 with a page in HTML, as from a firewall in front, and nothing handled.
    Blocked,
    /// The answer's JSON object with other members.
    Members {
        /// Added or replaced, in any JSON type.
        #[serde(default)]
        set: BTreeMap<String, Value>,
        /// Left out.
        #[serde(default)]
        remove: Vec<String>,
        /// Another status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// The object `data` of the answer's JSON object with other members, as `subjectURN` of
    /// `/v1/introspect`.
    Data {
        /// Added or replaced, in any JSON type.
        #[serde(default)]
        set: BTreeMap<String, Value>,
        /// Left out.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// The answer's JSON object as `application/x-www-form-urlencoded`.
    FormEncoded,
    /// The answer's body cut short, with a `Content-Length` that agrees.
    Truncate {
        /// How many bytes are left.
        bytes: u64,
    },
    /// Blanks in front of the answer's body: JSON as before (RFC 8259 §2), and huge.
    Pad {
        /// How many.
        bytes: u64,
    },
    /// The answer's redirect with other parameters: `iss` (RFC 9207 §2), `state` and so on.
    Redirect {
        /// Added or replaced.
        #[serde(default)]
        set: BTreeMap<String, String>,
        /// Left out.
        #[serde(default)]
        remove: Vec<String>,
    },
}

/// One of two answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The answer to the first delivery; the client does not wait for the second.
    First,
    /// The answer to the second delivery.
    #[default]
    Second,
}

/// What a number of bytes is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The whole answer, from its status line on.
    Answer,
    /// Its body; the head arrives.
    #[default]
    Body,
}

/// The two forms of `Retry-After` (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// An HTTP-date that is so many seconds away by the authority's clock, which `Date` tells too.
    HttpDateIn(u64),
}

/// A fault that cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFault {
    /// The status is not one that ends an exchange.
    #[error("not a status from 200 to 599: {0}")]
    Status(u16),
    /// The name or the value cannot stand in a head.
    #[error("not a header: {0}")]
    Header(String),
    /// More than 64 MiB.
    #[error("too much padding: {0} bytes")]
    Padding(u64),
}

/// The rules that wait.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FaultRule>);

impl FaultRule {
    /// The next request to the path.
    #[must_use]
    pub fn new(path: &str, fault: Fault) -> Self {
        Self { path: path.into(), method: None, grant_type: None, times: once(), fault }
    }

    /// The next refresh request (RFC 6749 §6).
    #[must_use]
    pub fn refresh(fault: Fault) -> Self {
        let grant_type = Some("refresh_token".into());
        Self { grant_type, ..Self::new("/oauth/token", fault) }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self { method: Some(method.into()), ..self }
    }

    /// As many requests, one after the other.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}

impl Fault {
    fn check(&self) -> Result<(), InvalidFault> {
        match self {
            Self::Answer { status, headers, .. } => {
                let bad = headers.iter().find(|(name, value)| {
                    name.parse::<HeaderName>().is_err() || HeaderValue::from_str(value).is_err()
                });
                bad.map_or(Ok(()), |(name, _)| Err(InvalidFault::Header(name.clone())))?;
                final_status(*status)
            }
            Self::TryLater { status, .. } => final_status(*status),
            Self::Members { status: Some(status), .. } => final_status(*status),
            Self::Pad { bytes } if *bytes > MOST_PADDING => Err(InvalidFault::Padding(*bytes)),
            _ => Ok(()),
        }
    }
}

impl Faults {
    /// All of them or none.
    pub(crate) fn add(&mut self, rules: Vec<FaultRule>) -> Result<(), InvalidFault> {
        rules.iter().try_for_each(|rule| rule.fault.check())?;
        self.0.extend(rules.into_iter().filter(|rule| rule.times > 0));
        Ok(())
    }

    pub(crate) fn left(&self) -> &[FaultRule] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What strikes this request.
    pub(crate) fn next(
        &mut self,
        path: &str,
        method: &str,
        grant_type: Option<&str>,
    ) -> Option<Fault> {
        let fits = |rule: &FaultRule| {
            rule.path == path
                && rule.method.as_deref().is_none_or(|wanted| wanted == method)
                && rule.grant_type.as_deref().is_none_or(|wanted| grant_type == Some(wanted))
        };
        let i = self.0.iter().position(fits)?;
        let rule = &mut self.0[i];
        rule.times -= 1;
        let fault = rule.fault.clone();
        if rule.times == 0 {
            self.0.remove(i);
        }
        Some(fault)
    }
}

fn final_status(status: u16) -> Result<(), InvalidFault> {
    let fine = (200..600).contains(&status) && StatusCode::from_u16(status).is_ok();
    if fine { Ok(()) } else { Err(InvalidFault::Status(status)) }
}

fn once() -> u32 {
    1
}

fn too_many_requests() -> u16 {
    429
}
