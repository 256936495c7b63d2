use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};

use super::{
    caller::{By, caller},
    concluded, error,
};
use crate::{answer, server::Shared};

/// `DELETE /v1/installations/me`: Pleo's way to disconnect. Ends the grant that asks.
pub(crate) async fn uninstall(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut state = shared.state();
    let outcome = caller(&mut state, &uri, &headers).map(|caller| match caller.by {
        By::Token(grant) if state.grants.uninstall(grant) => {
            state.stats.installations_deleted += 1;
            answer::empty(StatusCode::NO_CONTENT)
        }
        _ => error(StatusCode::NOT_FOUND, "INSTALLATION_NOT_FOUND", "nothing to delete"),
    });
    concluded(&mut state, outcome)
}
