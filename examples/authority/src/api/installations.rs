use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{caller::caller, counted, error};
use crate::{answer, server::Shared};

/// `DELETE /v1/installations/me`: Pleo's way to disconnect. Ends the grant that asks.
pub(crate) async fn uninstall(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let mut state = shared.state();
    let answer = match caller(&state, &headers).map(|caller| caller.grant) {
        Ok(grant) if state.grants.uninstall(grant) => {
            state.stats.installations_deleted += 1;
            answer::empty(StatusCode::NO_CONTENT)
        }
        Ok(_) => error(StatusCode::NOT_FOUND, "INSTALLATION_NOT_FOUND", "nothing to delete"),
        Err(refused) => refused.answer(),
    };
    counted(&mut state, answer)
}
