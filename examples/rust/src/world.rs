//! Clocks and entropy: what the machine is told of the world at each step.

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use evergrant::Env;
use rand::TryRng as _;

/// The clocks and the generator of this system. The clocks can be set forward,
/// for a demonstration that nobody has to wait through.
#[derive(Clone, Debug)]
pub struct World {
    boot_id: Option<[u8; 16]>,
    ahead: Duration,
}

impl World {
    /// The system's own time, and which boot its uptime counts from.
    pub fn new() -> Self {
        Self { boot_id: boot_id(), ahead: Duration::ZERO }
    }

    /// What the machine sees now, with entropy that is used for one step only.
    ///
    /// # Errors
    /// If the system has no entropy to give; then no step may be made at all.
    pub fn env(&self) -> io::Result<Env> {
        let mut entropy = [0; 32];
        rand::rngs::SysRng.try_fill_bytes(&mut entropy).map_err(io::Error::other)?;
        let uptime = uptime().map(|uptime| millis(uptime + self.ahead));
        Ok(Env { now: self.now(), uptime, boot_id: self.boot_id, entropy })
    }

    /// Wall clock, UNIX ms.
    pub fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        millis(since + self.ahead)
    }

    /// Milliseconds on the best clock for a deadline: one that runs through
    /// suspend where there is one, or else the wall clock.
    pub fn ticks(&self) -> u64 {
        uptime().map_or_else(|| self.now(), |uptime| millis(uptime + self.ahead))
    }

    /// Sets all clocks forward.
    pub fn advance(&mut self, by: Duration) {
        self.ahead += by;
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// `Instant` stands still while a laptop sleeps, and a deadline counted by it
/// would let a request leave hours late. This clock runs on.
#[cfg(target_os = "linux")]
fn uptime() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::Boottime)).ok()
}

#[cfg(not(target_os = "linux"))]
fn uptime() -> Option<Duration> {
    None
}

/// A UUID in text, where the system is a Linux; without it, uptimes are
/// compared within one life of the machine only.
fn boot_id() -> Option<[u8; 16]> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits = text.trim().replace('-', "");
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}
