//! The tombstone: what is left of a grant.

use super::{is_ending, resume, stored_token_id};
use crate::{
    flow::{Cx, store},
    output::Notice,
    record::connection::{ConnectionRecord, RecordStatus, Tokens},
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
        let unclear = matches!(told, Told::Unclear | Told::Misconfigured);
        let access = live_access(&tokens, cx.now()).filter(|_| unclear || tokens.refresh.is_some());
        next.owe(tokens.refresh.filter(|_| unclear), access, cx.now());
    }
    next.wipe(RecordStatus::Disconnected);
    bury(state, cx, next, told);
}

/// A new grant takes the place of one whose end the server has not confirmed: that is
/// still owed, unless it would end the new one too. Whether an end was there.
pub(crate) fn owe_end(cx: &Cx<'_>, next: &mut ConnectionRecord) -> bool {
    if !is_ending(next) {
        return false;
    }
    let provider = cx.client.provider().config();
    let harmless = provider.disconnect.is_revocation() && !provider.refresh.family_per_user;
    let tokens = next.tokens.take().filter(|tokens| harmless && tokens.key.is_none());
    if let Some(tokens) = tokens {
        let access = live_access(&tokens, cx.now());
        next.owe(tokens.refresh, access, cx.now());
    }
    true
}

fn live_access(tokens: &Tokens, now: u64) -> Option<Secret> {
    let alive = tokens.access_exp.is_none_or(|expiry| now < expiry);
    alive.then(|| Secret::from(tokens.access_token()))
}

pub(super) fn bury(state: &mut State, cx: &mut Cx<'_>, next: Box<ConnectionRecord>, told: Told) {
    let token_id = stored_token_id(state);
    let attempt = store::write(state, cx, next);
    state.revoke = Revoke::Burying { attempt, told, token_id };
}

pub(super) fn buried(state: &mut State, cx: &mut Cx<'_>, confirmed: bool) {
    state.revoke = Revoke::Idle;
    state.rejected = None;
    state.backoff = None;
    cx.notice(Notice::Disconnected { confirmed });
}
