//! Bind: a new credential is put in the place of the one before only when it is
//! known whose it is, and one company belongs to one tenant.
//!
//! The API is asked with the credential itself, the company is reserved by its own
//! record, and then the credential, its company and a new generation go into the
//! connection's record by one swap. Whatever stops this on the way leaves the
//! grant before as it was.

mod drop;
mod promote;

pub(crate) use drop::superseded;

use super::{Cx, STORE_TRIES, Signal, refresh, store};
use crate::{
    company::{CompanyBinding, Learnt, Subject},
    env::Deadline,
    failure::{CompanyFault, Delay, Denial, Failure, ServerFault},
    http::{HttpRequest, HttpResponse, Method},
    output::Activity,
    record::{
        Revision, StoreKey,
        candidate::Candidate,
        company_tenant,
        connection::{ConnectionRecord, RecordStatus},
        reserve_company,
    },
    scope,
    secret::SecretBytes,
    state::{Bind, Learned, State},
};
use alloc::{boxed::Box, string::String, sync::Arc, vec};

/// Somebody sits before a form: no more questions than this are asked of a key.
const KEY_TRIES: u8 = 3;

/// Nor does anybody sit there for longer than this.
const KEY_PATIENCE: u64 = 10_000;

/// A grant is not given up after fewer questions than this.
const GRANT_TRIES: u8 = 5;

/// How a credential's company is learnt.
pub(crate) fn binding<'a>(cx: &'a Cx<'_>, candidate: &Candidate) -> Option<&'a CompanyBinding> {
    let provider = cx.client.provider().config();
    match candidate.tokens.key {
        Some(_) => provider.api_keys.as_ref(),
        None => provider.company.as_ref(),
    }
}

/// Asks whose the credential is that the record holds as a candidate.
pub(crate) fn begin(state: &mut State, cx: &mut Cx<'_>) {
    let stored = state.known.record().and_then(|record| record.candidate.clone());
    if let (Some(candidate), Bind::Idle) = (stored, &state.bind) {
        ask(state, cx, candidate, 0);
    }
}

/// An answer to the binding's own op, or the time.
pub(crate) fn step(state: &mut State, cx: &mut Cx<'_>, signal: Signal) {
    match (core::mem::take(&mut state.bind), signal) {
        (Bind::Looking { mut candidate, .. }, Signal::Swapped(current)) => {
            match store::adopt(state, cx, current) {
                Ok(()) => {
                    let record = state.known.record();
                    candidate.begun_in = Some(record.map_or(0, |record| record.generation));
                    if candidate.asked_scope.is_empty() {
                        candidate.asked_scope = needed_so_far(record);
                    }
                    ask(state, cx, candidate, 0);
                }
                Err(failure) => fail(state, cx, &candidate, failure),
            }
        }
        (Bind::Looking { tries, candidate, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                let failure = store_slow(cx);
                return fail(state, cx, &candidate, failure);
            }
            let op = store::read(state, cx);
            state.bind = Bind::Looking { op, tries, candidate };
        }
        (Bind::Asking { candidate, tries, .. }, Signal::HttpDone(response)) => {
            answered(state, cx, candidate, tries, &response);
        }
        (Bind::Asking { candidate, tries, .. }, Signal::HttpFailed(_)) => {
            later(state, cx, candidate, tries, Delay::Unavailable, None);
        }
        (Bind::Asking { give_up_at, candidate, tries, .. }, Signal::Wake)
            if cx.now() >= give_up_at =>
        {
            later(state, cx, candidate, tries, Delay::Unavailable, None);
        }
        (Bind::Pausing { until, candidate, tries }, Signal::Wake) if until.has_passed(cx.now()) => {
            ask(state, cx, candidate, tries);
        }
        (Bind::Reserving { learnt, candidate, tries, .. }, Signal::Swapped(current)) => {
            let tries = tries.saturating_add(1);
            let Some(stored) = current else {
                return reserve(state, cx, candidate, learnt, None, tries);
            };
            let company = learnt.company.as_deref().unwrap_or_default();
            match company_tenant(cx.client, company, &stored.bytes) {
                Ok(Some(tenant)) if tenant == cx.tenant => {
                    promote::promote(state, cx, candidate, learnt, false);
                }
                Ok(None) => reserve(state, cx, candidate, learnt, Some(stored.revision), tries),
                // Another tenant's, who must not lose it: only forgotten here.
                Ok(Some(_)) => {
                    let failure = mismatch(CompanyFault::Taken, Some(&learnt));
                    drop::forget(state, cx, candidate, failure);
                }
                // A newer version's, say: what cannot be read now may be readable soon.
                Err(failure) => refused_by_store(state, cx, candidate, failure),
            }
        }
        (Bind::Reserving { learnt, candidate, tries, .. }, Signal::SwapUnanswered) => {
            reserve(state, cx, candidate, learnt, None, tries.saturating_add(1));
        }
        (stage @ (Bind::Rereading { .. } | Bind::Promoting { .. }), signal) => {
            promote::step(state, cx, stage, signal);
        }
        (
            stage @ (Bind::Checking { .. } | Bind::Uninstalling { .. } | Bind::Dropping { .. }),
            signal,
        ) => drop::step(state, cx, stage, signal),
        (Bind::Idle, Signal::Wake) => {
            if wake_at(state, cx.now()).is_some_and(|at| cx.now() >= at) {
                begin(state, cx);
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

/// The scopes that a replacement must have where nobody names them: those that were
/// wanted of the credential before, or else all that it had.
fn needed_so_far(record: Option<&ConnectionRecord>) -> Arc<str> {
    let Some(record) = record else { return Arc::default() };
    match record.status {
        RecordStatus::Active | RecordStatus::Reauthenticate { .. } => {}
        // Whoever has disconnected begins anew.
        RecordStatus::New | RecordStatus::Disconnecting { .. } | RecordStatus::Disconnected => {
            return Arc::default();
        }
    }
    let had = record.tokens.as_ref().map(|tokens| &tokens.scope);
    let asked = record.asked_scope.as_ref().filter(|scope| !scope.is_empty());
    asked.or(had).cloned().unwrap_or_default()
}

/// When the binding wants a step: also of a candidate that somebody left behind.
pub(crate) fn wake_at(state: &State, now: u64) -> Option<u64> {
    match &state.bind {
        Bind::Idle => {
            let candidate = state.known.record()?.candidate.as_ref()?;
            Some(candidate.taken_up_at(now))
        }
        Bind::Asking { give_up_at, .. } | Bind::Uninstalling { give_up_at, .. } => {
            Some(*give_up_at)
        }
        Bind::Pausing { until, .. } => Some(until.at(now)),
        Bind::Looking { .. }
        | Bind::Reserving { .. }
        | Bind::Rereading { .. }
        | Bind::Promoting { .. }
        | Bind::Checking { .. }
        | Bind::Dropping { .. } => None,
    }
}

/// Asks the API whose the credential is.
pub(crate) fn ask(state: &mut State, cx: &mut Cx<'_>, candidate: Box<Candidate>, tries: u8) {
    if state.answered == Some(candidate.tokens.token_id) {
        // The store was silent, or has forgotten that it was taken out.
        return drop::forget(state, cx, candidate, Failure::denied(Denial::Superseded));
    }
    let Some(binding) = binding(cx, &candidate) else {
        // The provider's data have been changed since: it needs no company any more.
        let learnt = Learned { company: None, scope: None };
        return promote::promote(state, cx, candidate, learnt, false);
    };
    let request = HttpRequest {
        method: Method::Get,
        url: binding.url.clone(),
        headers: vec![
            ("authorization", candidate.tokens.header.clone()),
            ("accept", "application/json".into()),
        ],
        body: SecretBytes::new([]),
    };
    let within = cx.client.provider().config().refresh.timing.send_within;
    let (op, give_up_at) = cx.send(&mut state.ops, request, within);
    state.bind = Bind::Asking { op, give_up_at, tries, candidate };
}

fn answered(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    tries: u8,
    response: &HttpResponse,
) {
    let limit = cx.client.provider().config().answer_limit;
    let learnt = binding(cx, &candidate).map(|how| how.learn(response, limit, cx.now()));
    let is_key = candidate.tokens.key.is_some();
    let failure = match learnt.unwrap_or(Learnt::Unreadable) {
        Learnt::Subject { subject, scope } => {
            return told(state, cx, candidate, subject, scope);
        }
        Learnt::Later { reason, after } => {
            return later(state, cx, candidate, tries, reason, after);
        }
        Learnt::Unreadable => mismatch(CompanyFault::Unknown, None),
        Learnt::Unauthorized if is_key => Failure::denied(Denial::KeyInvalid),
        // It ran out while nobody asked: begin a new authorization.
        Learnt::Unauthorized if cx.now() >= candidate.ends_at() => Failure::OutcomeUnknown,
        Learnt::Unauthorized => Failure::ServerMisbehaved(ServerFault::FreshTokenRefused),
        Learnt::Forbidden => {
            super::api::forbidden(&response.headers, Some(&candidate.tokens.header))
        }
    };
    // Nobody knows whose it is: the server is not told, it is only forgotten.
    drop::forget(state, cx, candidate, failure);
}

/// The API has said whose it is: is that whose it must be?
fn told(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    subject: Subject,
    granted: Option<Arc<str>>,
) {
    let bound = state.known.record().and_then(|record| record.company.clone());
    let chosen = candidate.company.clone();
    let other = |wanted: &Option<String>, company: &String| {
        wanted.as_ref().is_some_and(|wanted| wanted != company)
    };
    let company = match (subject, bound.clone().or_else(|| chosen.clone())) {
        (Subject::Company(company), _) if other(&bound, &company) || other(&chosen, &company) => {
            let learnt = Learned { company: Some(company.clone()), scope: granted };
            let failure = mismatch(CompanyFault::Mismatch, Some(&learnt));
            return drop::check(state, cx, candidate, &company, failure);
        }
        (Subject::Company(company), _) => company,
        // What the host has chosen must be what the connection has been.
        (Subject::Organisation, Some(wanted))
            if candidate.company.as_ref().is_none_or(|chosen| *chosen == wanted) =>
        {
            wanted
        }
        (Subject::Organisation, Some(_)) => {
            let failure = mismatch(CompanyFault::Mismatch, None);
            return drop::forget(state, cx, candidate, failure);
        }
        (Subject::Organisation, None) => {
            let failure = mismatch(CompanyFault::ChoiceNeeded, None);
            return drop::forget(state, cx, candidate, failure);
        }
    };
    let learnt = Learned { company: Some(company), scope: granted };
    let lacks = |granted: &Arc<str>| !scope::missing(&candidate.asked_scope, granted).is_empty();
    if candidate.tokens.key.is_some() && learnt.scope.as_ref().is_some_and(lacks) {
        return drop::forget(state, cx, candidate, Failure::denied(Denial::InsufficientScope));
    }
    reserve(state, cx, candidate, learnt, None, 0);
}

/// Reserves the company for this tenant, unless it is reserved already; `released` is
/// the revision at which somebody has let it go.
fn reserve(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    learnt: Learned,
    released: Option<Revision>,
    tries: u8,
) {
    if tries >= STORE_TRIES {
        return later(state, cx, candidate, KEY_TRIES, Delay::StoreSlow, None);
    }
    // The tenant is one: this connection has its name.
    let company = learnt.company.as_deref().unwrap_or_default();
    let write = reserve_company(cx.client, company, cx.tenant).ok();
    let key = StoreKey::company(cx.client, company);
    let op = store::swap(&mut state.ops, cx, key, released, write);
    state.bind = Bind::Reserving { op, tries, learnt, candidate };
}

/// Asked again after a pause, until the candidate's time is over.
fn later(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    tries: u8,
    reason: Delay,
    after: Option<u64>,
) {
    let tries = tries.saturating_add(1);
    let pause = refresh::pause(cx, u16::from(tries)).max(after.unwrap_or_default());
    let over = match candidate.tokens.key {
        Some(_) => tries >= KEY_TRIES || pause > KEY_PATIENCE,
        // By more than one look at the clock, which may be ahead for a moment.
        None => tries >= GRANT_TRIES && cx.now() >= candidate.ends_at(),
    };
    if over {
        let failure = Failure::try_later(cx.now().saturating_add(pause), reason);
        return drop::forget(state, cx, candidate, failure);
    }
    let left = candidate.ends_at().saturating_sub(cx.now()).max(refresh::FIRST_PAUSE);
    let until = Deadline::after(cx.now(), pause.min(left));
    state.bind = Bind::Pausing { until, tries, candidate };
}

fn mismatch(reason: CompanyFault, learnt: Option<&Learned>) -> Failure {
    let company = learnt.and_then(|learnt| learnt.company.clone());
    Failure::CompanyMismatch { reason, company }
}

/// The store holds what cannot be used, and must not be overwritten: looked at again
/// later, so that an authorization is not lost to it.
pub(super) fn refused_by_store(
    state: &mut State,
    cx: &mut Cx<'_>,
    candidate: Box<Candidate>,
    failure: Failure,
) {
    if candidate.tokens.key.is_some() || cx.now() >= candidate.ends_at() {
        return fail(state, cx, &candidate, failure);
    }
    let until = Deadline::after(cx.now(), refresh::LONGEST_PAUSE);
    state.bind = Bind::Pausing { until, tries: GRANT_TRIES, candidate };
}

fn store_slow(cx: &Cx<'_>) -> Failure {
    Failure::try_later(cx.now(), Delay::StoreSlow)
}

/// Tells whoever brought the credential that it came to nothing; once.
fn fail(state: &mut State, cx: &mut Cx<'_>, candidate: &Candidate, failure: Failure) {
    let token_id = candidate.tokens.token_id;
    if state.answered.replace(token_id) == Some(token_id) {
        return;
    }
    let activity = match &candidate.authorization {
        Some(authorization) => Activity::Authorization {
            authorization: authorization.clone(),
            return_context: candidate.return_context.clone(),
        },
        None => Activity::Key,
    };
    cx.fail(activity, failure);
}
