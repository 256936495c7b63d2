//! API keys, and what introspection tells.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Control,
    endpoints::{parse, refuse},
};
use crate::{
    answer,
    server::Shared,
    state::{ApiKeyError, ApiKeyStatus, CreatedApiKey, KeyState, NewApiKey, Telling},
};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api-keys", get(api_keys).post(create_api_key))
        .route("/api-keys/state", post(set_api_key_state))
        .route("/introspection", get(telling).post(set_telling))
}

impl Control {
    /// Makes an API key, as Pleo does for an integration or a person for himself.
    /// `POST /control/api-keys` with `kind`, `subject`, `scopes`, and perhaps `expires_in` and
    /// `client_id`.
    ///
    /// # Errors
    /// If the scopes are none or unsound.
    pub fn create_api_key(&self, new: NewApiKey) -> Result<CreatedApiKey, ApiKeyError> {
        let mut state = self.shared.state();
        let now = state.clock.now();
        state.create_api_key(now, new)
    }

    /// All API keys there ever were, without the keys themselves. `GET /control/api-keys`.
    #[must_use]
    pub fn api_keys(&self) -> Vec<ApiKeyStatus> {
        let state = self.shared.state();
        state.keys.list(state.clock.now())
    }

    /// Ends a key, switches it off, or on again.
    /// `POST /control/api-keys/state {"id": 0, "state": "revoked"}`.
    ///
    /// # Errors
    /// If there is no such key, or it has ended for good.
    pub fn set_api_key_state(&self, id: usize, to: KeyState) -> Result<(), ApiKeyError> {
        let mut state = self.shared.state();
        let now = state.clock.now();
        state.keys.set_state(now, id, to)
    }

    /// What introspection tells from now on, at both places.
    /// `POST /control/introspection`; what is left out is as it is at the start.
    pub fn set_telling(&self, telling: Telling) {
        self.shared.state().telling = telling;
    }

    /// What introspection tells now. `GET /control/introspection`.
    #[must_use]
    pub fn telling(&self) -> Telling {
        self.shared.state().telling.clone()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewState {
    id: usize,
    state: KeyState,
}

async fn api_keys(State(shared): State<Arc<Shared>>) -> Response {
    answer::json(StatusCode::OK, &Control::new(shared).api_keys())
}

async fn create_api_key(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let created = parse::<NewApiKey>(&body).and_then(|new| {
        Control::new(shared).create_api_key(new).map_err(|error| error.to_string())
    });
    match created {
        Ok(created) => answer::json_not_stored(StatusCode::CREATED, &created),
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}

async fn set_api_key_state(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let NewState { id, state } = match parse(&body) {
        Ok(parsed) => parsed,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, &text),
    };
    match Control::new(shared).set_api_key_state(id, state) {
        Ok(()) => answer::json(StatusCode::OK, &json!({})),
        Err(error @ ApiKeyError::Unknown) => refuse(StatusCode::NOT_FOUND, &error.to_string()),
        Err(error) => refuse(StatusCode::CONFLICT, &error.to_string()),
    }
}

async fn telling(State(shared): State<Arc<Shared>>) -> Response {
    answer::json(StatusCode::OK, &Control::new(shared).telling())
}

async fn set_telling(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match parse(&body) {
        Ok(telling) => {
            Control::new(shared).set_telling(telling);
            answer::json(StatusCode::OK, &json!({}))
        }
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}
