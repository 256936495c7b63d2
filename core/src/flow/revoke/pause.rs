//! What puts an end off: a server that is of no help, or a store.

use super::{ends, finish, is_ending, resume};
use crate::{
    env::Deadline,
    failure::{Delay, Failure},
    flow::{Cx, refresh, store},
    output::Activity,
    record::connection::{ConnectionRecord, RecordStatus},
    rules::scaled,
    state::{Ends, Revoke, State, Told},
};
use alloc::boxed::Box;

/// After so many requests without a definite answer the tokens are forgotten, and their
/// revocation is owed.
const ATTEMPTS: u16 = 5;

/// The same where nothing can be owed, since it takes a live access token: over an hour.
const ATTEMPTS_BY_REQUEST: u64 = scaled(30, 4);

/// Nobody knows whether the server has heard of the end, or it cannot be told yet: when
/// it is tried again.
pub(super) fn put_off(
    state: &mut State,
    cx: &mut Cx<'_>,
    next: Box<ConnectionRecord>,
    after: Option<u64>,
) -> u64 {
    let RecordStatus::Disconnecting { attempts, .. } = next.status else {
        resume(state, cx);
        return cx.now();
    };
    let attempts = attempts.saturating_add(1);
    let owed_later = cx.client.provider().config().disconnect.is_revocation();
    let limit = if owed_later { ATTEMPTS.into() } else { ATTEMPTS_BY_REQUEST };
    if u64::from(attempts) >= limit {
        finish(state, cx, Told::Unclear);
        return cx.now();
    }
    let pause = refresh::pause(cx, attempts).max(after.unwrap_or_default());
    rest(state, cx, next, attempts, pause)
}

/// Writes that it is tried again after this pause, and yields the time of that.
pub(super) fn rest(
    state: &mut State,
    cx: &mut Cx<'_>,
    mut next: Box<ConnectionRecord>,
    attempts: u16,
    pause: u64,
) -> u64 {
    let retry_at = cx.now().saturating_add(pause);
    next.status = RecordStatus::Disconnecting { attempts, retry_at };
    // Of a clock that has been set back: counted from here, or it would never wait.
    next.disconnected_at = next.disconnected_at.map(|at| at.min(cx.now()));
    next.due_at = Some(retry_at);
    let attempt = store::write(state, cx, next);
    state.revoke = Revoke::Marking { attempt };
    retry_at
}

/// The store holds what cannot be used, and must not be overwritten: where an end is
/// still to be told, it is looked at again later.
pub(super) fn unreadable(state: &mut State, cx: &mut Cx<'_>, failure: Failure) {
    if state.known.record().is_some_and(is_ending) {
        let until = Deadline::after(cx.now(), refresh::LONGEST_PAUSE);
        state.revoke = Revoke::Pausing { until, ends: ends(state), wanted: None };
    }
    cx.fail(Activity::Revoke, failure);
}

/// The store is silent, and nobody knows what it holds: nobody is served, and it
/// is looked at again.
pub(super) fn store_slow(state: &mut State, cx: &mut Cx<'_>, ends: Ends, wanted: Option<u64>) {
    let pause = if wanted.is_some() { refresh::pause_of_save } else { refresh::pause };
    let until = Deadline::after(cx.now(), pause(cx, ATTEMPTS));
    state.revoke = Revoke::Pausing { until, ends, wanted };
    let failure = Failure::try_later(until.at(cx.now()), Delay::StoreSlow);
    cx.fail(Activity::Revoke, failure);
}
