use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use serde_json::{Value, json};

use super::{caller::caller, concluded};
use crate::{answer, server::Shared, state::Subject};

/// `GET /v1/expenses`: something to fetch; needs the scope `expenses:read`.
pub(crate) async fn expenses(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut state = shared.state();
    let company = caller(&mut state, &uri, &headers)
        .and_then(|caller| caller.needs(&mut state, "expenses:read"))
        .and_then(|caller| caller.company(&state, &uri));
    let outcome = company.map(|company| {
        let body = json!({ "data": expenses_of(&company) });
        answer::json_not_stored(StatusCode::OK, &body)
    });
    concluded(&mut state, outcome)
}

/// No two companies have an expense in common.
fn expenses_of(company: &Subject) -> [Value; 2] {
    let expense = |number: u32, merchant, amount, currency| {
        json!({
            "id": format!("{}-{number}", company.id()),
            "company": company,
            "merchant": merchant,
            "amount": amount,
            "currency": currency,
        })
    };
    [expense(1, "Rye & Co", "12.40", "EUR"), expense(2, "Café Blå", "310.00", "DKK")]
}
