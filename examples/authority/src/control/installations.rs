//! Installations, as the customer and the marketplace change them.

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
    state::{InstallationError, InstallationStatus, ListedInstallation, Reach, Subject},
};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/installations", get(list).post(set_policy))
        .route("/installations/status", post(set_status))
        .route("/installations/forget", post(forget))
}

impl Control {
    /// All installations that there are. `GET /control/installations`.
    #[must_use]
    pub fn installations(&self) -> Vec<ListedInstallation> {
        self.shared.state().installations.list()
    }

    /// What the end of an installation ends with it, from now on.
    /// `POST /control/installations {"reach": "client"}`.
    pub fn set_reach(&self, reach: Reach) {
        self.shared.state().installations.reach = reach;
    }

    /// Whether an installation that a grant makes begins as `AUTHORIZED`, and waits for
    /// `:activate`; else it is `ACTIVATED` from the start.
    /// `POST /control/installations {"needs_activation": true}`.
    pub fn set_needs_activation(&self, needs_activation: bool) {
        self.shared.state().installations.needs_activation = needs_activation;
    }

    /// Where the installation stands from now on. `false` if there is none.
    /// `POST /control/installations/status` with `client_id`, `subject`, `status`, and perhaps
    /// `error_code`, which counts for `INACTIVE` and `ERROR` only.
    pub fn set_installation_status(
        &self,
        client_id: &str,
        subject: &Subject,
        status: InstallationStatus,
        error_code: Option<InstallationError>,
    ) -> bool {
        let mut state = self.shared.state();
        let now = state.clock.now();
        let updated = state.installations.update(now, client_id, subject, status, error_code, None);
        updated.is_some()
    }

    /// The installation is gone, and no token with it: the next `DELETE` finds none. `false` if
    /// there was none. `POST /control/installations/forget` with `client_id` and `subject`.
    pub fn forget_installation(&self, client_id: &str, subject: &Subject) -> bool {
        self.shared.state().installations.remove(client_id, subject)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPolicy {
    reach: Option<Reach>,
    needs_activation: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewStatus {
    client_id: String,
    subject: Subject,
    status: InstallationStatus,
    error_code: Option<InstallationError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    client_id: String,
    subject: Subject,
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    answer::json(StatusCode::OK, &Control::new(shared).installations())
}

async fn set_policy(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let NewPolicy { reach, needs_activation } = match parse(&body) {
        Ok(policy) => policy,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, &text),
    };
    let control = Control::new(shared);
    if let Some(reach) = reach {
        control.set_reach(reach);
    }
    if let Some(needs_activation) = needs_activation {
        control.set_needs_activation(needs_activation);
    }
    answer::json(StatusCode::OK, &json!({}))
}

async fn set_status(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let found = parse::<NewStatus>(&body).map(|new| {
        let NewStatus { client_id, subject, status, error_code } = new;
        Control::new(shared).set_installation_status(&client_id, &subject, status, error_code)
    });
    done(found)
}

async fn forget(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let found = parse::<Which>(&body).map(|Which { client_id, subject }| {
        Control::new(shared).forget_installation(&client_id, &subject)
    });
    done(found)
}

fn done(found: Result<bool, String>) -> Response {
    match found {
        Ok(true) => answer::json(StatusCode::OK, &json!({})),
        Ok(false) => refuse(StatusCode::NOT_FOUND, "there is no such installation"),
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}
