//! Inputs and outputs in a few words each, and never a secret among them.

use evergrant::{Activity, HttpRequest, Input, NoticeFields, Op, Output, Secret, StoreKey, Write};

/// A name, and what there is to say.
pub(crate) type Words = (&'static str, String);

/// An input; an answer is named by what was asked for.
pub(crate) fn input(input: &Input, asked: impl Fn(Op) -> String) -> Words {
    match input {
        Input::Authorize(asked) => ("authorize", format!("back to {}", asked.redirect_uri)),
        Input::Redirected { url, .. } => ("redirected", without_query(url)),
        Input::TokenWanted { min_validity } => {
            ("token wanted", format!("good for {} s", min_validity / 1000))
        }
        Input::ApiAnswered { generation, status, .. } => {
            ("api answered", format!("{status} to generation {generation}"))
        }
        Input::KeyEntered(_) => ("key entered", String::new()),
        Input::Revoke => ("revoke", String::new()),
        Input::Cancel { .. } => ("cancel", String::new()),
        Input::HttpDone { op, response } => {
            ("http done", format!("{}: {}", asked(*op), response.status))
        }
        Input::HttpFailed { op, why } => ("http failed", format!("{}: {why:?}", asked(*op))),
        Input::Swapped { op, current } => {
            let found = current.as_ref().map_or("nothing there".into(), |stored| {
                format!("revision {}", stored.revision.as_str())
            });
            ("swapped", format!("{}: {found}", asked(*op)))
        }
        Input::SwapUnanswered { op } => ("swap unanswered", asked(*op)),
        Input::PeerGone => ("peer gone", String::new()),
        Input::Wake => ("wake", String::new()),
    }
}

/// An output.
pub(crate) fn output(output: &Output, now: u64) -> Words {
    match output {
        Output::SendHttp { request, .. } => ("send http", request_line(request)),
        Output::Swap { key, expected, write, .. } => {
            let what = match (write, expected) {
                (None, _) => format!("read {}", short(key)),
                (Some(write), None) => format!("create {}{}", short(key), due(write, now)),
                (Some(write), Some(expected)) => {
                    let revision = expected.as_str();
                    format!("write {} over {revision}{}", short(key), due(write, now))
                }
            };
            ("swap", what)
        }
        Output::OpenUrl { url, .. } => ("open url", without_query(url)),
        Output::TokenReady { generation, expires_at, .. } => {
            let end = expires_at.map_or("with no known end".into(), |at| {
                format!("good for {}", span(at.saturating_sub(now)))
            });
            ("token ready", format!("generation {generation}, {end}"))
        }
        Output::Authorized { scope, .. } => ("authorized", scope.clone()),
        Output::KeyAccepted { company, .. } => ("key accepted", company.clone()),
        Output::Failed { activity, failure } => {
            ("failed", format!("{}: {}", about(activity), failure.code()))
        }
        Output::Notice(notice) => ("notice", noticed(&notice.fields())),
    }
}

/// What an answer to this output is an answer to.
pub(crate) fn question(output: &Output) -> Option<(Op, String)> {
    match output {
        Output::SendHttp { op, request, .. } => Some((*op, request_line(request))),
        Output::Swap { op, key, .. } => Some((*op, short(key))),
        Output::OpenUrl { .. }
        | Output::TokenReady { .. }
        | Output::Authorized { .. }
        | Output::KeyAccepted { .. }
        | Output::Failed { .. }
        | Output::Notice(_) => None,
    }
}

/// Minutes and seconds, or less than one.
pub(crate) fn span(millis: u64) -> String {
    if (1..1000).contains(&millis) {
        return format!("{millis} ms");
    }
    let seconds = (millis + 500) / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn noticed(fields: &NoticeFields<'_>) -> String {
    let mut text = fields.code.replace('_', " ");
    if let Some(generation) = fields.generation {
        text += &format!(", generation {generation}");
    }
    if let Some(attempt) = fields.attempt.filter(|attempt| *attempt > 1) {
        text += &format!(", attempt {attempt}");
    }
    if let Some(detail) = fields.detail {
        text += &format!(", {}", detail.replace('_', " "));
    }
    text
}

fn about(activity: &Activity) -> String {
    activity.code().replace('_', " ")
}

fn request_line(request: &HttpRequest) -> String {
    format!("{} {}", request.method.as_str(), path(&request.url))
}

fn due(write: &Write, now: u64) -> String {
    match write.due_at.map(|at| at.saturating_sub(now)) {
        Some(left) if left > 0 => format!(", due in {}", span(left)),
        Some(_) | None => String::new(),
    }
}

/// What kind of record, and the end of its key, which tells two apart.
fn short(key: &StoreKey) -> String {
    let key = key.as_str();
    let kind = key.split('/').next().unwrap_or_default();
    let name = key.rsplit('/').next().unwrap_or_default();
    let shown: String = name.chars().take(9).collect();
    let dots = if shown.len() < name.len() { "…" } else { "" };
    format!("{kind} {shown}{dots}")
}

/// A URL as far as it holds no code and no state.
fn without_query(url: &Secret) -> String {
    url.expose().split('?').next().unwrap_or_default().to_owned()
}

fn path(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..));
    path.and_then(|path| path.split('?').next()).unwrap_or("/")
}
