//! The credential is not to be used: the server is told where that harms nobody,
//! and it is taken out of the record.

use super::fail;
use crate::{
    env::Deadline,
    failure::{Denial, Failure},
    flow::{Cx, Signal, refresh, store},
    output::Notice,
    provider::Disconnect,
    record::{
        StoreKey, Stored, candidate::Candidate, company_tenant, connection::ConnectionRecord,
    },
    requests::Requests,
    secret::Secret,
    state::{Bind, State},
};
use alloc::boxed::Box;

/// Looks whether the company is another tenant's: the provider's own way to end a
/// credential may end all of the company's. Where it may end other companies' too, the
/// credential is left to run out.
pub(super) fn check(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    company: &str,
    failure: Failure,
) {
    let by_request = matches!(
        cx.client.provider().config().disconnect,
        Disconnect::ApiRequest { spares_others: true, .. }
    );
    if !by_request || candidate.tokens.key.is_some() {
        return forget(state, cx, candidate, failure);
    }
    let key = StoreKey::company(cx.client, company);
    let op = store::swap(&mut state.ops, cx, key, None, None);
    state.bind = Bind::Checking { op, failure, candidate };
}

pub(super) fn step(state: &mut State, cx: &mut Cx<'_>, stage: Bind, signal: Signal) {
    match (stage, signal) {
        (Bind::Checking { failure, candidate, .. }, Signal::Swapped(current)) => {
            let is_free = |stored: Stored| {
                let company = failure.company().unwrap_or_default();
                matches!(company_tenant(cx.client, company, &stored.bytes), Ok(None))
            };
            if current.is_none_or(is_free) {
                return uninstall(state, cx, candidate, failure);
            }
            forget(state, cx, candidate, failure);
        }
        (Bind::Checking { failure, candidate, .. }, Signal::SwapUnanswered) => {
            forget(state, cx, candidate, failure);
        }
        (Bind::Uninstalling { failure, candidate, .. }, Signal::HttpDone(response)) => {
            let confirmed = matches!(response.status, 200..=299 | 404);
            cx.notice(Notice::TokenRevoked { confirmed });
            forget(state, cx, candidate, failure);
        }
        (Bind::Uninstalling { failure, candidate, .. }, Signal::HttpFailed(_)) => {
            cx.notice(Notice::TokenRevoked { confirmed: false });
            forget(state, cx, candidate, failure);
        }
        (Bind::Uninstalling { give_up_at, failure, candidate, .. }, Signal::Wake)
            if cx.now() >= give_up_at =>
        {
            cx.notice(Notice::TokenRevoked { confirmed: false });
            forget(state, cx, candidate, failure);
        }
        (Bind::Dropping { attempt, failure, candidate }, Signal::Swapped(current)) => {
            match store::confirm(state, cx, attempt, current) {
                Ok(false) => forget(state, cx, candidate, failure),
                Ok(true) => fail(state, cx, &candidate, failure),
                Err(_) => leave(state, cx, candidate, failure),
            }
        }
        (Bind::Dropping { attempt, failure, candidate }, Signal::SwapUnanswered) => {
            match store::reread(state, cx, attempt) {
                Some(attempt) => {
                    state.bind = Bind::Dropping { attempt, failure, candidate };
                }
                None => leave(state, cx, candidate, failure),
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
        ) => state.bind = stage,
    }
}

/// Tells the server in the provider's way, once: this must not come late, when the
/// company may be somebody's.
fn uninstall(state: &mut State, cx: &mut Cx<'_>, candidate: Box<Candidate>, failure: Failure) {
    let provider = cx.client.provider().config();
    let Disconnect::ApiRequest { method, url, .. } = &provider.disconnect else {
        return forget(state, cx, candidate, failure);
    };
    let request = Requests::disconnect_request(*method, url, &candidate.tokens);
    let (op, give_up_at) = cx.send(&mut state.ops, request, provider.refresh.timing.send_within);
    state.bind = Bind::Uninstalling { op, give_up_at, failure, candidate };
}

/// Takes it out of the record; where tokens can be revoked one by one, that is owed.
pub(super) fn forget(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    failure: Failure,
) {
    let token_id = candidate.tokens.token_id;
    let is_it = |stored: &Candidate| stored.tokens.token_id == token_id;
    let mut next = store::known_or_new(state, cx);
    let Some(stored) = next.candidate.take_if(|stored| is_it(stored)) else {
        return fail(state, cx, &candidate, failure);
    };
    next.candidate_dropped = true;
    owe(cx, &mut next, stored);
    let attempt = store::write(state, cx, next);
    state.bind = Bind::Dropping { attempt, failure, candidate };
}

/// It stays in the record and serves nobody, until the store answers.
fn leave(state: &mut State, cx: &mut Cx<'_>, candidate: Box<Candidate>, failure: Failure) {
    fail(state, cx, &candidate, failure);
    let until = Deadline::after(cx.now(), refresh::LONGEST_PAUSE);
    state.bind = Bind::Pausing { until, tries: 0, candidate };
}

/// What is owed for a candidate that will not be used.
fn owe(cx: &Cx<'_>, next: &mut ConnectionRecord, candidate: Box<Candidate>) {
    if !cx.client.provider().config().disconnect.is_revocation() {
        return;
    }
    let access = Secret::from(candidate.tokens.access_token());
    next.owe(candidate.tokens.refresh, Some(access), cx.now());
}

/// Something newer has taken the place of the candidate in this record, if any: a
/// disconnect, a key, or another authorization.
pub(crate) fn superseded(state: &mut State, cx: &mut Cx<'_>, next: &mut ConnectionRecord) {
    let stored = next.candidate.take();
    let bound = core::mem::take(&mut state.bind).candidate().cloned();
    for candidate in bound.iter().chain(stored.as_deref()) {
        if state.answered != Some(candidate.tokens.token_id) {
            fail(state, cx, candidate, Failure::denied(Denial::Superseded));
        }
    }
    if let Some(candidate) = stored {
        next.candidate_dropped = true;
        owe(cx, next, candidate);
    }
}
