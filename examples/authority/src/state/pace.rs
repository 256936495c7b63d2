use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use crate::fault::{Fault, RetryAfter};

/// So many requests in a window; what comes beyond is answered by 429 (RFC 6585 §4), and not
/// handled. One window for all callers: it opens with a request, by the authority's clock, and the
/// next one opens with the first request after its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many are handled in one window.
    pub requests: u64,
    /// How long a window is; at least one second.
    pub seconds: u64,
    /// In which form the answer says when the window ends, if at all.
    #[serde(default)]
    pub retry_after: Option<RetryForm>,
    /// Which requests count: those whose path begins so. The API unless told otherwise; what is
    /// under `/control/` never counts.
    #[serde(default = "api")]
    pub path: String,
}

/// A form of `Retry-After` (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryForm {
    /// A number of seconds.
    Seconds,
    /// An HTTP-date, with a `Date` that tells the authority's time.
    HttpDate,
}

impl RateLimit {
    /// For the API, without `Retry-After`.
    #[must_use]
    pub fn new(requests: u64, seconds: u64) -> Self {
        Self { requests, seconds, retry_after: None, path: api() }
    }
}

#[derive(Debug)]
pub(crate) struct Pace {
    limit: Option<RateLimit>,
    window: Option<Window>,
    /// The most requests that came in one window, refused ones too.
    busiest: u64,
    refused: u64,
}

#[derive(Debug)]
struct Window {
    end: Moment,
    seen: u64,
}

impl Pace {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self { limit, window: None, busiest: 0, refused: 0 }
    }

    /// A new limit begins with a new window.
    pub(crate) fn set(&mut self, limit: Option<RateLimit>) {
        self.limit = limit;
        self.window = None;
    }

    pub(crate) fn limit(&self) -> Option<&RateLimit> {
        self.limit.as_ref()
    }

    pub(crate) fn busiest(&self) -> u64 {
        self.busiest
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// What becomes of a request that is one too many.
    pub(crate) fn arrives(&mut self, now: Moment, path: &str) -> Option<Fault> {
        let limit = self.limit.as_ref().filter(|limit| path.starts_with(&limit.path))?;
        let fresh = Window { end: now.plus(Duration::from_secs(limit.seconds.max(1))), seen: 0 };
        let window = match &mut self.window {
            Some(window) if now < window.end => window,
            over => over.insert(fresh),
        };
        window.seen += 1;
        self.busiest = self.busiest.max(window.seen);
        if window.seen <= limit.requests {
            return None;
        }
        self.refused += 1;
        let wait = now.seconds_until(window.end);
        Some(match limit.retry_after {
            Some(RetryForm::Seconds) => too_many(RetryAfter::Seconds(wait)),
            Some(RetryForm::HttpDate) => too_many(RetryAfter::HttpDateIn(wait)),
            None => Fault::Answer {
                status: 429,
                headers: [].into(),
                body: String::new(),
                handled: false,
            },
        })
    }
}

fn too_many(retry_after: RetryAfter) -> Fault {
    Fault::TryLater { status: 429, retry_after }
}

fn api() -> String {
    "/v1/".into()
}
