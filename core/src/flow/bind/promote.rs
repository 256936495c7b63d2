//! The credential takes the place of the one before.

use super::{drop, fail};
use crate::{
    failure::{Denial, Failure},
    flow::{Cx, Signal, refresh, store},
    output::{Notice, Output},
    record::{candidate::Candidate, connection::RecordStatus},
    scope,
    state::{Bind, Learned, State},
};
use alloc::boxed::Box;

/// Writes credential and company together, over whatever is there now.
pub(super) fn promote(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    learnt: Learned,
) {
    let mut next = store::known_or_new(state, cx);
    let token_id = candidate.tokens.token_id;
    if next.tokens.as_ref().is_some_and(|tokens| tokens.token_id == token_id) {
        return done(state, cx, *candidate, learnt);
    }
    let stored = next.candidate.as_ref().is_some_and(|stored| stored.tokens.token_id == token_id);
    let ending = matches!(next.status, RecordStatus::Disconnecting { .. });
    let other_company = next.company.as_ref().is_some_and(|company| *company != learnt.company);
    if next.supersedes(candidate.created_at, candidate.begun_in)
        || ending
        || other_company
        || (candidate.authorization.is_some() && !stored)
    {
        return drop::forget(state, cx, candidate, Failure::denied(Denial::Superseded));
    }
    if stored {
        next.candidate = None;
    }
    let mut tokens = candidate.tokens.clone();
    if let Some(scope) = &learnt.scope {
        tokens.scope.clone_from(scope);
    }
    next.disconnected_at = None;
    next.disconnected_gen = None;
    next.grant_id = Some(candidate.grant_id);
    next.company = Some(learnt.company.clone());
    next.asked_scope = Some(candidate.asked_scope.clone());
    next.publish(tokens, &cx.client.provider().config().refresh.timing);
    let attempt = Box::new(store::write(state, cx, next));
    state.bind = Bind::Promoting { attempt, learnt, candidate };
}

pub(super) fn step(state: &mut State, cx: &mut Cx<'_>, stage: Bind, signal: Signal) {
    match (stage, signal) {
        (Bind::Promoting { attempt, learnt, candidate }, Signal::Swapped(current)) => {
            match store::confirm(state, cx, *attempt, current) {
                Ok(true) => done(state, cx, *candidate, learnt),
                Ok(false) => promote(state, cx, candidate, learnt),
                Err(failure) => fail(cx, &candidate, failure),
            }
        }
        (Bind::Promoting { attempt, learnt, candidate }, Signal::SwapUnanswered) => {
            match store::reread(state, cx, *attempt) {
                Some(attempt) => {
                    state.bind = Bind::Promoting { attempt: Box::new(attempt), learnt, candidate };
                }
                // An authorization's is in the record, and taken up again from there.
                None => {
                    super::later(state, cx, candidate, 0, crate::failure::Delay::StoreSlow, None)
                }
            }
        }
        (stage, _) => state.bind = stage,
    }
}

/// The credential is in the store, with its company: now everybody is told.
fn done(state: &mut State, cx: &mut Cx<'_>, candidate: Candidate, learnt: Learned) {
    let Some(record) = state.known.record() else { return };
    let (generation, tokens) = (record.generation, record.tokens.as_ref());
    let granted = tokens.map(|tokens| tokens.scope.clone()).unwrap_or_default();
    state.rejected = None;
    state.renewed = None;
    state.backoff = None;
    cx.notice(Notice::GrantObtained { generation });
    cx.notice(Notice::CompanyBound { company: learnt.company.clone() });
    let missing = scope::missing(&candidate.asked_scope, &granted);
    if !missing.is_empty() {
        cx.notice(Notice::ScopeNarrowed { missing });
    }
    cx.emit(match candidate.authorization {
        Some(authorization) => Output::Authorized {
            authorization,
            generation,
            scope: granted,
            return_context: candidate.return_context,
        },
        None => Output::KeyAccepted { generation, company: learnt.company, scope: granted },
    });
    refresh::announce(state, cx);
}
