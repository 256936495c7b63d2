//! Authorize: from the wish to connect to a person in the browser, and the end
//! of those who never come back. A redirect is judged in `exchange`.

use super::{Cx, STORE_TRIES, Signal, store};
use crate::{
    client::AuthorizationRequest,
    company::is_name,
    entropy::{self, Id},
    failure::{Delay, Denial, Failure, HostFault, Misuse},
    input::Authorize,
    output::{Activity, Notice, Op, Output},
    provider::check_parameters,
    record::{
        AuthorizationId, Binding, Record as _, Revision, StoreKey, Stored, Write, decode, encode,
        pending::{self, Pending},
    },
    scope::is_scope,
    secret::SecretBytes,
    state::{Authorization, AuthorizationStage as Stage, Draft, Known, Revoke, State},
    uri,
};
use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

/// More authorizations than this are not remembered; the oldest is forgotten
/// here, though its redirect still finds its record.
const REMEMBERED: usize = 16;

/// Everything that the caller can get wrong, before anything changes.
pub(crate) fn check(asked: &Authorize, cx: &Cx<'_>) -> Result<(), Misuse> {
    if !cx.client.has_redirect_uri(&asked.redirect_uri) {
        return Err(Misuse::RedirectUriNotRegistered);
    }
    for scope in &asked.scopes {
        if !is_scope(scope) {
            return Err(Misuse::ScopeInvalid);
        }
        if !cx.client.scopes().contains(scope) {
            return Err(Misuse::ScopeNotRegistered);
        }
    }
    check_parameters(&asked.extra)?;
    let provider = cx.client.provider().config();
    let query = uri::query(&provider.authorization_endpoint);
    let mut fixed = provider.authorize_parameters.iter().chain(&query);
    if fixed.any(|(taken, _)| asked.extra.iter().any(|(name, _)| taken == name)) {
        return Err(Misuse::ParameterReserved);
    }
    if asked.company.as_deref().is_some_and(|company| !is_name(company)) {
        return Err(Misuse::CompanyInvalid);
    }
    if asked.return_context.as_ref().is_some_and(|context| context.len() > 4096) {
        return Err(Misuse::ReturnContextTooLong);
    }
    Ok(())
}

/// Begins an authorization: the pending record first, the browser after. What is
/// remembered of the connection is looked at anew before: it may be older than a
/// disconnect by another worker, and what was begun before that comes to nothing.
pub(crate) fn begin(state: &mut State, cx: &mut Cx<'_>, asked: Authorize) {
    let draft = Draft {
        state: entropy::secret(cx.env, "state"),
        verifier: entropy::secret(cx.env, "code_verifier"),
        binding: match asked.binding {
            Binding::Cookie => Some(entropy::secret(cx.env, "binding")),
            Binding::SameProcess => None,
        },
        asked,
    };
    let id = AuthorizationId::of(draft.state.expose());
    let return_context = draft.asked.return_context.clone();
    if state.authorizations.len() >= REMEMBERED {
        let open = |own: &Authorization| matches!(own.stage, Stage::Open);
        let Some(oldest) = state.authorizations.iter().position(open) else {
            let failure = Failure::try_later(cx.now(), Delay::Busy);
            return fail(cx, id, return_context, failure);
        };
        state.authorizations.remove(oldest);
    }
    let lifetime = cx.client.provider().config().authorization_lifetime;
    let expires_at = cx.now().saturating_add(lifetime);
    let mut own = Authorization { id, expires_at, return_context, stage: Stage::Open };
    // Forgotten since the store was silent in the midst of an end, it is worth a look too.
    if state.known.is_unread() && state.revoke == Revoke::Idle {
        return store_pending(state, cx, own, draft);
    }
    let op = store::read(state, cx);
    own.stage = Stage::Looking { op, draft: Box::new(draft), tries: 0 };
    state.authorizations.push(own);
}

/// Writes the pending record of the connection as it is now.
fn store_pending(state: &mut State, cx: &mut Cx<'_>, mut own: Authorization, draft: Draft) {
    let Draft { asked, state: state_parameter, verifier, binding } = draft;
    let scope = scope_to_ask(state, cx, &asked.scopes);
    let url = cx.client.authorization_url(&AuthorizationRequest {
        redirect_uri: &asked.redirect_uri,
        scope: &scope,
        state: &state_parameter,
        code_verifier: &verifier,
        extra: &asked.extra,
    });
    let mut record = Pending::new(&own.id, (cx.key, cx.tenant), verifier);
    record.redirect_uri = asked.redirect_uri.into();
    record.scope = scope;
    record.binding = binding.as_ref().map(|secret| {
        let hash = entropy::sha256_base64url(secret.expose());
        String::from(hash.as_str())
    });
    record.return_context = asked.return_context;
    record.company = asked.company;
    record.created_at = cx.now();
    record.begun_in = match &state.known {
        Known::Unread => None,
        Known::Absent => Some(0),
        Known::Present(_, known) | Known::Ahead(_, known) => Some(known.generation),
    };
    record.expires_at = own.expires_at;

    let bytes = encode(cx.client.sealing(), &record);
    let op = write_pending(state, cx, record.key().clone(), own.expires_at, bytes.clone());
    own.stage = Stage::Storing { op, url, binding, bytes, tries: 0 };
    state.authorizations.push(own);
}

/// An answer to an authorization's own op, or the time.
pub(crate) fn step(state: &mut State, cx: &mut Cx<'_>, mut own: Authorization, signal: Signal) {
    match (own.stage, signal) {
        (Stage::Looking { draft, .. }, Signal::Swapped(current)) => {
            own.stage = Stage::Open;
            match store::adopt(state, cx, current) {
                Ok(()) => store_pending(state, cx, own, *draft),
                Err(failure) => fail(cx, own.id, own.return_context, failure),
            }
        }
        (Stage::Looking { draft, tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return fail(cx, own.id, own.return_context, store_slow(cx));
            }
            let op = store::read(state, cx);
            own.stage = Stage::Looking { op, draft, tries };
            state.authorizations.push(own);
        }
        (Stage::Storing { url, binding, bytes, tries, .. }, Signal::Swapped(current)) => {
            match current {
                Some(stored) if stored.bytes.expose() == bytes.expose() => {
                    let (authorization, expires_at) = (own.id.clone(), own.expires_at);
                    cx.notice(Notice::AuthorizationStarted(own.id.clone()));
                    cx.emit(Output::OpenUrl { authorization, url, binding, expires_at });
                    own.stage = Stage::Open;
                    state.authorizations.push(own);
                }
                // The write did not take place: made again, as often as it is worth.
                None if tries < STORE_TRIES => {
                    let key = StoreKey::pending(&own.id);
                    let op = write_pending(state, cx, key, own.expires_at, bytes.clone());
                    own.stage =
                        Stage::Storing { op, url, binding, bytes, tries: tries.saturating_add(1) };
                    state.authorizations.push(own);
                }
                None | Some(_) => {
                    let failure = Failure::HostFailed(HostFault::StoreUnanswered);
                    fail(cx, own.id, own.return_context, failure);
                }
            }
        }
        (Stage::Storing { url, binding, bytes, tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return fail(cx, own.id, own.return_context, store_slow(cx));
            }
            let op = store::swap(&mut state.ops, cx, StoreKey::pending(&own.id), None, None);
            own.stage = Stage::Storing { op, url, binding, bytes, tries };
            state.authorizations.push(own);
        }
        (Stage::Expiring { .. }, Signal::Swapped(current)) => {
            if current.is_none_or(|stored| is_pending(cx, &own.id, &stored)) {
                expired(cx, own.id, own.return_context);
            }
        }
        (Stage::Expiring { .. }, Signal::SwapUnanswered) => expired(cx, own.id, own.return_context),
        (Stage::CancelLooking { .. }, Signal::Swapped(Some(stored))) => {
            if let Some((expected, used)) = tombstone(cx, &own.id, stored) {
                let (key, bytes) = (StoreKey::pending(&own.id), used.bytes.clone());
                let op = store::swap(&mut state.ops, cx, key, Some(expected), Some(used));
                own.stage = Stage::CancelWriting { op, bytes };
                state.authorizations.push(own);
            }
        }
        (Stage::CancelWriting { bytes, .. }, Signal::Swapped(current)) => {
            // A redirect may have come first; then its exchange has the last word.
            if current.is_some_and(|stored| stored.bytes.expose() == bytes.expose()) {
                cx.notice(Notice::AuthorizationCancelled(own.id));
            }
        }
        (Stage::CancelLooking { .. }, Signal::Swapped(None)) => {}
        (Stage::CancelLooking { .. } | Stage::CancelWriting { .. }, Signal::SwapUnanswered) => {
            fail(cx, own.id, own.return_context, store_slow(cx));
        }
        (Stage::Open, Signal::Wake) if cx.now() >= own.expires_at => {
            let op = store::swap(&mut state.ops, cx, StoreKey::pending(&own.id), None, None);
            own.stage = Stage::Expiring { op };
            state.authorizations.push(own);
        }
        // An open authorization waits for nothing but time, and none sends HTTP.
        (stage @ Stage::Open, Signal::Swapped(_) | Signal::SwapUnanswered)
        | (stage, Signal::HttpDone(_) | Signal::HttpFailed(_) | Signal::Wake) => {
            own.stage = stage;
            state.authorizations.push(own);
        }
    }
}

/// Gives up one authorization, wherever it was begun, or all begun here.
pub(crate) fn cancel(state: &mut State, cx: &mut Cx<'_>, which: Option<AuthorizationId>) {
    let ids: Vec<AuthorizationId> = match which {
        Some(id) => Vec::from([id]),
        None => state.authorizations.iter().map(|known| known.id.clone()).collect(),
    };
    for id in ids {
        let known = state.authorizations.iter().position(|known| known.id == id);
        let own = known.map(|at| state.authorizations.remove(at));
        if let Some(Stage::Looking { .. } | Stage::Storing { .. }) =
            own.as_ref().map(|own| &own.stage)
        {
            // Nobody has seen its URL: forgetting it is enough.
            cx.notice(Notice::AuthorizationCancelled(id));
            continue;
        }
        if state.authorizations.len() >= REMEMBERED {
            let failure = Failure::try_later(cx.now(), Delay::Busy);
            fail(cx, id, None, failure);
            continue;
        }
        let op = store::swap(&mut state.ops, cx, StoreKey::pending(&id), None, None);
        let (expires_at, return_context) =
            own.map_or((cx.now(), None), |own| (own.expires_at, own.return_context));
        let stage = Stage::CancelLooking { op };
        state.authorizations.push(Authorization { id, expires_at, return_context, stage });
    }
}

fn write_pending(
    state: &mut State,
    cx: &mut Cx<'_>,
    key: StoreKey,
    expires_at: u64,
    bytes: SecretBytes,
) -> Op {
    let purge_at = Some(pending::purge_at(expires_at));
    let write = Write { bytes, due_at: None, purge_at };
    store::swap(&mut state.ops, cx, key, None, Some(write))
}

/// Nobody came back in time.
fn expired(cx: &mut Cx<'_>, id: AuthorizationId, return_context: Option<String>) {
    cx.notice(Notice::AuthorizationExpired(id.clone()));
    fail(cx, id, return_context, Failure::denied(Denial::AuthorizationExpired));
}

fn store_slow(cx: &Cx<'_>) -> Failure {
    Failure::try_later(cx.now(), Delay::StoreSlow)
}

/// Whether the authorization is still waiting for its redirect.
fn is_pending(cx: &Cx<'_>, id: &AuthorizationId, stored: &Stored) -> bool {
    let key = StoreKey::pending(id);
    let read = decode::<Pending>(cx.client.sealing(), &key, stored.bytes.expose());
    read.is_ok_and(|pending| pending.used_by.is_none())
}

/// What turns a pending record into a tombstone, if it is ours and still pending.
fn tombstone(cx: &Cx<'_>, id: &AuthorizationId, stored: Stored) -> Option<(Revision, Write)> {
    let key = StoreKey::pending(id);
    let pending: Pending = decode(cx.client.sealing(), &key, stored.bytes.expose()).ok()?;
    if pending.used_by.is_some() || pending.connection != *cx.key {
        return None;
    }
    let used = pending.used(Id::new(cx.env, "cancel"));
    let bytes = encode(cx.client.sealing(), &used);
    Some((
        stored.revision,
        Write { bytes, due_at: None, purge_at: Some(pending::purge_at(used.expires_at)) },
    ))
}

/// The scopes asked for; where none are named, those of the last time.
fn scope_to_ask(state: &State, cx: &Cx<'_>, scopes: &[String]) -> Arc<str> {
    if !scopes.is_empty() {
        return scopes.join(" ").into();
    }
    let last = state.known.record().and_then(|record| record.asked_scope.as_ref());
    match last {
        Some(last)
            if last.split(' ').all(|scope| cx.client.scopes().iter().any(|s| s == scope)) =>
        {
            last.clone()
        }
        Some(_) | None => cx.client.scope().clone(),
    }
}

fn fail(
    cx: &mut Cx<'_>,
    authorization: AuthorizationId,
    return_context: Option<String>,
    why: Failure,
) {
    cx.fail(Activity::Authorization { authorization, return_context }, why);
}
