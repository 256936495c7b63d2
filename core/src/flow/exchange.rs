//! Exchange: from a redirect to a stored grant.
//!
//! The pending record is found by hash(`state`), judged, and consumed by swap:
//! one process at most gets the code. Then the connection's record is fenced
//! against new refreshes, the code is exchanged, and the grant stored before
//! anybody is told.

use super::{Cx, STORE_TRIES, Signal, refresh, store};
use crate::{
    entropy::Id,
    failure::{CallbackFault, Delay, Denial, Failure, HostFault, ServerSaid},
    http::HttpFault,
    output::{Activity, Notice, Output},
    provider::Disconnect,
    record::{
        BrowserProof, StoreKey, Stored, Write,
        connection::{Duty, Exchanging, RecordStatus, Tokens},
        decode, encode,
        pending::{Answer, Callback, Pending},
    },
    secret::Secret,
    state::{CodeGrant, Exchange, ExchangeStage as Stage, NewGrant, Placing, State},
    token::{self, Outcome, TokenAnswer},
};
use alloc::{boxed::Box, string::String, vec::Vec};

/// More redirects than this are not judged at a time.
const JUDGED: usize = 16;

/// How often a code that certainly never left is sent again.
const SEND_TRIES: u8 = 3;

/// Begins to judge a redirect: parse and duplicates first, then the record.
pub(crate) fn begin(state: &mut State, cx: &mut Cx<'_>, url: &Secret, proof: BrowserProof) {
    if state.exchanges.len() >= JUDGED {
        return cx.fail(Activity::Redirect, Failure::CallbackRefused(CallbackFault::TooMany));
    }
    let mut callback = match Callback::parse(url) {
        Ok(callback) => callback,
        Err(fault) => return cx.fail(Activity::Redirect, Failure::CallbackRefused(fault)),
    };
    callback.proof = Some(proof);
    let authorization = callback.authorization.clone();
    let op = store::swap(&mut state.ops, cx, callback.key(), None, None);
    let stage = Box::new(Stage::Looking { op, callback, tries: 0 });
    state.exchanges.push(Exchange { authorization, stage });
}

/// An answer to an exchange's own op, or the time. The exchange has been taken
/// out of the state; whoever goes on with it puts it back.
pub(crate) fn step(state: &mut State, cx: &mut Cx<'_>, own: Exchange, signal: Signal) {
    let (id, stage) = (own.authorization, *own.stage);
    let mut own = Own { id, state, cx };
    match (stage, signal) {
        (Stage::Looking { callback, .. }, Signal::Swapped(current)) => own.judge(callback, current),
        (Stage::Looking { callback, tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return own.store_slow(None);
            }
            let op = own.read_pending();
            own.keep(Stage::Looking { op, callback, tries });
        }
        (Stage::Consuming { answer, pending, by, bytes, .. }, Signal::Swapped(current)) => {
            own.consumed(answer, pending, by, &bytes, current);
        }
        (Stage::Consuming { answer, pending, by, bytes, tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return own.store_slow(pending.return_context);
            }
            let op = own.read_pending();
            own.keep(Stage::Consuming { op, answer, pending, by, bytes, tries });
        }
        (Stage::Reading { grant, .. }, Signal::Swapped(current)) => {
            match store::adopt(own.state, own.cx, current) {
                Ok(()) => own.fence(grant),
                Err(failure) => own.fail(grant.return_context, failure),
            }
        }
        (Stage::Reading { grant, tries, .. }, Signal::SwapUnanswered) => {
            let tries = tries.saturating_add(1);
            if tries >= STORE_TRIES {
                return own.store_slow(grant.return_context);
            }
            let op = store::read(own.state, own.cx);
            own.keep(Stage::Reading { op, grant, tries });
        }
        (Stage::Fencing { attempt, nonce, grant }, Signal::Swapped(current)) => {
            match store::confirm(own.state, own.cx, attempt, current) {
                Ok(_) if own.has_fence(nonce) => own.send(nonce, grant, 0),
                Ok(_) => own.fence(grant),
                Err(failure) => own.fail(grant.return_context, failure),
            }
        }
        (Stage::Fencing { attempt, nonce, grant }, Signal::SwapUnanswered) => {
            match store::reread(own.state, own.cx, attempt) {
                Some(attempt) => own.keep(Stage::Fencing { attempt, nonce, grant }),
                None => own.store_slow(grant.return_context),
            }
        }
        (Stage::Sent { nonce, grant, .. }, Signal::HttpDone(response)) => {
            let mut secrets = Vec::from([&grant.code, &grant.verifier]);
            secrets.extend(own.cx.client.client_secret());
            let provider = own.cx.client.provider().config();
            let outcome = token::judge(provider, &response, &secrets);
            own.judged(outcome, nonce, grant);
        }
        (Stage::Sent { nonce, grant, tries, .. }, Signal::HttpFailed(why)) => match why {
            HttpFault::NotSent | HttpFault::TooLate if tries.saturating_add(1) < SEND_TRIES => {
                own.send(nonce, grant, tries.saturating_add(1));
            }
            HttpFault::NotSent | HttpFault::TooLate => {
                let failure = Failure::TryLater { at: own.cx.now(), reason: Delay::NotSent };
                own.lift(nonce, failure, grant);
            }
            HttpFault::Unknown => own.lift(nonce, Failure::OutcomeUnknown, grant),
        },
        (Stage::Sent { nonce, grant, give_up_at, .. }, Signal::Wake)
            if own.cx.now() >= give_up_at =>
        {
            own.lift(nonce, Failure::OutcomeUnknown, grant);
        }
        (Stage::Saving { placing: Placing::Writing(attempt), new }, Signal::Swapped(current)) => {
            match store::confirm(own.state, own.cx, *attempt, current) {
                Ok(true) => own.done(new),
                Ok(false) => own.place(new),
                // Somebody newer owns the record: the new tokens have no place.
                Err(failure) => own.fail(new.grant.return_context, failure),
            }
        }
        (Stage::Saving { placing: Placing::Writing(attempt), new }, Signal::SwapUnanswered) => {
            let tries = attempt.tries;
            own.hold(new, tries);
        }
        (Stage::Saving { placing: Placing::Holding { retry_at, tries }, new }, Signal::Wake)
            if own.cx.now() >= retry_at =>
        {
            own.place_again(new, tries);
        }
        (Stage::Lifting { attempt, nonce, failure, grant }, Signal::Swapped(current)) => {
            let read = store::confirm(own.state, own.cx, attempt, current);
            if read.is_ok() && own.has_fence(nonce) {
                return own.lift(nonce, failure, grant);
            }
            own.fail(grant.return_context, failure);
        }
        // The fence falls by itself after its time.
        (Stage::Lifting { failure, grant, .. }, Signal::SwapUnanswered) => {
            own.fail(grant.return_context, failure);
        }
        // Nothing of the kind is awaited in these stages, or not yet.
        (
            stage,
            Signal::Swapped(_)
            | Signal::SwapUnanswered
            | Signal::HttpDone(_)
            | Signal::HttpFailed(_)
            | Signal::Wake,
        ) => own.keep(stage),
    }
}

/// One exchange with what it may use.
struct Own<'a, 'b> {
    id: crate::record::AuthorizationId,
    state: &'a mut State,
    cx: &'a mut Cx<'b>,
}

impl Own<'_, '_> {
    fn keep(&mut self, stage: Stage) {
        let exchange = Exchange { authorization: self.id.clone(), stage: Box::new(stage) };
        self.state.exchanges.push(exchange);
    }

    fn fail(&mut self, return_context: Option<String>, failure: Failure) {
        let authorization = self.id.clone();
        self.cx.fail(Activity::Authorization { authorization, return_context }, failure);
    }

    fn refuse(&mut self, fault: CallbackFault) {
        self.cx.fail(Activity::Redirect, Failure::CallbackRefused(fault));
    }

    fn store_slow(&mut self, return_context: Option<String>) {
        let failure = Failure::TryLater { at: self.cx.now(), reason: Delay::StoreSlow };
        self.fail(return_context, failure);
    }

    fn read_pending(&mut self) -> crate::output::Op {
        store::swap(&mut self.state.ops, self.cx, StoreKey::pending(&self.id), None, None)
    }

    fn has_fence(&self, nonce: Id) -> bool {
        let fence = self.state.known.record().and_then(|record| record.exchanging);
        fence.is_some_and(|fence| fence.nonce == nonce)
    }

    /// Judges the redirect by the pending record; only if it is believed is the
    /// record used up.
    fn judge(&mut self, callback: Callback, current: Option<Stored>) {
        let Some(stored) = current else {
            return self.refuse(CallbackFault::StateUnknown);
        };
        let key = StoreKey::pending(&self.id);
        let read = decode(self.cx.client.sealing(), &key, stored.bytes.expose());
        let pending: Pending = match read {
            Ok(pending) => pending,
            Err(failure) => return self.cx.fail(Activity::Redirect, failure),
        };
        match pending.judge(self.cx.key, self.cx.client, &callback, self.cx.now()) {
            Ok(answer) => self.consume(answer, pending, stored),
            Err(fault) => self.refuse(fault),
        }
    }

    fn consume(&mut self, answer: Answer, pending: Pending, stored: Stored) {
        let by = Id::new(self.cx.env, "consume");
        let used = pending.used(by);
        let bytes = encode(self.cx.client.sealing(), &used);
        let write =
            Write { bytes: bytes.clone(), due_at: None, purge_at: Some(pending.purge_at()) };
        let (key, expected) = (StoreKey::pending(&self.id), Some(stored.revision));
        let op = store::swap(&mut self.state.ops, self.cx, key, expected, Some(write));
        self.keep(Stage::Consuming { op, answer, pending, by, bytes, tries: 0 });
    }

    /// Whoever finds his own mark in the tombstone has the redirect to himself.
    fn consumed(
        &mut self,
        answer: Answer,
        pending: Pending,
        by: Id,
        bytes: &crate::secret::SecretBytes,
        current: Option<Stored>,
    ) {
        let key = StoreKey::pending(&self.id);
        match current {
            Some(stored) if stored.bytes == *bytes => {}
            Some(stored) => {
                match decode::<Pending>(self.cx.client.sealing(), &key, stored.bytes.expose()) {
                    Ok(found) if found.used_by == Some(by) => {}
                    Ok(found) if found.used_by.is_some() => {
                        return self.refuse(CallbackFault::StateUsed);
                    }
                    Ok(_) => return self.consume(answer, pending, stored),
                    Err(failure) => return self.cx.fail(Activity::Redirect, failure),
                }
            }
            None => return self.refuse(CallbackFault::StateUnknown),
        }
        self.state.authorizations.retain(|known| known.id != self.id);
        self.cx.notice(Notice::RedirectAccepted(self.id.clone()));
        match (answer, pending.verifier) {
            (Answer::Code(code), Some(verifier)) => {
                let grant = CodeGrant {
                    code,
                    verifier,
                    redirect_uri: pending.redirect_uri,
                    scope: pending.scope,
                    return_context: pending.return_context,
                    created_at: pending.created_at,
                };
                if self.state.known.is_unread() {
                    let op = store::read(self.state, self.cx);
                    return self.keep(Stage::Reading { op, grant, tries: 0 });
                }
                self.fence(grant);
            }
            (Answer::Code(_), None) => {
                let failure = Failure::HostFailed(HostFault::RecordUnreadable);
                self.fail(pending.return_context, failure);
            }
            (Answer::Error(error, description), _) => {
                let failure = self.denied(&error, description.as_ref());
                self.fail(pending.return_context, failure);
            }
        }
    }

    /// What an error in a redirect means (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
    fn denied(&self, error: &Secret, description: Option<&Secret>) -> Failure {
        let known: Vec<&Secret> = self.cx.client.client_secret().into_iter().collect();
        let said = ServerSaid::new(error.expose(), description.map(Secret::expose), &known);
        match error.expose() {
            "access_denied" => Failure::Denied { reason: Denial::AccessDenied, said: Some(said) },
            "login_required"
            | "consent_required"
            | "interaction_required"
            | "account_selection_required" => {
                Failure::Denied { reason: Denial::InteractionRequired, said: Some(said) }
            }
            "temporarily_unavailable" | "server_error" => {
                Failure::TryLater { at: self.cx.now(), reason: Delay::Unavailable }
            }
            error => Failure::Misconfigured {
                reason: token::configuration_fault(error),
                said: Some(said),
            },
        }
    }

    /// Keeps new refreshes away while the code is at the server: some servers
    /// would take the replay of an old token for theft of the new grant.
    fn fence(&mut self, grant: CodeGrant) {
        let mut next = store::known_or_new(self.state, self.cx);
        if next.disconnected_at.is_some_and(|at| at >= grant.created_at) {
            return self.fail(grant.return_context, Failure::denied(Denial::Superseded));
        }
        let timing = self.cx.client.provider().config().refresh.timing;
        let window = timing.send_within.saturating_add(timing.listen_for);
        let until = self.cx.now().saturating_add(window).saturating_add(timing.save_within);
        let nonce = Id::new(self.cx.env, "fence");
        next.drop_intent();
        next.exchanging = Some(Exchanging { nonce, until });
        let attempt = store::write(self.state, self.cx, next);
        self.keep(Stage::Fencing { attempt, nonce, grant });
    }

    fn send(&mut self, nonce: Id, grant: CodeGrant, tries: u8) {
        let request =
            self.cx.client.exchange_request(&grant.code, &grant.redirect_uri, &grant.verifier);
        let within = self.cx.client.provider().config().refresh.timing.send_within;
        let (op, give_up_at) = self.cx.send(&mut self.state.ops, request, within);
        self.keep(Stage::Sent { op, nonce, grant, give_up_at, tries });
    }

    fn judged(&mut self, outcome: Outcome, nonce: Id, grant: CodeGrant) {
        let failure = match outcome {
            Outcome::Success(answer) => match answer.flaw {
                None => return self.accept(answer, grant),
                Some(flaw) => Failure::ServerMisbehaved(flaw),
            },
            Outcome::Dead(said) => {
                Failure::Denied { reason: Denial::CodeRejected, said: Some(said) }
            }
            Outcome::Refused(reason, said) => Failure::Misconfigured { reason, said },
            Outcome::Postponed { reason, after } => {
                let at = self.cx.now().saturating_add(after.unwrap_or_default());
                Failure::TryLater { at, reason }
            }
            Outcome::Unknown { fault: Some(fault), .. } => Failure::ServerMisbehaved(fault),
            Outcome::Unknown { fault: None, .. } => Failure::OutcomeUnknown,
        };
        self.lift(nonce, failure, grant);
    }

    fn accept(&mut self, answer: TokenAnswer, grant: CodeGrant) {
        let now = self.cx.now();
        let tokens = Tokens {
            token_id: Id::new(self.cx.env, "token"),
            refresh: answer.refresh_token,
            refresh_exp: answer.refresh_expires_in.map(|life| now.saturating_add(life)),
            header: answer.header,
            access_exp: answer.expires_in.map(|life| now.saturating_add(life)),
            scope: answer.scope.unwrap_or_else(|| grant.scope.clone()),
            obtained_at: now,
        };
        let grant_id = Id::new(self.cx.env, "grant");
        self.place(NewGrant { grant_id, tokens, deviations: answer.deviations, grant });
    }

    fn place(&mut self, new: NewGrant) {
        self.place_again(new, 0);
    }

    /// Stores the new grant over whatever is there, unless that is a disconnect
    /// which came after this authorization had begun.
    fn place_again(&mut self, new: NewGrant, tries: u8) {
        let mut next = store::known_or_new(self.state, self.cx);
        let stored_id = next.tokens.as_ref().map(|tokens| tokens.token_id);
        if stored_id == Some(new.tokens.token_id) {
            return self.done(new);
        }
        let disconnected = next.disconnected_at.is_some_and(|at| at >= new.grant.created_at);
        if disconnected {
            return self.forget(new);
        }
        next.exchanging = None;
        next.candidate = None;
        next.disconnected_at = None;
        next.grant_id = Some(new.grant_id);
        next.asked_scope = Some(new.grant.scope.clone());
        next.publish(new.tokens.clone(), &self.cx.client.provider().config().refresh.timing);
        let mut attempt = store::write(self.state, self.cx, next);
        attempt.tries = tries;
        self.keep(Stage::Saving { placing: Placing::Writing(Box::new(attempt)), new });
    }

    /// A disconnect came first: the new grant is never served, and owed to the
    /// server as a revocation where it has one.
    fn forget(&mut self, new: NewGrant) {
        let revocable =
            matches!(self.cx.client.provider().config().disconnect, Disconnect::Revocation { .. });
        if let (true, Some(token)) = (revocable, new.tokens.refresh) {
            let mut next = store::known_or_new(self.state, self.cx);
            let already = next.outbox.iter().any(|duty| {
                let Duty::RevokeToken { token: owed, .. } = duty;
                *owed == token
            });
            if !already && next.status == RecordStatus::Disconnected {
                next.owe(Duty::RevokeToken { token, attempts: 0, next_at: self.cx.now() });
                store::write(self.state, self.cx, next);
            }
        }
        self.fail(new.grant.return_context, Failure::denied(Denial::Superseded));
    }

    fn hold(&mut self, new: NewGrant, tries: u8) {
        let tries = tries.saturating_add(1);
        let retry_at = self.cx.now().saturating_add(refresh::pause(self.cx, u16::from(tries)));
        self.keep(Stage::Saving { placing: Placing::Holding { retry_at, tries }, new });
    }

    /// The grant is in the store: now everybody is told.
    fn done(&mut self, new: NewGrant) {
        let Some(record) = self.state.known.record() else { return };
        let generation = record.generation;
        self.state.rejected = None;
        self.state.renewed = None;
        self.state.backoff = None;
        self.cx.notice(Notice::GrantObtained { generation });
        for deviation in new.deviations {
            self.cx.notice(Notice::AnswerDeviates(deviation));
        }
        let granted: Vec<&str> = new.tokens.scope.split(' ').collect();
        let asked = new.grant.scope.split(' ');
        let missing: Vec<&str> = asked.filter(|scope| !granted.contains(scope)).collect();
        if !missing.is_empty() {
            self.cx.notice(Notice::ScopeNarrowed { missing: missing.join(" ") });
        }
        self.cx.emit(Output::Authorized {
            authorization: self.id.clone(),
            generation,
            scope: new.tokens.scope,
            return_context: new.grant.return_context,
        });
        refresh::announce(self.state, self.cx);
    }

    /// Takes the fence away; what was there before goes on as it was.
    fn lift(&mut self, nonce: Id, failure: Failure, grant: CodeGrant) {
        if !self.has_fence(nonce) {
            return self.fail(grant.return_context, failure);
        }
        let mut next = store::known_or_new(self.state, self.cx);
        next.exchanging = None;
        let attempt = store::write(self.state, self.cx, next);
        self.keep(Stage::Lifting { attempt, nonce, failure, grant });
    }
}

/// When an exchange wants a step.
pub(crate) fn wake_at(exchange: &Exchange) -> Option<u64> {
    match &*exchange.stage {
        Stage::Sent { give_up_at, .. } => Some(*give_up_at),
        Stage::Saving { placing: Placing::Holding { retry_at, .. }, .. } => Some(*retry_at),
        Stage::Looking { .. }
        | Stage::Consuming { .. }
        | Stage::Reading { .. }
        | Stage::Fencing { .. }
        | Stage::Saving { .. }
        | Stage::Lifting { .. } => None,
    }
}

/// Whether an exchange has got as far as the code's own way.
pub(crate) fn is_exchanging(exchange: &Exchange) -> bool {
    match &*exchange.stage {
        Stage::Looking { .. } | Stage::Consuming { .. } => false,
        Stage::Reading { .. }
        | Stage::Fencing { .. }
        | Stage::Sent { .. }
        | Stage::Saving { .. }
        | Stage::Lifting { .. } => true,
    }
}
