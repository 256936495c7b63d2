//! The one renewal that an end may take, where the server is told with the access
//! token and that has died.

use super::{is_ending, resume};
use crate::{
    answer::TokenAnswer,
    flow::{Cx, refresh, store},
    provider::Disconnect,
    record::connection::{ConnectionRecord, RecordStatus},
    secret::Secret,
    state::{Revoke, State},
};
use alloc::boxed::Box;

/// The refresh token for the one renewal that an end may take, where the server
/// is told with the access token. No intent goes before it: nobody else may begin
/// a refresh any more, and a replay would only end the grant.
pub(super) fn to_renew_with<'a>(state: &'a State, cx: &Cx<'_>) -> Option<&'a Secret> {
    let record = state.known.record()?;
    let tokens = record.tokens.as_ref()?;
    let by_access_token =
        matches!(cx.client.provider().config().disconnect, Disconnect::ApiRequest { .. });
    let renewed = record.disconnected_gen.is_none_or(|gone| record.generation > gone);
    let good = by_access_token && !renewed && refresh::is_refreshable(tokens, cx.now());
    tokens.refresh.as_ref().filter(|_| good)
}

pub(super) fn renew(state: &mut State, cx: &mut Cx<'_>, both_secrets: bool) {
    let Some(sent) = to_renew_with(state, cx).cloned() else { return };
    let request = cx.requests().refresh_request(&sent);
    let within = cx.client.provider().config().refresh.timing.send_within;
    let (op, give_up_at) = cx.send(&mut state.ops, request, within);
    state.revoke = Revoke::Renewing { op, give_up_at, sent, both_secrets };
}

/// The new tokens are stored before the server is told with them.
pub(super) fn renewed(state: &mut State, cx: &mut Cx<'_>, answer: TokenAnswer, sent: Secret) {
    let mut next = store::known_or_new(state, cx);
    let RecordStatus::Disconnecting { .. } = next.status else { return resume(state, cx) };
    let old = next.tokens.take();
    let scope = old.as_ref().map(|tokens| tokens.scope.clone()).unwrap_or_default();
    let (tokens, _, _) = refresh::renewed(cx, answer, sent, scope, old.as_ref());
    next.hand_over(tokens);
    let attempt = Box::new(store::write(state, cx, next));
    state.revoke = Revoke::Marking { attempt };
}

/// Whether this is what the record as last seen should become: renewed tokens are
/// the only copy.
pub(super) fn is_renewal_of(next: &ConnectionRecord, state: &State) -> bool {
    state.known.record().is_some_and(|record| {
        is_ending(record)
            && is_ending(next)
            && record.generation.checked_add(1) == Some(next.generation)
    })
}
