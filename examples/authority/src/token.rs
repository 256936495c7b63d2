use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};
use serde_json::json;

use crate::{
    answer,
    client_auth::{self, InvalidClient},
    form::Params,
    server::Shared,
    state::{self, Issued, Refusal, Scope, Stats},
};

/// Why there are no tokens (RFC 6749 §5.2).
enum TokenError {
    Client(InvalidClient),
    Request(&'static str),
    GrantType,
    Refused(Refusal),
}

/// `POST /oauth/token`: RFC 6749 §4.1.3 and §6.
pub(crate) async fn token(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match form(&uri, &headers, &body) {
        Ok(params) => params,
        Err(description) => return invalid_request(description),
    };
    let mut state = shared.state();
    let outcome = respond(&mut state, &headers, &params);
    count(&mut state.stats, params.value("grant_type"), &outcome);
    match outcome {
        Ok(issued) => tokens(&issued),
        Err(error) => error.answer(),
    }
}

/// The parameters of a request that must be a form and nothing else (RFC 6749 §3.2): a secret in
/// the address would end up in logs.
pub(crate) fn form(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Params, &'static str> {
    if uri.query().is_some_and(|query| !query.is_empty()) {
        return Err("parameters belong in the body");
    }
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err("the body must be application/x-www-form-urlencoded");
    }
    let params = Params::parse(body).ok_or("the body cannot be decoded")?;
    if params.any_repeated() {
        return Err("a parameter was sent twice");
    }
    Ok(params)
}

pub(crate) fn invalid_request(description: &str) -> Response {
    answer::oauth_error(StatusCode::BAD_REQUEST, "invalid_request", description)
}

fn respond(
    state: &mut state::State,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Issued, TokenError> {
    let client = client_auth::authenticate(state, headers, params).map_err(TokenError::Client)?;
    let client_id = client.id;
    let now = state.clock.now();
    let required = |name| params.value(name);
    match params.value("grant_type") {
        Some("authorization_code") => {
            let code = required("code").ok_or(TokenError::Request("code is missing"))?;
            let redirect_uri =
                required("redirect_uri").ok_or(TokenError::Request("redirect_uri is missing"))?;
            let verifier =
                required("code_verifier").ok_or(TokenError::Request("code_verifier is missing"))?;
            state
                .exchange(now, &client_id, code, redirect_uri, verifier)
                .map_err(TokenError::Refused)
        }
        Some("refresh_token") => {
            let token =
                required("refresh_token").ok_or(TokenError::Request("refresh_token is missing"))?;
            let scope = match params.value("scope") {
                None => None,
                Some(text) => Some(
                    Scope::parse(text)
                        .ok_or(TokenError::Refused(Refusal::Scope("this is not a scope")))?,
                ),
            };
            state.grants.refresh(now, &client_id, token, scope).map_err(TokenError::Refused)
        }
        Some(_) => Err(TokenError::GrantType),
        None => Err(TokenError::Request("grant_type is missing")),
    }
}

fn count(stats: &mut Stats, grant_type: Option<&str>, outcome: &Result<Issued, TokenError>) {
    if let Err(TokenError::Refused(Refusal::Replay { ended })) = outcome {
        stats.replayed_refresh_tokens += 1;
        stats.grants_revoked_by_replay += *ended as u64;
    }
    if grant_type == Some("refresh_token") {
        stats.refreshes_handled += 1;
    }
    let counter = match (grant_type, outcome) {
        (Some("authorization_code"), Ok(_)) => &mut stats.code_exchanges_ok,
        (Some("authorization_code"), Err(_)) => &mut stats.code_exchanges_refused,
        (Some("refresh_token"), Ok(_)) => &mut stats.refreshes_ok,
        (Some("refresh_token"), Err(_)) => &mut stats.refreshes_refused,
        _ => return,
    };
    *counter += 1;
}

fn tokens(issued: &Issued) -> Response {
    let body = json!({
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "refresh_token": issued.refresh_token,
        "scope": issued.scope.to_string(),
    });
    answer::json_not_stored(StatusCode::OK, &body)
}

impl TokenError {
    fn answer(&self) -> Response {
        let (error, description) = match self {
            Self::Client(invalid) => return invalid.answer(),
            Self::Request(description) => ("invalid_request", *description),
            Self::GrantType => (
                "unsupported_grant_type",
                "only authorization_code and refresh_token are supported",
            ),
            Self::Refused(Refusal::Grant(description)) => ("invalid_grant", *description),
            Self::Refused(Refusal::Replay { ended: 0 }) => {
                ("invalid_grant", "this refresh token was used before")
            }
            Self::Refused(Refusal::Replay { .. }) => {
                ("invalid_grant", "this refresh token was used before, and its grant has ended")
            }
            Self::Refused(Refusal::Scope(description)) => ("invalid_scope", *description),
        };
        answer::oauth_error(StatusCode::BAD_REQUEST, error, description)
    }
}
