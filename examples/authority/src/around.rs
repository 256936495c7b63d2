use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, request::Parts},
    middleware::Next,
    response::Response,
};
use tokio::time::sleep;

use crate::{
    answer, distort,
    fault::{Fault, Part, Which},
    form::Params,
    server::Shared,
    wire::{Cut, Line},
};

const BODY_LIMIT: usize = 64 * 1024;

/// A request that was read whole, so that it can be dropped, delayed or handled twice without a
/// handler knowing.
#[derive(Clone)]
struct Exchange {
    parts: Parts,
    body: Bytes,
    next: Next,
}

/// The one layer that every request and every answer passes through: here they are counted, and
/// faults strike.
pub(crate) async fn around(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return answer::empty(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let exchange = Exchange { parts, body, next };
    match exchange.arrives(&shared) {
        None => exchange.handle().await,
        Some(fault) => {
            // A task of its own: who hangs up cannot take back what he has sent.
            let struck = tokio::spawn(strike(fault, exchange, line, shared));
            struck.await.unwrap_or_else(|_| answer::empty(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
}

impl Exchange {
    fn arrives(&self, shared: &Shared) -> Option<Fault> {
        let path = self.parts.uri.path();
        if path.starts_with("/control/") {
            return None;
        }
        let params = Params::parse(&self.body);
        let grant_type = params.as_ref().and_then(|params| params.value("grant_type"));
        let mut state = shared.state();
        if path == "/oauth/token" && grant_type == Some("refresh_token") {
            state.stats.refreshes_received += 1;
        }
        let now = state.clock.now();
        // Ahead of the faults: what is turned away uses none of them up.
        let too_many = state.pace.arrives(now, path);
        too_many.or_else(|| state.faults.next(path, self.parts.method.as_str(), grant_type))
    }

    async fn handle(self) -> Response {
        let request = Request::from_parts(self.parts, Body::from(self.body));
        self.next.run(request).await
    }
}

async fn strike(fault: Fault, exchange: Exchange, line: Line, shared: Arc<Shared>) -> Response {
    match fault {
        Fault::Pass => exchange.handle().await,
        Fault::DropRequest { reset } => no_answer(&line, reset),
        Fault::DropReply { reset } => {
            exchange.handle().await;
            no_answer(&line, reset)
        }
        Fault::ArriveLate { ms, reset } => {
            handle_after(ms, exchange);
            no_answer(&line, reset)
        }
        Fault::DelayRequest { ms } => {
            sleep(Duration::from_millis(ms)).await;
            exchange.handle().await
        }
        Fault::DelayReply { ms } => {
            let answer = exchange.handle().await;
            sleep(Duration::from_millis(ms)).await;
            answer
        }
        Fault::Duplicate { answer: Which::First, apart_ms } => {
            let first = exchange.clone().handle().await;
            if apart_ms == 0 {
                exchange.handle().await;
            } else {
                handle_after(apart_ms, exchange);
            }
            first
        }
        Fault::Duplicate { answer: Which::Second, apart_ms } => {
            exchange.clone().handle().await;
            sleep(Duration::from_millis(apart_ms)).await;
            exchange.handle().await
        }
        Fault::Cut { after_bytes, of, reset } => {
            let answer = exchange.handle().await;
            line.cut(match of {
                Part::Answer => Cut::in_answer(after_bytes, reset),
                Part::Body => Cut::in_body(after_bytes, reset),
            });
            last(answer)
        }
        Fault::Answer { status, headers, body, handled } => {
            if handled {
                exchange.handle().await;
            }
            distort::answer(status, &headers, body)
        }
        Fault::TryLater { status, retry_after } => {
            let now = shared.state().clock.now();
            distort::try_later(status, retry_after, now)
        }
        Fault::Blocked => distort::blocked(),
        Fault::Members { set, remove, status } => {
            distort::members(exchange.handle().await, set, &remove, status).await
        }
        Fault::Data { set, remove } => distort::data(exchange.handle().await, set, &remove).await,
        Fault::FormEncoded => distort::form_encoded(exchange.handle().await).await,
        Fault::Truncate { bytes } => distort::truncated(exchange.handle().await, bytes).await,
        Fault::Pad { bytes } => distort::padded(exchange.handle().await, bytes).await,
        Fault::Redirect { set, remove } => {
            distort::redirect(exchange.handle().await, &set, &remove)
        }
    }
}

fn handle_after(ms: u64, exchange: Exchange) {
    tokio::spawn(async move {
        sleep(Duration::from_millis(ms)).await;
        exchange.handle().await;
    });
}

/// An answer of which no byte leaves.
fn no_answer(line: &Line, reset: bool) -> Response {
    line.cut(Cut::in_answer(0, reset));
    last(answer::empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The cut is on the connection: no later answer may run into it.
fn last(mut answer: Response) -> Response {
    answer::set(&mut answer, axum::http::header::CONNECTION, "close");
    answer
}
