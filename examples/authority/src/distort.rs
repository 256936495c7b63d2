//! Answers that are not what the handlers made of them.

use std::collections::BTreeMap;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderName, StatusCode, header},
    response::Response,
};
use serde_json::{Map, Value};

use crate::{answer, fault::RetryAfter, state::Moment};

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Access denied</title></head>\
<body><h1>Sorry, you have been blocked</h1><p>Reference: 8c1f0a</p></body></html>\n";

/// Statuses and headers were checked when the fault was set.
pub(crate) fn answer(status: u16, headers: &BTreeMap<String, String>, body: String) -> Response {
    let mut answer = answer::empty(to_status(status));
    for (name, value) in headers {
        if let Ok(name) = name.parse::<HeaderName>() {
            answer::set(&mut answer, name, value);
        }
    }
    *answer.body_mut() = Body::from(body);
    answer
}

pub(crate) fn try_later(status: u16, retry_after: RetryAfter, now: Moment) -> Response {
    let mut answer = answer::empty(to_status(status));
    let value = match retry_after {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::HttpDateIn(seconds) => http_date(now.unix_seconds().saturating_add(seconds)),
    };
    answer::set(&mut answer, header::RETRY_AFTER, &value);
    answer::set(&mut answer, header::DATE, &http_date(now.unix_seconds()));
    answer
}

pub(crate) fn blocked() -> Response {
    answer::html(StatusCode::FORBIDDEN, PAGE.into())
}

pub(crate) async fn members(
    answer: Response,
    set: BTreeMap<String, Value>,
    remove: &[String],
    status: Option<u16>,
) -> Response {
    let (mut answer, body) = taken_apart(answer).await;
    if let Some(status) = status {
        *answer.status_mut() = to_status(status);
    }
    let Some(mut members) = object(&body) else {
        return with_body(answer, body);
    };
    members.extend(set);
    members.retain(|name, _| !remove.contains(name));
    with_body(answer, Value::Object(members).to_string().into_bytes())
}

pub(crate) async fn data(
    answer: Response,
    set: BTreeMap<String, Value>,
    remove: &[String],
) -> Response {
    let (answer, body) = taken_apart(answer).await;
    let Some(mut members) = object(&body) else {
        return with_body(answer, body);
    };
    if let Some(Value::Object(data)) = members.get_mut("data") {
        data.extend(set);
        data.retain(|name, _| !remove.contains(name));
    }
    with_body(answer, Value::Object(members).to_string().into_bytes())
}

pub(crate) async fn form_encoded(answer: Response) -> Response {
    let (mut answer, body) = taken_apart(answer).await;
    let Some(members) = object(&body) else {
        return with_body(answer, body);
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(members.iter().map(|(name, value)| (name, text(value))))
        .finish();
    answer::set(&mut answer, header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    with_body(answer, encoded.into_bytes())
}

pub(crate) async fn truncated(answer: Response, bytes: u64) -> Response {
    let (answer, mut body) = taken_apart(answer).await;
    body.truncate(to_len(bytes));
    with_body(answer, body)
}

pub(crate) async fn padded(answer: Response, bytes: u64) -> Response {
    let (answer, body) = taken_apart(answer).await;
    let mut padded = vec![b' '; to_len(bytes)];
    padded.extend(body);
    with_body(answer, padded)
}

pub(crate) fn redirect(
    mut answer: Response,
    set: &BTreeMap<String, String>,
    remove: &[String],
) -> Response {
    let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let Some((address, query)) = location.and_then(|location| location.split_once('?')) else {
        return answer;
    };
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| {
        !set.contains_key(name.as_ref()) && !remove.iter().any(|removed| removed == name)
    });
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .extend_pairs(set)
        .finish();
    let location = format!("{address}?{query}");
    answer::set(&mut answer, header::LOCATION, &location);
    answer
}

async fn taken_apart(answer: Response) -> (Response, Vec<u8>) {
    let (mut parts, body) = answer.into_parts();
    // The server sets it anew.
    parts.headers.remove(header::CONTENT_LENGTH);
    // The handlers' bodies are in memory and small: reading one cannot fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (Response::from_parts(parts, Body::empty()), body.into())
}

fn with_body(mut answer: Response, body: Vec<u8>) -> Response {
    *answer.body_mut() = Body::from(body);
    answer
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body).ok()
}

fn to_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn to_len(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// RFC 9110 §5.6.7.
fn http_date(unix_seconds: u64) -> String {
    // The last second of the year 9999: there are no later dates of this form.
    let since_epoch = std::time::Duration::from_secs(unix_seconds.min(253_402_300_799));
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + since_epoch)
}
