//! What a long hunt must have met.

use crate::{
    fault::{Fault, Place},
    stage::Stage,
};
use evergrant::*;

/// Every code of a failure.
pub fn failures() -> Vec<&'static str> {
    let mut codes = vec!["outcome_unknown"];
    codes.extend(Cause::ALL.iter().map(|reason| reason.code()));
    codes.extend(Delay::ALL.iter().map(|reason| reason.code()));
    codes.extend(Denial::ALL.iter().map(|reason| reason.code()));
    codes.extend(CallbackFault::ALL.iter().map(|reason| reason.code()));
    codes.extend(ConfigurationFault::ALL.iter().map(|reason| reason.code()));
    codes.extend(ServerFault::ALL.iter().map(|reason| reason.code()));
    codes.extend(HostFault::ALL.iter().map(|reason| reason.code()));
    codes.extend(CompanyFault::ALL.iter().map(|reason| reason.code()));
    let sealed = ["host_record_forged", "host_sealing_key_missing"];
    codes.push(sealed[1]);
    codes.retain(|code| cfg!(feature = "sealed") || !sealed.contains(code));
    codes
}

/// Whether a fault need not strike a worker in that state.
pub fn need_not_meet(fault: Fault, state: &str, runs: u64) -> bool {
    match fault.place() {
        // Who sends is exchanging, refreshing or disconnecting, or owes something after
        // that; in the other states an older debt may happen to be paid, and seldom is.
        Place::Http | Place::HttpUntimely => {
            state == "disconnected" && runs < 200_000
                || matches!(state, "authorizing" | "authorized" | "reauthentication_required")
        }
        Place::Seal => !cfg!(feature = "sealed"),
        Place::Swap | Place::Timer | Place::Act | Place::ActUntimely | Place::Use | Place::Keys => {
            false
        }
    }
}

/// Whether a fault need not strike at that stage of a binding.
pub fn need_not_meet_binding(fault: Fault, stage: Stage, runs: u64) -> bool {
    use Stage::*;
    match stage {
        // Only where another worker has dropped the candidate while this one asked: met
        // once in 24,000 runs, for a millisecond.
        Rereading => return true,
        // A mismatch of a company that nobody has, at a provider that ends no others.
        Checking | Uninstalling if runs < 200_000 => return true,
        _ => {}
    }
    match fault.place() {
        // A request is sent at these, and at no other.
        Place::Http | Place::HttpUntimely => !matches!(stage, Asking | Uninstalling),
        // The store is asked for nothing at these.
        Place::Swap => matches!(stage, Asking | Pausing | Uninstalling),
        Place::Act if fault == Fault::StoreDown => matches!(stage, Asking | Pausing | Uninstalling),
        // Of a look, which takes a millisecond, it seldom makes an end.
        Place::Seal => stage == Looking && runs < 200_000,
        Place::Timer | Place::Act | Place::ActUntimely | Place::Use | Place::Keys => false,
    }
}
