//! The credential takes the place of the one before.

use super::{drop, fail, later, mismatch, refused_by_store};
use crate::{
    env::Deadline,
    failure::{CompanyFault, Delay, Denial, Failure},
    flow::{Cx, Signal, refresh, revoke, store},
    output::{Notice, Output},
    record::{candidate::Candidate, connection::RecordStatus},
    scope,
    state::{Bind, Learned, State},
};
use alloc::{boxed::Box, string::String};

/// Writes credential and company together, over whatever is there now; `fresh` says
/// that the record has been read since the company was reserved.
pub(super) fn promote(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    learnt: Learned,
    fresh: bool,
) {
    let mut next = store::known_or_new(state, cx);
    // By the grant, not by these tokens: another worker may have bound it, and refreshed
    // it since.
    if next.grant_id == Some(candidate.grant_id) {
        return done(state, cx, *candidate, learnt);
    }
    if learnt.company.is_some() && next.company.is_some() && next.company != learnt.company {
        let failure = mismatch(CompanyFault::Mismatch, Some(&learnt));
        return drop::forget(state, cx, candidate, failure);
    }
    if next.supersedes(candidate.created_at, candidate.begun_in) {
        return drop::forget(state, cx, candidate, Failure::denied(Denial::Superseded));
    }
    if let RecordStatus::Disconnecting { retry_at, .. } = next.status {
        // Begun after the person had wanted out: it waits for the end of that.
        let wait = retry_at.saturating_sub(cx.now());
        let wait = wait.clamp(refresh::FIRST_PAUSE, refresh::LONGEST_PAUSE);
        let until = Deadline::after(cx.now(), wait);
        state.bind = Bind::Pausing { until, tries: 0, candidate };
        return;
    }
    let token_id = candidate.tokens.token_id;
    let stored = next.candidate.as_ref().is_some_and(|stored| stored.tokens.token_id == token_id);
    match (&candidate.authorization, stored) {
        // What is remembered may be older than what was written.
        (Some(_), false) if !fresh => {
            let op = store::read(state, cx);
            state.bind = Bind::Rereading { op, learnt, candidate };
            return;
        }
        // A store that failed over has forgotten it, and nothing has come after it.
        (Some(_), false)
            if next.candidate.is_none()
                && !next.candidate_dropped
                && candidate.begun_in == Some(next.generation) => {}
        (Some(_), false) => {
            return drop::forget(state, cx, candidate, Failure::denied(Denial::Superseded));
        }
        (Some(_), true) => next.candidate = None,
        // A grant whose company is still being asked for is older than this key.
        (None, _) => drop::superseded(state, cx, &mut next),
    }
    let mut tokens = candidate.tokens.clone();
    if let Some(scope) = &learnt.scope {
        tokens.scope.clone_from(scope);
    }
    revoke::overtaken(state, next.grant_id, candidate.created_at);
    next.disconnected_at = None;
    next.disconnected_gen = None;
    next.grant_id = Some(candidate.grant_id);
    next.company = learnt.company.clone().or(next.company);
    next.asked_scope = Some(candidate.asked_scope.clone());
    next.publish(tokens, &cx.client.provider().config().refresh.timing);
    let attempt = store::write(state, cx, next);
    state.bind = Bind::Promoting { attempt, learnt, candidate };
}

pub(super) fn step(state: &mut State, cx: &mut Cx<'_>, stage: Bind, signal: Signal) {
    match (stage, signal) {
        (Bind::Rereading { learnt, candidate, .. }, Signal::Swapped(current)) => {
            match store::adopt(state, cx, current) {
                Ok(()) => promote(state, cx, candidate, learnt, true),
                Err(failure) => refused_by_store(state, cx, candidate, failure),
            }
        }
        (Bind::Rereading { candidate, .. }, Signal::SwapUnanswered) => {
            later(state, cx, candidate, 0, Delay::StoreSlow, None);
        }
        (Bind::Promoting { attempt, learnt, candidate }, Signal::Swapped(current)) => {
            match store::confirm(state, cx, attempt, current) {
                Ok(true) => done(state, cx, *candidate, learnt),
                Ok(false) => promote(state, cx, candidate, learnt, true),
                Err(failure) => refused_by_store(state, cx, candidate, failure),
            }
        }
        (Bind::Promoting { attempt, learnt, candidate }, Signal::SwapUnanswered) => {
            match store::reread(state, cx, attempt) {
                Some(attempt) => {
                    state.bind = Bind::Promoting { attempt, learnt, candidate };
                }
                // An authorization's is in the record, and taken up again from there.
                None if candidate.tokens.key.is_none() => {
                    later(state, cx, candidate, 0, Delay::StoreSlow, None);
                }
                None => {
                    let at = cx.now().saturating_add(refresh::FIRST_PAUSE);
                    let failure = Failure::try_later(at, Delay::StoreSlow);
                    fail(state, cx, &candidate, failure);
                }
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

/// The credential is in the store, with its company: now everybody is told.
fn done(state: &mut State, cx: &mut Cx<'_>, candidate: Candidate, learnt: Learned) {
    let Some(record) = state.known.record() else { return };
    let (generation, tokens) = (record.generation, record.tokens.as_ref());
    let granted = tokens.map(|tokens| tokens.scope.clone()).unwrap_or_default();
    state.answered = Some(candidate.tokens.token_id);
    state.rejected = None;
    state.renewed = None;
    state.backoff = None;
    cx.notice(Notice::GrantObtained { generation });
    if let Some(company) = learnt.company.clone() {
        cx.notice(Notice::CompanyBound { company });
    }
    let missing = scope::missing(&candidate.asked_scope, &granted);
    // What the API does not tell of a key, nobody knows.
    let told = candidate.authorization.is_some() || learnt.scope.is_some();
    if told && !missing.is_empty() {
        cx.notice(Notice::ScopeNarrowed { missing });
    }
    cx.emit(match candidate.authorization {
        Some(authorization) => Output::Authorized {
            authorization,
            generation,
            scope: String::from(&*granted),
            return_context: candidate.return_context,
        },
        None => Output::KeyAccepted {
            generation,
            company: learnt.company.unwrap_or_default(),
            scope: String::from(&*granted),
        },
    });
    refresh::announce(state, cx);
}
