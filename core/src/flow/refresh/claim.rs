//! Whether to refresh, and the intent that is in the store before the request
//! leaves.

use super::{
    serve::{
        announce, answer, is_due, is_over, is_refreshable, is_usable, refuse, servable, serve, want,
    },
    settle::{back_off, store_slow, verdict, write_settlement},
};
use crate::{
    entropy::Id,
    env::Deadline,
    failure::{Cause, Delay, Denial, Failure, HostFault, ServerFault},
    flow::{Cx, STORE_TRIES, store},
    output::{Activity, Notice, Op},
    policy::Timing,
    record::connection::{ConnectionRecord, Intent, RecordStatus, SKEW},
    rules::{self, Rule, scaled},
    state::{Claim, Known, Refresh, Revoke, Settle, State},
};
use alloc::boxed::Box;

/// How often an observer looks again for the end of another's refresh.
pub(crate) const POLL: u64 = 500;

/// A token refused within this time of its issue is not refreshed once more.
pub(crate) const FRESH: u64 = scaled(60_000, 1_000);

/// Decides by the record as last seen: serve, wait, claim, or say no.
pub(crate) fn decide(state: &mut State, cx: &mut Cx<'_>) {
    let record = match (&state.known, state.known.record()) {
        (Known::Unread, _) => return look(state, cx),
        (_, None) => return refuse(state, cx, Failure::denied(Denial::NotConnected)),
        (_, Some(record)) => record,
    };
    if let Known::Ahead(..) = state.known {
        return repair(state, cx);
    }
    state.repairs = 0;
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
    if record.is_exchanging(now, &timing) {
        return wait(state, cx, POLL, usable);
    }
    if !is_refreshable(tokens, now) {
        // A demand for more validity than there is gets what there is.
        if servable(state, now).is_some() {
            return serve(state, cx, true);
        }
        if is_over(state, now) {
            return refuse(state, cx, Failure::ReauthenticationRequired(Cause::Expired));
        }
        let cause = if tokens.key.is_some() { Cause::KeyRejected } else { Cause::Rejected };
        return verdict(state, cx, None, cause);
    }
    let backoff = state.backoff.as_ref().filter(|backoff| !backoff.until.has_passed(now));
    if let Some(failure) = backoff.map(|backoff| backoff.failure.clone()) {
        return if usable { serve(state, cx, true) } else { refuse(state, cx, failure) };
    }
    let intent = record.intent.clone().filter(|_| rules::holds(Rule::Intent));
    let (attempt, left) = next_attempt(state, cx, intent.as_ref());
    if left > 0 {
        return wait(state, cx, left.min(POLL), usable);
    }
    if usable && !state.access_dies {
        announce(state, cx);
    }
    claim(state, cx, attempt, 0);
}

/// Writes again what the store has forgotten. A store that goes on forgetting
/// (a replica that lags behind) is not argued with for ever.
fn repair(state: &mut State, cx: &mut Cx<'_>) {
    state.repairs = state.repairs.saturating_add(1);
    if state.repairs > STORE_TRIES {
        state.repairs = 0;
        return store_slow(state, cx);
    }
    write_settlement(state, cx, None, Settle::Repair);
}

/// As [`decide`], where the record may have been read long ago: a yes is good, and
/// found out by the swap or a 401 if it is not. A no is said only after another
/// look, since another process may have authorized anew.
fn decide_from_memory(state: &mut State, cx: &mut Cx<'_>) {
    let active = state.known.record().is_some_and(|it| it.status == RecordStatus::Active);
    let says_no = !active || (state.demand.is_some() && is_over(state, cx.now()));
    if says_no { look(state, cx) } else { decide(state, cx) }
}

pub(crate) fn wait(state: &mut State, cx: &mut Cx<'_>, pause: u64, usable: bool) {
    if usable && state.demand.is_some() {
        announce(state, cx);
    }
    let until = Deadline::after(cx.now(), pause);
    state.refresh = Refresh::Waiting { until, unknown: None };
}

pub(crate) fn look(state: &mut State, cx: &mut Cx<'_>) {
    let op = store::read(state, cx);
    state.refresh = Refresh::Looking { op, tries: 0 };
}

/// Which attempt the next one is, after the one that the record tells of, and how long
/// until it may begin.
pub(crate) fn next_attempt(state: &mut State, cx: &Cx<'_>, intent: Option<&Intent>) -> (u16, u64) {
    let Some(intent) = intent else { return (1, 0) };
    let timing = cx.client.provider().config().refresh.timing;
    // Where a replay does no harm, the owner need not wait for itself.
    let free = owned_and_harmless(state, cx, intent);
    let left = if free { 0 } else { time_to_take(state, cx, intent, &timing) };
    (intent.attempt.saturating_add(1), left)
}

fn owned_and_harmless(state: &State, cx: &Cx<'_>, intent: &Intent) -> bool {
    let harmless = cx.client.provider().config().refresh.rotation.replay_is_harmless();
    (harmless || !rules::holds(Rule::QuietRetry)) && state.last_claim == Some(intent.nonce)
}

/// The host knows that whoever wrote the intent last seen is dead. A dead owner is
/// not a dead request: it may be taken over sooner, but not at once.
pub(crate) fn peer_gone(state: &mut State) {
    let intent = state.known.record().and_then(|record| record.intent.as_ref());
    let nonce = intent.map(|intent| intent.nonce);
    // One's own is answered for by oneself.
    state.orphan = nonce.filter(|nonce| state.last_claim != Some(*nonce));
}

/// How long until another's intent may be taken over: never before the request
/// of its owner, dead or alive, must have been dealt with.
pub(crate) fn time_to_take(
    state: &mut State,
    cx: &Cx<'_>,
    intent: &Intent,
    timing: &Timing,
) -> u64 {
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
    let skew = if rules::holds(Rule::ObserversClock) { SKEW } else { 0 };
    let by_record = match written.uptime.and(written.by_uptime(&now)) {
        Some(elapsed) => elapsed,
        None => now.wall.saturating_sub(written.wall).saturating_sub(skew),
    };
    // A revision is never older than the intent in it, whoever wrote it since.
    let by_store = state.store_age.unwrap_or_default();
    let age = first_seen.elapsed_at_least(&now).max(by_record).max(by_store);
    let needed = if intent.gave_up || state.orphan == Some(intent.nonce) {
        if rules::holds(Rule::DeadOwnersRequest) { timing.dealt_with() } else { 0 }
    } else {
        timing.takeover_after.max(intent.take_after)
    };
    needed.saturating_sub(age)
}

/// Writes the intent: nothing is sent before the store has it.
pub(crate) fn claim(state: &mut State, cx: &mut Cx<'_>, attempt: u16, late_claims: u8) {
    let Some((next, claim)) = intend(state, cx, attempt, late_claims) else { return };
    let attempt = store::write(state, cx, next);
    state.refresh = Refresh::Claiming { attempt, claim };
}

/// The record with this machine's own intent in it, and the claim to that.
pub(crate) fn intend(
    state: &mut State,
    cx: &Cx<'_>,
    attempt: u16,
    late_claims: u8,
) -> Option<(Box<ConnectionRecord>, Box<Claim>)> {
    let record = state.known.record()?;
    let tokens = record.tokens.as_ref()?;
    let (refresh, scope) = (tokens.refresh.clone()?, tokens.scope.clone());
    let (start, mut next) = (cx.env.moment(), Box::new(record.clone()));
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
        both_secrets: false,
    };
    state.observed = Some((nonce, start));
    state.last_claim = Some(nonce);
    Some((next, Box::new(claim)))
}

/// Whether the record last seen still holds this claim's intent.
pub(crate) fn owns(state: &State, claim: &Claim) -> bool {
    let record = state.known.record();
    record.is_some_and(|record| {
        record.generation == claim.generation
            && record.intent.as_ref().is_some_and(|intent| intent.nonce == claim.nonce)
    })
}

/// The last check before the bytes go: is it still early enough, and the claim still in
/// the record? While the server was asked this machine may have read or stored something
/// newer.
pub(crate) fn send(state: &mut State, cx: &mut Cx<'_>, claim: Box<Claim>, asked: bool) {
    if !owns(state, &claim) {
        return decide(state, cx);
    }
    let timing = cx.client.provider().config().refresh.timing;
    let now = cx.env.moment();
    let elapsed = claim.start.elapsed_at_most(&now);
    if elapsed >= timing.send_within && rules::holds(Rule::CheckBeforeSend) {
        // A server that is slow to say that it knows not this secret is no slow store.
        let both = claim.both_secrets;
        let late =
            if both { claim.late_claims.max(1) } else { claim.late_claims.saturating_add(1) };
        if late < STORE_TRIES {
            self::claim(state, cx, claim.attempt, late);
            if let Refresh::Claiming { claim: next, .. } = &mut state.refresh {
                next.both_secrets = both;
            }
            return;
        }
        let failure = Failure::try_later(cx.now(), Delay::StoreSlow);
        let failure = back_off(state, cx, failure, 0);
        return write_settlement(state, cx, Some(claim), Settle::Release(failure));
    }
    // A token that may have been used up is asked after, where that is possible:
    // asking does not use it up, and sending it might end the grant.
    let oracle = cx.client.provider().config().introspection_endpoint.as_deref();
    if let (Some(endpoint), true, false) = (oracle, claim.unresolved, asked) {
        let request = cx.requests().introspection_request(endpoint, &claim.refresh);
        let within = timing.send_within.saturating_sub(elapsed);
        let (op, give_up_at) = cx.send(&mut state.ops, request, within);
        state.refresh = Refresh::Asking { op, claim, give_up_at };
        return;
    }
    let (op, give_up_at) = request(state, cx, &claim, elapsed);
    state.refresh = Refresh::Sent { op, claim, give_up_at };
}

/// Sends the refresh token, within what is left of W; yields the op, and when the host
/// must have answered.
pub(crate) fn request(
    state: &mut State,
    cx: &mut Cx<'_>,
    claim: &Claim,
    elapsed: u64,
) -> (Op, u64) {
    cx.notice(Notice::RefreshStarted { generation: claim.generation, attempt: claim.attempt });
    let request = cx.requests().refresh_request(&claim.refresh);
    let send_within = cx.client.provider().config().refresh.timing.send_within;
    cx.send(&mut state.ops, request, send_within.saturating_sub(elapsed))
}

/// The server says that the token has been used up: whoever has its successor is
/// given time to save it.
pub(crate) fn hold(state: &mut State, claim: Box<Claim>, cx: &Cx<'_>) {
    let timing = cx.client.provider().config().refresh.timing;
    // Less than A from the intent on: whoever took over would only hold in turn, and
    // several workers would so go on for ever without a verdict.
    let patience = timing.takeover_after.saturating_sub(timing.save_within);
    let elapsed = claim.start.elapsed_at_most(&cx.env.moment());
    let until = Deadline::after(cx.now(), patience.saturating_sub(elapsed));
    state.refresh = Refresh::Holding { claim, until };
}

/// The API refused the token of this generation.
pub(crate) fn refused_by_api(state: &mut State, cx: &mut Cx<'_>, generation: u64) {
    let current = state.known.record().map(|record| record.generation);
    let generation = match current {
        Some(current) if !rules::holds(Rule::RefusedGeneration) => current,
        Some(_) | None => generation,
    };
    let issued =
        state.known.record().and_then(|record| record.tokens.as_ref()).map(|t| t.obtained_at);
    let fresh =
        issued.and_then(|issued| cx.now().checked_sub(issued)).is_some_and(|age| age < FRESH);
    if current == Some(generation) && state.renewed == Some(generation) && fresh {
        let failure = Failure::ServerMisbehaved(ServerFault::FreshTokenRefused);
        cx.fail(Activity::ApiCall, failure);
        if matches!(state.refresh, Refresh::Idle) {
            // Another worker may have replaced it: whoever asks next gets that one.
            look(state, cx);
        }
        return;
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
    match &state.revoke {
        Revoke::Idle => {}
        // Nobody has asked for this look, which may find a newer grant.
        Revoke::Looking { wanted: None, .. } => return,
        Revoke::Pausing { wanted: None, until, .. } => {
            let failure = Failure::try_later(until.at(cx.now()), Delay::StoreSlow);
            return answer(state, cx, failure);
        }
        Revoke::Looking { .. }
        | Revoke::Pausing { .. }
        | Revoke::Marking { .. }
        | Revoke::Claiming { .. }
        | Revoke::Renewing { .. }
        | Revoke::Sent { .. }
        | Revoke::Burying { .. } => {
            return answer(state, cx, Failure::denied(Denial::NotConnected));
        }
    }
    match &state.refresh {
        Refresh::Idle => decide_from_memory(state, cx),
        // A host that never wakes the machine is served all the same.
        Refresh::Waiting { until, .. } if until.has_passed(cx.now()) => look(state, cx),
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
        Refresh::Holding { until, .. } => {
            let failure = Failure::try_later(until.at(cx.now()), Delay::Busy);
            answer(state, cx, failure);
        }
        // About to refresh: the answer comes with the end of that.
        Refresh::Looking { .. } | Refresh::Claiming { .. } | Refresh::Asking { .. } => {}
    }
}
