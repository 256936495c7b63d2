//! `evg_step`: what a step came to, and the way through its outputs.

use crate::{
    boundary::boundary,
    connection,
    handle::{self, EVG_NONE, Place, shared, unique},
    result::EvgResult,
    tag::{EvgOutput, EvgStatus},
};
use evergrant::{Output, Step};

/// What a step came to: its outputs, each of which the host must perform, in
/// their order. Only one thread may use it at a time.
#[derive(Debug)]
pub struct EvgStep {
    step: Step,
    /// How many outputs have been current, the current one among them.
    begun: usize,
}

impl EvgStep {
    pub(crate) fn new(step: Step) -> Self {
        Self { step, begun: 0 }
    }

    fn current(&self) -> Option<&Output> {
        self.step.outputs.get(self.begun.checked_sub(1)?)
    }
}

/// Frees a step, and wipes what secrets only it holds. NULL is allowed. What was
/// borrowed from it is gone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_free(step: *mut EvgStep) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(step) }
}

/// Goes on to the next output, the first one at first, and tells its kind:
/// EVG_OUTPUT_NONE after the last, as often as it is called. What was borrowed
/// before stays good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_next(step: *mut EvgStep, kind: *mut EvgOutput) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, step) = unsafe { (Place::new(kind)?, unique(step)?) };
        if step.begun <= step.step.outputs.len() {
            step.begun += 1;
        }
        place.write(step.current());
        Ok(())
    })
}

/// The kind of the current output: EVG_OUTPUT_NONE before the first and after the
/// last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_kind(step: *const EvgStep, kind: *mut EvgOutput) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, step) = unsafe { (Place::new(kind)?, shared(step)?) };
        place.write(step.current());
        Ok(())
    })
}

/// When the connection wants evg_connection_step_wake(), UNIX ms, or EVG_NONE.
/// Every step restates it: there is one timer, and nothing to cancel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_wake_at(step: *const EvgStep, wake_at: *mut u64) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { whole(step, wake_at, |step| step.wake_at.unwrap_or(EVG_NONE)) }
}

/// Where the connection stands after the step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_status(
    step: *const EvgStep,
    status: *mut EvgStatus,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { whole(step, status, |step| step.status.into()) }
}

/// Why the person has to authorize again, one of EVG_RESULT_REAUTHENTICATE_...;
/// EVG_RESULT_OK if that is not the status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_cause(step: *const EvgStep, cause: *mut EvgResult) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { whole(step, cause, |step| connection::cause(step.status)) }
}

/// The generation whose token may be used now, or EVG_NONE. Drop a cached token
/// of any other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_servable(
    step: *const EvgStep,
    generation: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { whole(step, generation, |step| step.servable.unwrap_or(EVG_NONE)) }
}

/// # Safety
/// As the header says of handles and places.
unsafe fn whole<T>(
    step: *const EvgStep,
    place: *mut T,
    read: impl FnOnce(&Step) -> T,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, step) = unsafe { (Place::new(place)?, shared(step)?) };
        place.write(read(&step.step));
        Ok(())
    })
}

/// Reads a field of the current output, if that is of the kind that has it.
///
/// # Safety
/// As the header says of handles and places.
pub(crate) unsafe fn field<T>(
    step: *const EvgStep,
    place: *mut T,
    read: impl FnOnce(&Output) -> Option<T>,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, step) = unsafe { (Place::new(place)?, shared(step)?) };
        place.write(step.current().and_then(read).ok_or(EvgResult::WrongKind)?);
        Ok(())
    })
}

/// Reads a value off outputs of one kind, for [`field`].
macro_rules! of {
    ($kind:pat => $value:expr) => {
        |output| if let $kind = output { Some($value) } else { None }
    };
}
pub(crate) use of;
