//! Refresh: intent, send, save, and what came of it.
//!
//! The intent is in the store before the request leaves, the tokens are in the
//! store before anybody is told. A success is merged by generation, whoever
//! owns the intent by then; a failure counts only while the record still holds
//! one's own nonce.

mod claim;
mod save;
mod serve;
mod settle;

pub(crate) use claim::{
    intend, next_attempt, owns, peer_gone, refused_by_api, request, settle_demand,
};
pub(crate) use serve::{announce, is_over, is_refreshable, servable, want};
pub(crate) use settle::{FIRST_PAUSE, LONGEST_PAUSE, pause, pause_of_save};

use crate::{
    answer::TokenAnswer,
    env::Deadline,
    failure::{Cause, Delay, Failure},
    flow::{Cx, STORE_TRIES, Signal, store},
    http::{HttpFault, HttpResponse},
    output::{Notice, Op},
    rules::{self, Rule},
    state::{Claim, Placing, Refresh, Settle, State},
    token::{self, Outcome},
};
use alloc::boxed::Box;
use claim::{decide, hold, look, send};
use save::{accept, keep, save};
use serve::{answer, due_at, is_due};
use settle::{
    OPERATOR_PAUSE, back_off, host_failed, settled, store_slow, verdict, write_settlement,
};

/// More requests of a host that says nothing of them are not waited for.
const LATE_KEPT: usize = 4;

/// An answer to the refresh's own op, or the time.
pub(crate) fn step(state: &mut State, cx: &mut Cx<'_>, signal: Signal) {
    match (core::mem::take(&mut state.refresh), signal) {
        (Refresh::Looking { .. }, Signal::Swapped(current)) => {
            match store::adopt(state, cx, current) {
                Ok(()) => decide(state, cx),
                Err(failure) => host_failed(state, cx, failure),
            }
        }
        (Refresh::Looking { tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return store_slow(state, cx);
            }
            let op = store::read(state, cx);
            state.refresh = Refresh::Looking { op, tries };
        }
        (Refresh::Claiming { attempt, claim }, Signal::Swapped(current)) => {
            match store::confirm(state, cx, attempt, current) {
                Ok(_) => send(state, cx, claim, false),
                Err(failure) => host_failed(state, cx, failure),
            }
        }
        (Refresh::Claiming { attempt, claim }, Signal::SwapUnanswered) => {
            match store::reread(state, cx, attempt) {
                Some(attempt) => {
                    state.refresh = Refresh::Claiming { attempt, claim };
                }
                None => store_slow(state, cx),
            }
        }
        (Refresh::Asking { mut claim, .. }, Signal::HttpDone(response))
            if response.status == 401 && !claim.both_secrets && cx.turns_to_other_secret(state) =>
        {
            claim.both_secrets = true;
            send(state, cx, claim, false);
        }
        (Refresh::Asking { claim, .. }, Signal::HttpDone(response)) => {
            match token::is_live(cx.client.provider().config(), &response) {
                Some(false) if rules::holds(Rule::HeedOracle) => hold(state, claim, cx),
                Some(_) | None => send(state, cx, claim, true),
            }
        }
        // Without an answer it is as if there were nobody to ask.
        (Refresh::Asking { claim, .. }, Signal::HttpFailed(_)) => send(state, cx, claim, true),
        (Refresh::Asking { claim, give_up_at, .. }, Signal::Wake) if cx.now() >= give_up_at => {
            send(state, cx, claim, true);
        }
        (Refresh::Holding { claim, until }, Signal::Wake) if until.has_passed(cx.now()) => {
            if !owns(state, &claim) {
                // A newer grant, stored by this very machine, is not its to end.
                return decide(state, cx);
            }
            verdict(state, cx, Some(claim), Cause::LostReply);
        }
        (Refresh::Sent { mut claim, .. }, Signal::HttpDone(response)) => {
            let outcome = cx.judge(&response, &[&claim.refresh]);
            if !claim.both_secrets && cx.takes_other_secret(state, &outcome) {
                claim.both_secrets = true;
                return send(state, cx, claim, true);
            }
            judged(state, cx, outcome, claim);
        }
        (Refresh::Sent { claim, .. }, Signal::HttpFailed(why)) => {
            judged(state, cx, Outcome::unanswered(why), claim);
        }
        (Refresh::Sent { op, claim, give_up_at }, Signal::Wake) if cx.now() >= give_up_at => {
            if let Some(give_up_at) = listens_on(cx, &claim) {
                state.refresh = Refresh::Sent { op, claim, give_up_at };
                return;
            }
            if rules::holds(Rule::DrainFirst) {
                keep_late(state, op, (*claim).clone());
            }
            judged(state, cx, Outcome::unanswered(HttpFault::Unknown), claim);
        }
        (
            Refresh::Saving { placing: Placing::Writing(attempt), renewal },
            Signal::Swapped(current),
        ) => match store::confirm(state, cx, attempt, current) {
            Ok(_) => save(state, cx, renewal, 0),
            // What cannot be read is not overwritten, and the tokens are kept.
            Err(failure) => {
                let tries = STORE_TRIES;
                let retry_at = Deadline::after(cx.now(), pause_of_save(cx, u16::from(tries)));
                let placing = Placing::Holding { retry_at, tries };
                state.refresh = Refresh::Saving { placing, renewal };
                answer(state, cx, failure);
            }
        },
        (
            Refresh::Saving { placing: Placing::Writing(attempt), renewal },
            Signal::SwapUnanswered,
        ) => {
            if !rules::holds(Rule::ResolveSwap) {
                return decide(state, cx);
            }
            let tries = attempt.tries.saturating_add(1);
            let retry_at = Deadline::after(cx.now(), pause_of_save(cx, u16::from(tries)));
            state.refresh =
                Refresh::Saving { placing: Placing::Holding { retry_at, tries }, renewal };
            if state.release_unsaved {
                announce(state, cx);
            } else if tries >= STORE_TRIES {
                let failure = Failure::try_later(retry_at.at(cx.now()), Delay::StoreSlow);
                answer(state, cx, failure);
            }
        }
        (
            Refresh::Saving { placing: Placing::Holding { retry_at, tries }, renewal },
            Signal::Wake,
        ) if retry_at.has_passed(cx.now()) => {
            save(state, cx, renewal, tries);
        }
        (Refresh::Settling { attempt, claim, settle }, Signal::Swapped(current)) => {
            match store::confirm(state, cx, attempt, current) {
                Ok(true) => settled(state, cx, claim, settle),
                Ok(false)
                    if claim.as_ref().is_some_and(|claim| owns(state, claim))
                        || !rules::holds(Rule::OwnersVerdict) =>
                {
                    write_settlement(state, cx, claim, settle);
                }
                Ok(false) => decide(state, cx),
                Err(failure) => host_failed(state, cx, failure),
            }
        }
        (Refresh::Settling { attempt, claim, settle }, Signal::SwapUnanswered) => {
            match store::reread(state, cx, attempt) {
                Some(attempt) => {
                    state.refresh = Refresh::Settling { attempt, claim, settle };
                }
                None => store_slow(state, cx),
            }
        }
        (Refresh::Waiting { until, .. }, Signal::Wake) if until.has_passed(cx.now()) => {
            look(state, cx)
        }
        (Refresh::Idle, Signal::Wake) => {
            if is_due(state, cx.now()) {
                decide(state, cx);
            }
        }
        // Nothing of the kind is awaited in these stages, or not yet.
        (
            stage,
            Signal::Swapped(_)
            | Signal::SwapUnanswered
            | Signal::HttpDone(_)
            | Signal::HttpFailed(_)
            | Signal::Wake,
        ) => state.refresh = stage,
    }
}

/// An answer to a request that is no longer waited for: only tokens count.
pub(crate) fn late_answer(
    state: &mut State,
    cx: &mut Cx<'_>,
    response: &HttpResponse,
    claim: Claim,
) {
    if let Outcome::Success(answer) = cx.judge(response, &[&claim.refresh]) {
        late_tokens(state, cx, answer, claim);
    }
}

/// Tokens that come beside whatever else is under way.
pub(crate) fn late_tokens(state: &mut State, cx: &mut Cx<'_>, answer: TokenAnswer, claim: Claim) {
    match core::mem::take(&mut state.refresh) {
        saving @ Refresh::Saving { .. } => {
            state.refresh = saving;
            keep(state, cx, answer, claim);
        }
        Refresh::Sent { op, claim: second, .. } => {
            keep_late(state, op, *second);
            accept(state, cx, answer, claim);
        }
        Refresh::Idle
        | Refresh::Looking { .. }
        | Refresh::Claiming { .. }
        | Refresh::Asking { .. }
        | Refresh::Holding { .. }
        | Refresh::Settling { .. }
        | Refresh::Waiting { .. } => accept(state, cx, answer, claim),
    }
}

/// Until when an answer is still listened for: a wall clock set forward is no reason to
/// stop, nor to let others in.
pub(crate) fn listens_on(cx: &Cx<'_>, claim: &Claim) -> Option<u64> {
    let timing = cx.client.provider().config().refresh.timing;
    let elapsed = claim.start.elapsed_at_least(&cx.env.moment());
    let left = timing.answered_within().saturating_sub(elapsed);
    (left > 0).then(|| cx.now().saturating_add(left))
}

/// Of one generation, whose first request is the one that can have used the token up.
pub(crate) fn keep_late(state: &mut State, op: Op, claim: Claim) {
    state.late.retain(|(_, other)| other.generation == claim.generation);
    if state.late.len() < LATE_KEPT {
        state.late.push((op, claim));
    }
}

/// When the refresh wants a step.
pub(crate) fn wake_at(state: &State, now: u64) -> Option<u64> {
    match &state.refresh {
        Refresh::Idle => {
            let due = due_at(state, now)?;
            match &state.backoff {
                Some(backoff) if backoff.waits_for_somebody() => None,
                Some(backoff) => Some(due.max(backoff.until.at(now))),
                None => Some(due),
            }
        }
        Refresh::Sent { give_up_at, .. } | Refresh::Asking { give_up_at, .. } => Some(*give_up_at),
        Refresh::Holding { until, .. } => Some(until.at(now)),
        Refresh::Saving { placing: Placing::Holding { retry_at, .. }, .. } => {
            Some(retry_at.at(now))
        }
        Refresh::Waiting { until, .. } => Some(until.at(now)),
        Refresh::Looking { .. }
        | Refresh::Claiming { .. }
        | Refresh::Saving { .. }
        | Refresh::Settling { .. } => None,
    }
}

pub(crate) fn judged(state: &mut State, cx: &mut Cx<'_>, outcome: Outcome, claim: Box<Claim>) {
    let settle = match outcome {
        Outcome::Success(answer) => return accept(state, cx, answer, *claim),
        Outcome::Dead(_) if claim.unresolved => Settle::Verdict(Cause::LostReply),
        Outcome::Dead(_) => Settle::Verdict(Cause::Rejected),
        Outcome::Refused(reason, said) => Settle::Release(back_off(
            state,
            cx,
            Failure::Misconfigured { reason, said },
            OPERATOR_PAUSE,
        )),
        Outcome::Postponed { reason, after, said } => Settle::Release(back_off(
            state,
            cx,
            Failure::TryLater { at: cx.now(), reason, said },
            after.unwrap_or_default(),
        )),
        Outcome::Unknown { after, .. } => {
            let policy = cx.client.provider().config().refresh;
            let harmless = policy.rotation.replay_is_harmless() || !rules::holds(Rule::QuietRetry);
            let wait = if harmless { 0 } else { policy.timing.takeover_after };
            let wait = wait.max(after.unwrap_or_default());
            Settle::GiveUp(back_off(
                state,
                cx,
                Failure::try_later(cx.now(), Delay::Unavailable),
                wait,
            ))
        }
    };
    if let Settle::Release(failure) | Settle::GiveUp(failure) = &settle {
        let (generation, failure) = (claim.generation, failure.clone());
        cx.notice(Notice::RefreshFailed { generation, failure });
    }
    if !owns(state, &claim) && rules::holds(Rule::OwnersVerdict) {
        // Somebody else has the last word by now.
        return decide(state, cx);
    }
    match settle {
        Settle::Verdict(cause) => verdict(state, cx, Some(claim), cause),
        settle => write_settlement(state, cx, Some(claim), settle),
    }
}
