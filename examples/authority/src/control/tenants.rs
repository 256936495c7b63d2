//! Companies, organisations, and which of them a person picks.

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
    state::{Entity, EntityError, Subject},
};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/entities", get(entities).post(add_entity)).route("/subject", post(pick))
}

impl Control {
    /// One more company or organisation that can be picked.
    /// `POST /control/entities` with `subject`, `name` and perhaps `organisation`.
    ///
    /// # Errors
    /// If there is one with this URN, or it cannot belong to the organisation.
    pub fn add_entity(&self, entity: Entity) -> Result<(), EntityError> {
        self.shared.state().directory.add(entity)
    }

    /// All that can be picked, beside each user's own company. `GET /control/entities`.
    #[must_use]
    pub fn entities(&self) -> Vec<Entity> {
        self.shared.state().directory.entities().to_vec()
    }

    /// What is picked from now on where nobody is asked, and selected on the page; `None` for the
    /// user's own company, or what the client proposes. It need not be known.
    /// `POST /control/subject {"subject": "urn:pleo:company:..."}`, or `null`.
    pub fn pick(&self, subject: Option<Subject>) {
        self.shared.state().directory.pick(subject);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Picked {
    subject: Option<Subject>,
}

async fn entities(State(shared): State<Arc<Shared>>) -> Response {
    answer::json(StatusCode::OK, &Control::new(shared).entities())
}

async fn add_entity(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let entity = match parse::<Entity>(&body) {
        Ok(entity) => entity,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, &text),
    };
    match Control::new(shared).add_entity(entity) {
        Ok(()) => answer::json(StatusCode::CREATED, &json!({})),
        Err(error @ EntityError::Taken) => refuse(StatusCode::CONFLICT, &error.to_string()),
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn pick(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match parse::<Picked>(&body) {
        Ok(Picked { subject }) => {
            Control::new(shared).pick(subject);
            answer::json(StatusCode::OK, &json!({}))
        }
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}
