//! The redirect: judged by its pending record, and consumed once over all
//! processes.

use super::own::Own;
use crate::{
    entropy::Id,
    failure::{CallbackFault, Delay, Denial, Failure, HostFault},
    flow::store,
    output::{Activity, Notice},
    record::{
        Record as _, Stored, Write,
        callback::Callback,
        decode, encode,
        pending::{Answer, Pending, purge_at},
    },
    said::ServerSaid,
    secret::{Secret, SecretBytes},
    state::{CodeGrant, ExchangeStage as Stage},
    token,
};
use alloc::boxed::Box;

impl Own<'_, '_> {
    /// Judges the redirect by the pending record; only if it is believed is the
    /// record used up.
    pub(super) fn judge(&mut self, callback: &Callback, current: Option<Stored>) {
        let Some(stored) = current else {
            return self.refuse(CallbackFault::StateUnknown);
        };
        let read = decode(self.cx.client.sealing(), &callback.key, stored.bytes.expose());
        let pending: Pending = match read {
            Ok(pending) => pending,
            Err(failure) => return self.cx.fail(Activity::Redirect, failure),
        };
        match pending.judge(self.cx.key, self.cx.client, callback, self.cx.now()) {
            Ok(answer) => {
                let by = Id::new(self.cx.env, "consume");
                self.consume(answer, Box::new(pending), stored, by);
            }
            Err(fault) => self.refuse(fault),
        }
    }

    pub(super) fn consume(
        &mut self,
        answer: Answer,
        pending: Box<Pending>,
        stored: Stored,
        by: Id,
    ) {
        let used = pending.used(by);
        let bytes = encode(self.cx.client.sealing(), &used);
        let write = Write {
            bytes: bytes.clone(),
            due_at: None,
            purge_at: Some(purge_at(pending.expires_at)),
        };
        let (key, expected) = (pending.key().clone(), Some(stored.revision));
        let op = store::swap(&mut self.state.ops, self.cx, key, expected, Some(write));
        self.keep(Stage::Consuming { op, answer, pending, by, bytes, tries: 0 });
    }

    /// Whoever finds his own mark in the tombstone has the redirect to himself.
    pub(super) fn consumed(
        &mut self,
        answer: Answer,
        pending: Box<Pending>,
        by: Id,
        bytes: &SecretBytes,
        current: Option<Stored>,
    ) {
        match current {
            Some(stored) if stored.bytes == *bytes => {}
            Some(stored) => {
                match decode::<Pending>(
                    self.cx.client.sealing(),
                    pending.key(),
                    stored.bytes.expose(),
                ) {
                    Ok(found) if found.used_by == Some(by) => {}
                    Ok(found) if found.used_by.is_some() => {
                        return self.refuse(CallbackFault::StateUsed);
                    }
                    Ok(_) => return self.consume(answer, pending, stored, by),
                    Err(failure) => return self.cx.fail(Activity::Redirect, failure),
                }
            }
            None => return self.refuse(CallbackFault::StateUnknown),
        }
        self.state.authorizations.retain(|known| known.id != self.id);
        self.cx.notice(Notice::RedirectAccepted(self.id.clone()));
        match (answer, pending.verifier) {
            (Answer::Code(code), Some(verifier)) => {
                let grant = Box::new(CodeGrant {
                    code,
                    verifier,
                    redirect_uri: pending.redirect_uri,
                    scope: pending.scope,
                    return_context: pending.return_context,
                    company: pending.company,
                    created_at: pending.created_at,
                    begun_in: pending.begun_in,
                    both_secrets: false,
                });
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
    pub(super) fn denied(&self, error: &Secret, description: Option<&Secret>) -> Failure {
        let known = self.cx.client.secrets(&[]);
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
                let (at, reason) = (self.cx.now(), Delay::Unavailable);
                Failure::TryLater { at, reason, said: Some(said) }
            }
            error => Failure::Misconfigured {
                reason: token::configuration_fault(error),
                said: Some(said),
            },
        }
    }
}
