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
    fault::FaultRule,
    server::Shared,
    state::{Policy, UnknownPolicy},
};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/policy", get(policy).post(set_policy))
        .route("/grants", get(grants))
        .route("/would-honour", post(would_honour))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPolicy {
    policy: Option<String>,
    old_access_token_dies: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    refresh_token: String,
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    answer::json(StatusCode::OK, &Control::new(shared).faults())
}

async fn add_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let added = parse::<Vec<FaultRule>>(&body).and_then(|rules| {
        Control::new(shared).add_faults(rules).map_err(|error| error.to_string())
    });
    match added {
        Ok(()) => answer::json(StatusCode::OK, &json!({})),
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> Response {
    Control::new(shared).clear_faults();
    answer::json(StatusCode::OK, &json!({}))
}

async fn policy(State(shared): State<Arc<Shared>>) -> Response {
    let state = shared.state();
    let body = json!({
        "policy": state.grants.policy().to_string(),
        "old_access_token_dies": state.grants.old_access_token_dies(),
    });
    answer::json(StatusCode::OK, &body)
}

async fn set_policy(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let parsed = parse::<NewPolicy>(&body).and_then(|new| {
        let policy = new.policy.map(|text| text.parse::<Policy>()).transpose();
        let policy = policy.map_err(|error: UnknownPolicy| error.to_string())?;
        Ok((policy, new.old_access_token_dies))
    });
    let (policy, dies) = match parsed {
        Ok(parsed) => parsed,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, &text),
    };
    let control = Control::new(shared);
    if let Some(policy) = policy {
        control.set_policy(policy);
    }
    if let Some(dies) = dies {
        control.set_old_access_token_dies(dies);
    }
    answer::json(StatusCode::OK, &json!({}))
}

async fn grants(State(shared): State<Arc<Shared>>) -> Response {
    answer::json(StatusCode::OK, &Control::new(shared).grants())
}

async fn would_honour(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match parse::<Question>(&body) {
        Ok(Question { refresh_token }) => {
            let honoured = Control::new(shared).would_honour(&refresh_token);
            answer::json(StatusCode::OK, &json!({ "honoured": honoured }))
        }
        Err(text) => refuse(StatusCode::BAD_REQUEST, &text),
    }
}
