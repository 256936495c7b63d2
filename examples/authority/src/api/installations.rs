use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    caller::{By, Caller, Refused, caller},
    concluded, error,
};
use crate::{
    answer,
    server::Shared,
    state::{self, Installation, InstallationError, InstallationStatus, Subject},
};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Created {
    status: Option<InstallationStatus>,
    metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Updated {
    status: InstallationStatus,
    error_code: Option<InstallationError>,
    metadata: Option<Map<String, Value>>,
}

/// `GET /v1/installations/me`: Pleo's way to try an API key, and to learn its company.
pub(crate) async fn show(shared: State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    with_caller(&shared, &uri, &headers, |state, caller, subject| {
        let found = state.installations.find(&caller.client_id, subject);
        Ok(found.map_or_else(missing, |found| told(StatusCode::OK, found)))
    })
}

/// `POST /v1/installations/me`: for who has none yet, so mostly with an API key.
pub(crate) async fn create(
    shared: State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    with_caller(&shared, &uri, &headers, |state, caller, subject| {
        let new = if body.is_empty() { Created::default() } else { parse::<Created>(&body)? };
        let now = state.clock.now();
        let status = new.status.unwrap_or_else(|| state.installations.first_status());
        let metadata = new.metadata.unwrap_or_default();
        let created = state.installations.create(now, &caller.client_id, subject, status, metadata);
        Ok(created.map_or_else(
            || error(StatusCode::CONFLICT, "INSTALLATION_EXISTS", "there is one already"),
            |created| told(StatusCode::CREATED, created),
        ))
    })
}

/// `PUT /v1/installations/me`.
pub(crate) async fn update(
    shared: State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    with_caller(&shared, &uri, &headers, |state, caller, subject| {
        let Updated { status, error_code, metadata } = parse(&body)?;
        let (now, client_id) = (state.clock.now(), &caller.client_id);
        let updated =
            state.installations.update(now, client_id, subject, status, error_code, metadata);
        Ok(updated.map_or_else(missing, |updated| told(StatusCode::OK, updated)))
    })
}

/// `POST /v1/installations/me:activate`: what an application says after its first synchronisation.
pub(crate) async fn activate(shared: State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    use InstallationStatus::{Activated, Authorized, Error, Inactive, PendingIntegration};
    with_caller(&shared, &uri, &headers, |state, caller, subject| {
        if matches!(caller.by, By::Key(_)) {
            return Err(Refused::Forbidden("only an OAuth client activates"));
        }
        let (now, client_id) = (state.clock.now(), &caller.client_id);
        match state.installations.find(client_id, subject).map(|found| found.status) {
            None => Ok(missing()),
            Some(Inactive | Error) => {
                let text = "an installation that has stopped is not activated";
                Ok(error(StatusCode::CONFLICT, "INSTALLATION_STOPPED", text))
            }
            Some(Authorized | PendingIntegration | Activated) => {
                state.stats.installations_activated += 1;
                let updated =
                    state.installations.update(now, client_id, subject, Activated, None, None);
                Ok(updated.map_or_else(missing, |updated| told(StatusCode::OK, updated)))
            }
        }
    })
}

/// `DELETE /v1/installations/me`: Pleo's way to disconnect. How many tokens end with it is the
/// matter of [`Reach`](crate::Reach).
pub(crate) async fn uninstall(
    shared: State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    with_caller(&shared, &uri, &headers, |state, caller, subject| {
        let grant = match caller.by {
            By::Token(grant) => Some(grant),
            By::Key(_) => None,
        };
        let deleted = state.uninstall(&caller.client_id, subject, grant);
        Ok(if deleted { answer::empty(StatusCode::NO_CONTENT) } else { missing() })
    })
}

/// Whose installation it is: of the company that is named, or of whom the credential speaks for.
fn with_caller(
    shared: &Shared,
    uri: &Uri,
    headers: &HeaderMap,
    handle: impl FnOnce(&mut state::State, &Caller, &Subject) -> Result<Response, Refused>,
) -> Response {
    let mut state = shared.state();
    let outcome = caller(&mut state, uri, headers).and_then(|caller| {
        let named = caller.named(&state, uri)?;
        handle(&mut state, &caller, named.as_ref().unwrap_or(&caller.subject))
    });
    concluded(&mut state, outcome)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Body(error.to_string()))
}

fn told(status: StatusCode, installation: &Installation) -> Response {
    answer::json_not_stored(status, installation)
}

fn missing() -> Response {
    error(StatusCode::NOT_FOUND, "INSTALLATION_NOT_FOUND", "there is no installation")
}
