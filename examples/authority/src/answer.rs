use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{self, HeaderName},
    },
    response::Response,
};
use serde::Serialize;
use serde_json::json;

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Maps with text keys and plain values: nothing here can fail to serialize.
    let body = serde_json::to_vec(value).unwrap_or_default();
    with_body(status, "application/json", body)
}

/// An answer that holds tokens or speaks of them must not be kept by caches (RFC 6749 §5.1).
pub(crate) fn json_not_stored(status: StatusCode, value: &impl Serialize) -> Response {
    let mut answer = json(status, value);
    set(&mut answer, header::CACHE_CONTROL, "no-store");
    set(&mut answer, header::PRAGMA, "no-cache");
    answer
}

/// The error answer of RFC 6749 §5.2.
pub(crate) fn oauth_error(status: StatusCode, error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    json_not_stored(status, &body)
}

pub(crate) fn html(status: StatusCode, page: String) -> Response {
    let mut answer = with_body(status, "text/html; charset=utf-8", page.into_bytes());
    set(&mut answer, header::CACHE_CONTROL, "no-store");
    set(&mut answer, header::REFERRER_POLICY, "no-referrer");
    set(&mut answer, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    answer
}

/// A redirect to a URI that registration has found fit for a header.
pub(crate) fn redirect(status: StatusCode, location: &str) -> Response {
    let mut answer = empty(status);
    set(&mut answer, header::LOCATION, location);
    set(&mut answer, header::CACHE_CONTROL, "no-store");
    set(&mut answer, header::REFERRER_POLICY, "no-referrer");
    answer
}

pub(crate) fn empty(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

pub(crate) fn set(answer: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

fn with_body(status: StatusCode, content_type: &str, body: Vec<u8>) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    set(&mut answer, header::CONTENT_TYPE, content_type);
    answer
}
