use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use serde_json::json;

use crate::{
    answer, client_auth,
    server::Shared,
    state::Aud,
    token::{form, invalid_request},
};

/// `POST /oauth/token/introspect` (RFC 7662), for the client that got the token. The members are
/// those that Pleo documents.
pub(crate) async fn introspect(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match form(&uri, &headers, &body) {
        Ok(params) => params,
        Err(description) => return invalid_request(description),
    };
    let mut state = shared.state();
    state.stats.introspections += 1;
    let client = match client_auth::authenticate(&mut state, &headers, &params) {
        Ok(client) => client,
        Err(invalid) => return invalid.answer(),
    };
    // A bare client_id is no authorization, and RFC 7662 §2.1 asks for one.
    if client.public {
        let description = "introspection is for clients with a secret";
        return answer::oauth_error(StatusCode::FORBIDDEN, "unauthorized_client", description);
    }
    let Some(token) = params.value("token") else {
        return invalid_request("token is missing");
    };
    let now = state.clock.now();
    let Some(found) = state.grants.describe(now, &client.id, token) else {
        return answer::json_not_stored(StatusCode::OK, &json!({ "active": false }));
    };
    let telling = &state.telling;
    let mut body = json!({
        "active": true,
        "sub": found.owner.user,
        "iat": found.issued.unix_seconds(),
        "client_id": client.id,
        "aud": match telling.aud {
            Aud::Text => json!(shared.base_url),
            Aud::List => json!([shared.base_url]),
        },
        "iss": shared.base_url,
        "jti": found.name,
    });
    if let Some(subject) = telling.subject.of(&found.owner.subject) {
        body["urn:pleo:params:oauth:subject_urn"] = subject.into();
    }
    if let Some(expires) = found.expires {
        body["exp"] = expires.unix_seconds().into();
    }
    answer::json_not_stored(StatusCode::OK, &body)
}

/// `POST /oauth/revoke` (RFC 7009). Pleo has no such endpoint; other providers do.
pub(crate) async fn revoke(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match form(&uri, &headers, &body) {
        Ok(params) => params,
        Err(description) => return invalid_request(description),
    };
    let mut state = shared.state();
    let client_id = match client_auth::authenticate(&mut state, &headers, &params) {
        Ok(client) => client.id,
        Err(invalid) => return invalid.answer(),
    };
    let Some(token) = params.value("token") else {
        return invalid_request("token is missing");
    };
    if state.grants.revoke(&client_id, token).is_err() {
        let description = "this token was issued to another client";
        return answer::oauth_error(StatusCode::BAD_REQUEST, "invalid_grant", description);
    }
    state.stats.revocations += 1;
    answer::empty(StatusCode::OK)
}
