//! Pacing of requests to an API: the limiter says "now", or when to ask again. It
//! opens no socket, sleeps nowhere, and is not part of the machine: a host holds one
//! for each limit that the API has, and asks it before each request.
//!
//! It is the generic cell rate algorithm (ITU-T I.371, annex A), which remembers one
//! instant however many requests it lets pass.

use crate::failure::Misuse;

/// What is paced to, in milliseconds.
const WINDOW: u64 = 60_000;

/// However long a server asks for patience, it is asked again after a day.
const LONGEST_HOLD: u64 = 86_400_000;

/// Whether a request may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Now, and it has been counted.
    Now,
    /// Not yet, and nothing has been counted: ask again at this time, by the same
    /// clock. If nobody else asks meanwhile, the answer is then `Now`.
    At(u64),
}

/// Keeps requests under a rate.
///
/// Of `n` a minute with a burst of `b`:
/// - in any 60 seconds never more than `n` requests pass;
/// - after a quiet time up to `b` pass at once, the others one by one;
/// - a steady stream is let through at `n - b + 1` a minute, evenly spaced.
///
/// So a burst is paid for with some of the rate: a limiter that remembers a single
/// instant cannot keep the first rule otherwise.
///
/// Time is any clock in milliseconds, the same for all that is told: UNIX time if
/// `until` comes from [`crate::Failure::retry_at`], else one that runs through suspend and
/// is never set. If it is set back, nobody waits longer than before; if it is set forward,
/// one more burst may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pacer {
    per_minute: u32,
    burst: u32,
    /// When the burst is whole again (the "theoretical arrival time"), in parts of a
    /// millisecond: `n - b + 1` of them, so that every spacing is a whole number.
    next: u128,
    /// The time last heard of.
    now: u64,
}

impl Default for Pacer {
    /// 500 requests a minute, what Pleo asks its clients to stay under (pages "Tags
    /// periodicity" and "Accounts periodicity"), with a burst of 50.
    fn default() -> Self {
        Self::of(500, 50)
    }
}

impl Pacer {
    /// At most so many requests in any 60 seconds, with a burst of a tenth of them.
    ///
    /// # Errors
    /// [`Misuse::PacingInvalid`] if that is none.
    pub fn new(per_minute: u32) -> Result<Self, Misuse> {
        Self::with_burst(per_minute, (per_minute / 10).max(1))
    }

    /// The same with a burst of one's own: 1 for requests that are always evenly
    /// spaced, at the full rate.
    ///
    /// # Errors
    /// [`Misuse::PacingInvalid`] if either is 0 or the burst is above the rate.
    pub fn with_burst(per_minute: u32, burst: u32) -> Result<Self, Misuse> {
        if burst == 0 || burst > per_minute {
            return Err(Misuse::PacingInvalid);
        }
        Ok(Self::of(per_minute, burst))
    }

    /// Whether a request may go out at this time.
    pub fn ask(&mut self, now: u64) -> Pace {
        self.observe(now);
        let now = self.parts(now);
        let allowed = self.next.saturating_sub(self.tolerance());
        if now < allowed {
            let at = allowed.div_ceil(self.parts_of_a_ms());
            return Pace::At(u64::try_from(at).unwrap_or(u64::MAX));
        }
        self.next = self.next.max(now).saturating_add(SPACING);
        Pace::Now
    }

    /// The API asked for patience (429 or 503 with `Retry-After`): nothing passes
    /// before `until`, but for at most a day from now, and there is no burst then.
    pub fn slow_down(&mut self, now: u64, until: u64) {
        self.observe(now);
        let until = until.min(now.saturating_add(LONGEST_HOLD));
        self.next = self.next.max(self.parts(until).saturating_add(self.tolerance()));
    }

    fn of(per_minute: u32, burst: u32) -> Self {
        Self { per_minute, burst, next: 0, now: 0 }
    }

    /// A clock that was set back counts as one that stood still: what was ahead of it
    /// stays as far ahead.
    fn observe(&mut self, now: u64) {
        let set_back = self.parts(self.now.saturating_sub(now));
        self.next = self.next.saturating_sub(set_back);
        self.now = now;
    }

    fn parts(&self, ms: u64) -> u128 {
        u128::from(ms).saturating_mul(self.parts_of_a_ms())
    }

    /// The rate of a steady stream, a minute.
    fn parts_of_a_ms(&self) -> u128 {
        u128::from(self.per_minute.saturating_sub(self.burst).saturating_add(1))
    }

    /// How far ahead of the clock the next request may be and pass nevertheless.
    fn tolerance(&self) -> u128 {
        SPACING.saturating_mul(u128::from(self.burst.saturating_sub(1)))
    }
}

/// Between two requests of a steady stream, in parts of a millisecond: a minute by
/// the steady rate, in parts of which there are just as many to a millisecond.
const SPACING: u128 = WINDOW as u128;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    const NOW: u64 = 1_700_000_000_000;

    fn passes(pacer: &mut Pacer, now: u64) -> u32 {
        (0..2_000).take_while(|_| pacer.ask(now) == Pace::Now).count().try_into().unwrap()
    }

    /// Asks until it passes, waiting as told; says when.
    fn wait(pacer: &mut Pacer, mut now: u64) -> u64 {
        for _ in 0..2 {
            match pacer.ask(now) {
                Pace::Now => return now,
                Pace::At(at) => now = at,
            }
        }
        panic!("what was said did not hold");
    }

    #[test]
    fn a_burst_then_one_by_one() {
        let mut pacer = Pacer::default();
        assert_eq!(passes(&mut pacer, NOW), 50);
        // 60,000 ms / 451, rounded up, is when the next may go.
        assert_eq!(pacer.ask(NOW), Pace::At(NOW + 134));
        assert_eq!(pacer.ask(NOW + 133), Pace::At(NOW + 134));
        assert_eq!(passes(&mut pacer, NOW + 134), 1);
        assert_eq!(pacer.ask(NOW + 134), Pace::At(NOW + 267));
        assert_eq!(passes(&mut pacer, NOW + 120_000), 50);
        assert_eq!(Pacer::new(500), Ok(Pacer::default()));
    }

    #[test]
    fn the_full_rate_without_a_burst() {
        let mut pacer = Pacer::with_burst(500, 1).unwrap();
        let first = wait(&mut pacer, NOW);
        let last = (0..500).fold(first, |now, _| wait(&mut pacer, now));
        assert_eq!((first, last), (NOW, NOW + 60_000));
    }

    #[test]
    fn rates_that_are_none() {
        for (rate, burst) in [(0, 0), (0, 1), (1, 0), (5, 6), (u32::MAX, 0)] {
            assert_eq!(Pacer::with_burst(rate, burst), Err(Misuse::PacingInvalid));
        }
        assert_eq!(Pacer::new(0), Err(Misuse::PacingInvalid));
        for rate in [1, 9, u32::MAX] {
            assert_eq!(Pacer::new(rate).unwrap().ask(u64::MAX), Pace::Now);
        }
        let mut one = Pacer::new(1).unwrap();
        assert_eq!([one.ask(NOW), one.ask(NOW)], [Pace::Now, Pace::At(NOW + 60_000)]);
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it() {
        let mut pacer = Pacer::default();
        pacer.slow_down(NOW, NOW + 30_000);
        assert_eq!(pacer.ask(NOW), Pace::At(NOW + 30_000));
        assert_eq!(passes(&mut pacer, NOW + 30_000), 1);
        // Less patience than before changes nothing; none in the past either.
        pacer.slow_down(NOW + 30_000, NOW + 90_000);
        pacer.slow_down(NOW + 30_000, NOW + 40_000);
        pacer.slow_down(NOW + 30_000, 0);
        assert_eq!(pacer.ask(NOW + 30_000), Pace::At(NOW + 90_000));
        pacer.slow_down(NOW + 90_000, u64::MAX);
        assert_eq!(pacer.ask(NOW + 90_000), Pace::At(NOW + 90_000 + LONGEST_HOLD));
    }

    #[test]
    fn a_clock_set_back_keeps_nobody_waiting() {
        let mut pacer = Pacer::default();
        passes(&mut pacer, NOW);
        assert_eq!(pacer.ask(5), Pace::At(5 + 134));
        pacer.slow_down(5, 1_005);
        assert_eq!(pacer.ask(0), Pace::At(1_000));
        // Forward: one more burst, and all is as it was.
        assert_eq!(passes(&mut pacer, NOW), 50);
        assert_eq!(pacer.ask(0), Pace::At(134));
    }

    fn rate() -> impl Strategy<Value = (u32, u32)> {
        (1_u32..700).prop_flat_map(|rate| (Just(rate), 1..=rate))
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_in_any_window(
            (rate, burst) in rate(),
            gaps in proptest::collection::vec(prop_oneof![Just(0_u64), 0..200_u64, 0..30_000_u64], 1..1_500),
        ) {
            let mut pacer = Pacer::with_burst(rate, burst).unwrap();
            let mut now = NOW;
            let mut passed = vec![];
            for gap in gaps {
                now += gap;
                if pacer.ask(now) == Pace::Now {
                    passed.push(now);
                }
            }
            for window in passed.windows(rate as usize + 1) {
                prop_assert!(window[window.len() - 1] - window[0] >= WINDOW, "{window:?}");
            }
        }

        #[test]
        fn whoever_waits_as_told_passes_and_the_rate_is_used(
            (rate, burst) in rate(),
            patience in prop_oneof![Just(0_u64), 0..100_000_u64],
        ) {
            let mut pacer = Pacer::with_burst(rate, burst).unwrap();
            pacer.slow_down(NOW, NOW + patience);
            let first = wait(&mut pacer, NOW);
            prop_assert_eq!(first, NOW + patience);
            let steady = rate - burst + 1;
            let mut now = first;
            for _ in 0..steady {
                now = wait(&mut pacer, now);
            }
            // Without a burst each wait is rounded up to a whole millisecond for good.
            let rounding = if burst == 1 { u64::from(steady) } else { 1 };
            let took = now - first;
            prop_assert!(took <= WINDOW + rounding, "{steady} a minute took {took}");
        }

        #[test]
        fn a_clock_that_jumps_is_harmless(
            (rate, burst) in rate(),
            times in proptest::collection::vec(prop_oneof![0..300_000_u64, any::<u64>()], 1..200),
        ) {
            let mut pacer = Pacer::with_burst(rate, burst).unwrap();
            let spacing = WINDOW.div_ceil(u64::from(rate - burst + 1));
            for now in times {
                if let Pace::At(at) = pacer.ask(now) {
                    prop_assert!(at > now && at - now <= spacing, "{now} {at}");
                }
            }
        }

        /// In true time, however the clock is set back.
        #[test]
        fn a_clock_set_back_lets_no_more_pass(
            (rate, burst) in rate(),
            steps in proptest::collection::vec((0..1_000_u64, prop_oneof![9 => Just(0), 1 => 0..100_000_u64]), 1..1_500),
        ) {
            let mut pacer = Pacer::with_burst(rate, burst).unwrap();
            let (mut clock, mut time) = (NOW, 0);
            let mut passed = vec![];
            for (gap, back) in steps {
                time += gap;
                clock = clock + gap - back;
                if pacer.ask(clock) == Pace::Now {
                    passed.push(time);
                }
            }
            for window in passed.windows(rate as usize + 1) {
                prop_assert!(window[window.len() - 1] - window[0] >= WINDOW);
            }
        }
    }
}
