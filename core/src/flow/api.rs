//! Use: what the API's own answers mean for the grant.

use super::{Cx, refresh};
use crate::{
    failure::{Delay, Denial, Failure},
    output::Activity,
    state::State,
    token,
};
use alloc::string::String;

/// What the status of an API answer means for the grant (RFC 6750 §3.1).
pub(crate) fn answered(
    state: &mut State,
    cx: &mut Cx<'_>,
    generation: u64,
    status: u16,
    headers: &[(String, String)],
) {
    let later = |reason| {
        let pause = token::retry_after(headers, cx.now()).unwrap_or(1_000);
        Failure::TryLater { at: cx.now().saturating_add(pause), reason }
    };
    let failure = match status {
        401 => return refresh::refused_by_api(state, cx, generation),
        403 => Failure::denied(Denial::Forbidden),
        429 => later(Delay::RateLimited),
        500.. => later(Delay::Unavailable),
        _ => return,
    };
    cx.fail(Activity::ApiCall, failure);
}
