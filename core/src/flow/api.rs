//! Use: what the API's own answers mean for the grant.

use super::{Cx, refresh};
use crate::{
    basic, challenge,
    failure::{Delay, Denial, Failure},
    http::retry_after,
    output::Activity,
    said::ServerSaid,
    secret::Secret,
    state::State,
};
use alloc::{string::String, vec::Vec};

/// What the status of an API answer means for the grant (RFC 6750 §3.1).
pub(crate) fn answered(
    state: &mut State,
    cx: &mut Cx<'_>,
    generation: u64,
    status: u16,
    headers: &[(String, String)],
) {
    let later = |reason| {
        let pause = retry_after(headers, cx.now()).unwrap_or(1_000);
        Failure::try_later(cx.now().saturating_add(pause), reason)
    };
    let failure = match status {
        401 => return refresh::refused_by_api(state, cx, generation),
        403 => {
            let tokens = state.known.record().and_then(|record| record.tokens.as_ref());
            forbidden(headers, tokens.map(|tokens| &tokens.header))
        }
        429 => later(Delay::RateLimited),
        500.. => later(Delay::Unavailable),
        _ => return,
    };
    cx.fail(Activity::ApiCall, failure);
}

/// What stands in the way by the API's own word: no refresh mends it.
/// `header` is what requests carry now, to be taken out of the API's words; one that has
/// been replaced since is taken out as everything is that looks like a token.
pub(crate) fn forbidden(headers: &[(String, String)], header: Option<&Secret>) -> Failure {
    let key = header.and_then(basic::user);
    let bearer = header.and_then(|it| it.expose().strip_prefix("Bearer ")).map(Secret::from);
    let mut sent = Vec::with_capacity(3);
    for secret in [header, key.as_ref(), bearer.as_ref()] {
        sent.extend(secret);
    }
    let challenge = challenge::bearer(headers);
    let value = |name| challenge.as_ref().and_then(|challenge| challenge.value(name));
    let reason = match value("error") {
        Some("insufficient_scope") => Denial::InsufficientScope,
        Some(_) | None => Denial::Forbidden,
    };
    let said =
        value("error").map(|error| ServerSaid::new(error, value("error_description"), &sent));
    Failure::Denied { reason, said }
}
