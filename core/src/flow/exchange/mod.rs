//! Exchange: from a redirect to a stored grant.
//!
//! The pending record is found by hash(`state`), judged, and consumed by swap:
//! one process at most gets the code. Then the connection's record is fenced
//! against new refreshes, the code is exchanged, and the grant stored before
//! anybody is told.

mod grant;
mod own;
mod redirect;

use crate::{
    failure::{CallbackFault, Delay, Failure},
    flow::{Cx, STORE_TRIES, Signal, store},
    http::HttpFault,
    output::Activity,
    record::{BrowserProof, Record as _, callback::Callback},
    secret::Secret,
    state::{Exchange, ExchangeStage as Stage, Placing, State},
};
use alloc::boxed::Box;
use own::Own;

/// More redirects than this are not judged at a time.
const JUDGED: usize = 16;

/// How often a code that certainly never left is sent again.
const SEND_TRIES: u8 = 3;

/// Begins to judge a redirect: parse and duplicates first, then the record.
pub(crate) fn begin(state: &mut State, cx: &mut Cx<'_>, url: &Secret, proof: BrowserProof) {
    if state.exchanges.len() >= JUDGED {
        return cx.fail(Activity::Redirect, Failure::CallbackRefused(CallbackFault::TooMany));
    }
    let mut callback = match Callback::parse(url) {
        Ok(callback) => callback,
        Err(fault) => return cx.fail(Activity::Redirect, Failure::CallbackRefused(fault)),
    };
    callback.proof = Some(proof);
    let authorization = callback.authorization.clone();
    let op = store::swap(&mut state.ops, cx, callback.key.clone(), None, None);
    let stage = Stage::Looking { op, callback: Box::new(callback), tries: 0 };
    state.exchanges.push(Exchange { authorization, stage });
}

/// An answer to an exchange's own op, or the time. The exchange has been taken
/// out of the state; whoever goes on with it puts it back.
pub(crate) fn step(state: &mut State, cx: &mut Cx<'_>, own: Exchange, signal: Signal) {
    let Exchange { authorization: id, stage } = own;
    let mut own = Own { id, state, cx };
    match (stage, signal) {
        (Stage::Looking { callback, .. }, Signal::Swapped(current)) => {
            own.judge(&callback, current)
        }
        (Stage::Looking { callback, tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return own.store_slow(None);
            }
            let op = own.read_pending(&callback.key);
            own.keep(Stage::Looking { op, callback, tries });
        }
        (Stage::Consuming { answer, pending, by, bytes, .. }, Signal::Swapped(current)) => {
            own.consumed(answer, pending, by, &bytes, current);
        }
        (Stage::Consuming { answer, pending, by, bytes, tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return own.store_slow(pending.return_context);
            }
            let op = own.read_pending(pending.key());
            own.keep(Stage::Consuming { op, answer, pending, by, bytes, tries });
        }
        (Stage::Reading { grant, .. }, Signal::Swapped(current)) => {
            match store::adopt(own.state, own.cx, current) {
                Ok(()) => own.fence(grant),
                Err(failure) => own.fail(grant.return_context, failure),
            }
        }
        (Stage::Reading { grant, tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return own.store_slow(grant.return_context);
            }
            let op = store::read(own.state, own.cx);
            own.keep(Stage::Reading { op, grant, tries });
        }
        (Stage::Fencing { attempt, nonce, grant, wait }, Signal::Swapped(current)) => {
            match store::confirm(own.state, own.cx, attempt, current) {
                Ok(_) if own.has_fence(nonce) && wait => own.wait(nonce, grant),
                Ok(_) if own.has_fence(nonce) => own.send(nonce, grant, 0),
                Ok(_) => own.fence(grant),
                Err(failure) => own.fail(grant.return_context, failure),
            }
        }
        (Stage::Waiting { nonce, grant, until }, Signal::Wake)
            if until.has_passed(own.cx.now()) =>
        {
            own.send(nonce, grant, 0);
        }
        (Stage::Fencing { attempt, nonce, grant, wait }, Signal::SwapUnanswered) => {
            match store::reread(own.state, own.cx, attempt) {
                Some(attempt) => own.keep(Stage::Fencing { attempt, nonce, grant, wait }),
                None => own.store_slow(grant.return_context),
            }
        }
        (Stage::Sent { nonce, mut grant, .. }, Signal::HttpDone(response)) => {
            let outcome = own.cx.judge(&response, &[&grant.code, &grant.verifier]);
            if !grant.both_secrets && own.cx.takes_other_secret(own.state, &outcome) {
                grant.both_secrets = true;
                return own.send(nonce, grant, 0);
            }
            own.judged(outcome, nonce, grant);
        }
        (Stage::Sent { nonce, grant, tries, .. }, Signal::HttpFailed(why)) => match why {
            HttpFault::NotSent | HttpFault::TooLate if tries.saturating_add(1) < SEND_TRIES => {
                own.send(nonce, grant, tries.saturating_add(1));
            }
            HttpFault::NotSent | HttpFault::TooLate => {
                let failure = Failure::try_later(own.cx.now(), Delay::NotSent);
                own.lift(nonce, failure, grant);
            }
            HttpFault::Unknown => own.lift(nonce, Failure::OutcomeUnknown, grant),
        },
        (Stage::Saving { placing: Placing::Writing(attempt), new }, Signal::Swapped(current)) => {
            match store::confirm(own.state, own.cx, attempt, current) {
                Ok(true) => own.done(*new),
                Ok(false) => own.place(new),
                // What cannot be read is not overwritten, and the tokens are kept.
                Err(_) => own.hold(new, STORE_TRIES),
            }
        }
        (Stage::Saving { placing: Placing::Writing(attempt), new }, Signal::SwapUnanswered) => {
            let tries = attempt.tries;
            own.hold(new, tries);
        }
        (Stage::Saving { placing: Placing::Holding { retry_at, tries }, new }, Signal::Wake)
            if retry_at.has_passed(own.cx.now()) =>
        {
            own.place_again(new, tries);
        }
        (Stage::Lifting { attempt, nonce, failure, grant }, Signal::Swapped(current)) => {
            let read = store::confirm(own.state, own.cx, attempt, current);
            if read.is_ok() && own.has_fence(nonce) {
                return own.lift(nonce, failure, grant);
            }
            own.fail(grant.return_context, failure);
        }
        (Stage::Owing { attempt, refresh, access, failure, grant }, Signal::Swapped(current)) => {
            match store::confirm(own.state, own.cx, attempt, current) {
                Ok(false) => own.disown(refresh, access, failure, grant),
                Ok(true) | Err(_) => own.fail(grant.return_context, failure),
            }
        }
        (Stage::Owing { attempt, refresh, access, failure, grant }, Signal::SwapUnanswered) => {
            match store::reread(own.state, own.cx, attempt) {
                Some(attempt) => {
                    own.keep(Stage::Owing { attempt, refresh, access, failure, grant })
                }
                None => own.fail(grant.return_context, failure),
            }
        }
        // The fence falls by itself after its time.
        (Stage::Lifting { failure, grant, .. }, Signal::SwapUnanswered) => {
            own.fail(grant.return_context, failure);
        }
        // Nothing of the kind is awaited in these stages, or not yet.
        (
            stage,
            Signal::Swapped(_)
            | Signal::SwapUnanswered
            | Signal::HttpDone(_)
            | Signal::HttpFailed(_)
            | Signal::Wake,
        ) => own.keep(stage),
    }
}

/// When an exchange wants a step.
pub(crate) fn wake_at(exchange: &Exchange, now: u64) -> Option<u64> {
    match &exchange.stage {
        Stage::Saving { placing: Placing::Holding { retry_at, .. }, .. } => Some(retry_at.at(now)),
        Stage::Waiting { until, .. } => Some(until.at(now)),
        Stage::Looking { .. }
        | Stage::Consuming { .. }
        | Stage::Reading { .. }
        | Stage::Fencing { .. }
        | Stage::Sent { .. }
        | Stage::Saving { .. }
        | Stage::Owing { .. }
        | Stage::Lifting { .. } => None,
    }
}

/// Whether an exchange has got as far as the code's own way.
pub(crate) fn is_exchanging(exchange: &Exchange) -> bool {
    match &exchange.stage {
        Stage::Looking { .. } | Stage::Consuming { .. } => false,
        Stage::Reading { .. }
        | Stage::Fencing { .. }
        | Stage::Waiting { .. }
        | Stage::Sent { .. }
        | Stage::Saving { .. }
        | Stage::Owing { .. }
        | Stage::Lifting { .. } => true,
    }
}
