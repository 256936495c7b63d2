//! The tombstone: what is left of a grant.

use super::{resume, stored_token_id};
use crate::{
    flow::{Cx, store},
    output::Notice,
    record::connection::{ConnectionRecord, RecordStatus},
    secret::Secret,
    state::{Revoke, State, Told},
};
use alloc::boxed::Box;

/// Wipes the tokens and leaves the tombstone. A revocation that nobody has
/// confirmed is still owed to the server.
pub(super) fn finish(state: &mut State, cx: &mut Cx<'_>, told: Told) {
    let mut next = store::known_or_new(state, cx);
    let RecordStatus::Disconnecting { .. } = next.status else { return resume(state, cx) };
    let revocable = cx.client.provider().config().disconnect.is_revocation();
    let tokens = next.tokens.take().filter(|tokens| revocable && tokens.key.is_none());
    if let Some(tokens) = tokens {
        // The server was told of the refresh token, if there is one. That the access token
        // ends with it is no server's duty (RFC 7009 §2.1).
        let unclear = told == Told::Unclear;
        let alive = tokens.access_exp.is_none_or(|expiry| cx.now() < expiry);
        let left = alive && (unclear || tokens.refresh.is_some());
        let access = left.then(|| Secret::from(tokens.access_token()));
        next.owe(tokens.refresh.filter(|_| unclear), access, cx.now());
    }
    next.wipe(RecordStatus::Disconnected);
    bury(state, cx, next, told);
}

pub(super) fn bury(state: &mut State, cx: &mut Cx<'_>, next: ConnectionRecord, told: Told) {
    let token_id = stored_token_id(state);
    let attempt = Box::new(store::write(state, cx, next));
    state.revoke = Revoke::Burying { attempt, told, token_id };
}

pub(super) fn buried(state: &mut State, cx: &mut Cx<'_>, confirmed: bool) {
    state.revoke = Revoke::Idle;
    state.rejected = None;
    state.backoff = None;
    cx.notice(Notice::Disconnected { confirmed });
}
