use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::json;

use super::{caller::caller, counted};
use crate::{answer, server::Shared};

/// `GET /v1/introspect`: whose credential this is, as Pleo's API tells it.
pub(crate) async fn introspect(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let mut state = shared.state();
    let answer = match caller(&state, &headers) {
        Ok(caller) => {
            let data = json!({
                "authMethod": "OAUTH2",
                "clientId": caller.client_id,
                "applicationName": caller.client_id,
                "scope": caller.scope.to_string(),
                "subjectURN": caller.subject,
            });
            answer::json_not_stored(StatusCode::OK, &json!({ "data": data }))
        }
        Err(refused) => refused.answer(),
    };
    counted(&mut state, answer)
}
