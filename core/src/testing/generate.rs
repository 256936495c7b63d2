//! Values for a fuzzer: what a server, a store, a browser or an app could hand in, with
//! the plausible more often than chance would have it.

use super::{Callback, Fault, StoreFault};
use crate::{
    ApiKey, ApiKeyKind, AuthorizationId, Authorize, Binding, BrowserProof, HttpFault, HttpResponse,
    Input, Op, Revision, Secret, SecretBytes, Stored,
};
use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use arbitrary::{Arbitrary, Result, Unstructured};

impl Arbitrary<'_> for StoreFault {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        u.choose(&[Self::Unanswered, Self::Lost, Self::Stale]).copied()
    }
}

impl Arbitrary<'_> for Callback {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match u.int_in_range(0..=7)? {
            0 => Self::Denial,
            1 => Self::Forged,
            2 => Self::Mixed,
            3 => {
                Self::With(text(u, &["&code=other", "&state=other", "#", "&error=access_denied"])?)
            }
            4 => Self::Text(text(u, REDIRECTS)?),
            _ => Self::Consent,
        })
    }
}

impl Arbitrary<'_> for HttpFault {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        u.choose(&[Self::NotSent, Self::TooLate, Self::Unknown]).copied()
    }
}

impl Arbitrary<'_> for Fault {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match u.int_in_range(0..=5)? {
            0 => Self::NotSent,
            1 => Self::RequestLost,
            2 => Self::ReplyLost,
            3 => Self::Answer(status(u)?, text(u, BODIES)?),
            4 => Self::AnswerWith(status(u)?, header(u)?, text(u, BODIES)?),
            _ => Self::Change(serde_json::json!({ *u.choose(MEMBERS)?: value(u)? })),
        })
    }
}

impl Arbitrary<'_> for HttpResponse {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        let headers = (0..u.int_in_range(0..=3)?).map(|_| header(u)).collect::<Result<_>>()?;
        let body: Vec<u8> = match u.int_in_range(0..=2)? {
            0 => text(u, BODIES)?.into_bytes(),
            1 => {
                let member =
                    |u: &mut Unstructured<'_>| Ok((u.choose(MEMBERS)?.to_string(), value(u)?));
                let count = u.int_in_range(0..=8)?;
                let members = (0..count).map(|_| member(u)).collect::<Result<_>>()?;
                serde_json::Value::Object(members).to_string().into_bytes()
            }
            _ => Vec::arbitrary(u)?,
        };
        Ok(Self { status: status(u)?, headers, body: SecretBytes::new(body) })
    }
}

/// Ops are of the first outputs of a machine; whoever drives one puts in those that it
/// waits for.
impl Arbitrary<'_> for Input {
    fn arbitrary(u: &mut Unstructured<'_>) -> Result<Self> {
        let op = Op(u.arbitrary()?);
        Ok(match u.int_in_range(0..=12)? {
            0 => Self::Authorize(Authorize {
                redirect_uri: text(u, REDIRECT_URIS)?,
                scopes: texts(u, SCOPES)?,
                extra: texts(u, NAMES)?.into_iter().map(|name| (name.clone(), name)).collect(),
                binding: *u.choose(&[Binding::Cookie, Binding::SameProcess])?,
                return_context: u.arbitrary()?,
                company: option(u, COMPANIES)?,
            }),
            1 => Self::Redirected { url: Secret::new(text(u, REDIRECTS)?), proof: proof(u)? },
            2 => Self::TokenWanted { min_validity: u.arbitrary()? },
            3 => Self::ApiAnswered {
                generation: u.int_in_range(0..=9)?,
                status: status(u)?,
                headers: (0..u.int_in_range(0..=3)?).map(|_| header(u)).collect::<Result<_>>()?,
            },
            4 => Self::KeyEntered(ApiKey {
                key: Secret::new(text(u, &["canary-key-1", "", " canary-key-2 "])?),
                kind: *u.choose(&[ApiKeyKind::Integrated, ApiKeyKind::Standalone])?,
                company: option(u, COMPANIES)?,
                scopes: texts(u, SCOPES)?,
            }),
            5 => Self::Revoke,
            6 => Self::Cancel {
                authorization: Option::<String>::arbitrary(u)?.map(AuthorizationId::new),
            },
            7 => Self::HttpDone { op, response: u.arbitrary()? },
            8 => Self::HttpFailed { op, why: u.arbitrary()? },
            9 => Self::Swapped { op, current: stored(u)? },
            10 => Self::SwapUnanswered { op },
            11 => Self::PeerGone,
            _ => Self::Wake,
        })
    }
}

const STATUSES: &[u16] = &[200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503, 0, 99, 700];

const MEMBERS: &[&str] = &[
    "access_token",
    "refresh_token",
    "token_type",
    "expires_in",
    "refresh_token_expires_in",
    "scope",
    "error",
    "error_description",
    "active",
    "data",
];

const BODIES: &[&str] = &[
    "",
    "{}",
    r#"{"error":"invalid_grant"}"#,
    r#"{"error":"invalid_client","error_description":"canary-0123456789-abcdef"}"#,
    r#"{"error":"temporarily_unavailable"}"#,
    r#"{"access_token":"canary-a","token_type":"bearer","refresh_token":"canary-r","expires_in":"60"}"#,
    r#"{"data":{"subjectURN":"urn:company:1","scope":"expenses:read"}}"#,
    r#"{"active":false}"#,
    "access_token=canary-a&token_type=bearer&scope=a,b",
    "error=bad_refresh_token",
    "<html>",
    "\u{feff}{\"error\":\"slow_down\"}",
];

const VALUES: &[&str] = &["Bearer", "DPoP", "a-token", "expenses:read", "60", "invalid_grant"];

const HEADERS: &[(&str, &str)] = &[
    ("Content-Type", "application/json;charset=UTF-8"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-type", "text/html"),
    ("Retry-After", "120"),
    ("retry-after", "Sun, 06 Nov 2033 08:49:37 GMT"),
    ("WWW-Authenticate", "Bearer error=\"invalid_token\""),
    ("www-authenticate", "Basic realm=\"a\", Bearer error=\"insufficient_scope\", scope=\"a b\""),
];

const REDIRECT_URIS: &[&str] = &[
    "https://client.example/callback",
    "http://127.0.0.1:49152/callback",
    "https://elsewhere.example/",
    "",
];

const REDIRECTS: &[&str] =
    &["", "?state=s&code=canary-code", "?state=s&error=access_denied", "?state=s&state=t"];

const SCOPES: &[&str] = &["expenses:read", "accounts:read", "", "a b", "\u{e9}"];
const NAMES: &[&str] = &["login_hint", "state", "scope", "prompt", ""];
const COMPANIES: &[&str] = &["urn:company:1", "urn:company:2", "", "a b"];

fn status(u: &mut Unstructured<'_>) -> Result<u16> {
    if u.ratio(7, 8)? { u.choose(STATUSES).copied() } else { u.arbitrary() }
}

/// One of these, or any.
fn text(u: &mut Unstructured<'_>, known: &[&str]) -> Result<String> {
    if u.ratio(3, 4)? { Ok(u.choose(known)?.to_string()) } else { u.arbitrary() }
}

fn texts(u: &mut Unstructured<'_>, known: &[&str]) -> Result<Vec<String>> {
    (0..u.int_in_range(0..=2)?).map(|_| text(u, known)).collect()
}

fn option(u: &mut Unstructured<'_>, known: &[&str]) -> Result<Option<String>> {
    if u.arbitrary()? { text(u, known).map(Some) } else { Ok(None) }
}

fn value(u: &mut Unstructured<'_>) -> Result<serde_json::Value> {
    Ok(match u.int_in_range(0..=5)? {
        0 => serde_json::Value::Null,
        1 => u.arbitrary::<i64>()?.into(),
        2 => u.arbitrary::<bool>()?.into(),
        3 => texts(u, VALUES)?.into(),
        _ => text(u, VALUES)?.into(),
    })
}

fn header(u: &mut Unstructured<'_>) -> Result<(String, String)> {
    let (name, value) = *u.choose(HEADERS)?;
    Ok((name.into(), if u.ratio(3, 4)? { value.into() } else { u.arbitrary()? }))
}

fn proof(u: &mut Unstructured<'_>) -> Result<BrowserProof> {
    Ok(match u.int_in_range(0..=2)? {
        0 => BrowserProof::SameProcess,
        1 => BrowserProof::Missing,
        _ => BrowserProof::Binding(Secret::new(format!("canary-{}", u.arbitrary::<u8>()?))),
    })
}

fn stored(u: &mut Unstructured<'_>) -> Result<Option<Stored>> {
    if !u.arbitrary()? {
        return Ok(None);
    }
    let revision = Revision::new(u.int_in_range(0..=20_u8)?.to_string());
    Ok(Some(Stored { revision, bytes: SecretBytes::new(Vec::arbitrary(u)?), age: u.arbitrary()? }))
}
