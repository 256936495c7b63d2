//! Serving the token: who may be given which, and what a demand is told.

use crate::{
    failure::Failure,
    flow::Cx,
    output::{Activity, Output},
    record::connection::{ConnectionRecord, RecordStatus, Tokens},
    state::{Demand, Placing, Refresh, Revoke, Settle, State},
};

/// A token is wanted; answered at the end of the step, by `settle_demand`.
pub(crate) fn want(state: &mut State, min_validity: u64) {
    let before = state.demand.map_or(0, |demand| demand.min_validity);
    state.demand = Some(Demand { min_validity: min_validity.max(before) });
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
    if state.revoke != Revoke::Idle {
        // The person wants out: not even until the store has heard of it.
        return None;
    }
    if let Refresh::Settling { settle: Settle::Verdict(_), .. } = state.refresh {
        return None;
    }
    let record = state.known.record()?;
    if let Some(unsaved) = unsaved(state, record, now) {
        return Some(unsaved);
    }
    let tokens = record.tokens.as_ref()?;
    let alive = tokens.access_exp.is_none_or(|expiry| now < expiry);
    let refused = state.rejected.is_some_and(|generation| record.generation <= generation);
    let good = record.status == RecordStatus::Active && alive && !refused;
    let at_server = state.refresh.generation_at_server() == Some(record.generation);
    let dying = state.access_dies && at_server;
    (good && !dying).then_some((record.generation, tokens))
}

/// A refreshed token that the store has not taken, where the provider's data let
/// it be served all the same.
fn unsaved<'a>(state: &'a State, record: &ConnectionRecord, now: u64) -> Option<(u64, &'a Tokens)> {
    let Refresh::Saving { placing: Placing::Holding { .. }, renewal } = &state.refresh else {
        return None;
    };
    let next = record.generation == renewal.generation && record.grant_id == renewal.grant_id;
    let alive = renewal.tokens.access_exp.is_none_or(|expiry| now < expiry);
    let served = state.release_unsaved
        && next
        && alive
        && renewal.failure.is_none()
        && record.status == RecordStatus::Active;
    served.then(|| (renewal.generation.saturating_add(1), &renewal.tokens))
}

/// Whether there is a token that answers the demand. Nobody gets more validity
/// than half of the token's life, or a short-lived one would be refreshed for
/// every caller.
pub(crate) fn is_usable(state: &State, now: u64) -> bool {
    let Some((_, tokens)) = servable(state, now) else { return false };
    let Some(expiry) = tokens.access_exp else { return true };
    let wanted = state.demand.map_or(0, |demand| demand.min_validity);
    let half_life = expiry.saturating_sub(tokens.obtained_at) / 2;
    now.saturating_add(wanted.min(half_life)) < expiry
}

/// Answers a demand: with the token if there still is one, or the failure.
pub(crate) fn answer(state: &mut State, cx: &mut Cx<'_>, failure: Failure) {
    if state.demand.is_none() {
        return;
    }
    if is_usable(state, cx.now()) {
        return announce(state, cx);
    }
    state.demand = None;
    cx.fail(Activity::Token, failure);
}

/// Ends what is under way, and answers the demand with this.
pub(crate) fn refuse(state: &mut State, cx: &mut Cx<'_>, failure: Failure) {
    state.refresh = Refresh::Idle;
    answer(state, cx, failure);
}

pub(crate) fn serve(state: &mut State, cx: &mut Cx<'_>, usable: bool) {
    state.refresh = Refresh::Idle;
    if usable && state.demand.is_some() {
        announce(state, cx);
    }
}

pub(crate) fn is_due(state: &State, now: u64) -> bool {
    let backing_off = state.backoff.as_ref().is_some_and(|backoff| {
        !backoff.until.has_passed(now) || (backoff.waits_for_somebody() && state.demand.is_none())
    });
    due_at(state, now).is_some_and(|due| now >= due) && !backing_off
}

/// When a proactive refresh is due, if one can be made at all: not while the person wants out.
pub(crate) fn due_at(state: &State, now: u64) -> Option<u64> {
    let record = state.known.record().filter(|_| state.revoke == Revoke::Idle)?;
    let tokens = record.tokens.as_ref().filter(|_| record.status == RecordStatus::Active)?;
    is_refreshable(tokens, now).then_some(record.due_at).flatten()
}

/// A refresh token known to be expired is not sent: a server may take that for
/// theft.
pub(crate) fn is_refreshable(tokens: &Tokens, now: u64) -> bool {
    tokens.refresh.is_some() && tokens.refresh_exp.is_none_or(|expiry| now < expiry)
}

/// Whether, by the clock, nothing is left to serve and nothing to refresh with.
pub(crate) fn is_over(state: &State, now: u64) -> bool {
    let tokens = state.known.record().and_then(|record| record.tokens.as_ref());
    tokens.is_some_and(|tokens| {
        tokens.access_exp.is_some_and(|expiry| now >= expiry) && !is_refreshable(tokens, now)
    })
}
