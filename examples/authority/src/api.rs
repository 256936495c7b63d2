use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde_json::json;

use crate::{
    answer,
    server::Shared,
    state::{self, Allowed, company_of},
};

/// Why a bearer token does not open a door (RFC 6750 §3.1).
enum Refused {
    InvalidToken,
    InsufficientScope(&'static str),
}

/// `GET /v1/introspect`: whose credential this is, as Pleo's API tells it.
pub(crate) async fn introspect(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let mut state = shared.state();
    let answer = match allowed(&state, &headers, None) {
        Ok(allowed) => {
            let data = json!({
                "authMethod": "OAUTH2",
                "clientId": allowed.client_id,
                "applicationName": allowed.client_id,
                "scope": allowed.scope.to_string(),
                "subjectURN": company_of(allowed.user),
            });
            answer::json_not_stored(StatusCode::OK, &json!({ "data": data }))
        }
        Err(refused) => refused.answer(),
    };
    counted(&mut state, answer)
}

/// `GET /v1/expenses`: something to fetch; needs the scope `expenses:read`.
pub(crate) async fn expenses(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let mut state = shared.state();
    let answer = match allowed(&state, &headers, Some("expenses:read")) {
        Ok(allowed) => {
            let company = company_of(allowed.user);
            let expense = |id, merchant, amount, currency| {
                json!({
                    "id": id,
                    "company": company,
                    "merchant": merchant,
                    "amount": amount,
                    "currency": currency,
                })
            };
            let data = [
                expense("1", "Rye & Co", "12.40", "EUR"),
                expense("2", "Café Blå", "310.00", "DKK"),
            ];
            answer::json_not_stored(StatusCode::OK, &json!({ "data": data }))
        }
        Err(refused) => refused.answer(),
    };
    counted(&mut state, answer)
}

/// `DELETE /v1/installations/me`: Pleo's way to disconnect. Ends the grant that asks.
pub(crate) async fn uninstall(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let mut state = shared.state();
    let answer = match allowed(&state, &headers, None).map(|allowed| allowed.grant) {
        Ok(grant) if state.grants.uninstall(grant) => {
            state.stats.installations_deleted += 1;
            answer::empty(StatusCode::NO_CONTENT)
        }
        Ok(_) => error(StatusCode::NOT_FOUND, "INSTALLATION_NOT_FOUND", "nothing to delete"),
        Err(refused) => refused.answer(),
    };
    counted(&mut state, answer)
}

fn allowed<'a>(
    state: &'a state::State,
    headers: &HeaderMap,
    needs: Option<&'static str>,
) -> Result<Allowed<'a>, Refused> {
    let now = state.clock.now();
    let allowed = bearer(headers)
        .and_then(|token| state.grants.allowed(now, token))
        .ok_or(Refused::InvalidToken)?;
    match needs {
        Some(scope) if !allowed.scope.contains(scope) => Err(Refused::InsufficientScope(scope)),
        _ => Ok(allowed),
    }
}

/// RFC 6750 §2.1. The token is looked up as it came.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, token) = authorizations.next()?.to_str().ok()?.split_once(' ')?;
    let alone = authorizations.next().is_none();
    (alone && scheme.eq_ignore_ascii_case("Bearer")).then_some(token)
}

fn counted(state: &mut state::State, answer: Response) -> Response {
    let count = state.stats.api_calls.entry(answer.status().as_u16());
    *count.or_default() += 1;
    answer
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    answer::json_not_stored(status, &json!({ "type": code, "message": message }))
}

impl Refused {
    fn answer(&self) -> Response {
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
        };
        answer::set(&mut answer, header::WWW_AUTHENTICATE, &challenge);
        answer
    }
}
