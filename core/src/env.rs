//! What the machine is told of the world at each step: time and entropy.

use core::fmt;

/// The world as the host sees it now; made fresh for every step, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Env {
    /// Wall clock, UNIX time in milliseconds. It may jump either way.
    pub now: u64,
    /// Milliseconds on a clock that runs through suspend (`CLOCK_BOOTTIME`,
    /// `mach_continuous_time`), where the host has one.
    pub uptime: Option<u64>,
    /// Which boot `uptime` counts from. Without it, uptimes of two steps are
    /// still compared within one life of the machine, never across lives.
    pub boot_id: Option<[u8; 16]>,
    /// 32 bytes from the system's generator, new for each step. The machine
    /// derives `state`, the PKCE verifier, nonces and jitter from them.
    pub entropy: [u8; 32],
}

impl Env {
    pub(crate) fn moment(&self) -> Moment {
        Moment { wall: self.now, uptime: self.uptime, boot_id: self.boot_id }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("now", &self.now)
            .field("uptime", &self.uptime)
            .field("boot_id", &self.boot_id)
            .finish_non_exhaustive()
    }
}

/// A point in time by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) wall: u64,
    pub(crate) uptime: Option<u64>,
    pub(crate) boot_id: Option<[u8; 16]>,
}

impl Moment {
    /// Time gone by as an owner must count it: the larger, so that a clock set
    /// back or a sleep never lets a deadline of one's own pass unseen.
    pub(crate) fn elapsed_at_most(&self, now: &Moment) -> u64 {
        let wall = now.wall.saturating_sub(self.wall);
        self.by_uptime(now).map_or(wall, |up| up.max(wall))
    }

    /// Time gone by as an observer must count it: by the clock that runs
    /// through suspend where there is one, so that a wall clock set forward
    /// never makes somebody else's lease look expired, nor one set back keep it
    /// alive for ever.
    pub(crate) fn elapsed_at_least(&self, now: &Moment) -> u64 {
        self.by_uptime(now).unwrap_or_else(|| now.wall.saturating_sub(self.wall))
    }

    /// The time counted by the clock that runs through suspend, if both
    /// moments are of one boot.
    pub(crate) fn by_uptime(&self, now: &Moment) -> Option<u64> {
        if self.boot_id != now.boot_id {
            return None;
        }
        Some(now.uptime?.saturating_sub(self.uptime?))
    }
}

/// A time to be woken at, by the wall clock, that a clock set back cannot put off:
/// before it was set it counts as passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    set: u64,
    at: u64,
}

impl Deadline {
    pub(crate) fn after(now: u64, wait: u64) -> Self {
        Self { set: now, at: now.saturating_add(wait) }
    }

    pub(crate) fn has_passed(self, now: u64) -> bool {
        now >= self.at || now < self.set
    }

    /// When to be woken, as seen now.
    pub(crate) fn at(self, now: u64) -> u64 {
        if now < self.set { now } else { self.at }
    }
}
