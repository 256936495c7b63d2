//! Sealing keys, rotated while the workers go on, and what a store may say of a sealed
//! record that has lost its head.

use crate::{
    event::Event,
    seal::{NEW_KEY, NEW_KEY_IN_USE, OLD_KEY, OLD_KEY_DROPPED},
    world::World,
};
use evergrant::*;

impl World {
    /// A worker is begun anew with the next ring; a careful operator waits for the others.
    pub fn rotate(&mut self, worker: usize) {
        let next = self.workers[worker].ring + 1;
        if next >= self.clients.len() || !(self.plan.features.hasty || self.may_have(next)) {
            return;
        }
        self.orphan_flights(worker);
        let host = &mut self.workers[worker];
        host.kill(false);
        host.ring = next;
        self.rotated_at = self.now;
        let life = host.life;
        self.log(worker, format_args!("is stopped for ring {next}"));
        self.at(10, Event::Start { worker, life, unread: false });
    }

    fn may_have(&self, ring: usize) -> bool {
        let all_have = |least: usize| self.workers.iter().all(|host| host.ring >= least);
        match ring {
            NEW_KEY_IN_USE => all_have(NEW_KEY_IN_USE - 1),
            // No record needs the old key, and no write is on its way that would.
            OLD_KEY_DROPPED => {
                let quiet = self.rotated_at + self.plan.timing().takeover_after * 2;
                all_have(NEW_KEY_IN_USE) && self.now > quiet && !self.store.is_sealed_with(OLD_KEY)
            }
            _ => true,
        }
    }

    /// The operator has given every worker both keys.
    pub fn mend_rings(&mut self) {
        if !self.plan.features.hasty {
            return;
        }
        for worker in 0..self.workers.len() {
            if self.workers[worker].ring == NEW_KEY_IN_USE {
                continue;
            }
            self.orphan_flights(worker);
            self.workers[worker].kill(false);
            self.workers[worker].ring = NEW_KEY_IN_USE;
        }
    }

    /// The client with which the simulation itself reads the store.
    pub fn reader(&self) -> &Client {
        &self.clients[NEW_KEY_IN_USE.min(self.clients.len() - 1)]
    }

    /// A process could not begin: its ring lacks the key of the record.
    pub fn lacks_key(&mut self, worker: usize, failure: &Failure) -> bool {
        let missing = matches!(failure, Failure::SealingKeyMissing { .. });
        if missing && self.plan.features.hasty {
            *self.tally.failures.entry(failure.code()).or_default() += 1;
            self.log(worker, format_args!("cannot read its record: {failure}"));
        }
        missing && self.plan.features.hasty
    }

    /// Whether a worker's ring opens what the store holds.
    pub fn can_read(&self, worker: usize, stored: Option<&Stored>) -> bool {
        let id = stored.and_then(|stored| sealing_key_id(stored.bytes.expose()));
        match (id, self.workers[worker].ring) {
            (Some(NEW_KEY), ring) => ring > 0,
            (Some(OLD_KEY), ring) => ring < OLD_KEY_DROPPED,
            _ => true,
        }
    }

    /// What a store may say once in the place of a sealed record.
    pub fn sealed_rubbish(&self, kind: u32, worker: usize, record: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(record);
        match kind % 6 {
            0 => b"\0\0rubbish".to_vec(),
            1 => text.replacen("evergrant 1", "evergrant 2", 1).into_bytes(),
            2 => text.replacen(OLD_KEY, "k0", 1).replacen(NEW_KEY, "k0", 1).into_bytes(),
            3 => format!("{}{}", &text[..text.len() - 4], "AAAA").into_bytes(),
            4 => br#"{"v":1,"kind":"connection"}"#.to_vec(),
            _ => self.moved(worker).unwrap_or_else(|| b"evergrant ".to_vec()),
        }
    }

    /// Another record, which somebody has put into this one's place.
    fn moved(&self, worker: usize) -> Option<Vec<u8>> {
        let own = usize::from(self.workers[worker].tenant);
        let other = self.store.slots.iter().enumerate().find(|(slot, _)| *slot != own);
        let entry = other.and_then(|(_, slot)| slot.entry.as_ref());
        let entry = entry.or_else(|| self.store.pending.values().next())?;
        Some(entry.bytes.expose().to_vec())
    }
}
