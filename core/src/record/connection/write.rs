//! How a connection's record is written: in this order, and what is absent not at all.

use super::{ConnectionRecord, Duty, Exchanging, Intent, RecordStatus, Tokens};
use crate::{input::ApiKeyKind, json::Writer, secret::Secret};

impl ConnectionRecord {
    pub(super) fn write_members(&self, to: &mut Writer) {
        to.integer("gen", self.generation);
        self.status.write(to);
        if let Some(exchanging) = &self.exchanging {
            to.nested("exchanging", |to| exchanging.write(to));
        }
        to.id("grant_id", self.grant_id);
        to.text("company", self.company.as_deref());
        to.text("asked_scope", self.asked_scope.as_deref());
        if let Some(tokens) = &self.tokens {
            to.nested("tokens", |to| tokens.write(to));
        }
        if let Some(candidate) = &self.candidate {
            to.nested("candidate", |to| candidate.write(to));
        }
        to.flag("candidate_dropped", self.candidate_dropped);
        if let Some(spare) = &self.spare {
            to.nested("spare", |to| spare.write(to));
        }
        if let Some(intent) = &self.intent {
            to.nested("intent", |to| intent.write(to));
        }
        to.flag("unresolved", self.unresolved);
        to.integer("disconnected_at", self.disconnected_at);
        to.integer("disconnected_gen", self.disconnected_gen);
        to.list("outbox", &self.outbox, Duty::write);
        to.integer("due_at", self.due_at);
    }

    /// The tokens are most of a record.
    pub(super) fn likely_length(&self) -> usize {
        let candidate = self.candidate.as_ref().map(|candidate| &candidate.tokens);
        let tokens = self.tokens.iter().chain(self.spare.as_deref()).chain(candidate);
        let lengths = tokens.map(Tokens::likely_length);
        let duties = self.outbox.iter().map(|Duty::RevokeToken { token, .. }| token.expose().len());
        lengths.chain(duties).fold(1_024, usize::saturating_add)
    }
}

impl RecordStatus {
    fn write(self, to: &mut Writer) {
        match self {
            Self::New => to.word("status", "new"),
            Self::Active => to.word("status", "active"),
            Self::Disconnected => to.word("status", "disconnected"),
            Self::Disconnecting { attempts, retry_at } => to.nested("status", |to| {
                to.nested("disconnecting", |to| {
                    to.integer("attempts", u64::from(attempts));
                    to.integer("retry_at", retry_at);
                });
            }),
            Self::Reauthenticate { cause } => to.nested("status", |to| {
                to.nested("reauthenticate", |to| to.word("cause", cause.code()));
            }),
        }
    }
}

impl Exchanging {
    fn write(&self, to: &mut Writer) {
        to.id("nonce", self.nonce);
        to.integer("until", self.until);
    }
}

impl Tokens {
    pub(in crate::record) fn write(&self, to: &mut Writer) {
        to.id("token_id", self.token_id);
        to.text("refresh", self.refresh.as_ref().map(Secret::expose));
        to.integer("refresh_exp", self.refresh_exp);
        to.text("access", self.access_token());
        to.integer("access_exp", self.access_exp);
        to.text("scope", &*self.scope);
        to.integer("obtained_at", self.obtained_at);
        to.text("key", self.key.map(ApiKeyKind::as_str));
    }

    fn likely_length(&self) -> usize {
        let refresh = self.refresh.as_ref().map_or(0, |token| token.expose().len());
        refresh.saturating_add(self.header.expose().len()).saturating_add(self.scope.len())
    }
}

impl ApiKeyKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Integrated => "integrated",
            Self::Standalone => "standalone",
        }
    }
}

impl Intent {
    fn write(&self, to: &mut Writer) {
        to.id("nonce", self.nonce);
        to.integer("attempt", u64::from(self.attempt));
        to.integer("gen", self.generation);
        to.integer("t_wall", self.t_wall);
        to.integer("t_uptime", self.t_uptime);
        to.id("boot_id", self.boot_id);
        to.integer("take_after", self.take_after);
        to.flag("gave_up", self.gave_up);
    }
}

impl Duty {
    fn write(&self, to: &mut Writer) {
        let Self::RevokeToken { token, access, attempts, next_at } = self;
        to.nested("revoke_token", |to| {
            to.text("token", token.expose());
            to.flag("access", *access);
            to.integer("attempts", u64::from(*attempts));
            to.integer("next_at", *next_at);
        });
    }
}
