//! When faults are over: everybody comes to a token or to a reason why there is
//! none, and to the same one.

use crate::{store::Standing, world::World};
use evergrant::*;

/// What a worker comes to when there is no token.
fn is_final(code: &str) -> bool {
    code.starts_with("reauthenticate_") || code == "denied_not_connected"
}

impl World {
    pub fn settle_down(&mut self) {
        self.drop_acts();
        self.chance.calm = true;
        self.store.down_until = 0;
        self.client_broken_until = 0;
        self.mend_rings();
        for worker in 0..self.workers.len() {
            self.workers[worker].wakes = true;
            self.start(worker, false);
            let life = self.workers[worker].life;
            self.resume(worker, life, false);
            self.workers[worker].answered = false;
            let host = &self.workers[worker];
            let wall = host.clock.wall(self.now);
            let wake_at = host.machine.as_ref().and_then(|machine| machine.wake_at(wall));
            self.set_timer(worker, wake_at);
        }
        // Clocks that were days ahead have put things off by days.
        let patience = if self.plan.timely { 3 * 3_600_000 } else { 60 * 3_600_000 };
        let deadline = self.now + patience;
        let mut settled = vec![false; self.workers.len()];
        let mut pause = 500;
        while self.violation.is_none() {
            let until = self.now + pause;
            while self.violation.is_none() && self.next_event(until) {}
            for (worker, settled) in settled.iter_mut().enumerate() {
                *settled = *settled || self.asks_on(worker);
            }
            let pending = self.unsettled(&settled);
            if pending.is_none() {
                return self.check_end();
            }
            if self.now > deadline {
                return self.fail("h: liveness", pending.unwrap_or_default());
            }
            pause = (pause * 3 / 2).min(20_000);
        }
    }

    /// What a caller does who wants a token: asks, uses it, waits as he is told to.
    /// True once he has one that works, or knows why there is none.
    fn asks_on(&mut self, worker: usize) -> bool {
        let host = &self.workers[worker];
        if host.owed.token {
            return false;
        }
        if !host.answered {
            self.want(worker, 0);
            return false;
        }
        match (host.refused, host.cached) {
            (None, Some((generation, token))) => {
                if self.server.takes(token, self.now) {
                    return true;
                }
                self.workers[worker].answered = false;
                self.answer_api(worker, generation, 401, vec![]);
                false
            }
            (Some(code), _) if is_final(code) => true,
            _ => {
                let wall = host.clock.wall(self.now);
                if host.retry_at.is_none_or(|at| at <= wall) {
                    self.want(worker, 0);
                }
                false
            }
        }
    }

    fn unsettled(&self, settled: &[bool]) -> Option<String> {
        if let Some(worker) = settled.iter().position(|settled| !settled) {
            let host = &self.workers[worker];
            return Some(format!(
                "w{worker}: {}, owed {}, refused {:?}",
                host.status.code(),
                host.owed.token,
                host.refused
            ));
        }
        for slot in &self.store.slots {
            // What a store has brought back is taken up by whoever looks at it, and so is an
            // end that came into the store after the death of its worker.
            let revision = slot.entry.as_ref().map_or(0, |entry| entry.revision);
            let looked_at = self.workers.iter().any(|host| host.seen == revision);
            let left = slot.view.candidate.is_some() || slot.view.outbox > 0;
            let ending = slot.view.status == Standing::Disconnecting;
            if (ending && looked_at) || (left && (looked_at || !self.forgot)) {
                return Some(format!("{}: {:?}", slot.key, slot.view));
            }
        }
        // Also an end that its own worker still has before it.
        let owing = |host: &crate::host::Worker| {
            host.owed.token
                || host.owed.answers > host.aside
                || host.owed.keys > 0
                || host.status == Status::Disconnecting
        };
        let owing = self.workers.iter().position(owing);
        owing.map(|worker| format!("w{worker} waits: {:?}", self.workers[worker].owed))
    }

    /// What holds once all is quiet.
    fn check_end(&mut self) {
        for tenant in 0..self.plan.tenants {
            self.check_agreement(tenant);
            self.check_held(tenant);
        }
        for worker in 0..self.workers.len() {
            let Some(machine) = &self.workers[worker].machine else { continue };
            let text = format!("{machine:?}");
            if text.contains("canary") {
                self.fail("i: secret", format!("w{worker}"));
            }
            if text.len() > 100_000 {
                self.fail("i: memory", format!("w{worker}: {} characters", text.len()));
            }
        }
    }

    /// Workers that have looked at the same record say the same.
    fn check_agreement(&mut self, tenant: u8) {
        let slot = &self.store.slots[usize::from(tenant)];
        let current = slot.entry.as_ref().map_or(0, |entry| entry.revision);
        let said = self.workers.iter().filter(|host| host.tenant == tenant && host.seen == current);
        let mut standings = said.map(|host| match host.status {
            Status::Authorized | Status::Refreshing => "connected",
            // One's own browser, or a fence that falls by one's own clock.
            Status::Authorizing | Status::Exchanging => "",
            other => other.code(),
        });
        let Some(first) = standings.find(|standing| !standing.is_empty()) else { return };
        let other = standings.find(|other| *other != first && !other.is_empty());
        // An expiry is said by each one's own clock.
        if let Some(other) = other
            && self.plan.timely
            && self
                .workers
                .iter()
                .all(|host| host.status != Status::ReauthenticationRequired(Cause::Expired))
        {
            self.fail("h: agreement", format!("{first} and {other}"));
        }
    }

    /// (c) An answer that reached a live worker is in the store, or a sibling is.
    fn check_held(&mut self, tenant: u8) {
        let view = &self.store.slots[usize::from(tenant)].view;
        let open = matches!(view.status, Standing::Active | Standing::Reauthenticate);
        let last = self.last_grant[usize::from(tenant)];
        // A key has taken the grant's place.
        let keyed = self.last_key[usize::from(tenant)].is_some();
        let Some(last) = last.filter(|_| open && !self.forgot && !keyed) else { return };
        let lost = self.held.iter().find(|held| {
            let alive = self.workers[held.worker].life == held.life;
            let Some(parent) = held.parent.filter(|parent| *parent != held.refresh) else {
                return false;
            };
            // A newer grant in the record is worth more than any answer of this one (I8).
            let same = self.server.refresh[parent as usize].grant == last;
            let has_saved_child =
                |of| self.server.refresh.iter().any(|t| t.parent == Some(of) && t.saved);
            let sibling = has_saved_child(parent);
            // Or a spare was promoted meanwhile, which has gone on in its parent's place.
            let before = self.server.refresh[parent as usize].parent;
            let aunt = (0..).zip(&self.server.refresh).any(|(at, t)| {
                before.is_some() && t.parent == before && at != parent && has_saved_child(at)
            });
            alive && same && !sibling && !aunt
        });
        if let Some(held) = lost {
            let detail = format!("w{} was given r{}", held.worker, held.refresh);
            self.fail("c: an answer is gone", detail);
        }
    }
}
