use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    caller::{By, Caller, Refused, caller},
    concluded,
};
use crate::{
    answer,
    server::Shared,
    state::{KeyKind, Telling},
};

/// `GET /v1/introspect`: whose credential this is, as Pleo's API tells it.
pub(crate) async fn introspect(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut state = shared.state();
    state.stats.api_introspections += 1;
    let data = match caller(&mut state, &uri, &headers) {
        Ok(caller) => Ok(told(&caller, &state.telling)),
        Err(Refused::Nothing) if state.telling.anonymous => Ok(json!({ "authMethod": "NONE" })),
        Err(refused) => Err(refused),
    };
    let outcome =
        data.map(|data| answer::json_not_stored(StatusCode::OK, &json!({ "data": data })));
    concluded(&mut state, outcome)
}

fn told(caller: &Caller, telling: &Telling) -> Value {
    let method = match caller.by {
        By::Token(_) => "OAUTH2",
        By::Key(_) => "API_KEY",
    };
    let mut data = json!({
        "authMethod": method,
        "clientId": caller.client_id,
        "scope": caller.scope.to_string(),
    });
    // What a person made for himself is no application.
    let application = !matches!(caller.by, By::Key(KeyKind::Standalone));
    if telling.application_name && application {
        data["applicationName"] = caller.client_id.as_str().into();
    }
    if let Some(subject) = telling.subject.of(&caller.subject) {
        data["subjectURN"] = subject.into();
    }
    data
}
