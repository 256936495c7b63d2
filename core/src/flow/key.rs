//! Keys: a credential that a person pastes. It is tried against the API before it
//! is stored, and stored together with its company.

use super::{Cx, refresh, store};
use crate::{
    basic,
    entropy::Id,
    failure::{Delay, Denial, Failure, Misuse},
    input::ApiKey,
    output::Activity,
    record::{candidate::Candidate, connection::Tokens},
    secret::Secret,
    state::{Bind, State},
};
use alloc::{boxed::Box, sync::Arc};

/// Longer keys are none.
const LONGEST: usize = 512;

/// Everything that the caller can get wrong, before anything changes.
pub(crate) fn check(entered: &ApiKey, cx: &Cx<'_>) -> Result<(), Misuse> {
    if cx.client.provider().config().api_keys.is_none() {
        return Err(Misuse::ApiKeysUnsupported);
    }
    if entered.company.as_deref().is_some_and(|company| !crate::company::is_name(company)) {
        return Err(Misuse::CompanyInvalid);
    }
    if entered.scopes.iter().all(|scope| crate::scope::is_scope(scope)) {
        Ok(())
    } else {
        Err(Misuse::ScopeInvalid)
    }
}

/// A key has been entered: the one before goes on serving until this one is found
/// good, and of the same company.
pub(crate) fn enter(state: &mut State, cx: &mut Cx<'_>, entered: ApiKey) {
    let key = Secret::from(entered.key.expose().trim());
    let good = |b: u8| b.is_ascii_graphic() && b != b':';
    if key.is_empty() || key.expose().len() > LONGEST || !key.expose().bytes().all(good) {
        return cx.fail(Activity::Key, Failure::denied(Denial::KeyMalformed));
    }
    let of_grant = state.bind.candidate().map(|candidate| candidate.authorization.is_some());
    match of_grant {
        // A grant is only being asked for: it stays in the record, and waits.
        Some(true) if state.bind.is_only_asking() => state.bind = Bind::Idle,
        // It is being put in its place: its answer comes first.
        Some(true) => {
            let at = cx.now().saturating_add(refresh::FIRST_PAUSE);
            let failure = Failure::try_later(at, Delay::Busy);
            return cx.fail(Activity::Key, failure);
        }
        // Whoever enters another key means that one.
        Some(false) => {
            state.bind = Bind::Idle;
            cx.fail(Activity::Key, Failure::denied(Denial::Superseded));
        }
        None => {}
    }
    let tokens = Tokens {
        token_id: Id::new(cx.env, "token"),
        refresh: None,
        refresh_exp: None,
        // The key is the user name, the password is empty.
        header: basic::header(key.expose(), ""),
        access_exp: None,
        scope: Arc::default(),
        obtained_at: cx.now(),
        key: Some(entered.kind),
    };
    let candidate = Box::new(Candidate {
        tokens,
        grant_id: Id::new(cx.env, "grant"),
        authorization: None,
        asked_scope: entered.scopes.join(" ").into(),
        return_context: None,
        created_at: cx.now(),
        begun_in: Some(state.known.record().map_or(0, |record| record.generation)),
        company: entered.company,
    });
    // Another process may have bound the connection since it was last looked at.
    let op = store::read(state, cx);
    state.bind = Bind::Looking { op, tries: 0, candidate };
}
