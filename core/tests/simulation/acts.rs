//! What people and the world do, at times of their own.

use crate::{
    dice::{Act, Mode},
    event::Event,
    fault::{Fault, Place},
    world::World,
};
use evergrant::*;

impl World {
    pub fn begin_acts(&mut self) {
        if let Mode::Replay(schedule) = &self.chance.mode {
            for act in schedule.acts.clone() {
                self.at(act.at, Event::Planned(act));
            }
            return;
        }
        // Somebody connects, or nothing ever happens.
        for tenant in 0..self.plan.tenants {
            for (at, fault) in [(10, Fault::Authorize), (2_000, Fault::Consent)] {
                let act = Act { at, fault: fault.number(), worker: tenant, arg: 257 };
                let at = at + u64::from(tenant) * 5_000;
                self.keep(Act { at, ..act });
                self.at(at, Event::Planned(Act { at, ..act }));
            }
        }
        self.at(3_000, Event::NextAct);
    }

    pub fn keep(&mut self, act: Act) {
        if let Mode::Record(schedule) = &mut self.chance.mode {
            schedule.acts.push(act);
        }
    }

    pub fn next_act(&mut self) {
        let dice = &mut self.chance.dice;
        let Some(fault) = self.plan.acts.draw(dice) else {
            return self.at(self.plan.pace, Event::NextAct);
        };
        let worker = dice.below(self.workers.len() as u64) as u8;
        let act = Act { at: self.now, fault: fault.number(), worker, arg: dice.next() };
        let wait = 1 + dice.below(self.plan.pace * 2);
        self.keep(act);
        self.at(wait, Event::NextAct);
        self.act(act);
    }

    pub fn act(&mut self, act: Act) {
        let Some(fault) = Fault::of(act.fault) else { return };
        let worker = usize::from(act.worker) % self.workers.len();
        let tenant = self.workers[worker].tenant;
        let arg = act.arg;
        match fault {
            Fault::StoreDown | Fault::ClientBroken => {}
            Fault::ServerEnds | Fault::StoreForgets => self.struck_all(fault, Some(tenant)),
            _ if self.workers[worker].machine.is_some() => self.struck(fault, worker),
            _ => return,
        }
        let timing = self.plan.timing();
        match fault {
            Fault::TokenWanted => {
                self.want(worker, [0, 0, 5_000, 30_000, 1 << 40][arg as usize % 5])
            }
            Fault::ApiCall => self.call_api(worker, arg.is_multiple_of(2)),
            Fault::ApiRefuses => self.api_refuses(worker, arg),
            Fault::StaleRefusal => {
                if let Some((generation, _)) = self.workers[worker].cached {
                    let generation = (generation + 1).saturating_sub(arg % 4);
                    self.answer_api(worker, generation, 401, vec![]);
                }
            }
            Fault::Authorize => self.authorize(worker, arg),
            Fault::Consent | Fault::Deny | Fault::Forged | Fault::Again | Fault::Flood => {
                self.come_back(fault, worker, arg);
            }
            Fault::EnterKey => {
                self.soon_after(worker, arg);
                self.enter_key(worker, arg);
            }
            Fault::KeyEnds => self.end_keys(tenant, arg),
            Fault::Rotate => self.rotate(worker),
            Fault::Cancel => {
                let known = self.visits.get(arg as usize % self.visits.len().max(1));
                let one = known.filter(|_| arg.is_multiple_of(3)).map(|visit| visit.id.clone());
                if self.workers[worker].is_up() {
                    self.step(worker, Input::Cancel { authorization: one });
                }
            }
            Fault::Revoke if self.workers[worker].is_up() => {
                self.workers[worker].owed.ended = true;
                // Whoever has read nothing cannot say which grant is meant.
                let unread = self.workers[worker].knows.is_none();
                self.workers[worker].revoked_at = Some(if unread { u64::MAX } else { self.now });
                self.soon_after(worker, arg);
                self.step(worker, Input::Revoke);
            }
            Fault::Crash | Fault::Reboot | Fault::StopStart => self.crash(fault, worker, arg),
            Fault::Pause | Fault::Suspend | Fault::LongPause => self.pause(fault, worker, arg),
            // Without a clock that runs through suspend, what is assumed of the wall
            // clocks of two hosts is assumed of one host's as well.
            Fault::ClockJump if self.workers[worker].clock.booted.is_some() => {
                self.jump(worker, (arg % 100_000) as i64 - 50_000);
            }
            Fault::BigJump => self.jump(worker, (arg % 180_000_000) as i64 - 90_000_000),
            Fault::StoreDown => {
                let longest = [400, timing.save_within / 4, 200_000][arg as usize % 3];
                self.store.down_until = self.now + 1 + (arg >> 8) % longest;
                self.store.read_only = (arg >> 4).is_multiple_of(6);
            }
            Fault::ClientBroken => {
                self.client_broken_until = self.now + (arg >> 8) % 300_000;
                self.struck_all(fault, None);
            }
            Fault::ServerEnds => self.server.end_all_of(tenant),
            Fault::PeerGone => {
                let workers = self.workers.iter().filter(|host| host.tenant == tenant);
                if workers.count() == 1 && self.workers[worker].is_up() {
                    self.step(worker, Input::PeerGone);
                }
            }
            Fault::StoreForgets => {
                self.forgot |= self.store.forget(usize::from(tenant));
            }
            _ => {}
        }
    }

    /// An end takes milliseconds: something is made to happen within them.
    fn soon_after(&mut self, worker: usize, arg: u64) {
        let fits = |fault: &&Fault| match fault.place() {
            Place::Act | Place::Use => **fault != Fault::Revoke,
            Place::ActUntimely => !self.plan.timely,
            Place::Keys => self.plan.features.keys && **fault != Fault::EnterKey,
            Place::Http | Place::HttpUntimely | Place::Swap | Place::Timer | Place::Seal => false,
        };
        let all: Vec<&Fault> = Fault::ALL.iter().filter(fits).collect();
        let fault = all[(arg >> 40) as usize % all.len()].number();
        let wait = (arg >> 20) % 80;
        let act =
            Act { at: self.now + wait, fault, worker: worker as u8, arg: arg.rotate_left(32) };
        if arg.is_multiple_of(2) {
            self.at(wait, Event::Planned(act));
        }
    }

    pub fn want(&mut self, worker: usize, min_validity: u64) {
        let host = &mut self.workers[worker];
        if host.is_up() {
            if !host.owed.token {
                host.asked_at = self.now;
            }
            host.owed.token = true;
            host.answered = false;
            self.step(worker, Input::TokenWanted { min_validity });
        }
    }

    fn api_refuses(&mut self, worker: usize, arg: u64) {
        let Some((generation, _)) = self.workers[worker].cached else { return };
        let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let scope = r#"Bearer error="insufficient_scope", error_description="more""#;
        let (status, headers) = match arg % 8 {
            0..=3 => (401, vec![]),
            4 => (403, vec![]),
            5 => (403, header("WWW-Authenticate", scope)),
            6 => (429, header("Retry-After", "3")),
            _ => (503, vec![]),
        };
        self.answer_api(worker, generation, status, headers);
        if arg % 8 < 2 {
            // And what came of that is refused again.
            let act =
                Act { at: 0, fault: Fault::ApiRefuses.number(), worker: worker as u8, arg: 2 };
            self.at(3_000, Event::Planned(act));
        }
    }

    fn crash(&mut self, fault: Fault, worker: usize, arg: u64) {
        self.orphan_flights(worker);
        let host = &mut self.workers[worker];
        host.kill(arg.is_multiple_of(2));
        if fault == Fault::Reboot {
            host.clock.boot = host.clock.boot.wrapping_add(1);
            host.clock.booted = host.clock.booted.map(|_| self.now);
            host.clock.asleep = 0;
        }
        let unread = fault == Fault::StopStart;
        let wait = match (arg >> 8) % 6 {
            _ if unread => 10,
            0 => 1,
            1 => 500,
            2 => 5_000,
            3 => 60_000,
            4 => 250_000,
            _ => 3_600_000,
        };
        let life = host.life;
        self.log(worker, format_args!("is dead"));
        self.at(wait, Event::Start { worker, life, unread });
    }

    fn pause(&mut self, fault: Fault, worker: usize, arg: u64) {
        let timing = self.plan.timing();
        let host = &self.workers[worker];
        if !host.is_up() {
            return;
        }
        let life = host.life;
        let busy = self.flights.iter().any(|flight| (flight.worker, flight.life) == (worker, life))
            || self.held.iter().any(|held| (held.worker, held.life) == (worker, life));
        let longest = match fault {
            Fault::LongPause => timing.takeover_after * 10,
            // Whoever has sent, or has an answer in hand, must come back in time.
            _ if busy && self.plan.timely => timing.save_within / 4,
            _ => timing.takeover_after * 3,
        };
        let wait = 1 + (arg >> 8) % longest;
        let host = &mut self.workers[worker];
        host.paused_until = Some(self.now + wait);
        if fault != Fault::Pause && host.clock.booted.is_some() && arg.is_multiple_of(2) {
            host.clock.asleep += wait;
        }
        let timer_first = arg.is_multiple_of(3);
        self.at(wait, Event::Resume { worker, life, timer_first });
    }

    pub fn resume(&mut self, worker: usize, life: u32, timer_first: bool) {
        let host = &mut self.workers[worker];
        if host.life != life || host.paused_until.take().is_none() {
            return;
        }
        self.log(worker, format_args!("goes on"));
        if timer_first {
            self.step(worker, Input::Wake);
        }
        for (input, seen) in std::mem::take(&mut self.workers[worker].inbox) {
            self.tell(worker, life, input, seen);
        }
        if !timer_first {
            self.step(worker, Input::Wake);
        }
    }

    fn jump(&mut self, worker: usize, off: i64) {
        let host = &mut self.workers[worker];
        host.clock.off = off;
        let wall = host.clock.wall(self.now);
        if let Some(machine) = &host.machine {
            let wake_at = machine.wake_at(wall);
            self.set_timer(worker, wake_at);
        }
    }
}
