//! Pacing of requests to an API.

use crate::Refusal;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether a request may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Pace {
    /// Now, and it has been counted.
    Now,
    /// Not yet, and nothing has been counted.
    At {
        /// When to ask again, by the clock that was told. If nobody else asks
        /// meanwhile, the answer is then `Now`.
        at: u64,
    },
}

impl From<evergrant::Pace> for Pace {
    fn from(pace: evergrant::Pace) -> Self {
        match pace {
            evergrant::Pace::Now => Self::Now,
            evergrant::Pace::At(at) => Self::At { at },
        }
    }
}

/// Keeps requests under a rate. It sleeps nowhere: it is asked before each request,
/// and answers "now" or when to ask again. Safe to be used from several threads.
///
/// Of `per_minute` = n with a burst of b, a tenth of it unless said otherwise:
/// - in any 60 seconds never more than n requests pass;
/// - after a quiet time up to b pass at once, the others one by one;
/// - a steady stream is let through at n - b + 1 a minute, evenly spaced.
///
/// Time is any clock in milliseconds, the same for all that is told: UNIX time if
/// `until` is the `retry_at` of a failure, else one that runs through suspend and is
/// never set. If it is set back, nobody waits longer than before; if it is set forward,
/// one more burst may pass.
#[derive(Debug, uniffi::Object)]
#[uniffi::export(Debug)]
pub struct Pacer(Mutex<evergrant::Pacer>);

#[uniffi::export]
impl Pacer {
    /// The default is what Pleo asks its clients to stay under.
    ///
    /// Throws `misuse_pacing_invalid` if either is 0 or the burst is above the rate.
    #[uniffi::constructor(default(per_minute = 500, burst = None))]
    pub fn new(per_minute: u32, burst: Option<u32>) -> Result<Self, Refusal> {
        let pacer = match burst {
            Some(burst) => evergrant::Pacer::with_burst(per_minute, burst),
            None => evergrant::Pacer::new(per_minute),
        };
        Ok(Self(Mutex::new(pacer?)))
    }

    /// Whether a request may go out at this time.
    ///
    /// Throws nothing but a panic.
    pub fn ask(&self, now: u64) -> Result<Pace, Refusal> {
        Ok(self.pacer().ask(now).into())
    }

    /// The API asked for patience (429 or 503 with `Retry-After`): nothing passes
    /// before `until`, but for at most a day from now, and there is no burst then.
    ///
    /// Throws nothing but a panic.
    pub fn slow_down(&self, now: u64, until: u64) -> Result<(), Refusal> {
        self.pacer().slow_down(now, until);
        Ok(())
    }
}

impl Pacer {
    /// Two integers: nothing in them is ever half changed.
    fn pacer(&self) -> MutexGuard<'_, evergrant::Pacer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
