//! Chance: every decision of a run in one place, so that a run can be told again
//! with some of its decisions left out.

use rand_core::{Rng as _, SeedableRng as _};
use rand_xorshift::XorShiftRng;
use std::collections::BTreeMap;

/// Numbers from a seed.
pub struct Dice(XorShiftRng);

impl Dice {
    pub fn new(seed: u64, stream: u64) -> Self {
        // Neighbouring seeds must not give neighbouring runs.
        Self(XorShiftRng::seed_from_u64(mix(seed).wrapping_add(mix(stream ^ 0x5eed))))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    pub fn entropy(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// The finaliser of SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Where chance has a say while a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    /// What becomes of a request.
    Http,
    /// What becomes of a swap.
    Swap,
    /// How late a timer fires.
    Timer,
}

/// A decision: a fault with an argument, and two delays. All zero is the benign one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// A [`crate::plan::Fault`] and one, or 0.
    pub fault: u8,
    pub arg: u32,
    /// Milliseconds there and back.
    pub there: u32,
    pub back: u32,
}

/// Something that a person or the world does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    pub at: u64,
    pub fault: u8,
    pub worker: u8,
    pub arg: u64,
}

/// Everything that was decided in a run, but for what was benign.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    pub acts: Vec<Act>,
    pub fates: BTreeMap<(Site, u32), Fate>,
}

pub enum Mode {
    /// As the seed has it.
    Draw,
    /// As the seed has it, and kept for telling it again.
    Record(Schedule),
    /// What was kept, and nothing else.
    Replay(Schedule),
}

pub struct Chance {
    pub dice: Dice,
    pub mode: Mode,
    /// Set when faults are over.
    pub calm: bool,
    counts: [u32; 3],
}

impl Chance {
    pub fn new(seed: u64, mode: Mode) -> Self {
        Self { dice: Dice::new(seed, 2), mode, calm: false, counts: [0; 3] }
    }

    /// What happens here.
    pub fn fate(&mut self, site: Site, draw: impl FnOnce(&mut Dice) -> Fate) -> Fate {
        let count = &mut self.counts[site as usize];
        let place = (site, *count);
        *count += 1;
        if self.calm {
            return Fate::default();
        }
        match &mut self.mode {
            Mode::Draw => draw(&mut self.dice),
            Mode::Record(schedule) => {
                let fate = draw(&mut self.dice);
                if fate != Fate::default() {
                    schedule.fates.insert(place, fate);
                }
                fate
            }
            Mode::Replay(schedule) => schedule.fates.get(&place).copied().unwrap_or_default(),
        }
    }
}
