//! Where the binding of a credential to its company stands, as far as a host can see,
//! so that a hunt that never struck a stage is seen.

use crate::{
    dice::{Act, Mode},
    event::Event,
    fault::{Fault, Place},
    host::Worker,
    world::World,
};
use evergrant::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The record is read before a key is tried.
    Looking,
    Asking,
    Pausing,
    Reserving,
    Rereading,
    Promoting,
    /// Is the company somebody's who must not lose it?
    Checking,
    Uninstalling,
    Dropping,
}

pub const STAGES: [(Stage, &str); 9] = [
    (Stage::Looking, "looking"),
    (Stage::Asking, "asking"),
    (Stage::Pausing, "pausing"),
    (Stage::Reserving, "reserving"),
    (Stage::Rereading, "rereading"),
    (Stage::Promoting, "promoting"),
    (Stage::Checking, "checking"),
    (Stage::Uninstalling, "uninstalling"),
    (Stage::Dropping, "dropping"),
];

impl Stage {
    fn is_rare(self) -> bool {
        match self {
            Self::Rereading | Self::Checking | Self::Uninstalling | Self::Dropping => true,
            Self::Looking | Self::Asking | Self::Pausing | Self::Reserving | Self::Promoting => {
                false
            }
        }
    }
}

/// What of an input says where the binding goes.
#[derive(Clone, Copy)]
pub struct Told {
    pub op: Option<Op>,
    key: bool,
    revoke: bool,
}

impl Told {
    pub fn of(input: &Input) -> Self {
        let op = match input {
            Input::HttpDone { op, .. }
            | Input::HttpFailed { op, .. }
            | Input::Swapped { op, .. }
            | Input::SwapUnanswered { op } => Some(*op),
            _ => None,
        };
        let key = matches!(input, Input::KeyEntered(_));
        Self { op, key, revoke: matches!(input, Input::Revoke) }
    }
}

impl World {
    /// Follows the binding through one step of a worker.
    pub fn track(&mut self, worker: usize, told: Told, outputs: &[Output]) {
        let host = &self.workers[worker];
        let was = host.binding;
        let own = was.is_some_and(|(_, op)| op.is_some() && op == told.op);
        let mut now = was.filter(|_| !own);
        let mut answered = false;
        for output in outputs {
            now = match output {
                Output::SendHttp { op, request, .. } => match (request.method, was) {
                    (Method::Get, _) => Some((Stage::Asking, Some(*op))),
                    (Method::Delete, Some((Stage::Checking, _))) if own => {
                        Some((Stage::Uninstalling, Some(*op)))
                    }
                    _ => now,
                },
                Output::Swap { op, key, write, .. } => {
                    let before = was.filter(|_| own).map(|(stage, _)| stage);
                    let stage = self.stage_of(host, key, write.as_ref(), before, told.key);
                    stage.map_or(now, |stage| Some((stage, Some(*op))))
                }
                Output::Authorized { .. } | Output::KeyAccepted { .. } => {
                    answered = true;
                    now
                }
                Output::Failed { activity, .. } => {
                    answered |= matches!(activity, Activity::Authorization { .. } | Activity::Key);
                    now
                }
                _ => now,
            };
        }
        if own && now.is_none() && !answered {
            now = Some((Stage::Pausing, None));
        }
        if answered && told.revoke && now == was {
            now = None;
        }
        self.workers[worker].binding = now;
        if let Some((stage, _)) = now.filter(|_| now != was) {
            self.tally.stages[stage as usize] += 1;
            self.strike_soon(worker, stage);
        }
    }

    /// Most stages take milliseconds: something is made to happen within them.
    fn strike_soon(&mut self, worker: usize, stage: Stage) {
        if self.chance.calm
            || matches!(self.chance.mode, Mode::Replay(_))
            || matches!(stage, Stage::Looking | Stage::Asking)
            || !self.chance.dice.one_in(if stage.is_rare() { 2 } else { 8 })
        {
            return;
        }
        let fits = |fault: &&Fault| match fault.place() {
            Place::Act | Place::Use => true,
            Place::ActUntimely => !self.plan.timely,
            Place::Keys => self.plan.features.keys,
            Place::Seal => self.plan.features.sealed,
            Place::Http | Place::HttpUntimely | Place::Swap | Place::Timer => false,
        };
        let all: Vec<&Fault> = Fault::ALL.iter().filter(fits).collect();
        let fault = all[self.chance.dice.below(all.len() as u64) as usize].number();
        let (wait, arg) = (self.chance.dice.below(3), self.chance.dice.next());
        let act = Act { at: self.now + wait, fault, worker: worker as u8, arg };
        self.keep(act);
        self.at(wait, Event::Planned(act));
    }

    /// Whether this op is of a stage that a hunt seldom sees.
    pub fn is_rare(&self, worker: usize, op: Op) -> bool {
        let binding = self.workers[worker].binding;
        binding.is_some_and(|(stage, own)| own == Some(op) && stage.is_rare())
    }

    /// What a swap is for; `before` is the stage whose answer led to it.
    fn stage_of(
        &self,
        host: &Worker,
        key: &StoreKey,
        write: Option<&Write>,
        before: Option<Stage>,
        entered: bool,
    ) -> Option<Stage> {
        let slot = &self.store.slots[usize::from(host.tenant)];
        match write {
            Some(_) if key.as_str().starts_with("company/") => Some(Stage::Reserving),
            None if key.as_str().starts_with("company/") => Some(Stage::Checking),
            _ if *key != slot.key => None,
            None if entered => Some(Stage::Looking),
            None => match before? {
                Stage::Reserving => Some(Stage::Rereading),
                same => Some(same),
            },
            Some(write) => {
                before?;
                let next = self.store.opener.view(key.as_str(), write.bytes.expose())?;
                let raised = host.knows.is_none_or(|known| next.generation > known);
                Some(if raised { Stage::Promoting } else { Stage::Dropping })
            }
        }
    }

    /// Something went wrong with what this worker had asked for by `op`.
    pub fn struck_on(&mut self, fault: Fault, worker: usize, op: Op) {
        self.struck(fault, worker);
        if let Some((stage, Some(own))) = self.workers[worker].binding
            && own == op
        {
            self.tally.bindings[fault as usize][stage as usize] += 1;
        }
    }
}
