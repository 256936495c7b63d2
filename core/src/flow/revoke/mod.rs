//! Revoke: from the wish to disconnect to the tombstone.
//!
//! `Disconnecting` goes into the store first, so that no token is served and no
//! crash forgets it; then the server is told; only then are the tokens wiped.

mod pause;
mod renewal;
mod tombstone;

use crate::{
    entropy::Id,
    failure::{Denial, Failure, ServerFault},
    flow::{Cx, STORE_TRIES, Signal, authorize, bind, store},
    http::{HttpFault, retry_after},
    output::{Activity, Notice},
    provider::Disconnect,
    record::connection::{ConnectionRecord, RecordStatus, Tokens},
    requests::Requests,
    rules::{self, Rule},
    state::{Ends, Refresh, Revoke, State, Told},
};
use pause::{put_off, rest, store_slow, unreadable};
use renewal::{by_access_token, is_renewable, renew};
pub(crate) use tombstone::owe_end;
use tombstone::{buried, bury, finish};

/// The person wants out. Total and idempotent: pending authorizations end too,
/// and where there is no grant the tombstone still beats a late redirect.
pub(crate) fn begin(state: &mut State, cx: &mut Cx<'_>) {
    authorize::cancel(state, cx, None);
    let ends = match &mut state.revoke {
        Revoke::Idle => None,
        // What is there now is meant, whatever was to be ended before.
        Revoke::Pausing { wanted: None, .. } => None,
        Revoke::Pausing { ends, .. } => *ends,
        Revoke::Looking { ends, wanted, .. } => {
            if wanted.is_none() {
                *ends = None;
            }
            *wanted = Some(cx.now());
            return;
        }
        Revoke::Marking { .. }
        | Revoke::Claiming { .. }
        | Revoke::Renewing { .. }
        | Revoke::Sent { .. }
        | Revoke::Burying { .. } => return,
    };
    // Another may have come to the end of what is remembered as being ended.
    let ending = state.known.record().is_some_and(is_ending);
    let stale = ending && rules::holds(Rule::LookBeforeTelling);
    if state.known.is_unread() || stale {
        let op = store::read(state, cx);
        state.revoke = Revoke::Looking { op, tries: 0, ends, wanted: Some(cx.now()) };
        return;
    }
    mark(state, cx);
}

/// A grant is being stored here that was asked for after the person had wanted an end: of
/// whatever stood there before it.
pub(crate) fn overtaken(state: &mut State, before: Option<Id>, begun_at: u64) {
    if let Revoke::Looking { ends, wanted: Some(wanted), .. }
    | Revoke::Pausing { ends, wanted: Some(wanted), .. } = &mut state.revoke
        && *wanted < begun_at
    {
        ends.get_or_insert(before);
    }
}

/// An answer to the revocation's own op, or the time.
pub(crate) fn step(state: &mut State, cx: &mut Cx<'_>, signal: Signal) {
    match (core::mem::take(&mut state.revoke), signal) {
        (Revoke::Looking { ends, wanted, .. }, Signal::Swapped(current)) => {
            match store::adopt(state, cx, current) {
                Ok(()) if wanted.is_none() => resume(state, cx),
                Ok(()) if is_overtaken(state, ends) => superseded(cx),
                Ok(()) => mark(state, cx),
                Err(failure) => unreadable(state, cx, failure),
            }
        }
        (Revoke::Looking { tries, ends, wanted, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            // What was there when it was wanted is not to be learnt any more: what comes
            // while the store is silent is not meant.
            let ends = ends.or_else(|| self::ends(state));
            if tries >= STORE_TRIES {
                return store_slow(state, cx, ends, wanted);
            }
            let op = store::read(state, cx);
            state.revoke = Revoke::Looking { op, tries, ends, wanted };
        }
        (Revoke::Marking { attempt }, Signal::Swapped(current)) => {
            let (ended, unsure) = (Some(attempt.next.grant_id), attempt.tries > 0);
            let begins = is_begun_by(&attempt.next);
            match store::confirm(state, cx, attempt, current) {
                Ok(true) => marked(state, cx),
                // It was to be put off only, and whoever has written since has the say.
                Ok(false) if !begins => resume(state, cx),
                Ok(false) if unsure && is_overtaken(state, ended) => superseded(cx),
                Ok(false) => mark(state, cx),
                Err(failure) => unreadable(state, cx, failure),
            }
        }
        (Revoke::Marking { attempt }, Signal::SwapUnanswered) => {
            let wanted = attempt.next.disconnected_at.filter(|_| is_begun_by(&attempt.next));
            match store::reread(state, cx, attempt) {
                Some(attempt) => state.revoke = Revoke::Marking { attempt },
                None => store_slow(state, cx, ends(state), wanted),
            }
        }
        // Told of tokens that a late refresh has replaced meanwhile: told again.
        (Revoke::Sent { token_id, .. }, Signal::HttpDone(_))
            if token_id != stored_token_id(state) =>
        {
            look_and_resume(state, cx);
        }
        // The server knows the client by its other secret.
        (Revoke::Sent { both_secrets: false, .. }, Signal::HttpDone(response))
            if response.status == 401
                && cx.client.provider().config().disconnect.is_revocation()
                && cx.turns_to_other_secret(state) =>
        {
            tell(state, cx, true);
        }
        // The access token is dead, which is no reason not to tell.
        (Revoke::Sent { .. }, Signal::HttpDone(response))
            if response.status == 401 && is_renewable(state, cx) =>
        {
            renew(state, cx);
        }
        (Revoke::Claiming { attempt, claim }, signal) => {
            renewal::claimed(state, cx, attempt, claim, signal);
        }
        (Revoke::Renewing { op, claim, give_up_at }, signal) => {
            renewal::answered(state, cx, op, claim, give_up_at, signal);
        }
        (Revoke::Sent { .. }, Signal::HttpDone(response)) => {
            let told = judge(&cx.client.provider().config().disconnect, response.status);
            let after = retry_after(&response.headers, cx.now());
            answered(state, cx, told, after);
        }
        (Revoke::Sent { .. }, Signal::HttpFailed(why)) => match why {
            HttpFault::NotSent | HttpFault::TooLate | HttpFault::Unknown => {
                answered(state, cx, Told::Unclear, None);
            }
        },
        (Revoke::Sent { give_up_at, .. }, Signal::Wake) if cx.now() >= give_up_at => {
            answered(state, cx, Told::Unclear, None);
        }
        (Revoke::Burying { attempt, told, token_id }, Signal::Swapped(current)) => {
            let (ended, unsure) = (Some(attempt.next.grant_id), attempt.tries > 0);
            match store::confirm(state, cx, attempt, current) {
                Ok(true) => buried(state, cx, told == Told::Yes),
                // What the server was told holds for these tokens only: a late
                // refresh may have handed over others.
                Ok(false) if token_id.is_some() && token_id == stored_token_id(state) => {
                    finish(state, cx, told);
                }
                Ok(false) if token_id.is_none() && unsure && is_overtaken(state, ended) => {
                    superseded(cx)
                }
                // There was nothing to end, and now there is.
                Ok(false) if token_id.is_none() => mark(state, cx),
                Ok(false) => resume(state, cx),
                Err(failure) => unreadable(state, cx, failure),
            }
        }
        (Revoke::Burying { attempt, told, token_id }, Signal::SwapUnanswered) => {
            let wanted = attempt.next.disconnected_at.filter(|_| token_id.is_none());
            match store::reread(state, cx, attempt) {
                Some(attempt) => {
                    state.revoke = Revoke::Burying { attempt, told, token_id };
                }
                // `Disconnecting` stays in the store, and is taken up again; or the
                // tombstone is there, and stays as it is. Where there was nothing to end,
                // only the wish is known.
                None => store_slow(state, cx, ends(state), wanted),
            }
        }
        (Revoke::Pausing { until, ends, wanted }, Signal::Wake) if until.has_passed(cx.now()) => {
            let op = store::read(state, cx);
            state.revoke = Revoke::Looking { op, tries: 0, ends, wanted };
        }
        (Revoke::Idle, Signal::Wake) => {
            if wake_at(state, cx.now()).is_none_or(|at| cx.now() < at) {
                return;
            }
            look_and_resume(state, cx);
        }
        // Nothing of the kind is awaited in these stages, or not yet.
        (
            stage,
            Signal::Swapped(_)
            | Signal::SwapUnanswered
            | Signal::HttpDone(_)
            | Signal::HttpFailed(_)
            | Signal::Wake,
        ) => state.revoke = stage,
    }
}

/// When the revocation wants a step: also after a restart in its midst.
pub(crate) fn wake_at(state: &State, now: u64) -> Option<u64> {
    match (&state.revoke, state.known.record().map(|record| record.status)) {
        (Revoke::Sent { give_up_at, .. } | Revoke::Renewing { give_up_at, .. }, _) => {
            Some(*give_up_at)
        }
        (Revoke::Pausing { until, .. }, _) => Some(until.at(now)),
        (Revoke::Idle, Some(RecordStatus::Disconnecting { .. })) if is_handing_over(state) => None,
        (Revoke::Idle, Some(RecordStatus::Disconnecting { retry_at, .. })) => {
            Some(if may_tell(state, now) { now } else { retry_at })
        }
        (Revoke::Idle, _)
        | (
            Revoke::Looking { .. }
            | Revoke::Marking { .. }
            | Revoke::Claiming { .. }
            | Revoke::Burying { .. },
            _,
        ) => None,
    }
}

/// Whether a refresh is storing what the server will be told with.
fn is_handing_over(state: &State) -> bool {
    matches!(state.refresh, Refresh::Saving { .. })
}

/// A refresh has stored new tokens of the grant that is being ended.
pub(crate) fn handed_over(state: &mut State, cx: &mut Cx<'_>) {
    let ending = state.known.record().is_some_and(is_ending);
    if ending && state.revoke == Revoke::Idle && !is_handing_over(state) {
        resume(state, cx);
    }
}

fn is_ending(record: &ConnectionRecord) -> bool {
    matches!(record.status, RecordStatus::Disconnecting { .. })
}

/// Whether another grant has come since the end was wanted.
fn is_overtaken(state: &State, ends: Ends) -> bool {
    let record = state.known.record().filter(|record| record.status == RecordStatus::Active);
    record.is_some_and(|record| ends.is_some_and(|ended| record.grant_id != ended))
}

/// The grant as known now, for a look after a pause.
fn ends(state: &State) -> Ends {
    (!state.known.is_unread()).then(|| state.known.record().and_then(|record| record.grant_id))
}

/// Writes that the grant is being ended; with nothing to end, the tombstone.
fn mark(state: &mut State, cx: &mut Cx<'_>) {
    let mut next = store::known_or_new(state, cx);
    if let RecordStatus::Disconnecting { .. } = next.status {
        return tell(state, cx, false);
    }
    // Of a candidate nobody knows whose it is: where the server ends all that a company
    // has, it is only forgotten.
    bind::superseded(state, cx, &mut next);
    // A renewal at the end waits for the refresh that is under way.
    let intent = next.intent.take().filter(|_| by_access_token(cx));
    next.advance();
    next.intent = intent;
    next.exchanging = None;
    next.disconnected_at = Some(cx.now());
    next.disconnected_gen = Some(next.generation);
    if next.tokens.is_none() {
        next.wipe(RecordStatus::Disconnected);
        return bury(state, cx, next, Told::No);
    }
    next.status = RecordStatus::Disconnecting { attempts: 0, retry_at: cx.now() };
    next.due_at = Some(cx.now());
    let attempt = store::write(state, cx, next);
    state.revoke = Revoke::Marking { attempt };
}

fn marked(state: &mut State, cx: &mut Cx<'_>) {
    if state.known.record().is_some_and(is_begun_by) {
        cx.notice(Notice::Disconnecting);
    }
    resume(state, cx);
}

/// Whether an end begins with this record, and has not been put off since.
fn is_begun_by(record: &ConnectionRecord) -> bool {
    matches!(record.status, RecordStatus::Disconnecting { attempts: 0, retry_at }
        if record.disconnected_at == Some(retry_at))
        && record.disconnected_gen == Some(record.generation)
}

/// Goes on with an end that is remembered: another may have come to it since, and the
/// person have authorized anew.
fn look_and_resume(state: &mut State, cx: &mut Cx<'_>) {
    if !rules::holds(Rule::LookBeforeTelling) {
        return resume(state, cx);
    }
    let (op, ends) = (store::read(state, cx), ends(state));
    state.revoke = Revoke::Looking { op, tries: 0, ends, wanted: None };
}

/// Goes on with what the store says: only while it says `Disconnecting`.
fn resume(state: &mut State, cx: &mut Cx<'_>) {
    match state.known.record().map(|record| record.status) {
        Some(RecordStatus::Disconnecting { .. }) if may_tell(state, cx.now()) => {
            tell(state, cx, false)
        }
        Some(RecordStatus::Disconnected) => buried(state, cx, false),
        // The person has authorized anew, and another worker stored that.
        Some(RecordStatus::Active) => superseded(cx),
        Some(
            RecordStatus::Disconnecting { .. }
            | RecordStatus::New
            | RecordStatus::Reauthenticate { .. },
        )
        | None => {}
    }
}

/// A newer grant is not what was to be ended.
pub(crate) fn superseded(cx: &mut Cx<'_>) {
    cx.fail(Activity::Revoke, Failure::denied(Denial::Superseded));
}

/// Whether the time has come, by a clock that may have been set back since.
fn may_tell(state: &State, now: u64) -> bool {
    state.known.record().is_some_and(|record| match record.status {
        RecordStatus::Disconnecting { retry_at, .. } => {
            now >= retry_at || record.disconnected_at.is_some_and(|begun| now < begun)
        }
        RecordStatus::New
        | RecordStatus::Active
        | RecordStatus::Reauthenticate { .. }
        | RecordStatus::Disconnected => false,
    })
}

/// Tells the server, in the provider's way.
fn tell(state: &mut State, cx: &mut Cx<'_>, both_secrets: bool) {
    let Some(record) = state.known.record() else { return };
    let expired = |tokens: &Tokens| tokens.access_exp.is_some_and(|expiry| cx.now() >= expiry);
    if record.tokens.as_ref().is_some_and(expired) && is_renewable(state, cx) {
        return renew(state, cx);
    }
    let request = record.tokens.as_ref().and_then(|tokens| {
        match &cx.client.provider().config().disconnect {
            Disconnect::Forget => None,
            Disconnect::Revocation { .. } if tokens.key.is_some() => None,
            Disconnect::Revocation { endpoint } => {
                // The refresh token first: with it goes the grant (RFC 7009 §2.1).
                let (token, hint) = match &tokens.refresh {
                    Some(refresh) => (refresh.expose(), "refresh_token"),
                    None => (tokens.access_token(), "access_token"),
                };
                Some(cx.requests().revocation_request(endpoint, token, hint))
            }
            // Nothing may be sent with a token that came unfit, as the renewal's own can.
            Disconnect::ApiRequest { .. } if tokens.access_exp == Some(0) => None,
            Disconnect::ApiRequest { method, url, .. } => {
                Some(Requests::disconnect_request(*method, url, tokens))
            }
        }
    });
    let Some(request) = request else { return finish(state, cx, Told::No) };
    let within = cx.client.provider().config().refresh.timing.send_within;
    let (op, give_up_at) = cx.send(&mut state.ops, request, within);
    let token_id = stored_token_id(state);
    state.revoke = Revoke::Sent { op, give_up_at, token_id, both_secrets };
}

fn judge(disconnect: &Disconnect, status: u16) -> Told {
    match (disconnect, status) {
        (_, 200..=299) | (Disconnect::ApiRequest { .. }, 404) => Told::Yes,
        // The access token is dead: there is nothing left to say it with.
        (Disconnect::ApiRequest { .. }, 401) => Told::No,
        (_, 408 | 429) => Told::Unclear,
        // A client that is not known, a proxy's redirect.
        (Disconnect::Revocation { .. }, 300..=399 | 401) => Told::Misconfigured,
        (_, 300..=499) => Told::Refused,
        (_, _) => Told::Unclear,
    }
}

fn answered(state: &mut State, cx: &mut Cx<'_>, told: Told, after: Option<u64>) {
    if matches!(told, Told::Refused | Told::Misconfigured) {
        let failure = Failure::ServerMisbehaved(ServerFault::RevocationRefused);
        cx.fail(Activity::Revoke, failure);
    }
    if told != Told::Unclear {
        return finish(state, cx, told);
    }
    put_off(state, cx, store::known_or_new(state, cx), after);
}

fn stored_token_id(state: &State) -> Option<Id> {
    Some(state.known.record()?.tokens.as_ref()?.token_id)
}
