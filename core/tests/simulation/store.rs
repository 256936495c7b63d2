//! A store that can do no more than compare and swap, and what the records of
//! connections in it say, read once for each write.

use crate::{companies, seal::Opener, server::Token};
use evergrant::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Entry {
    pub revision: u64,
    pub bytes: SecretBytes,
    pub written_at: u64,
}

/// What is checked of a connection's record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub generation: u64,
    pub status: Standing,
    pub refresh: Option<u32>,
    pub access: Option<u32>,
    pub spare: Option<u32>,
    /// The API key, where that is what it holds.
    pub key: Option<u32>,
    /// The access token of a grant whose company is not yet known.
    pub candidate: Option<u32>,
    pub company: Option<u8>,
    pub intent: bool,
    pub outbox: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    New,
    Active,
    Disconnecting,
    Reauthenticate,
    Disconnected,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "gen")]
    generation: u64,
    #[serde(borrow)]
    status: &'a RawValue,
    #[serde(borrow, default)]
    tokens: Option<Pair<'a>>,
    #[serde(borrow, default)]
    spare: Option<Pair<'a>>,
    #[serde(borrow, default)]
    candidate: Option<Candidate<'a>>,
    #[serde(borrow, default)]
    company: Option<&'a str>,
    #[serde(borrow, default)]
    intent: Option<&'a RawValue>,
    #[serde(default)]
    outbox: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(default)]
    refresh: Option<&'a str>,
    access: &'a str,
}

#[derive(Deserialize)]
struct Candidate<'a> {
    #[serde(borrow)]
    tokens: Pair<'a>,
}

impl View {
    /// What a record says, out of its envelope.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let record: Record<'_> = serde_json::from_slice(bytes).ok()?;
        let refresh = |pair: &Option<Pair<'_>>| match Token::read(pair.as_ref()?.refresh?)? {
            Token::Refresh(number) => Some(number),
            Token::Access(_) | Token::Key(_) => None,
        };
        let access = |pair: &Pair<'_>| match Token::of_record(pair.access)? {
            Token::Access(number) => Some(number),
            Token::Refresh(_) | Token::Key(_) => None,
        };
        let key = |pair: &Pair<'_>| match Token::of_record(pair.access)? {
            Token::Key(number) => Some(number),
            Token::Refresh(_) | Token::Access(_) => None,
        };
        let tokens = record.tokens.as_ref();
        let status = record.status.get();
        Some(Self {
            generation: record.generation,
            status: match status {
                "\"new\"" => Standing::New,
                "\"active\"" => Standing::Active,
                "\"disconnected\"" => Standing::Disconnected,
                _ if status.starts_with("{\"disconnecting\"") => Standing::Disconnecting,
                _ if status.starts_with("{\"reauthenticate\"") => Standing::Reauthenticate,
                _ => return None,
            },
            refresh: refresh(&record.tokens),
            access: tokens.and_then(access),
            spare: refresh(&record.spare),
            key: tokens.and_then(key),
            candidate: record.candidate.and_then(|candidate| access(&candidate.tokens)),
            company: record.company.and_then(companies::number),
            intent: record.intent.is_some(),
            outbox: record.outbox.len(),
        })
    }
}

/// What one tenant's connection key holds.
#[derive(Clone, Debug)]
pub struct Slot {
    pub key: StoreKey,
    pub entry: Option<Entry>,
    pub view: View,
    /// What was there before the last write, for a store that forgets.
    pub before: Option<(Option<Entry>, View)>,
}

#[derive(Clone, Debug, Default)]
pub struct Store {
    pub slots: Vec<Slot>,
    /// Authorizations and companies.
    pub pending: BTreeMap<Box<str>, Entry>,
    pub opener: Opener,
    pub revisions: u64,
    pub has_clock: bool,
    /// Until when nothing is answered.
    pub down_until: u64,
    /// Meanwhile it answers to what it does not do.
    pub read_only: bool,
}

/// What an applied write did to a connection's record.
pub struct Written {
    pub slot: usize,
    pub before: View,
}

impl Store {
    pub fn slot_of(&self, key: &StoreKey) -> Option<usize> {
        self.slots.iter().position(|slot| slot.key == *key)
    }

    /// The primitive: whether it was written, and what it did.
    pub fn swap(
        &mut self,
        key: &StoreKey,
        expected: Option<&Revision>,
        write: Option<&Write>,
        now: u64,
    ) -> Option<Written> {
        let write = write?;
        let slot = self.slot_of(key);
        let there = match slot {
            Some(slot) => self.slots[slot].entry.as_ref(),
            None => self.pending.get(key.as_str()),
        };
        let fits = match (there, expected) {
            (None, None) => true,
            (Some(entry), Some(expected)) => expected.as_str().parse() == Ok(entry.revision),
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !fits {
            return None;
        }
        self.revisions += 1;
        let entry = Entry { revision: self.revisions, bytes: write.bytes.clone(), written_at: now };
        let Some(at) = slot else {
            self.pending.insert(key.as_str().into(), entry);
            return None;
        };
        let slot = &mut self.slots[at];
        let view = self.opener.view(slot.key.as_str(), write.bytes.expose()).unwrap_or_default();
        let before = std::mem::replace(&mut slot.view, view);
        let old = slot.entry.replace(entry);
        slot.before = Some((old, before.clone()));
        Some(Written { slot: at, before })
    }

    pub fn read(&self, key: &StoreKey, now: u64) -> Option<Stored> {
        let entry = match self.slot_of(key) {
            Some(slot) => self.slots[slot].entry.as_ref(),
            None => self.pending.get(key.as_str()),
        }?;
        Some(Stored {
            revision: Revision::new(entry.revision.to_string()),
            bytes: entry.bytes.clone(),
            age: self.has_clock.then(|| now - entry.written_at),
        })
    }

    /// Whether any record needs this key.
    pub fn is_sealed_with(&self, id: &str) -> bool {
        let slots = self.slots.iter().filter_map(|slot| slot.entry.as_ref());
        let mut all = slots.chain(self.pending.values());
        all.any(|entry| sealing_key_id(entry.bytes.expose()) == Some(id))
    }

    /// A replica takes over that had not got the last write; as revisions are never
    /// used twice, it has one of its own.
    pub fn forget(&mut self, slot: usize) -> bool {
        let slot = &mut self.slots[slot];
        let Some((entry, view)) = slot.before.take() else { return false };
        self.revisions += 1;
        let revision = self.revisions;
        slot.entry = entry.map(|entry| Entry { revision, ..entry });
        slot.view = view;
        true
    }
}
