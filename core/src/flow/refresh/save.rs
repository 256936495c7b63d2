//! Saving what a refresh brought: merged by generation, whoever owns the intent
//! by then, and stored before anything about it is judged.

use super::{
    claim::decide,
    serve::{announce, answer},
    settle::{OPERATOR_PAUSE, back_off},
};
use crate::{
    answer::TokenAnswer,
    entropy::Id,
    failure::{Failure, ServerFault},
    flow::{Cx, revoke, store},
    output::Notice,
    policy::Rotation,
    record::connection::{ConnectionRecord, RecordStatus, Tokens},
    rules::{self, Rule},
    scope,
    secret::Secret,
    state::{Claim, Placing, Refresh, Renewal, State},
};
use alloc::{boxed::Box, sync::Arc};

/// New tokens: whatever is wrong with them, they are stored first.
pub(crate) fn accept(state: &mut State, cx: &mut Cx<'_>, answer: TokenAnswer, claim: Claim) {
    let renewal = renewal(state, cx, answer, claim);
    save(state, cx, renewal, 0);
}

/// New tokens, while others of the same generation are being stored: kept for after
/// that, where both can be alive, or these alone.
pub(crate) fn keep(state: &mut State, cx: &mut Cx<'_>, answer: TokenAnswer, claim: Claim) {
    if cx.client.provider().config().refresh.rotation.has_siblings() {
        state.sibling = Some(renewal(state, cx, answer, claim));
    }
}

fn renewal(state: &State, cx: &Cx<'_>, answer: TokenAnswer, claim: Claim) -> Box<Renewal> {
    let old = state.known.record().and_then(|record| record.tokens.as_ref());
    let before = claim.scope.clone();
    let sent = claim.refresh.clone();
    let (tokens, rotated, flaw) = renewed(cx, answer, claim.refresh, claim.scope, old);
    Box::new(Renewal {
        generation: claim.generation,
        grant_id: claim.grant_id,
        missing_scope: scope::missing(&before, &tokens.scope),
        tokens,
        sent,
        rotated,
        failure: flaw.map(Failure::ServerMisbehaved),
    })
}

/// The tokens that follow on those that were sent, whether the server rotated, and
/// why the new access token cannot be used, if so.
fn renewed(
    cx: &Cx<'_>,
    answer: TokenAnswer,
    sent: Secret,
    scope: Arc<str>,
    old: Option<&Tokens>,
) -> (Tokens, bool, Option<ServerFault>) {
    let now = cx.now();
    let rotated = answer.refresh_token.as_ref().is_some_and(|token| *token != sent);
    let (unfit, stillborn) = (answer.flaw.is_some(), answer.expires_in == Some(0));
    let flaw = answer.flaw.or(stillborn.then_some(ServerFault::TokenUnusable));
    let kept_exp = old.and_then(|tokens| tokens.refresh_exp).filter(|_| !rotated);
    let life_end = |life: u64| now.saturating_add(life);
    let tokens = Tokens {
        token_id: Id::new(cx.env, "token"),
        refresh_exp: answer.refresh_expires_in.map(life_end).or(kept_exp),
        refresh: Some(answer.refresh_token.unwrap_or(sent)),
        header: answer.header,
        // What may not be used is expired by every clock, also by one that is behind.
        access_exp: if unfit { Some(0) } else { answer.expires_in.map(life_end) },
        scope: answer.scope.unwrap_or(scope),
        obtained_at: now,
        key: None,
    };
    (tokens, rotated, flaw)
}

/// Where refreshed tokens belong in the record as it is now.
pub(crate) enum Place {
    /// They are there.
    Done,
    /// They are the grant's next generation.
    Publish,
    /// A sibling is stored: kept beside it, for when that turns out to be dead.
    Spare,
    /// The grant is being ended: they are what has to be revoked.
    Hand,
    /// The grant has been ended: they are owed to the server.
    Owe,
    /// Another grant or a later token has their place.
    Drop,
}

pub(crate) fn place(
    record: Option<&ConnectionRecord>,
    renewal: &Renewal,
    rotation: Rotation,
) -> Place {
    let Some(record) = record else { return Place::Drop };
    let mut stored = record.tokens.iter().chain(record.spare.as_deref());
    if stored.any(|stored| stored.token_id == renewal.tokens.token_id) {
        return Place::Done;
    }
    let same_grant = record.grant_id == renewal.grant_id || !rules::holds(Rule::SameGrant);
    let next_generation = renewal.generation.saturating_add(1);
    // A sibling is worth more than what it was asked with.
    let is_parent = |spare: &Tokens| spare.refresh.as_ref() == Some(&renewal.sent);
    match record.status {
        RecordStatus::Reauthenticate { .. } if !rules::holds(Rule::Heal) => Place::Drop,
        RecordStatus::Active | RecordStatus::Reauthenticate { .. }
            if record.generation == renewal.generation && same_grant =>
        {
            Place::Publish
        }
        // Another answer has left in place the token that these have replaced.
        RecordStatus::Active
            if same_grant
                && renewal.rotated
                && rules::holds(Rule::Successor)
                && record.generation > renewal.generation
                && record.tokens.as_ref().and_then(|tokens| tokens.refresh.as_ref())
                    == Some(&renewal.sent) =>
        {
            Place::Publish
        }
        // Judged dead by a replay of the token that these have replaced. Where they have
        // replaced none, it is theirs that was judged, or had been used up before.
        RecordStatus::Reauthenticate { .. }
            if record.generation == next_generation && same_grant && renewal.rotated =>
        {
            Place::Publish
        }
        RecordStatus::Active
            if record.generation == next_generation
                && same_grant
                && record.spare.as_deref().is_none_or(is_parent)
                && rotation.has_siblings()
                && rules::holds(Rule::Spare) =>
        {
            Place::Spare
        }
        RecordStatus::Disconnecting { .. }
            if same_grant && is_wanted(record, renewal, rotation) =>
        {
            Place::Hand
        }
        RecordStatus::Disconnected if same_grant => {
            let refresh = renewal.tokens.refresh.as_ref();
            if refresh.is_some_and(|token| record.owes(token)) { Place::Drop } else { Place::Owe }
        }
        RecordStatus::New
        | RecordStatus::Active
        | RecordStatus::Reauthenticate { .. }
        | RecordStatus::Disconnecting { .. }
        | RecordStatus::Disconnected => Place::Drop,
    }
}

/// Whether tokens of a grant that is being ended are news: they follow on those that are
/// stored, or are their siblings, of which any may be the one that is alive.
fn is_wanted(record: &ConnectionRecord, renewal: &Renewal, rotation: Rotation) -> bool {
    let stored = record.tokens.as_ref().and_then(|tokens| tokens.refresh.as_ref());
    // Raised by the sibling, by the end, and by what that was renewed with.
    let sibling = record.generation.saturating_sub(renewal.generation) <= 3;
    stored == Some(&renewal.sent) || (rotation.has_siblings() && sibling)
}

/// Stores the new tokens, merged by generation, until the store has them.
pub(crate) fn save(state: &mut State, cx: &mut Cx<'_>, renewal: Box<Renewal>, tries: u8) {
    let rotation = cx.client.provider().config().refresh.rotation;
    let where_to = place(state.known.record(), &renewal, rotation);
    let mut next = store::known_or_new(state, cx);
    match where_to {
        Place::Done => return saved(state, cx, *renewal),
        Place::Drop => return end(state, cx),
        Place::Publish if !may_merge(state) => return decide(state, cx),
        Place::Publish => {
            let timing = cx.client.provider().config().refresh.timing;
            let parent = next.tokens.take().filter(|_| may_be_put_aside(state, &renewal, rotation));
            next.publish(renewal.tokens.clone(), &timing);
            next.spare = parent.map(Box::new);
        }
        Place::Spare => next.spare = Some(Box::new(renewal.tokens.clone())),
        Place::Hand => next.hand_over(renewal.tokens.clone()),
        Place::Owe => {
            let access = renewal.tokens.access_token().into();
            next.owe(renewal.tokens.refresh.clone(), Some(access), cx.now());
        }
    }
    let mut attempt = store::write(state, cx, next);
    attempt.tries = tries;
    state.refresh = Refresh::Saving { placing: Placing::Writing(attempt), renewal };
}

/// Whoever owns the intent by now: a success is merged.
fn may_merge(state: &State) -> bool {
    let intent = state.known.record().and_then(|record| record.intent.as_ref());
    let owned = intent.map(|intent| intent.nonce) == state.last_claim;
    owned || rules::holds(Rule::MergeByGeneration)
}

/// Whether another has asked since with the same token, where the newest answer wins: if
/// that answer is lost, the token itself is still good for one more.
fn may_be_put_aside(state: &State, renewal: &Renewal, rotation: Rotation) -> bool {
    let record = state.known.record();
    let intent = record.and_then(|record| record.intent.as_ref());
    rotation == Rotation::NewestWins
        && renewal.rotated
        && intent.is_some_and(|intent| Some(intent.nonce) != state.last_claim)
        && record.is_some_and(|record| record.generation == renewal.generation)
}

/// Nothing is left to store, unless a sibling came meanwhile.
fn end(state: &mut State, cx: &mut Cx<'_>) {
    match state.sibling.take() {
        Some(sibling) => save(state, cx, sibling, 0),
        None => decide(state, cx),
    }
}

/// The tokens are in the store: now everybody is told.
pub(crate) fn saved(state: &mut State, cx: &mut Cx<'_>, renewal: Renewal) {
    state.refresh = Refresh::Idle;
    let Some(record) = state.known.record() else { return };
    if record.spare.as_ref().is_some_and(|spare| spare.token_id == renewal.tokens.token_id) {
        return end(state, cx);
    }
    let (generation, active) = (record.generation, record.status == RecordStatus::Active);
    state.renewed = state.rejected.is_some().then_some(generation);
    state.rejected = None;
    state.backoff = None;
    cx.notice(Notice::Refreshed { generation, rotated: renewal.rotated });
    if !renewal.missing_scope.is_empty() {
        cx.notice(Notice::ScopeNarrowed { missing: renewal.missing_scope });
    }
    if !active {
        end(state, cx);
        return revoke::handed_over(state, cx);
    }
    match renewal.failure {
        None => announce(state, cx),
        Some(failure) => {
            let again = back_off(state, cx, failure, OPERATOR_PAUSE);
            answer(state, cx, again);
        }
    }
    if let Some(sibling) = state.sibling.take() {
        save(state, cx, sibling, 0);
    }
}
