//! What the fuzz targets reach of the machine's parts; of no use to anybody else.

use crate::{
    Deviation, Failure, HttpResponse, Provider, Sealing, Secret, SecretBytes, ServerSaid, StoreKey,
    challenge, http, http_date,
    record::{self, Record, connection, pending},
    token::{self, Outcome},
    uri::{self, Origin},
};
use alloc::{borrow::ToOwned as _, format, string::String, vec::Vec};

/// `Retry-After`, in milliseconds.
pub fn retry_after(headers: &[(String, String)], now: u64) -> Option<u64> {
    http::retry_after(headers, now)
}

/// A date, in UNIX milliseconds.
pub fn http_date(text: &str, now: u64) -> Option<u64> {
    http_date::parse(text, now)
}

/// The origin of a URL, serialised.
pub fn origin(url: &str) -> Option<String> {
    Origin::of(url).map(Origin::to_text)
}

/// Whether requests with credentials may go there.
pub fn is_endpoint(url: &str, loopback_http: bool) -> bool {
    uri::is_endpoint(url, loopback_http)
}

/// Whether it may be a redirect URI by the widest of rules.
pub fn is_redirect_uri(text: &str) -> bool {
    uri::redirect_kind(text).is_some()
}

/// The rule for loopback redirect URIs.
pub fn redirect_matches(registered: &str, asked: &str) -> bool {
    uri::redirect_matches(registered, asked)
}

/// One challenge of a `WWW-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// In any case.
    pub scheme: String,
    /// The one value that some schemes have instead of parameters, without its padding.
    pub token68: Option<String>,
    /// In their order.
    pub parameters: Vec<(String, String)>,
}

/// The challenges of a header.
pub fn challenges(value: &str) -> Vec<Challenge> {
    challenge::parse(value).into_iter().map(owned).collect()
}

/// What `Bearer` says in these headers.
pub fn bearer(headers: &[(String, String)]) -> Option<Challenge> {
    challenge::bearer(headers).map(owned)
}

fn owned(challenge: challenge::Challenge<'_>) -> Challenge {
    let parameters = challenge.parameters.into_iter();
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.into_owned()));
    Challenge {
        scheme: challenge.scheme.to_owned(),
        token68: challenge.token68.map(str::to_owned),
        parameters: parameters.collect(),
    }
}

/// What an answer of the token endpoint was taken for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// The value of the `Authorization` header, if there are tokens.
    pub header: Option<Secret>,
    /// The refresh token that goes with it.
    pub refresh_token: Option<Secret>,
    /// Milliseconds.
    pub expires_in: Option<u64>,
    /// One space apart.
    pub scope: Option<String>,
    /// Whether it is never served.
    pub flawed: bool,
    /// The server's own words.
    pub said: Option<ServerSaid>,
    /// What can be seen of the judgement.
    pub shown: String,
    /// Milliseconds until another try, where the server said.
    pub after: Option<u64>,
}

/// Judges an answer of the token endpoint.
pub fn judge(
    provider: &Provider,
    response: &HttpResponse,
    now: u64,
    secrets: &[&Secret],
) -> (Judged, Vec<Deviation>) {
    let mut deviations = Vec::new();
    let outcome = token::judge(provider.config(), response, now, secrets, &mut deviations);
    let shown = format!("{outcome:?}");
    let judged = match outcome {
        Outcome::Success(answer) => Judged {
            header: Some(answer.header),
            refresh_token: answer.refresh_token,
            expires_in: answer.expires_in,
            scope: answer.scope.map(|scope| (*scope).to_owned()),
            flawed: answer.flaw.is_some(),
            shown,
            ..Judged::default()
        },
        Outcome::Postponed { after, said, .. } => {
            Judged { after, said, shown, ..Judged::default() }
        }
        Outcome::Unknown { after, .. } => Judged { after, shown, ..Judged::default() },
        Outcome::Dead(said) => Judged { said: Some(said), shown, ..Judged::default() },
        Outcome::Refused(_, said) => Judged { said, shown, ..Judged::default() },
    };
    (judged, deviations)
}

/// The kinds of record that a connection writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of a connection.
    Connection,
    /// Of a pending authorization.
    Pending,
}

/// Reads a record and writes it again.
///
/// # Errors
/// Why it cannot be read.
pub fn rewritten(
    sealing: &Sealing,
    kind: Kind,
    key: &StoreKey,
    bytes: &[u8],
) -> Result<SecretBytes, Failure> {
    match kind {
        Kind::Connection => again::<connection::ConnectionRecord>(sealing, key, bytes),
        Kind::Pending => again::<pending::Pending>(sealing, key, bytes),
    }
}

fn again<R: Record>(
    sealing: &Sealing,
    key: &StoreKey,
    bytes: &[u8],
) -> Result<SecretBytes, Failure> {
    Ok(record::encode(sealing, &record::decode::<R>(sealing, key, bytes)?))
}
