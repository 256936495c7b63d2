use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::Response,
};

use crate::answer;

const BODY_LIMIT: usize = 64 * 1024;

/// The one layer that every request and every answer passes through: the place for whatever acts
/// on the exchange as a whole rather than on its meaning. The request is held whole, so that it
/// could be dropped, delayed or handled twice (`Next` is `Clone`) without a handler knowing.
pub(crate) async fn around(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return answer::empty(StatusCode::PAYLOAD_TOO_LARGE);
    };

    // 1. Before handling: the state has not seen the request.

    let request = Request::from_parts(parts, Body::from(body));
    let answer = next.run(request).await;

    // 2. After handling: the state has changed, and the client knows nothing of it.

    on_the_bytes(answer)
}

/// 3. On the bytes of the answer: status, headers and body may be replaced here, also by a body
///    that ends in an error, which closes the connection.
fn on_the_bytes(answer: Response) -> Response {
    answer
}
