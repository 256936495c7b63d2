use axum::{
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};

use super::error;
use crate::{
    answer,
    form::Params,
    state::{GrantId, Scope, State, Subject},
};

/// Who calls, by a credential that is good now.
pub(super) struct Caller {
    pub(super) grant: GrantId,
    pub(super) client_id: String,
    pub(super) scope: Scope,
    pub(super) subject: Subject,
}

/// Why a credential does not open a door (RFC 6750 §3.1).
pub(super) enum Refused {
    InvalidToken,
    InsufficientScope(&'static str),
    /// `company_id` is missing or unsound.
    Company(&'static str),
    /// The credential does not speak for this company.
    OtherCompany,
}

pub(super) fn caller(state: &State, headers: &HeaderMap) -> Result<Caller, Refused> {
    let now = state.clock.now();
    let token = bearer(headers).ok_or(Refused::InvalidToken)?;
    let allowed = state.grants.allowed(now, token).ok_or(Refused::InvalidToken)?;
    Ok(Caller {
        grant: allowed.grant,
        client_id: allowed.client_id.into(),
        scope: allowed.scope.clone(),
        subject: allowed.subject.clone(),
    })
}

impl Caller {
    pub(super) fn needs(self, scope: &'static str) -> Result<Self, Refused> {
        if self.scope.contains(scope) { Ok(self) } else { Err(Refused::InsufficientScope(scope)) }
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

/// RFC 6750 §2.1. The token is looked up as it came.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, token) = authorizations.next()?.to_str().ok()?.split_once(' ')?;
    let alone = authorizations.next().is_none();
    (alone && scheme.eq_ignore_ascii_case("Bearer")).then_some(token)
}

impl Refused {
    pub(super) fn answer(&self) -> Response {
        let (mut answer, challenge) = match self {
            Self::InvalidToken => (
                error(
                    StatusCode::UNAUTHORIZED,
                    "UNAUTHORIZED",
                    "the access token is missing, unknown, expired or revoked",
                ),
                "Bearer error=\"invalid_token\"".into(),
            ),
            Self::InsufficientScope(scope) => (
                error(StatusCode::FORBIDDEN, "FORBIDDEN", "the access token lacks a scope"),
                format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""),
            ),
            Self::Company(text) => return error(StatusCode::BAD_REQUEST, "INVALID_COMPANY", text),
            Self::OtherCompany => {
                let text = "the credential does not speak for this company";
                return error(StatusCode::FORBIDDEN, "OTHER_COMPANY", text);
            }
        };
        answer::set(&mut answer, header::WWW_AUTHENTICATE, &challenge);
        answer
    }
}
