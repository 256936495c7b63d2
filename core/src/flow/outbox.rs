//! The outbox: what is still owed to the server after a grant has gone, done
//! from the record, so that no crash forgets it. Each duty is tried a bounded
//! number of times, and dropped where doing it would harm a newer grant.

use super::{Cx, Signal, refresh, store};
use crate::{
    env::Deadline,
    http::{HttpFault, retry_after},
    output::Notice,
    provider::Disconnect,
    record::connection::{Duty, RecordStatus, is_due},
    secret::Secret,
    state::{Outbox, State},
};

/// After so many requests without a definite answer a duty is dropped.
const ATTEMPTS: u16 = 10;

/// An answer to the outbox's own op, or the time.
pub(crate) fn step(state: &mut State, cx: &mut Cx<'_>, signal: Signal) {
    match (core::mem::take(&mut state.outbox), signal) {
        // The server knows the client by its other secret.
        (Outbox::Sent { both_secrets: false, .. }, Signal::HttpDone(response))
            if response.status == 401 && cx.turns_to_other_secret(state) =>
        {
            send(state, cx, true);
        }
        (Outbox::Sent { owed, .. }, Signal::HttpDone(response)) => match response.status {
            200..=299 => settle(state, cx, &owed, Done::Yes),
            // Also what an operator can mend: a client that is not known, a proxy's redirect.
            300..=399 | 401 | 408 | 429 | 500..=599 => {
                let after = retry_after(&response.headers, cx.now());
                settle(state, cx, &owed, Done::Later(after));
            }
            _ => settle(state, cx, &owed, Done::Never),
        },
        (Outbox::Sent { owed, .. }, Signal::HttpFailed(why)) => match why {
            HttpFault::NotSent | HttpFault::TooLate | HttpFault::Unknown => {
                settle(state, cx, &owed, Done::Later(None));
            }
        },
        (Outbox::Sent { owed, give_up_at, .. }, Signal::Wake) if cx.now() >= give_up_at => {
            settle(state, cx, &owed, Done::Later(None));
        }
        (Outbox::Writing { attempt, pause }, Signal::Swapped(current)) => {
            // Where the write did not take place the duty is still there, and
            // doing it twice does no harm.
            let written = store::confirm(state, cx, attempt, current);
            state.outbox = match written {
                Ok(true) => Outbox::Idle,
                Ok(false) | Err(_) => Outbox::Pausing { until: pause },
            };
        }
        (Outbox::Writing { pause, .. }, Signal::SwapUnanswered) => {
            state.outbox = Outbox::Pausing { until: pause };
        }
        (Outbox::Pausing { until }, Signal::Wake) if until.has_passed(cx.now()) => begin(state, cx),
        (Outbox::Idle, Signal::Wake) => begin(state, cx),
        // Nothing of the kind is awaited in these stages, or not yet.
        (
            stage,
            Signal::Swapped(_)
            | Signal::SwapUnanswered
            | Signal::HttpDone(_)
            | Signal::HttpFailed(_)
            | Signal::Wake,
        ) => state.outbox = stage,
    }
}

/// When the outbox wants a step: also after a restart.
pub(crate) fn wake_at(state: &State, now: u64) -> Option<u64> {
    match &state.outbox {
        Outbox::Idle => state.known.record().and_then(|record| record.duty_due(now)),
        Outbox::Sent { give_up_at, .. } => Some(*give_up_at),
        Outbox::Pausing { until } => Some(until.at(now)),
        Outbox::Writing { .. } => None,
    }
}

/// Sends the first duty that is due, or drops it.
fn begin(state: &mut State, cx: &mut Cx<'_>) {
    send(state, cx, false);
}

fn send(state: &mut State, cx: &mut Cx<'_>, both_secrets: bool) {
    let Some(record) = state.known.record() else { return };
    let now = cx.now();
    if record.duty_due(now).is_none_or(|at| now < at) {
        return;
    }
    let due = record.outbox.iter().find(|Duty::RevokeToken { next_at, .. }| is_due(*next_at, now));
    let Some(Duty::RevokeToken { token, access, .. }) = due else { return };
    let provider = cx.client.provider().config();
    let owed = token.clone();
    let newer_grant = record.status == RecordStatus::Active;
    let request = match &provider.disconnect {
        Disconnect::Revocation { endpoint }
            if !(newer_grant && provider.refresh.family_per_user) =>
        {
            let hint = if *access { "access_token" } else { "refresh_token" };
            cx.requests().revocation_request(endpoint, owed.expose(), hint)
        }
        Disconnect::Revocation { .. } | Disconnect::ApiRequest { .. } | Disconnect::Forget => {
            return settle(state, cx, &owed, Done::Never);
        }
    };
    let within = provider.refresh.timing.send_within;
    let (op, give_up_at) = cx.send(&mut state.ops, request, within);
    state.outbox = Outbox::Sent { op, owed, give_up_at, both_secrets };
}

/// What became of a duty.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Yes,
    Never,
    Later(Option<u64>),
}

/// Writes what became of a duty.
fn settle(state: &mut State, cx: &mut Cx<'_>, owed: &Secret, done: Done) {
    let mut next = store::known_or_new(state, cx);
    let place = next.outbox.iter().position(|Duty::RevokeToken { token, .. }| token == owed);
    let Some(place) = place else { return };
    let Duty::RevokeToken { token, access, attempts, .. } = next.outbox.remove(place);
    let attempts = attempts.saturating_add(1);
    let wait = refresh::pause(cx, attempts);
    match done {
        Done::Later(after) if attempts < ATTEMPTS => {
            let next_at = cx.now().saturating_add(wait.max(after.unwrap_or_default()));
            next.outbox.push(Duty::RevokeToken { token, access, attempts, next_at });
        }
        Done::Yes | Done::Never | Done::Later(_) => {
            cx.notice(Notice::TokenRevoked { confirmed: done == Done::Yes });
        }
    }
    let attempt = store::write(state, cx, next);
    state.outbox = Outbox::Writing { attempt, pause: Deadline::after(cx.now(), wait) };
}
