//! What the store is asked, and what becomes of that.

use crate::{
    dice::{Dice, Fate, Site},
    event::{Event, Seen, SwapJob},
    fault::Fault,
    plan::Plan,
    world::World,
};
use evergrant::*;

fn draw(plan: &Plan, dice: &mut Dice, rare: bool) -> Fate {
    let timing = plan.timing();
    let fault = plan.swap.draw(dice);
    let fault = if rare && dice.one_in(4) { plan.swap.any(dice) } else { fault };
    let arg = dice.next() as u32;
    let mut there = if dice.one_in(3) { dice.below(20) } else { 0 };
    let mut back = dice.between(1, 10);
    match fault {
        Some(Fault::SwapSlow) => {
            there = dice.below(timing.send_within / 3);
            back = 1 + dice.below(timing.send_within / 3);
        }
        Some(Fault::SwapLate) => back = dice.between(timing.send_within, timing.send_within + 400),
        Some(Fault::AppliedSilent | Fault::LostSilent) => back = dice.between(1, 500),
        Some(Fault::AppliedLate) => {
            back = dice.between(1, 300);
            there = back + dice.below(timing.save_within);
        }
        _ => {}
    }
    Fate { fault: fault.map_or(0, Fault::number), arg, there: there as u32, back: back as u32 }
}

impl World {
    pub fn ask_store(
        &mut self,
        worker: usize,
        op: Op,
        key: StoreKey,
        expected: Option<Revision>,
        write: Option<Write>,
    ) {
        let (plan, rare) = (&self.plan, self.is_rare(worker, op));
        let fate = self.chance.fate(Site::Swap, |dice| draw(plan, dice, rare));
        let fault = Fault::of(fate.fault);
        if let Some(fault) = fault {
            self.struck_on(fault, worker, op);
        }
        let life = self.workers[worker].life;
        let (there, back) = (u64::from(fate.there), u64::from(fate.back).max(1));
        let mut job = SwapJob {
            worker,
            life,
            op,
            key,
            expected,
            write,
            answer_in: Some(back),
            silent: false,
            rubbish: None,
            arg: fate.arg,
        };
        let unanswered = |world: &mut Self| {
            let input = Box::new(Input::SwapUnanswered { op });
            world.at(back, Event::Tell { worker, life, input, seen: None });
        };
        match fault {
            Some(Fault::LostSilent) => return unanswered(self),
            Some(Fault::AppliedLate) => {
                unanswered(self);
                job.answer_in = None;
            }
            Some(Fault::AppliedSilent) => job.silent = true,
            Some(Fault::Rubbish) => job.rubbish = Some(fate.arg),
            _ => {}
        }
        if there == 0 {
            self.swap(job);
        } else {
            self.at(there, Event::Swap(Box::new(job)));
        }
    }

    /// The store gets to a swap.
    pub fn swap(&mut self, mut job: SwapJob) {
        let host = &self.workers[job.worker];
        if host.life != job.life && host.dropped.get(job.life as usize) == Some(&true) {
            return;
        }
        if self.store.down_until > self.now {
            job.silent = true;
            if self.store.read_only {
                let creates = job.write.is_some() && job.key.as_str().starts_with("pending");
                job.silent = !creates;
            }
            if !job.arg.is_multiple_of(3) || self.store.read_only {
                job.write = None;
            }
            if host.life == job.life {
                self.struck_on(Fault::StoreDown, job.worker, job.op);
            }
        }
        let SwapJob { worker, life, op, key, expected, write, .. } = job;
        if let Some(written) = self.store.swap(&key, expected.as_ref(), write.as_ref(), self.now) {
            self.observe(worker, written);
        }
        if let Some(company) = self.company_of(&key).filter(|_| write.is_some()) {
            self.observe_company(company);
        }
        let Some(wait) = job.answer_in else { return };
        if job.silent {
            let input = Box::new(Input::SwapUnanswered { op });
            return self.at(wait, Event::Tell { worker, life, input, seen: None });
        }
        let mut current = self.store.read(&key, self.now);
        let slot = self.store.slot_of(&key).map(|slot| &self.store.slots[slot]);
        let mut seen = slot.map(|slot| {
            let revision = slot.entry.as_ref().map_or(0, |entry| entry.revision);
            Seen::of(revision, &slot.view)
        });
        if let Some(kind) = job.rubbish
            && let Some(stored) = &mut current
        {
            seen = None;
            stored.bytes = match self.plan.features.sealed {
                true => self.sealed_rubbish(kind, worker, stored.bytes.expose()),
                false => rubbish(kind, stored.bytes.expose()),
            }
            .into();
        }
        // Whoever lacks the key is shown nothing.
        let seen = seen.filter(|_| self.can_read(worker, current.as_ref()));
        let input = Box::new(Input::Swapped { op, current });
        self.at(wait, Event::Tell { worker, life, input, seen });
    }
}

/// What a store may say that has lost its head.
fn rubbish(kind: u32, bytes: &[u8]) -> Vec<u8> {
    match kind % 4 {
        0 => b"\0\0rubbish".to_vec(),
        1 => br#"{"v":99,"kind":"of a later version"}"#.to_vec(),
        2 => b"evergrant 1 sealed".to_vec(),
        _ => {
            // Somebody else's record, under this key.
            let text = String::from_utf8_lossy(bytes);
            text.replacen("\"key\":\"", "\"key\":\"not-", 1).into_bytes()
        }
    }
}
