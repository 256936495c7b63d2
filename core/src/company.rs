//! Whose credential this is, where a connection belongs to one company: the
//! question as the provider's data, and its answer.

use crate::{
    failure::Delay,
    http::{HttpResponse, retry_after},
    json, scope,
};
use alloc::{string::String, sync::Arc};
use core::str;

/// How the company of a credential is learnt: a request to the API with the
/// credential itself, whose answer names a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyBinding {
    /// What to `GET`, on the API's origin.
    pub url: String,
    /// Where the subject stands in the answer: a JSON pointer (RFC 6901).
    pub subject: String,
    /// Where the granted scopes stand, if they are in the answer.
    pub scope: Option<String>,
    /// How a subject begins that is one company; the whole of it is its name.
    pub company_prefix: String,
    /// How a subject begins that stands for several companies: the host must have
    /// chosen one of them.
    pub organisation_prefix: Option<String>,
}

/// What an answer says of the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Learnt {
    Subject {
        subject: Subject,
        scope: Option<Arc<str>>,
    },
    /// The answer is none of which the subject could be read.
    Unreadable,
    /// The credential is not good (401), or may not ask (403).
    Unauthorized,
    Forbidden,
    /// Ask again after so many milliseconds.
    Later {
        reason: Delay,
        after: Option<u64>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Company(String),
    Organisation,
}

/// Longer names of companies are none: they become part of a store's key.
const LONGEST: usize = 256;

impl CompanyBinding {
    /// Whether the pointers are pointers and the prefixes say something.
    pub(crate) fn is_sound(&self) -> bool {
        let pointer = |text: &String| text.starts_with('/') && text.len() <= 256;
        pointer(&self.subject)
            && self.scope.as_ref().is_none_or(pointer)
            && !self.company_prefix.is_empty()
            && self.organisation_prefix.as_ref().is_none_or(|prefix| !prefix.is_empty())
    }

    /// Reads the answer; one over the limit is not read at all.
    pub(crate) fn learn(&self, response: &HttpResponse, limit: u32, now: u64) -> Learnt {
        let later = |reason| Learnt::Later { reason, after: retry_after(&response.headers, now) };
        match response.status {
            200..=299 if response.body.len() <= limit as usize => self.read(response),
            200..=299 => Learnt::Unreadable,
            401 => Learnt::Unauthorized,
            403 => Learnt::Forbidden,
            408 | 429 => later(Delay::RateLimited),
            300..=499 => Learnt::Unreadable,
            _ => later(Delay::Unavailable),
        }
    }

    fn read(&self, response: &HttpResponse) -> Learnt {
        let Ok(answer) = str::from_utf8(response.body.expose()) else {
            return Learnt::Unreadable;
        };
        let text = |pointer: &String| json::text(json::at(answer, pointer)?);
        let Some(name) = text(&self.subject).filter(|name| is_name(name)) else {
            return Learnt::Unreadable;
        };
        let is_organisation =
            self.organisation_prefix.as_ref().is_some_and(|prefix| name.starts_with(prefix));
        let subject =
            if name.len() > self.company_prefix.len() && name.starts_with(&self.company_prefix) {
                Subject::Company(name.into_owned())
            } else if is_organisation {
                Subject::Organisation
            } else {
                return Learnt::Unreadable;
            };
        let scope = self.scope.as_ref().and_then(text);
        Learnt::Subject { subject, scope: scope.and_then(|text| scope::granted(&text, false)) }
    }
}

/// Whether this can be a company's name: printable ASCII without spaces.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    fn binding() -> CompanyBinding {
        CompanyBinding {
            url: "https://api.example/whoami".into(),
            subject: "/data/subjectURN".into(),
            scope: Some("/data/scope".into()),
            company_prefix: "urn:company:".into(),
            organisation_prefix: Some("urn:organisation:".into()),
        }
    }

    fn learn(status: u16, body: &str) -> Learnt {
        let headers = vec![("retry-after".into(), "2".into())];
        let response = HttpResponse { status, headers, body: body.as_bytes().to_vec().into() };
        binding().learn(&response, 1_000, 0)
    }

    #[test]
    fn the_subject_is_read_or_nothing_is() {
        let says =
            |subject: &str| format!(r#"{{"data":{{"subjectURN":{subject},"scope":"a  b"}}}}"#);
        let subject = |subject| Learnt::Subject { subject, scope: Some("a b".into()) };
        for (body, expected) in [
            (says(r#""urn:company:1""#), subject(Subject::Company("urn:company:1".into()))),
            (says(r#""urn:organisation:1""#), subject(Subject::Organisation)),
            (says(r#""urn:company:""#), Learnt::Unreadable),
            (says(r#""urn:person:1""#), Learnt::Unreadable),
            (says(r#""urn:company:a b""#), Learnt::Unreadable),
            (says(r#""urn:company:\u00e9""#), Learnt::Unreadable),
            (says(&format!(r#""urn:company:{}""#, "1".repeat(250))), Learnt::Unreadable),
            (says("null"), Learnt::Unreadable),
            (says("[\"urn:company:1\"]"), Learnt::Unreadable),
            ("{}".into(), Learnt::Unreadable),
            ("<html>".into(), Learnt::Unreadable),
            (says(r#""urn:company:1""#) + &" ".repeat(1_000), Learnt::Unreadable),
        ] {
            assert_eq!(learn(200, &body), expected, "{body}");
        }
    }

    #[test]
    fn the_status_says_what_to_do() {
        let later = |reason| Learnt::Later { reason, after: Some(2_000) };
        for (status, expected) in [
            (401, Learnt::Unauthorized),
            (403, Learnt::Forbidden),
            (404, Learnt::Unreadable),
            (302, Learnt::Unreadable),
            (429, later(Delay::RateLimited)),
            (503, later(Delay::Unavailable)),
            (700, later(Delay::Unavailable)),
        ] {
            assert_eq!(learn(status, "{}"), expected, "{status}");
        }
    }
}
