//! How a connection's record is read.

use super::{ConnectionRecord, Duty, Exchanging, Intent, RecordStatus, Tokens};
use crate::{
    entropy::Id,
    failure::Cause,
    input::ApiKeyKind,
    json::{Object, Writer, closed, integer, list, secret, shared, string, text},
    record::{Kind, Record, StoreKey, Unknown, bearer, candidate::Candidate},
};
use alloc::{boxed::Box, vec::Vec};

impl Record for ConnectionRecord {
    const KIND: Kind = Kind::Connection;

    fn read(object: &mut Object<'_>, key: &StoreKey) -> Option<Self> {
        let mut record = Self {
            key: key.clone(),
            generation: object.required("gen", integer)?,
            status: object.required("status", RecordStatus::read)?,
            exchanging: object.optional("exchanging", Exchanging::read)?,
            grant_id: object.optional("grant_id", Id::read)?,
            company: object.optional("company", string)?,
            asked_scope: object.optional("asked_scope", shared)?,
            tokens: object.optional("tokens", Tokens::read)?,
            candidate: object.optional("candidate", Candidate::read)?.map(Box::new),
            candidate_dropped: object.flag("candidate_dropped")?,
            spare: object.optional("spare", Tokens::read)?.map(Box::new),
            intent: object.optional("intent", Intent::read)?,
            unresolved: object.flag("unresolved")?,
            disconnected_at: object.optional("disconnected_at", integer)?,
            disconnected_gen: object.optional("disconnected_gen", integer)?,
            outbox: object
                .take("outbox")
                .map_or(Some(Vec::new()), |duties| list(duties, Duty::read))?,
            dropped: 0,
            due_at: object.optional("due_at", integer)?,
            unknown: Unknown::default(),
        };
        // What was granted is as a rule what was asked for: one text for both.
        if let (Some(asked), Some(tokens)) = (&record.asked_scope, &mut record.tokens)
            && *asked == tokens.scope
        {
            tokens.scope = asked.clone();
        }
        Some(record)
    }

    fn write(&self, to: &mut Writer) {
        self.write_members(to);
    }

    fn room(&self) -> usize {
        self.likely_length()
    }

    fn key(&self) -> &StoreKey {
        &self.key
    }

    fn unknown(&mut self) -> &mut Unknown {
        &mut self.unknown
    }

    fn unknown_ref(&self) -> &Unknown {
        &self.unknown
    }
}

impl RecordStatus {
    fn read(value: &str) -> Option<Self> {
        match text(value).as_deref() {
            Some("new") => return Some(Self::New),
            Some("active") => return Some(Self::Active),
            Some("disconnected") => return Some(Self::Disconnected),
            Some(_) => return None,
            None => {}
        }
        closed(value, |object| {
            if let Some(value) = object.take("disconnecting") {
                return closed(value, |object| {
                    Some(Self::Disconnecting {
                        attempts: object.required("attempts", integer)?,
                        retry_at: object.required("retry_at", integer)?,
                    })
                });
            }
            closed(object.take("reauthenticate")?, |object| {
                Some(Self::Reauthenticate { cause: object.required("cause", cause)? })
            })
        })
    }
}

fn cause(value: &str) -> Option<Cause> {
    let code = text(value)?;
    Cause::ALL.iter().find(|cause| cause.code() == code).copied()
}

impl Exchanging {
    fn read(value: &str) -> Option<Self> {
        closed(value, |object| {
            Some(Self {
                nonce: object.required("nonce", Id::read)?,
                until: object.required("until", integer)?,
            })
        })
    }
}

impl Tokens {
    pub(in crate::record) fn read(value: &str) -> Option<Self> {
        closed(value, |object| {
            Some(Self {
                token_id: object.required("token_id", Id::read)?,
                refresh: object.optional("refresh", secret)?,
                refresh_exp: object.optional("refresh_exp", integer)?,
                header: object.required("access", bearer::read)?,
                access_exp: object.optional("access_exp", integer)?,
                scope: object.required("scope", shared)?,
                obtained_at: object.required("obtained_at", integer)?,
                key: object.optional("key", ApiKeyKind::read)?,
            })
        })
    }
}

impl ApiKeyKind {
    fn read(value: &str) -> Option<Self> {
        match text(value)?.as_ref() {
            "integrated" => Some(Self::Integrated),
            "standalone" => Some(Self::Standalone),
            _ => None,
        }
    }
}

impl Intent {
    fn read(value: &str) -> Option<Self> {
        closed(value, |object| {
            Some(Self {
                nonce: object.required("nonce", Id::read)?,
                attempt: object.required("attempt", integer)?,
                generation: object.required("gen", integer)?,
                t_wall: object.required("t_wall", integer)?,
                t_uptime: object.optional("t_uptime", integer)?,
                boot_id: object.optional("boot_id", Id::read)?,
                take_after: object.required("take_after", integer)?,
                gave_up: object.flag("gave_up")?,
            })
        })
    }
}

impl Duty {
    fn read(value: &str) -> Option<Self> {
        closed(value, |object| {
            closed(object.take("revoke_token")?, |object| {
                Some(Self::RevokeToken {
                    token: object.required("token", secret)?,
                    access: object.flag("access")?,
                    attempts: object.required("attempts", integer)?,
                    next_at: object.required("next_at", integer)?,
                })
            })
        })
    }
}
