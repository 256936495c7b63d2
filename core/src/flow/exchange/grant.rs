//! The code's own way: fence, send, and the new grant stored before anybody is
//! told.

use super::own::Own;
use crate::{
    answer::TokenAnswer,
    entropy::Id,
    env::Deadline,
    failure::{Denial, Failure},
    flow::{bind, refresh, revoke, store},
    output::{Notice, Output},
    record::candidate::Candidate,
    record::connection::{CODE_LIFE, ConnectionRecord, Exchanging, Tokens, exchange_window},
    rules::{self, Rule},
    scope,
    secret::Secret,
    state::{CodeGrant, ExchangeStage as Stage, NewGrant, Placing, Revoke},
    token::Outcome,
};
use alloc::{boxed::Box, string::String};

impl Own<'_, '_> {
    /// Keeps new refreshes away while the code is at the server: some servers
    /// would take the replay of an old token for theft of the new grant.
    pub(super) fn fence(&mut self, grant: Box<CodeGrant>) {
        let mut next = store::known_or_new(self.state, self.cx);
        if next.supersedes(grant.created_at, grant.begun_in) {
            return self.fail(grant.return_context, Failure::denied(Denial::Superseded));
        }
        let nonce = Id::new(self.cx.env, "fence");
        let family_per_user = self.cx.client.provider().config().refresh.family_per_user;
        let wait =
            family_per_user && next.intent.is_some() && rules::holds(Rule::WaitBeforeExchange);
        let timing = self.cx.client.provider().config().refresh.timing;
        let window = exchange_window(&timing, wait);
        let until = self.cx.now().saturating_add(window);
        next.exchanging = Some(Exchanging { nonce, until });
        if !rules::holds(Rule::FenceKeeps) {
            next.advance();
        }
        let attempt = store::write(self.state, self.cx, next);
        self.keep(Stage::Fencing { attempt, nonce, grant, wait });
    }

    /// Until a refresh that may have left must have been dealt with, but never
    /// past the life of the code.
    pub(super) fn wait(&mut self, nonce: Id, grant: Box<CodeGrant>) {
        let timing = self.cx.client.provider().config().refresh.timing;
        let until = Deadline::after(self.cx.now(), timing.dealt_with().min(CODE_LIFE));
        self.keep(Stage::Waiting { nonce, grant, until });
    }

    pub(super) fn send(&mut self, nonce: Id, grant: Box<CodeGrant>, tries: u8) {
        let request =
            self.cx.requests().exchange_request(&grant.code, &grant.redirect_uri, &grant.verifier);
        let within = self.cx.client.provider().config().refresh.timing.send_within;
        // No deadline of the machine's own: the answer is the only copy of the
        // grant, and the host says when it has stopped listening.
        let (op, _) = self.cx.send(&mut self.state.ops, request, within);
        self.keep(Stage::Sent { op, nonce, grant, tries });
    }

    pub(super) fn judged(&mut self, outcome: Outcome, nonce: Id, grant: Box<CodeGrant>) {
        let failure = match outcome {
            Outcome::Success(answer) => match answer.flaw {
                None => return self.accept(answer, grant),
                Some(flaw) => {
                    let failure = Failure::ServerMisbehaved(flaw);
                    return match answer.refresh_token.filter(|_| self.is_revocable()) {
                        Some(token) => self.disown(Some(token), None, failure, grant),
                        None => self.lift(nonce, failure, grant),
                    };
                }
            },
            Outcome::Dead(said) => {
                Failure::Denied { reason: Denial::CodeRejected, said: Some(said) }
            }
            Outcome::Refused(reason, said) => Failure::Misconfigured { reason, said },
            Outcome::Postponed { reason, after, said } => {
                let at = self.cx.now().saturating_add(after.unwrap_or_default());
                Failure::TryLater { at, reason, said }
            }
            Outcome::Unknown { fault: Some(fault), .. } => Failure::ServerMisbehaved(fault),
            Outcome::Unknown { fault: None, .. } => Failure::OutcomeUnknown,
        };
        self.lift(nonce, failure, grant);
    }

    pub(super) fn accept(&mut self, answer: TokenAnswer, grant: Box<CodeGrant>) {
        let now = self.cx.now();
        let tokens = Tokens {
            token_id: Id::new(self.cx.env, "token"),
            refresh: answer.refresh_token,
            refresh_exp: answer.refresh_expires_in.map(|life| now.saturating_add(life)),
            header: answer.header,
            access_exp: answer.expires_in.map(|life| now.saturating_add(life)),
            scope: answer.scope.unwrap_or_else(|| grant.scope.clone()),
            obtained_at: now,
            key: None,
        };
        let grant_id = Id::new(self.cx.env, "grant");
        let new = NewGrant { grant_id, tokens, grant, unsure_over: None, over_end: false };
        self.place(Box::new(new));
    }

    pub(super) fn place(&mut self, new: Box<NewGrant>) {
        self.place_again(new, 0);
    }

    /// Stores the new grant over whatever is there, unless that is a disconnect
    /// which came after this authorization had begun.
    pub(super) fn place_again(&mut self, mut new: Box<NewGrant>, tries: u8) {
        let mut next = store::known_or_new(self.state, self.cx);
        // By the grant, not by these tokens: a save that was not answered may have taken
        // place, and another worker may have refreshed the grant since.
        if next.grant_id == Some(new.grant_id) {
            return self.done(*new);
        }
        // Where a third grant stands, these tokens may have been there before it, and used up.
        let overtaken = new.unsure_over.is_some_and(|over| next.grant_id != over);
        if overtaken || next.supersedes(new.grant.created_at, new.grant.begun_in) {
            let failure = Failure::denied(Denial::Superseded);
            let access = Secret::from(new.tokens.access_token());
            return self.disown(new.tokens.refresh, Some(access), failure, new.grant);
        }
        next.exchanging = None;
        if self.cx.client.provider().config().company.is_some() {
            return self.stage(new, next, tries);
        }
        revoke::overtaken(self.state, next.grant_id, new.grant.created_at);
        bind::superseded(self.state, self.cx, &mut next);
        new.over_end |= revoke::owe_end(self.cx, &mut next);
        next.disconnected_at = None;
        next.disconnected_gen = None;
        next.grant_id = Some(new.grant_id);
        next.asked_scope = Some(new.grant.scope.clone());
        let generation = next.generation;
        next.publish(new.tokens.clone(), &self.cx.client.provider().config().refresh.timing);
        if !rules::holds(Rule::NewGrantRaises) {
            next.generation = generation;
        }
        let mut attempt = store::write(self.state, self.cx, next);
        attempt.tries = tries;
        self.keep(Stage::Saving { placing: Placing::Writing(attempt), new });
    }

    /// Keeps the new grant beside the one before, until its company is known.
    fn stage(&mut self, new: Box<NewGrant>, mut next: Box<ConnectionRecord>, tries: u8) {
        let is_it = |stored: &Candidate| stored.tokens.token_id == new.tokens.token_id;
        if next.candidate.as_deref().is_some_and(is_it) {
            return bind::begin(self.state, self.cx);
        }
        bind::superseded(self.state, self.cx, &mut next);
        next.candidate = Some(Box::new(Candidate {
            tokens: new.tokens.clone(),
            grant_id: new.grant_id,
            authorization: Some(self.id.clone()),
            asked_scope: new.grant.scope.clone(),
            return_context: new.grant.return_context.clone(),
            created_at: new.grant.created_at,
            begun_in: new.grant.begun_in,
            company: new.grant.company.clone(),
        }));
        let mut attempt = store::write(self.state, self.cx, next);
        attempt.tries = tries;
        self.keep(Stage::Saving { placing: Placing::Writing(attempt), new });
    }

    /// The new grant is not served: what the server gave is owed to it as a
    /// revocation, where it has one, and the fence is taken away.
    pub(super) fn disown(
        &mut self,
        refresh: Option<Secret>,
        access: Option<Secret>,
        failure: Failure,
        grant: Box<CodeGrant>,
    ) {
        let mut next = store::known_or_new(self.state, self.cx);
        if !self.is_revocable() || !next.owe(refresh.clone(), access.clone(), self.cx.now()) {
            return self.fail(grant.return_context, failure);
        }
        next.exchanging = None;
        let attempt = store::write(self.state, self.cx, next);
        self.keep(Stage::Owing { attempt, refresh, access, failure, grant });
    }

    fn is_revocable(&self) -> bool {
        self.cx.client.provider().config().disconnect.is_revocation()
    }

    pub(super) fn hold(&mut self, mut new: Box<NewGrant>, tries: u8) {
        let over = self.state.known.record().and_then(|record| record.grant_id);
        new.unsure_over.get_or_insert(over);
        let tries = tries.saturating_add(1);
        let pause = refresh::pause_of_save(self.cx, u16::from(tries));
        let retry_at = Deadline::after(self.cx.now(), pause);
        self.keep(Stage::Saving { placing: Placing::Holding { retry_at, tries }, new });
    }

    /// The grant is in the store: now everybody is told.
    pub(super) fn done(&mut self, new: NewGrant) {
        let waits = self.state.known.record().and_then(|record| record.candidate.as_ref());
        if waits.is_some_and(|candidate| candidate.grant_id == new.grant_id) {
            return bind::begin(self.state, self.cx);
        }
        let Some(record) = self.state.known.record() else { return };
        let generation = record.generation;
        self.state.rejected = None;
        self.state.renewed = None;
        self.state.backoff = None;
        self.cx.notice(Notice::GrantObtained { generation });
        let missing = scope::missing(&new.grant.scope, &new.tokens.scope);
        if !missing.is_empty() {
            self.cx.notice(Notice::ScopeNarrowed { missing });
        }
        self.cx.emit(Output::Authorized {
            authorization: self.id.clone(),
            generation,
            scope: String::from(&*new.tokens.scope),
            return_context: new.grant.return_context,
        });
        if new.over_end && self.state.revoke == Revoke::Idle {
            revoke::superseded(self.cx);
        }
        refresh::announce(self.state, self.cx);
    }

    /// Takes the fence away; what was there before goes on as it was.
    pub(super) fn lift(&mut self, nonce: Id, failure: Failure, grant: Box<CodeGrant>) {
        if !self.has_fence(nonce) {
            return self.fail(grant.return_context, failure);
        }
        let mut next = store::known_or_new(self.state, self.cx);
        next.exchanging = None;
        let attempt = store::write(self.state, self.cx, next);
        self.keep(Stage::Lifting { attempt, nonce, failure, grant });
    }
}
