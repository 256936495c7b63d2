use axum::{
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::error;
use crate::{
    answer,
    form::Params,
    state::{GrantId, Key, KeyKind, KeyRefusal, Scope, State, Subject},
};

/// Who calls, by a credential that is good now.
pub(super) struct Caller {
    pub(super) by: By,
    pub(super) client_id: String,
    pub(super) scope: Scope,
    pub(super) subject: Subject,
}

/// What opened the door.
#[derive(Clone, Copy)]
pub(super) enum By {
    Token(GrantId),
    Key(KeyKind),
}

/// Why a credential does not open a door.
pub(super) enum Refused {
    /// No credential at all.
    Nothing,
    /// RFC 6750 §3.1.
    InvalidToken,
    Key,
    InsufficientScope {
        scope: &'static str,
        by: By,
    },
    /// `company_id` is missing or unsound.
    Company(&'static str),
    /// The credential does not speak for this company.
    OtherCompany,
    /// Not for this kind of credential.
    Forbidden(&'static str),
    /// The body is not the JSON that is wanted.
    Body(String),
}

pub(super) fn caller(state: &mut State, uri: &Uri, headers: &HeaderMap) -> Result<Caller, Refused> {
    if leaks(state, uri) {
        state.stats.credentials_in_query += 1;
        return Err(Refused::InvalidToken);
    }
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let Some(authorization) = authorizations.next() else {
        return Err(Refused::Nothing);
    };
    let authorization = authorization.to_str().ok().filter(|_| authorizations.next().is_none());
    match authorization.map(|value| value.split_once(' ').unwrap_or((value, ""))) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => by_token(state, token),
        Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("Basic") => by_key(state, encoded),
        _ => Err(Refused::InvalidToken),
    }
}

/// RFC 6750 §2.1. The token is looked up as it came.
fn by_token(state: &State, token: &str) -> Result<Caller, Refused> {
    let now = state.clock.now();
    let allowed = state.grants.allowed(now, token).ok_or(Refused::InvalidToken)?;
    Ok(Caller {
        by: By::Token(allowed.grant),
        client_id: allowed.client_id.into(),
        scope: allowed.scope.clone(),
        subject: allowed.subject.clone(),
    })
}

fn by_key(state: &mut State, encoded: &str) -> Result<Caller, Refused> {
    let now = state.clock.now();
    let key = parse_key(encoded).ok_or(KeyRefusal::Malformed);
    let caller = key.and_then(|key| state.keys.accept(now, &key).map(Caller::of));
    match caller {
        Ok(caller) => {
            state.stats.api_keys_accepted += 1;
            Ok(caller)
        }
        Err(why) => {
            *state.stats.api_keys_refused.entry(why).or_default() += 1;
            Err(Refused::Key)
        }
    }
}

/// The key is the user name as it is, and the password is empty. Unlike the credentials of an OAuth
/// client, nothing is form-encoded (RFC 7617 §2).
fn parse_key(encoded: &str) -> Option<String> {
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let key = pair.strip_suffix(':')?;
    (!key.is_empty() && !key.contains(':')).then(|| key.into())
}

/// Whether the address holds what belongs in a header: it would end up in logs.
fn leaks(state: &State, uri: &Uri) -> bool {
    let params = Params::parse(uri.query().unwrap_or_default().as_bytes());
    params.is_some_and(|params| {
        params.values().any(|value| state.keys.knows(value) || state.grants.knows(value))
    })
}

impl Caller {
    fn of(key: &Key) -> Self {
        Self {
            by: By::Key(key.kind),
            client_id: key.client_id.clone(),
            scope: key.scope.clone(),
            subject: key.subject.clone(),
        }
    }

    pub(super) fn needs(self, state: &mut State, scope: &'static str) -> Result<Self, Refused> {
        if self.scope.contains(scope) {
            return Ok(self);
        }
        if matches!(self.by, By::Key(_)) {
            *state.stats.api_keys_refused.entry(KeyRefusal::Scope).or_default() += 1;
        }
        Err(Refused::InsufficientScope { scope, by: self.by })
    }

    /// The company whose data is asked for. A credential of an organisation has to name it by
    /// `company_id`; one of a company may, if it names its own.
    pub(super) fn company(&self, state: &State, uri: &Uri) -> Result<Subject, Refused> {
        match self.named(state, uri)? {
            Some(company) => Ok(company),
            None if self.subject.is_company() => Ok(self.subject.clone()),
            None => Err(Refused::Company("an organisation must name a company by company_id")),
        }
    }

    /// What is named by `company_id`, if it is there.
    pub(super) fn named(&self, state: &State, uri: &Uri) -> Result<Option<Subject>, Refused> {
        let params = Params::parse(uri.query().unwrap_or_default().as_bytes());
        let params = params.ok_or(Refused::Company("the query cannot be read"))?;
        if params.is_repeated("company_id") {
            return Err(Refused::Company("company_id was sent twice"));
        }
        let Some(id) = params.value("company_id") else {
            return Ok(None);
        };
        let company =
            Subject::company(id).map_err(|_| Refused::Company("company_id is no UUID"))?;
        let covered = state.directory.covers(&self.subject, &company);
        if covered { Ok(Some(company)) } else { Err(Refused::OtherCompany) }
    }
}

impl Refused {
    /// One text for all that may be wrong with a credential: Pleo documents no more, so that a
    /// client has the status to go by.
    pub(super) fn answer(&self) -> Response {
        let unauthorized = |text| error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", text);
        let (mut answer, challenge) = match self {
            Self::Nothing | Self::InvalidToken => (
                unauthorized("the access token is missing, unknown, expired or revoked"),
                "Bearer error=\"invalid_token\"".into(),
            ),
            Self::Key => {
                let text = "the API key is malformed, unknown, expired, disabled or revoked";
                (unauthorized(text), "Bearer error=\"invalid_token\"".into())
            }
            Self::InsufficientScope { by: By::Key(_), .. } => {
                return error(StatusCode::FORBIDDEN, "FORBIDDEN", "the API key lacks a scope");
            }
            Self::InsufficientScope { scope, by: By::Token(_) } => (
                error(StatusCode::FORBIDDEN, "FORBIDDEN", "the access token lacks a scope"),
                format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""),
            ),
            Self::Company(text) => return error(StatusCode::BAD_REQUEST, "INVALID_COMPANY", text),
            Self::Forbidden(text) => return error(StatusCode::FORBIDDEN, "FORBIDDEN", text),
            Self::Body(text) => return error(StatusCode::BAD_REQUEST, "INVALID_BODY", text),
            Self::OtherCompany => {
                let text = "the credential does not speak for this company";
                return error(StatusCode::FORBIDDEN, "OTHER_COMPANY", text);
            }
        };
        answer::set(&mut answer, header::WWW_AUTHENTICATE, &challenge);
        if matches!(self, Self::Key) {
            let basic = header::HeaderValue::from_static("Basic realm=\"evergrant-authority\"");
            answer.headers_mut().append(header::WWW_AUTHENTICATE, basic);
        }
        answer
    }
}
