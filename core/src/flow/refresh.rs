//! Refresh: intent, send, save, and what came of it.
//!
//! The intent is in the store before the request leaves, the tokens are in the
//! store before anybody is told. A success is merged by generation, whoever
//! owns the intent by then; a failure counts only while the record still holds
//! one's own nonce.

use super::{Cx, STORE_TRIES, Signal, store};
use crate::{
    entropy::{self, Id},
    env::Moment,
    failure::{Cause, Delay, Denial, Failure, HostFault, ServerFault},
    http::{HttpFault, HttpResponse},
    output::{Activity, Notice, Output},
    provider::Timing,
    record::connection::{ConnectionRecord, Duty, Intent, RecordStatus, SKEW, Tokens},
    state::{Backoff, Claim, Demand, Placing, Refresh, Renewal, Settle, State, UnknownOutcome},
    token::{self, Outcome, TokenAnswer},
};
use alloc::{boxed::Box, vec::Vec};

/// How often an observer looks again for the end of another's refresh.
const POLL: u64 = 500;

/// A token refused within this time of its issue is not refreshed once more.
const FRESH: u64 = 60_000;

/// The first pause after a failure, and the longest, in milliseconds.
const FIRST_PAUSE: u64 = 500;
const LONGEST_PAUSE: u64 = 300_000;

/// Nothing but another configuration helps: no retry for so long.
const OPERATOR_PAUSE: u64 = 600_000;

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
            match store::confirm(state, cx, *attempt, current) {
                Ok(_) if owns(state, &claim) => ready(state, cx, claim),
                Ok(_) => decide(state, cx),
                Err(failure) => host_failed(state, cx, failure),
            }
        }
        (Refresh::Claiming { attempt, claim }, Signal::SwapUnanswered) => {
            match store::reread(state, cx, *attempt) {
                Some(attempt) => {
                    state.refresh = Refresh::Claiming { attempt: Box::new(attempt), claim };
                }
                None => store_slow(state, cx),
            }
        }
        (Refresh::Sent { claim, .. }, Signal::HttpDone(response)) => {
            let outcome = judge(cx, &response, &claim);
            judged(state, cx, outcome, claim);
        }
        (Refresh::Sent { claim, .. }, Signal::HttpFailed(why)) => {
            let outcome = match why {
                HttpFault::NotSent | HttpFault::TooLate => {
                    Outcome::Postponed { reason: Delay::NotSent, after: None }
                }
                HttpFault::Unknown => Outcome::Unknown { fault: None, after: None },
            };
            judged(state, cx, outcome, claim);
        }
        (Refresh::Sent { op, claim, give_up_at }, Signal::Wake) if cx.now() >= give_up_at => {
            state.late = Some(Box::new((op, (*claim).clone())));
            judged(state, cx, Outcome::Unknown { fault: None, after: None }, claim);
        }
        (
            Refresh::Saving { placing: Placing::Writing(attempt), renewal },
            Signal::Swapped(current),
        ) => match store::confirm(state, cx, *attempt, current) {
            Ok(_) => save(state, cx, renewal, 0),
            Err(failure) => host_failed(state, cx, failure),
        },
        (
            Refresh::Saving { placing: Placing::Writing(attempt), renewal },
            Signal::SwapUnanswered,
        ) => {
            let tries = attempt.tries.saturating_add(1);
            let retry_at = cx.now().saturating_add(pause(cx, u16::from(tries)));
            state.refresh =
                Refresh::Saving { placing: Placing::Holding { retry_at, tries }, renewal };
            if tries >= STORE_TRIES {
                let failure = Failure::TryLater { at: retry_at, reason: Delay::StoreSlow };
                answer(state, cx, failure);
            }
        }
        (
            Refresh::Saving { placing: Placing::Holding { retry_at, tries }, renewal },
            Signal::Wake,
        ) if cx.now() >= retry_at => {
            save(state, cx, renewal, tries);
        }
        (Refresh::Settling { attempt, claim, settle }, Signal::Swapped(current)) => {
            match store::confirm(state, cx, *attempt, current) {
                Ok(true) => settled(state, cx, claim, settle),
                Ok(false) if claim.as_ref().is_some_and(|claim| owns(state, claim)) => {
                    write_settlement(state, cx, claim, settle);
                }
                Ok(false) => decide(state, cx),
                Err(failure) => host_failed(state, cx, failure),
            }
        }
        (Refresh::Settling { attempt, claim, settle }, Signal::SwapUnanswered) => {
            match store::reread(state, cx, *attempt) {
                Some(attempt) => {
                    state.refresh = Refresh::Settling { attempt: Box::new(attempt), claim, settle };
                }
                None => store_slow(state, cx),
            }
        }
        (Refresh::Waiting { until, .. }, Signal::Wake) if cx.now() >= until => look(state, cx),
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

/// A token is wanted; answered at the end of the step, by [`settle_demand`].
pub(crate) fn want(state: &mut State, min_validity: u64) {
    let before = state.demand.map_or(0, |demand| demand.min_validity);
    state.demand = Some(Demand { min_validity: min_validity.max(before) });
}

/// The API refused the token of this generation.
pub(crate) fn refused_by_api(state: &mut State, cx: &mut Cx<'_>, generation: u64) {
    let current = state.known.record().map(|record| record.generation);
    let issued =
        state.known.record().and_then(|record| record.tokens.as_ref()).map(|t| t.obtained_at);
    let fresh = issued.is_some_and(|issued| cx.now().saturating_sub(issued) < FRESH);
    if current == Some(generation) && state.renewed == Some(generation) && fresh {
        let failure = Failure::ServerMisbehaved(ServerFault::FreshTokenRefused);
        return cx.fail(Activity::ApiCall, failure);
    }
    // A refusal of an older generation only asks for the newer token.
    if current.is_none_or(|current| generation >= current) {
        state.rejected = state.rejected.max(Some(generation));
    }
    want(state, 0);
    if current.is_some_and(|current| generation > current) && matches!(state.refresh, Refresh::Idle)
    {
        // Whoever gave that token out knows more than this memory does.
        look(state, cx);
    }
}

/// Answers a demand from memory, or sets about answering it.
pub(crate) fn settle_demand(state: &mut State, cx: &mut Cx<'_>) {
    if state.demand.is_none() {
        return;
    }
    if let Some(RecordStatus::Disconnecting { .. } | RecordStatus::Disconnected) =
        state.known.record().map(|record| record.status)
    {
        return answer(state, cx, Failure::denied(Denial::NotConnected));
    }
    match &state.refresh {
        Refresh::Idle => decide(state, cx),
        Refresh::Waiting { unknown: Some(unknown), .. } => {
            let failure = unknown.failure.clone();
            answer(state, cx, failure);
        }
        Refresh::Waiting { unknown: None, .. }
        | Refresh::Sent { .. }
        | Refresh::Saving { .. }
        | Refresh::Settling { .. } => {
            if is_usable(state, cx.now()) {
                announce(state, cx);
            }
        }
        // About to refresh: the answer comes with the end of that.
        Refresh::Looking { .. } | Refresh::Claiming { .. } => {}
    }
}

/// An answer to a request that is no longer waited for: only tokens count.
pub(crate) fn late_answer(state: &mut State, cx: &mut Cx<'_>, response: &HttpResponse) {
    let Some((_, claim)) = state.late.take().map(|late| *late) else { return };
    if let Outcome::Success(answer) = judge(cx, response, &claim) {
        accept(state, cx, answer, claim);
    }
}

/// Tells everybody of the token that is stored, and so answers the demand.
pub(crate) fn announce(state: &mut State, cx: &mut Cx<'_>) {
    let Some((generation, tokens)) = servable(state, cx.now()) else { return };
    let output = Output::TokenReady {
        generation,
        origin: cx.client.provider().config().api_origin.clone(),
        header: tokens.header.clone(),
        expires_at: tokens.access_exp,
    };
    state.demand = None;
    cx.emit(output);
}

/// The token that may be used now, if any.
pub(crate) fn servable(state: &State, now: u64) -> Option<(u64, &Tokens)> {
    let record = state.known.record()?;
    let tokens = record.tokens.as_ref()?;
    let alive = tokens.access_exp.is_none_or(|expiry| now < expiry);
    let refused = state.rejected.is_some_and(|generation| record.generation <= generation);
    let good = record.status == RecordStatus::Active && alive && !refused;
    let at_server = state.refresh.generation_at_server() == Some(record.generation);
    let dying = state.access_dies && at_server;
    (good && !dying).then_some((record.generation, tokens))
}

/// When the refresh wants a step.
pub(crate) fn wake_at(state: &State, now: u64) -> Option<u64> {
    match &state.refresh {
        Refresh::Idle => {
            let due = due_at(state, now)?;
            Some(state.backoff.as_ref().map_or(due, |backoff| due.max(backoff.until)))
        }
        Refresh::Sent { give_up_at, .. } => Some(*give_up_at),
        Refresh::Saving { placing: Placing::Holding { retry_at, .. }, .. } => Some(*retry_at),
        Refresh::Waiting { until, .. } => Some(*until),
        Refresh::Looking { .. }
        | Refresh::Claiming { .. }
        | Refresh::Saving { .. }
        | Refresh::Settling { .. } => None,
    }
}

/// Milliseconds to pause after so many failures: doubling, bounded, the upper
/// half of it drawn by lot.
pub(crate) fn pause(cx: &Cx<'_>, failures: u16) -> u64 {
    let doublings = u32::from(failures.saturating_sub(1).min(16));
    let full = FIRST_PAUSE.saturating_mul(1_u64 << doublings).min(LONGEST_PAUSE);
    let half = full / 2;
    half.saturating_add(entropy::below(cx.env, "pause", half))
}

/// Decides by the record as last seen: serve, wait, claim, or say no.
fn decide(state: &mut State, cx: &mut Cx<'_>) {
    let record = match (&state.known, state.known.record()) {
        (crate::state::Known::Unread, _) => return look(state, cx),
        (_, None) => return refuse(state, cx, Failure::denied(Denial::NotConnected)),
        (_, Some(record)) => record,
    };
    match record.status {
        RecordStatus::New | RecordStatus::Disconnected | RecordStatus::Disconnecting { .. } => {
            return refuse(state, cx, Failure::denied(Denial::NotConnected));
        }
        RecordStatus::Reauthenticate { cause } => {
            return refuse(state, cx, Failure::ReauthenticationRequired(cause));
        }
        RecordStatus::Active => {}
    }
    let Some(tokens) = &record.tokens else {
        return refuse(state, cx, Failure::HostFailed(HostFault::RecordUnreadable));
    };
    let now = cx.now();
    let usable = is_usable(state, now);
    let due = is_due(state, now);
    if !due && (usable || state.demand.is_none()) {
        return serve(state, cx, usable);
    }
    let timing = cx.client.provider().config().refresh.timing;
    if record.is_exchanging(now) {
        let until = record.exchanging.map_or(now, |exchange| exchange.until);
        let until = until.min(now.saturating_add(POLL));
        return wait(state, cx, until, usable);
    }
    if !is_refreshable(tokens, now) {
        // A demand for more validity than there is gets what there is.
        if servable(state, now).is_some() {
            return serve(state, cx, true);
        }
        let known_expired = tokens.access_exp.is_some_and(|end| now >= end);
        let spent = tokens.refresh.is_some() || known_expired;
        let cause = if spent { Cause::Expired } else { Cause::Rejected };
        return write_settlement(state, cx, None, Settle::Verdict(cause));
    }
    let backoff = state.backoff.as_ref().filter(|backoff| now < backoff.until);
    if let Some(failure) = backoff.map(|backoff| backoff.failure.clone()) {
        return if usable { serve(state, cx, true) } else { refuse(state, cx, failure) };
    }
    let attempt = match record.intent.clone() {
        None => 1,
        Some(intent) => match time_to_take(state, cx, &intent, &timing) {
            0 => intent.attempt.saturating_add(1),
            left => {
                let until = now.saturating_add(left.min(POLL));
                return wait(state, cx, until, usable);
            }
        },
    };
    if usable && !state.access_dies {
        announce(state, cx);
    }
    claim(state, cx, attempt, 0);
}

fn serve(state: &mut State, cx: &mut Cx<'_>, usable: bool) {
    state.refresh = Refresh::Idle;
    if usable && state.demand.is_some() {
        announce(state, cx);
    }
}

fn wait(state: &mut State, cx: &mut Cx<'_>, until: u64, usable: bool) {
    if usable && state.demand.is_some() {
        announce(state, cx);
    }
    state.refresh = Refresh::Waiting { until, unknown: None };
}

/// Ends what is under way, and answers the demand with this.
fn refuse(state: &mut State, cx: &mut Cx<'_>, failure: Failure) {
    state.refresh = Refresh::Idle;
    answer(state, cx, failure);
}

/// Answers a demand: with the token if there still is one, or the failure.
fn answer(state: &mut State, cx: &mut Cx<'_>, failure: Failure) {
    if state.demand.is_none() {
        return;
    }
    if is_usable(state, cx.now()) {
        return announce(state, cx);
    }
    state.demand = None;
    cx.fail(Activity::Token, failure);
}

/// The store holds what cannot be used, and must not be overwritten.
fn host_failed(state: &mut State, cx: &mut Cx<'_>, failure: Failure) {
    let failure = back_off(state, cx, |_| failure, OPERATOR_PAUSE);
    refuse(state, cx, failure);
}

fn store_slow(state: &mut State, cx: &mut Cx<'_>) {
    let failure = back_off(state, cx, |at| Failure::TryLater { at, reason: Delay::StoreSlow }, 0);
    refuse(state, cx, failure);
}

fn look(state: &mut State, cx: &mut Cx<'_>) {
    let op = store::read(state, cx);
    state.refresh = Refresh::Looking { op, tries: 0 };
}

/// Whether there is a token that answers the demand. Nobody gets more validity
/// than half of the token's life, or a short-lived one would be refreshed for
/// every caller.
fn is_usable(state: &State, now: u64) -> bool {
    let Some((_, tokens)) = servable(state, now) else { return false };
    let Some(expiry) = tokens.access_exp else { return true };
    let wanted = state.demand.map_or(0, |demand| demand.min_validity);
    let half_life = expiry.saturating_sub(tokens.obtained_at) / 2;
    now.saturating_add(wanted.min(half_life)) < expiry
}

fn is_due(state: &State, now: u64) -> bool {
    let backing_off = state.backoff.as_ref().is_some_and(|backoff| now < backoff.until);
    due_at(state, now).is_some_and(|due| now >= due) && !backing_off
}

/// When a proactive refresh is due, if one can be made at all.
fn due_at(state: &State, now: u64) -> Option<u64> {
    let record = state.known.record()?;
    let tokens = record.tokens.as_ref().filter(|_| record.status == RecordStatus::Active)?;
    is_refreshable(tokens, now).then_some(record.due_at).flatten()
}

/// A refresh token known to be expired is not sent: a server may take that for
/// theft.
fn is_refreshable(tokens: &Tokens, now: u64) -> bool {
    tokens.refresh.is_some() && tokens.refresh_exp.is_none_or(|expiry| now < expiry)
}

/// How long until another's intent may be taken over: never before the request
/// of its owner, dead or alive, must have been dealt with.
fn time_to_take(state: &mut State, cx: &Cx<'_>, intent: &Intent, timing: &Timing) -> u64 {
    let now = cx.env.moment();
    let first_seen = match state.observed {
        Some((nonce, seen)) if nonce == intent.nonce && now.wall >= seen.wall => seen,
        // Also where the wall clock was set back: counted again from here.
        Some(_) | None => {
            state.observed = Some((intent.nonce, now));
            now
        }
    };
    let written = intent.moment();
    let by_record = match written.uptime.and(written.by_uptime(&now)) {
        Some(elapsed) => elapsed,
        None => now.wall.saturating_sub(written.wall).saturating_sub(SKEW),
    };
    let age = first_seen.elapsed_at_least(&now).max(by_record);
    let rebooted =
        written.boot_id.is_some() && now.boot_id.is_some() && written.boot_id != now.boot_id;
    let needed = if intent.gave_up || rebooted {
        timing.send_within.saturating_add(timing.start_within).saturating_add(1)
    } else {
        timing.takeover_after.max(intent.take_after)
    };
    needed.saturating_sub(age)
}

/// Writes the intent: nothing is sent before the store has it.
fn claim(state: &mut State, cx: &mut Cx<'_>, attempt: u16, late_claims: u8) {
    let Some(record) = state.known.record() else { return };
    let Some((refresh, scope)) =
        record.tokens.as_ref().and_then(|t| Some((t.refresh.clone()?, t.scope.clone())))
    else {
        return;
    };
    let (start, mut next) = (cx.env.moment(), record.clone());
    let nonce = Id::new(cx.env, "intent");
    // An intent of one's own that was never sent leaves nothing unresolved.
    let unresolved = next.unresolved || (next.intent.is_some() && late_claims == 0);
    next.unresolved = unresolved;
    next.intent = Some(Intent {
        nonce,
        attempt,
        generation: next.generation,
        t_wall: start.wall,
        t_uptime: start.uptime,
        boot_id: start.boot_id.map(Id::from_bytes),
        take_after: cx.client.provider().config().refresh.timing.takeover_after,
        gave_up: false,
    });
    let claim = Claim {
        nonce,
        attempt,
        generation: next.generation,
        grant_id: next.grant_id,
        refresh,
        scope,
        start,
        unresolved,
        late_claims,
    };
    state.observed = Some((nonce, start));
    let attempt = Box::new(store::write(state, cx, next));
    state.refresh = Refresh::Claiming { attempt, claim: Box::new(claim) };
}

/// Whether the record last seen still holds this claim's intent.
fn owns(state: &State, claim: &Claim) -> bool {
    let record = state.known.record();
    record.is_some_and(|record| {
        record.generation == claim.generation
            && record.intent.as_ref().is_some_and(|intent| intent.nonce == claim.nonce)
    })
}

/// The last check before the bytes go: is it still early enough?
fn ready(state: &mut State, cx: &mut Cx<'_>, claim: Box<Claim>) {
    let timing = cx.client.provider().config().refresh.timing;
    let now: Moment = cx.env.moment();
    let elapsed = claim.start.elapsed_at_most(&now);
    if elapsed >= timing.send_within {
        let late = claim.late_claims.saturating_add(1);
        if late < STORE_TRIES {
            return self::claim(state, cx, claim.attempt, late);
        }
        let make = |at| Failure::TryLater { at, reason: Delay::StoreSlow };
        let failure = back_off(state, cx, make, 0);
        return write_settlement(state, cx, Some(claim), Settle::Release(failure));
    }
    cx.notice(Notice::RefreshStarted { generation: claim.generation, attempt: claim.attempt });
    let request = cx.client.refresh_request(&claim.refresh);
    let within = timing.send_within.saturating_sub(elapsed);
    let (op, give_up_at) = cx.send(&mut state.ops, request, within);
    state.refresh = Refresh::Sent { op, claim, give_up_at };
}

fn judge(cx: &Cx<'_>, response: &HttpResponse, claim: &Claim) -> Outcome {
    let mut secrets = Vec::from([&claim.refresh]);
    secrets.extend(cx.client.client_secret());
    token::judge(cx.client.provider().config(), response, &secrets)
}

fn judged(state: &mut State, cx: &mut Cx<'_>, outcome: Outcome, claim: Box<Claim>) {
    let settle = match outcome {
        Outcome::Success(answer) => return accept(state, cx, answer, *claim),
        Outcome::Dead(_) if claim.unresolved => Settle::Verdict(Cause::LostReply),
        Outcome::Dead(_) => Settle::Verdict(Cause::Rejected),
        Outcome::Refused(reason, said) => Settle::Release(back_off(
            state,
            cx,
            |_| Failure::Misconfigured { reason, said },
            OPERATOR_PAUSE,
        )),
        Outcome::Postponed { reason, after } => Settle::Release(back_off(
            state,
            cx,
            |at| Failure::TryLater { at, reason },
            after.unwrap_or_default(),
        )),
        Outcome::Unknown { after, .. } => {
            let wait = cx.client.provider().config().refresh.timing.takeover_after;
            let wait = wait.max(after.unwrap_or_default());
            Settle::GiveUp(back_off(
                state,
                cx,
                |at| Failure::TryLater { at, reason: Delay::Unavailable },
                wait,
            ))
        }
    };
    if let Settle::Release(failure) | Settle::GiveUp(failure) = &settle {
        let (generation, failure) = (claim.generation, failure.clone());
        cx.notice(Notice::RefreshFailed { generation, failure });
    }
    if !owns(state, &claim) {
        // Somebody else has the last word by now.
        return decide(state, cx);
    }
    write_settlement(state, cx, Some(claim), settle);
}

/// Counts a failure and names when the next try makes sense.
fn back_off(
    state: &mut State,
    cx: &Cx<'_>,
    failure: impl FnOnce(u64) -> Failure,
    at_least: u64,
) -> Failure {
    let failures = state.backoff.as_ref().map_or(0, |backoff| backoff.failures).saturating_add(1);
    let until = cx.now().saturating_add(pause(cx, failures).max(at_least));
    let failure = failure(until);
    state.backoff = Some(Box::new(Backoff { failures, until, failure: failure.clone() }));
    failure
}

/// New tokens: whatever is wrong with them, they are stored first.
fn accept(state: &mut State, cx: &mut Cx<'_>, answer: TokenAnswer, claim: Claim) {
    let now = cx.now();
    let rotated = answer.refresh_token.as_ref().is_some_and(|token| *token != claim.refresh);
    let stillborn = answer.expires_in == Some(0);
    let flaw = answer.flaw.or(stillborn.then_some(ServerFault::TokenUnusable));
    let old = state.known.record().and_then(|record| record.tokens.as_ref());
    let kept_exp = old.and_then(|tokens| tokens.refresh_exp);
    let life_end = |life: u64| now.saturating_add(life);
    let tokens = Tokens {
        token_id: Id::new(cx.env, "token"),
        refresh_exp: answer.refresh_expires_in.map(life_end).or(if rotated {
            None
        } else {
            kept_exp
        }),
        refresh: Some(answer.refresh_token.unwrap_or(claim.refresh)),
        header: answer.header,
        access_exp: if flaw.is_some() { Some(now) } else { answer.expires_in.map(life_end) },
        scope: answer.scope.unwrap_or(claim.scope),
        obtained_at: now,
    };
    let renewal = Box::new(Renewal {
        generation: claim.generation,
        grant_id: claim.grant_id,
        tokens,
        rotated,
        failure: flaw.map(Failure::ServerMisbehaved),
        deviations: answer.deviations,
    });
    save(state, cx, renewal, 0);
}

/// Where refreshed tokens belong in the record as it is now.
enum Place {
    /// They are there.
    Done,
    /// They are the grant's next generation.
    Publish,
    /// The grant is being ended: they are what has to be revoked.
    Hand,
    /// The grant has been ended: they are owed to the server.
    Owe,
    /// Another grant or a later token has their place.
    Drop,
}

fn place(record: Option<&ConnectionRecord>, renewal: &Renewal) -> Place {
    let Some(record) = record else { return Place::Drop };
    if record.tokens.as_ref().is_some_and(|tokens| tokens.token_id == renewal.tokens.token_id) {
        return Place::Done;
    }
    let same_grant = record.grant_id == renewal.grant_id;
    let next_generation = renewal.generation.saturating_add(1);
    match record.status {
        RecordStatus::Active | RecordStatus::Reauthenticate { .. }
            if record.generation == renewal.generation && same_grant =>
        {
            Place::Publish
        }
        // Judged dead by a replay of the token that these have replaced.
        RecordStatus::Reauthenticate { .. }
            if record.generation == next_generation && same_grant =>
        {
            Place::Publish
        }
        RecordStatus::Disconnecting { .. } if same_grant => Place::Hand,
        RecordStatus::Disconnected if same_grant => {
            let refresh = renewal.tokens.refresh.as_ref();
            let owed =
                record.outbox.iter().any(|Duty::RevokeToken { token, .. }| Some(token) == refresh);
            if owed { Place::Drop } else { Place::Owe }
        }
        RecordStatus::New
        | RecordStatus::Active
        | RecordStatus::Reauthenticate { .. }
        | RecordStatus::Disconnecting { .. }
        | RecordStatus::Disconnected => Place::Drop,
    }
}

/// Stores the new tokens, merged by generation, until the store has them.
fn save(state: &mut State, cx: &mut Cx<'_>, renewal: Box<Renewal>, tries: u8) {
    let where_to = place(state.known.record(), &renewal);
    let mut next = store::known_or_new(state, cx);
    match where_to {
        Place::Done => return saved(state, cx, *renewal),
        Place::Drop => return decide(state, cx),
        Place::Publish => {
            let timing = cx.client.provider().config().refresh.timing;
            next.publish(renewal.tokens.clone(), &timing);
        }
        Place::Hand => {
            let status = next.status;
            next.advance();
            next.tokens = Some(renewal.tokens.clone());
            next.status = status;
        }
        Place::Owe => {
            let Some(token) = renewal.tokens.refresh.clone() else { return decide(state, cx) };
            next.owe(Duty::RevokeToken { token, attempts: 0, next_at: cx.now() });
        }
    }
    let mut attempt = store::write(state, cx, next);
    attempt.tries = tries;
    state.refresh = Refresh::Saving { placing: Placing::Writing(Box::new(attempt)), renewal };
}

/// The tokens are in the store: now everybody is told.
fn saved(state: &mut State, cx: &mut Cx<'_>, renewal: Renewal) {
    state.refresh = Refresh::Idle;
    let Some(record) = state.known.record() else { return };
    let (generation, active) = (record.generation, record.status == RecordStatus::Active);
    state.renewed = state.rejected.is_some().then_some(generation);
    state.rejected = None;
    state.backoff = None;
    for deviation in renewal.deviations {
        cx.notice(Notice::AnswerDeviates(deviation));
    }
    cx.notice(Notice::Refreshed { generation, rotated: renewal.rotated });
    if !active {
        return decide(state, cx);
    }
    match renewal.failure {
        None => announce(state, cx),
        Some(failure) => {
            let again = back_off(state, cx, |_| failure, OPERATOR_PAUSE);
            answer(state, cx, again);
        }
    }
}

/// Writes what came of a failure, over the revision that holds the own intent.
fn write_settlement(state: &mut State, cx: &mut Cx<'_>, claim: Option<Box<Claim>>, settle: Settle) {
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
        Settle::Verdict(cause) => next.wipe(RecordStatus::Reauthenticate { cause: *cause }),
    }
    let attempt = Box::new(store::write(state, cx, next));
    state.refresh = Refresh::Settling { attempt, claim, settle };
}

/// What came of a failure is in the store.
fn settled(state: &mut State, cx: &mut Cx<'_>, claim: Option<Box<Claim>>, settle: Settle) {
    match settle {
        Settle::Release(failure) => refuse(state, cx, failure),
        Settle::GiveUp(failure) => {
            let until = state.backoff.as_ref().map_or(cx.now(), |backoff| backoff.until);
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
            cx.notice(Notice::GrantLost(cause));
            state.rejected = None;
            state.backoff = None;
            refuse(state, cx, failure);
        }
    }
}
