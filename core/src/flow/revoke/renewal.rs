//! The one renewal that an end may take, where the server is told with the access
//! token and that has died: with the intent first, as by any refresh. What it brings is
//! stored by the refresh flow, and the server then told with that.

use super::{
    ends, finish, is_handing_over, look_and_resume, put_off, rest, resume, store_slow, unreadable,
};
use crate::{
    failure::{Cause, Delay, Failure},
    flow::{Cx, STORE_TRIES, Signal, refresh, store},
    http::HttpFault,
    output::{Notice, Op},
    provider::Disconnect,
    record::connection::{RecordStatus, Tokens},
    rules::{self, Rule},
    state::{Attempt, Claim, Revoke, State, Told},
    token::Outcome,
};
use alloc::boxed::Box;

/// Whether the server is told of an end with the access token.
pub(super) fn by_access_token(cx: &Cx<'_>) -> bool {
    matches!(cx.client.provider().config().disconnect, Disconnect::ApiRequest { .. })
}

/// Whether the tokens can be renewed, and have not been since the end began.
pub(super) fn is_renewable(state: &State, cx: &Cx<'_>) -> bool {
    let Some(record) = state.known.record() else { return false };
    let renewed = record.disconnected_gen.is_none_or(|gone| record.generation > gone);
    let refreshable = |tokens: &Tokens| refresh::is_refreshable(tokens, cx.now());
    by_access_token(cx) && !renewed && record.tokens.as_ref().is_some_and(refreshable)
}

/// Renews, unless a refresh may be under way: what that brings will do as well.
pub(super) fn renew(state: &mut State, cx: &mut Cx<'_>) {
    // Until what has come already is stored: `handed_over` goes on.
    if is_handing_over(state) {
        return;
    }
    let next = store::known_or_new(state, cx);
    let intent = next.intent.clone().filter(|_| rules::holds(Rule::IntentAtEnd));
    let (attempt, left) = refresh::next_attempt(state, cx, intent.as_ref());
    if let (1.., RecordStatus::Disconnecting { attempts, .. }) = (left, next.status) {
        rest(state, cx, next, attempts, left);
        return;
    }
    claim(state, cx, attempt, 0, false);
}

fn claim(state: &mut State, cx: &mut Cx<'_>, attempt: u16, late_claims: u8, both_secrets: bool) {
    let Some((next, mut claim)) = refresh::intend(state, cx, attempt, late_claims) else { return };
    claim.both_secrets = both_secrets;
    let attempt = store::write(state, cx, next);
    state.revoke = Revoke::Claiming { attempt, claim };
}

/// The store has answered what was to become of the intent.
pub(super) fn claimed(
    state: &mut State,
    cx: &mut Cx<'_>,
    attempt: Attempt,
    claim: Box<Claim>,
    signal: Signal,
) {
    match signal {
        Signal::Swapped(current) => match store::confirm(state, cx, attempt, current) {
            Ok(_) if refresh::owns(state, &claim) && !is_handing_over(state) => {
                send(state, cx, claim);
            }
            Ok(_) => resume(state, cx),
            Err(failure) => unreadable(state, cx, failure),
        },
        Signal::SwapUnanswered => match store::reread(state, cx, attempt) {
            Some(attempt) => {
                state.revoke = Revoke::Claiming { attempt, claim };
            }
            None => store_slow(state, cx, ends(state), None),
        },
        Signal::HttpDone(_) | Signal::HttpFailed(_) | Signal::Wake => {
            state.revoke = Revoke::Claiming { attempt, claim };
        }
    }
}

/// Sends the refresh token, if it is still early enough.
fn send(state: &mut State, cx: &mut Cx<'_>, claim: Box<Claim>) {
    let timing = cx.client.provider().config().refresh.timing;
    let elapsed = claim.start.elapsed_at_most(&cx.env.moment());
    if elapsed >= timing.send_within && rules::holds(Rule::CheckBeforeSend) {
        let late = claim.late_claims.saturating_add(1);
        if late < STORE_TRIES {
            return self::claim(state, cx, claim.attempt, late, claim.both_secrets);
        }
        release(state, cx, None);
        return;
    }
    let (op, give_up_at) = refresh::request(state, cx, &claim, elapsed);
    state.revoke = Revoke::Renewing { op, claim, give_up_at };
}

/// The server has answered, or nobody listens any more.
pub(super) fn answered(
    state: &mut State,
    cx: &mut Cx<'_>,
    op: Op,
    mut claim: Box<Claim>,
    give_up_at: u64,
    signal: Signal,
) {
    let outcome = match signal {
        Signal::Wake => {
            let in_time = (cx.now() < give_up_at).then_some(give_up_at);
            if let Some(give_up_at) = in_time.or_else(|| refresh::listens_on(cx, &claim)) {
                state.revoke = Revoke::Renewing { op, claim, give_up_at };
                return;
            }
            refresh::keep_late(state, op, (*claim).clone());
            Outcome::unanswered(HttpFault::Unknown)
        }
        Signal::HttpDone(response) => cx.judge(&response, &[&claim.refresh]),
        Signal::HttpFailed(why) => Outcome::unanswered(why),
        Signal::Swapped(_) | Signal::SwapUnanswered => {
            state.revoke = Revoke::Renewing { op, claim, give_up_at };
            return;
        }
    };
    let (generation, owned) = (claim.generation, refresh::owns(state, &claim));
    if owned && !claim.both_secrets && cx.takes_other_secret(state, &outcome) {
        claim.both_secrets = true;
        return send(state, cx, claim);
    }
    let failure = match outcome {
        Outcome::Success(answer) => return refresh::late_tokens(state, cx, answer, *claim),
        // Somebody else has the last word by now.
        _ if !owned => return look_and_resume(state, cx),
        Outcome::Dead(_) => {
            finish(state, cx, Told::No);
            Failure::ReauthenticationRequired(Cause::Rejected)
        }
        // The token is as good as before, and an operator may mend it.
        Outcome::Refused(reason, said) => {
            release(state, cx, None);
            Failure::Misconfigured { reason, said }
        }
        Outcome::Postponed { reason, after, said } => {
            let at = release(state, cx, after);
            Failure::TryLater { at, reason, said }
        }
        Outcome::Unknown { after, .. } => {
            let at = give_up(state, cx, after);
            Failure::try_later(at, Delay::Unavailable)
        }
    };
    cx.notice(Notice::RefreshFailed { generation, failure });
}

/// The token was not used up: the intent is taken out.
fn release(state: &mut State, cx: &mut Cx<'_>, after: Option<u64>) -> u64 {
    let mut next = store::known_or_new(state, cx);
    next.intent = None;
    put_off(state, cx, next, after)
}

/// Nobody can know, and nobody listens any more.
fn give_up(state: &mut State, cx: &mut Cx<'_>, after: Option<u64>) -> u64 {
    let mut next = store::known_or_new(state, cx);
    if let Some(intent) = &mut next.intent {
        intent.gave_up = true;
    }
    put_off(state, cx, next, after)
}
