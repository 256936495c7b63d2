//! A store that is of no help: looked at again later.

use super::{ATTEMPTS, ends, is_ending};
use crate::{
    env::Deadline,
    failure::{Delay, Failure},
    flow::{Cx, refresh},
    output::Activity,
    state::{Ends, Known, Revoke, State},
};

/// The store holds what cannot be used, and must not be overwritten: where an end is
/// still to be told, it is looked at again later.
pub(super) fn unreadable(state: &mut State, cx: &mut Cx<'_>, failure: Failure) {
    if state.known.record().is_some_and(is_ending) {
        let until = Deadline::after(cx.now(), refresh::LONGEST_PAUSE);
        state.revoke = Revoke::Pausing { until, ends: ends(state), wanted: false };
    }
    cx.fail(Activity::Revoke, failure);
}

/// The store is silent, and nobody knows what it holds: nobody is served, and it
/// is looked at again.
pub(super) fn store_slow(state: &mut State, cx: &mut Cx<'_>, ends: Ends, wanted: bool) {
    let pause = if wanted { refresh::pause_of_save } else { refresh::pause };
    let until = Deadline::after(cx.now(), pause(cx, ATTEMPTS));
    state.known = Known::Unread;
    state.revoke = Revoke::Pausing { until, ends, wanted };
    let failure = Failure::try_later(until.at(cx.now()), Delay::StoreSlow);
    cx.fail(Activity::Revoke, failure);
}
