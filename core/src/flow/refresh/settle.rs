//! What comes of a failure: a pause, and what the record is to say of it. It
//! counts only while the record still holds one's own intent.

use super::serve::{announce, answer, refuse};
use crate::{
    entropy,
    env::Deadline,
    failure::{Cause, Delay, Failure},
    flow::{Cx, store},
    output::Notice,
    record::connection::RecordStatus,
    rules::scaled,
    state::{Backoff, Claim, Refresh, Settle, State, UnknownOutcome},
};
use alloc::boxed::Box;

/// The first pause after a failure, and the longest, in milliseconds.
pub(crate) const FIRST_PAUSE: u64 = 500;

pub(crate) const LONGEST_PAUSE: u64 = scaled(300_000, 1_000);

/// Nothing but another configuration helps: no retry for so long, whoever asks.
pub(crate) const OPERATOR_PAUSE: u64 = scaled(600_000, 1_000);

/// Milliseconds to pause after so many failures: doubling, bounded, the upper
/// half of it drawn by lot.
pub(crate) fn pause(cx: &Cx<'_>, failures: u16) -> u64 {
    let doublings = u32::from(failures.saturating_sub(1).min(16));
    let full = FIRST_PAUSE.saturating_mul(1_u64 << doublings).min(LONGEST_PAUSE);
    let half = full / 2;
    half.saturating_add(entropy::below(cx.env, "pause", half))
}

/// As `pause`, where tokens wait that nobody else has: whoever ends waits for them for
/// as long as a save may take, in which there is to be a try.
pub(crate) fn pause_of_save(cx: &Cx<'_>, failures: u16) -> u64 {
    pause(cx, failures).min(cx.client.provider().config().refresh.timing.save_within)
}

/// Counts a failure, and names when the next try makes sense if it is of those that name it.
pub(crate) fn back_off(
    state: &mut State,
    cx: &Cx<'_>,
    mut failure: Failure,
    at_least: u64,
) -> Failure {
    let failures = state.backoff.as_ref().map_or(0, |backoff| backoff.failures).saturating_add(1);
    let until = Deadline::after(cx.now(), pause(cx, failures).max(at_least));
    if let Failure::TryLater { at, .. } = &mut failure {
        *at = until.at(cx.now());
    }
    state.backoff = Some(Box::new(Backoff { failures, until, failure: failure.clone() }));
    failure
}

/// The store holds what cannot be used, and must not be overwritten.
pub(crate) fn host_failed(state: &mut State, cx: &mut Cx<'_>, failure: Failure) {
    let failure = back_off(state, cx, failure, OPERATOR_PAUSE);
    refuse(state, cx, failure);
}

pub(crate) fn store_slow(state: &mut State, cx: &mut Cx<'_>) {
    let failure = back_off(state, cx, Failure::try_later(cx.now(), Delay::StoreSlow), 0);
    refuse(state, cx, failure);
}

/// The grant is over: no call goes out from here on.
pub(crate) fn verdict(state: &mut State, cx: &mut Cx<'_>, claim: Option<Box<Claim>>, cause: Cause) {
    let generation = state.known.record().map_or(0, |record| record.generation);
    cx.notice(Notice::CallsStopped { generation });
    write_settlement(state, cx, claim, Settle::Verdict(cause));
}

/// Writes what came of a failure, over the revision that holds the own intent.
pub(crate) fn write_settlement(
    state: &mut State,
    cx: &mut Cx<'_>,
    claim: Option<Box<Claim>>,
    mut settle: Settle,
) {
    let mut next = store::known_or_new(state, cx);
    match &settle {
        Settle::Release(_) => {
            next.intent = None;
            next.unresolved = claim.as_ref().is_some_and(|claim| claim.unresolved);
        }
        Settle::GiveUp(_) => {
            if let Some(intent) = &mut next.intent {
                intent.gave_up = true;
            }
        }
        Settle::Verdict(cause) => match next.spare.take() {
            // The stored token was the dead one of two siblings.
            Some(spare) => {
                let timing = cx.client.provider().config().refresh.timing;
                next.publish(*spare, &timing);
                settle = Settle::Promote;
            }
            None => next.wipe(RecordStatus::Reauthenticate { cause: *cause }),
        },
        Settle::Promote | Settle::Repair => {}
    }
    let attempt = store::write(state, cx, next);
    state.refresh = Refresh::Settling { attempt, claim, settle };
}

/// What came of a failure is in the store.
pub(crate) fn settled(
    state: &mut State,
    cx: &mut Cx<'_>,
    claim: Option<Box<Claim>>,
    settle: Settle,
) {
    match settle {
        Settle::Release(failure) => refuse(state, cx, failure),
        Settle::Repair => {
            let generation = state.known.record().map_or(0, |record| record.generation);
            cx.notice(Notice::StoreRepaired { generation });
            state.refresh = Refresh::Idle;
            state.repairs = 0;
            if state.demand.is_some() {
                announce(state, cx);
            }
        }
        Settle::Promote => {
            state.refresh = Refresh::Idle;
            state.rejected = None;
            announce(state, cx);
        }
        Settle::GiveUp(failure) => {
            let now = Deadline::after(cx.now(), 0);
            let until = state.backoff.as_ref().map_or(now, |backoff| backoff.until);
            let unknown = claim.map(|claim| {
                let (generation, failure) = (claim.generation, failure.clone());
                Box::new(UnknownOutcome { generation, failure })
            });
            state.refresh = Refresh::Waiting { until, unknown };
            answer(state, cx, failure);
        }
        Settle::Verdict(cause) => {
            let generation = claim.map(|claim| claim.generation);
            let failure = Failure::ReauthenticationRequired(cause);
            if let Some(generation) = generation {
                cx.notice(Notice::RefreshFailed { generation, failure: failure.clone() });
            }
            let generation = state.known.record().map_or(0, |record| record.generation);
            cx.notice(Notice::Unauthenticated { generation });
            cx.notice(Notice::TokensWiped { generation });
            cx.notice(Notice::GrantLost(cause));
            state.rejected = None;
            state.backoff = None;
            refuse(state, cx, failure);
        }
    }
}
