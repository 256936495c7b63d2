//! The rules of the refresh protocol by name, so that the model in `tests/model`
//! can turn one off and show that it is then found out. In every other build all
//! of them hold, and nothing can turn one off: it takes a flag of the compiler's.

/// A rule without which something goes wrong: see the model's counterexamples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(evergrant_model), allow(unreachable_pub, reason = "the model's"))]
pub enum Rule {
    /// Who finds another's intent in the record waits.
    Intent,
    /// A dead owner's request is let be dealt with before it is taken over.
    DeadOwnersRequest,
    /// Another's intent ages by the observer's own clock, or by more than the skew.
    ObserversClock,
    /// The time is looked at once more before the bytes go.
    CheckBeforeSend,
    /// After an unknown outcome nothing is replayed for A.
    QuietRetry,
    /// A success is stored whoever owns the intent by then.
    MergeByGeneration,
    /// A failure counts only while the record holds one's own intent.
    OwnersVerdict,
    /// A save without an answer is looked into and made again.
    ResolveSwap,
    /// A new grant raises the generation.
    NewGrantRaises,
    /// A refresh is stored only into the grant that it came from.
    SameGrant,
    /// A success is stored over a verdict too.
    Heal,
    /// An answer that comes after the machine's own deadline still counts.
    DrainFirst,
    /// An exchange waits for a refresh in flight where it could kill the new grant.
    WaitBeforeExchange,
    /// The fence around an exchange keeps the generation.
    FenceKeeps,
    /// What the store has forgotten is written again.
    Repair,
    /// A sibling that comes late is kept as a spare.
    Spare,
    /// The successor of the token that is stored is stored, whatever the generation.
    Successor,
    /// A new grant is dropped if the person disconnected after it was asked for.
    DisconnectWins,
    /// The API's refusal of a token speaks of that token's generation, of no other.
    RefusedGeneration,
    /// What the server calls used up is not sent.
    HeedOracle,
    /// An end that is only remembered is looked at in the store before it is told.
    LookBeforeTelling,
    /// An end renews its tokens only where no refresh may be under way.
    IntentAtEnd,
    /// A timing row is checked.
    SoundTiming,
}

/// Whether a rule holds.
#[cfg(not(evergrant_model))]
pub(crate) const fn holds(_: Rule) -> bool {
    true
}

/// A length of time in milliseconds, or a number of tries; the model has few of each.
#[cfg(not(evergrant_model))]
pub(crate) const fn scaled(ms: u64, _: u64) -> u64 {
    ms
}

#[cfg(evergrant_model)]
mod model {
    use super::Rule;
    use core::sync::atomic::{AtomicU32, Ordering};

    static OFF: AtomicU32 = AtomicU32::new(0);

    pub(crate) fn holds(rule: Rule) -> bool {
        OFF.load(Ordering::Relaxed) & bit(rule) == 0
    }

    /// Turns these rules off, in the whole process, and all others on.
    pub fn turn_off(rules: &[Rule]) {
        OFF.store(rules.iter().fold(0, |bits, rule| bits | bit(*rule)), Ordering::SeqCst);
    }

    fn bit(rule: Rule) -> u32 {
        1 << rule as u32
    }

    pub(crate) const fn scaled(_: u64, ms: u64) -> u64 {
        ms
    }
}

#[cfg(evergrant_model)]
pub use model::turn_off;
#[cfg(evergrant_model)]
pub(crate) use model::{holds, scaled};
