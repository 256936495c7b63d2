//! A run as text: what each worker was told, what it said, where it stands.

use evergrant::*;
use std::fmt::Write as _;

pub fn input(input: &Input) -> String {
    match input {
        Input::HttpDone { op, response } => {
            // Only fixtures are in it.
            let body = String::from_utf8_lossy(response.body.expose()).into_owned();
            let body: String = body.chars().take(140).collect();
            format!("HttpDone #{} {} {body}", short(*op), response.status)
        }
        Input::HttpFailed { op, why } => format!("HttpFailed #{} {why:?}", short(*op)),
        Input::Swapped { op, current } => {
            format!("Swapped #{} {}", short(*op), stored(current.as_ref()))
        }
        Input::SwapUnanswered { op } => format!("SwapUnanswered #{}", short(*op)),
        Input::Redirected { url, proof } => {
            let query = url.expose().split_once('?').map_or("", |(_, query)| query);
            let query: String = query.chars().take(90).collect();
            format!("Redirected ?{query} {proof:?}")
        }
        other => format!("{other:?}"),
    }
}

pub fn step(step: &Step, wall: u64) -> String {
    let mut text = String::new();
    for output in &step.outputs {
        let line = match output {
            Output::SendHttp { op, request, send_within, .. } => {
                let body = String::from_utf8_lossy(request.body.expose()).into_owned();
                format!("SendHttp #{} within {send_within} {} {body}", short(*op), request.url)
            }
            Output::Swap { op, key, expected, write } => {
                let revision = expected.as_ref().map_or("-", Revision::as_str);
                let what = write.as_ref().map_or("read".to_owned(), |write| {
                    format!("write {}", record(write.bytes.expose()))
                });
                let kind = key.as_str().split('/').next().unwrap_or_default();
                format!("Swap #{} {kind} over {revision}: {what}", short(*op))
            }
            Output::TokenReady { generation, header, .. } => {
                format!("TokenReady {generation} {}", header.expose())
            }
            other => format!("{other:?}"),
        };
        let _ = writeln!(text, "{:>24} {line}", "->");
    }
    let wake = step.wake_at.map(|at| i128::from(at) - i128::from(wall));
    let _ = write!(
        text,
        "{:>24} {} servable {:?} wake in {wake:?}",
        "=",
        step.status.code(),
        step.servable
    );
    text
}

fn short(op: Op) -> u64 {
    op.0 & 0xffff_ffff
}

fn stored(current: Option<&Stored>) -> String {
    match current {
        None => "nothing".into(),
        Some(stored) => {
            format!("@{} {}", stored.revision.as_str(), record(stored.bytes.expose()))
        }
    }
}

/// What of a record is worth a line.
fn record(bytes: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return format!("{} bytes that are no record", bytes.len());
    };
    let mut text = String::new();
    for name in ["gen", "status", "exchanging", "intent", "unresolved", "outbox", "used_by"] {
        if let Some(value) = json.get(name) {
            let _ = write!(text, "{name}={value} ");
        }
    }
    for name in ["tokens", "spare"] {
        if let Some(pair) = json.get(name) {
            let _ = write!(text, "{name}={}/{} ", pair["refresh"], pair["access"]);
        }
    }
    text
}
