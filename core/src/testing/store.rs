//! A store in memory: one primitive, compare and swap.

use crate::{Revision, StoreKey, Stored, Write};
use alloc::{
    collections::{BTreeMap, VecDeque},
    string::{String, ToString as _},
    vec::Vec,
};
use core::{error::Error, fmt};

/// What becomes of the next swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// It takes place, and is not answered.
    Unanswered,
    /// It does not take place, and is not answered: lost, or the store is not there.
    Lost,
    /// A read is answered with what was there before the last write, by a replica that
    /// lags behind; a write is not harmed.
    Stale,
}

/// Records as a host's database would hold them. [`Server`](super::Server) and this one
/// know nothing of each other.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// What becomes of the next swaps; none left: they are answered.
    pub faults: VecDeque<StoreFault>,
    records: BTreeMap<String, Stored>,
    before: BTreeMap<String, Stored>,
    revisions: u64,
    /// The records of all writes that were acknowledged.
    told: Vec<Stored>,
}

/// The store did not answer; the swap may have taken place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered;

impl Store {
    /// If the revision of `key` equals `expected`, writes; either way answers with what
    /// is there now.
    ///
    /// # Errors
    /// Where a fault leaves the host without an answer.
    pub fn swap(
        &mut self,
        key: &StoreKey,
        expected: Option<&Revision>,
        write: Option<&Write>,
    ) -> Result<Option<Stored>, Unanswered> {
        let fault = self.faults.pop_front();
        if fault == Some(StoreFault::Lost) {
            return Err(Unanswered);
        }
        let there = self.records.get(key.as_str()).map(|stored| &stored.revision);
        if let Some(write) = write.filter(|_| there == expected) {
            self.revisions += 1;
            let revision = Revision::new(self.revisions.to_string());
            let stored = Stored { revision, bytes: write.bytes.clone(), age: None };
            if fault != Some(StoreFault::Unanswered) {
                self.told.push(stored.clone());
            }
            let before = self.records.insert(key.as_str().into(), stored);
            self.before.extend(before.map(|before| (key.as_str().into(), before)));
        }
        match fault {
            Some(StoreFault::Unanswered | StoreFault::Lost) => Err(Unanswered),
            Some(StoreFault::Stale) if write.is_none() => {
                Ok(self.before.get(key.as_str()).cloned())
            }
            Some(StoreFault::Stale) | None => Ok(self.read(key)),
        }
    }

    /// What is there now: what a process is restored from.
    pub fn read(&self, key: &StoreKey) -> Option<Stored> {
        self.records.get(key.as_str()).cloned()
    }

    /// Whether this text was in a record that the host knows to be written. Of sealed
    /// records nothing can be told.
    pub fn was_told(&self, text: &str) -> bool {
        let text = text.as_bytes();
        let holds = |bytes: &[u8]| bytes.windows(text.len().max(1)).any(|part| part == text);
        self.told.iter().any(|stored| holds(stored.bytes.expose()))
    }

    /// The same of a connection's own refresh token: not of one that came and was not taken.
    pub(super) fn was_told_as_own(&self, token: &str) -> bool {
        self.told.iter().any(|stored| {
            let record = serde_json::from_slice::<serde_json::Value>(stored.bytes.expose());
            let owns = |record: serde_json::Value| {
                let mut own = ["/tokens/refresh", "/spare/refresh"].iter();
                own.any(|at| record.pointer(at).is_some_and(|refresh| refresh == token))
            };
            record.is_ok_and(owns)
        })
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store does not answer")
    }
}

impl Error for Unanswered {}
