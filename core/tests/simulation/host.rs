//! A worker: a process with a machine in it, and the clocks of its host.

use crate::{plan::Plan, server::Token, stage::Stage};
use evergrant::*;

/// The time at which every run begins, by a clock that is right.
pub const START: u64 = 1_700_000_000_000;

#[derive(Clone, Debug)]
pub struct Clock {
    /// How far the wall clock is from the truth.
    pub off: i64,
    /// When this boot began, where there is a clock that runs through suspend.
    pub booted: Option<u64>,
    /// How long that clock has stood still.
    pub asleep: u64,
    pub boot: u8,
    pub tells_boot: bool,
}

impl Clock {
    pub fn wall(&self, now: u64) -> u64 {
        (START + now).saturating_add_signed(self.off)
    }

    /// When the wall clock will show this.
    pub fn when(&self, wall: u64) -> u64 {
        wall.saturating_add_signed(-self.off).saturating_sub(START)
    }

    pub fn env(&self, worker: usize, now: u64, entropy: [u8; 32]) -> Env {
        let boot = [worker as u8 + 1, self.boot, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
        Env {
            now: self.wall(now),
            uptime: self.booted.map(|booted| now - booted - self.asleep.min(now - booted)),
            boot_id: self.tells_boot.then_some(boot),
            entropy,
        }
    }
}

/// What the host has been asked for and must hear of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    pub token: bool,
    /// Authorizations begun and redirects given, less those answered.
    pub answers: u32,
    /// Keys entered, less those answered.
    pub keys: u32,
    pub ended: bool,
}

pub struct Worker {
    pub tenant: u8,
    pub machine: Option<Connection>,
    pub life: u32,
    pub clock: Clock,
    /// Whether this host has a timer at all.
    pub wakes: bool,
    pub paused_until: Option<u64>,
    pub suspended: bool,
    /// What came while it was paused.
    pub inbox: Vec<(Input, Option<crate::event::Seen>)>,
    pub due: Option<u64>,
    pub timer: u32,
    pub status: Status,
    pub owed: Owed,
    /// Since when a token has been owed.
    pub asked_at: u64,
    /// The generation of a disconnect that the store has told this life of.
    pub ended_in: Option<u64>,
    /// When it was last asked to end the grant, in whatever life.
    pub revoked_at: Option<u64>,
    pub seen: u64,
    /// The generation that this life has been shown last.
    pub knows: Option<u64>,
    /// What a caller caches: generation and access token.
    pub cached: Option<(u64, Token)>,
    /// Where the binding of a credential to its company stands.
    pub binding: Option<(Stage, Option<Op>)>,
    /// The generation that was known when the API was first asked of the key entered last.
    pub key_asked_in: Option<u64>,
    /// An op whose answer the machine does not await any more.
    pub forgotten: Option<Op>,
    /// Authorizations that a key has put aside, and that others may answer.
    pub aside: u32,
    /// What was servable after the last step.
    pub servable: Option<u64>,
    /// Which of the plan's key rings it has.
    pub ring: usize,
    pub refused: Option<&'static str>,
    pub retry_at: Option<u64>,
    pub answered: bool,
    /// Steps in these ten seconds, to see a machine that spins.
    pub spin: (u64, u32),
    /// Of lives that have ended, whether what they had asked of the store is lost.
    pub dropped: Vec<bool>,
}

impl Worker {
    pub fn new(tenant: u8, plan: &Plan, dice: &mut crate::dice::Dice) -> Self {
        let uptime = dice.one_in(2);
        Self {
            tenant,
            machine: None,
            life: 0,
            clock: Clock {
                off: dice.between(0, 100_000) as i64 - 50_000,
                booted: uptime.then_some(0),
                asleep: 0,
                boot: 0,
                tells_boot: dice.one_in(2),
            },
            wakes: plan.workers.len() == 1 || !dice.one_in(12),
            paused_until: None,
            suspended: false,
            inbox: Vec::new(),
            due: None,
            timer: 0,
            status: Status::Disconnected,
            owed: Owed::default(),
            asked_at: 0,
            ended_in: None,
            revoked_at: None,
            seen: 0,
            knows: None,
            cached: None,
            binding: None,
            key_asked_in: None,
            forgotten: None,
            aside: 0,
            servable: None,
            ring: 0,
            refused: None,
            retry_at: None,
            answered: false,
            spin: (0, 0),
            dropped: Vec::new(),
        }
    }

    pub fn is_up(&self) -> bool {
        self.machine.is_some() && self.paused_until.is_none()
    }

    /// The process ends; `lost`: so does what it has asked of the store.
    pub fn kill(&mut self, lost: bool) {
        self.machine = None;
        self.life += 1;
        self.dropped.push(lost);
        self.paused_until = None;
        self.suspended = false;
        self.inbox.clear();
        self.due = None;
        self.timer += 1;
        // What it had asked of the store may still take place.
        self.owed = Owed { ended: self.owed.ended, ..Owed::default() };
        self.ended_in = None;
        self.knows = None;
        self.cached = None;
        self.binding = None;
        self.aside = 0;
        self.key_asked_in = None;
        self.servable = None;
        self.answered = false;
    }
}
