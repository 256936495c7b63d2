//! Client secrets that are changed while they are in use, and the pace that callers must keep.

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
    state::{RateLimit, SecretError},
};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/client-secrets", post(add_secret))
        .route("/client-secrets/drop", post(drop_secret))
        .route("/rate-limit", get(rate_limit).post(set_rate_limit).delete(lift_rate_limit))
}

impl Control {
    /// One more secret for a confidential client: from now on each of its secrets is good. Answers
    /// with its number; that of the registration has 0.
    /// `POST /control/client-secrets {"client_id": "...", "secret": "..."}`.
    ///
    /// # Errors
    /// If the client is unknown or public, or the secret is empty.
    pub fn add_client_secret(&self, client_id: &str, secret: &str) -> Result<u64, SecretError> {
        self.shared.state().clients.add_secret(client_id, secret)
    }

    /// The oldest secret of the client is good no more. Answers with its number. Grants live on;
    /// to end them as well, see [`revoke_grants_of`](Self::revoke_grants_of).
    /// `POST /control/client-secrets/drop {"client_id": "..."}`.
    ///
    /// # Errors
    /// If the client is unknown or public, or it is its last secret.
    pub fn drop_client_secret(&self, client_id: &str) -> Result<u64, SecretError> {
        self.shared.state().clients.drop_secret(client_id)
    }

    /// How many requests are handled in a window from now on; `None` lifts the limit.
    /// `POST /control/rate-limit {"requests": 3, "seconds": 60, "retry_after": "seconds"}`, or
    /// `DELETE`.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.shared.state().pace.set(limit);
    }

    /// The limit of now. `GET /control/rate-limit`.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.shared.state().pace.limit().cloned()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    client_id: String,
    secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    client_id: String,
}

async fn add_secret(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match parse::<NewSecret>(&body) {
        Ok(NewSecret { client_id, secret }) => {
            numbered(Control::new(shared).add_client_secret(&client_id, &secret))
        }
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}

async fn drop_secret(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match parse::<Whose>(&body) {
        Ok(Whose { client_id }) => numbered(Control::new(shared).drop_client_secret(&client_id)),
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}

fn numbered(outcome: Result<u64, SecretError>) -> Response {
    match outcome {
        Ok(number) => answer::json(StatusCode::OK, &json!({ "number": number })),
        Err(error) => {
            let status = match error {
                SecretError::Unknown => StatusCode::NOT_FOUND,
                SecretError::Last => StatusCode::CONFLICT,
                SecretError::Public | SecretError::Empty => StatusCode::BAD_REQUEST,
            };
            refuse(status, &error.to_string())
        }
    }
}

async fn rate_limit(State(shared): State<Arc<Shared>>) -> Response {
    answer::json(StatusCode::OK, &Control::new(shared).rate_limit())
}

async fn set_rate_limit(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match parse::<RateLimit>(&body) {
        Ok(limit) => {
            Control::new(shared).set_rate_limit(Some(limit));
            answer::json(StatusCode::OK, &json!({}))
        }
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}

async fn lift_rate_limit(State(shared): State<Arc<Shared>>) -> Response {
    Control::new(shared).set_rate_limit(None);
    answer::json(StatusCode::OK, &json!({}))
}
