//! What a long hunt must have met.

use crate::fault::{Fault, Place};
use evergrant::*;

/// Every code of a failure that a machine without companies, keys and sealed records can come to.
pub fn failures() -> Vec<&'static str> {
    let mut codes = vec!["outcome_unknown"];
    codes.extend(Cause::ALL.iter().map(|reason| reason.code()));
    codes.extend(Delay::ALL.iter().map(|reason| reason.code()));
    codes.extend(Denial::ALL.iter().map(|reason| reason.code()));
    codes.extend(CallbackFault::ALL.iter().map(|reason| reason.code()));
    codes.extend(ConfigurationFault::ALL.iter().map(|reason| reason.code()));
    codes.extend(ServerFault::ALL.iter().map(|reason| reason.code()));
    codes.extend(HostFault::ALL.iter().map(|reason| reason.code()));
    codes.retain(|code| !code.contains("_key_") && *code != "host_record_forged");
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
        Place::Swap | Place::Timer | Place::Act | Place::ActUntimely | Place::Use => false,
    }
}
