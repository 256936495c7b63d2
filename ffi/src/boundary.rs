//! Where every exported body begins: no panic unwinds into C.

use crate::result::EvgResult;

/// Runs the body of an exported function.
///
/// What a panic leaves half done is out of reach afterwards: a step's connection
/// is closed for good, and nothing else is changed by more than one assignment.
pub(crate) fn boundary(body: impl FnOnce() -> Result<(), EvgResult>) -> EvgResult {
    boundary_or(EvgResult::Panic, || body().err().unwrap_or(EvgResult::Ok))
}

/// The same for a function that answers something else.
#[cfg(any(feature = "std", test))]
pub(crate) fn boundary_or<T>(in_a_panic: T, body: impl FnOnce() -> T) -> T {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // Dropping a payload can panic in its turn.
        core::mem::forget(payload);
        in_a_panic
    })
}

/// Without std nothing unwinds: a panic ends the process where it happens.
#[cfg(not(any(feature = "std", test)))]
pub(crate) fn boundary_or<T>(_: T, body: impl FnOnce() -> T) -> T {
    body()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_code() {
        assert_eq!(boundary(|| panic!("on purpose")), EvgResult::Panic);
        assert_eq!(boundary_or(7, || panic!("on purpose")), 7);
    }

    #[test]
    fn answers_pass() {
        assert_eq!(boundary(|| Ok(())), EvgResult::Ok);
        assert_eq!(boundary(|| Err(EvgResult::UnknownTag)), EvgResult::UnknownTag);
    }
}
