//! The API: what a credential opens, and whose it is.

mod caller;
mod expenses;
mod installations;
mod introspect;

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use crate::{answer, state::State};
use caller::Refused;

pub(crate) use expenses::expenses;
pub(crate) use installations::{activate, create, show, uninstall, update};
pub(crate) use introspect::introspect;

fn concluded(state: &mut State, outcome: Result<Response, Refused>) -> Response {
    let answer = outcome.unwrap_or_else(|refused| refused.answer());
    let count = state.stats.api_calls.entry(answer.status().as_u16());
    *count.or_default() += 1;
    answer
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    answer::json_not_stored(status, &json!({ "type": code, "message": message }))
}
