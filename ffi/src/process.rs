//! What the library takes from the process it runs in: a place to tell of a bug,
//! and, in the build without std, memory.

use crate::{boundary::boundary_or, handle::EvgText, result::EvgResult};
use core::ffi::c_void;

/// Told of a bug in this library: the source file and the line, nothing of the data; the
/// library without std leaves them empty and 0 unless built with `panic-location`.
/// `file` is borrowed for the call. It must not call this library, nor jump out of it.
pub type EvgPanicHook = Option<unsafe extern "C" fn(file: EvgText, line: u32)>;

/// Hands out `size` bytes, at least 1, at a multiple of `align`, a power of two; or
/// NULL, and the process ends.
pub type EvgAllocate = Option<unsafe extern "C" fn(size: usize, align: usize) -> *mut c_void>;

/// Takes back what was handed out, with the size and the alignment it was asked for.
pub type EvgRelease = Option<unsafe extern "C" fn(memory: *mut c_void, size: usize, align: usize)>;

/// Sets who is told of a bug in this library, in any thread, before the function
/// answers EVG_RESULT_PANIC or, in the library without std, abort() is called.
/// NULL, as at the start: the library with std prints it, the one without is silent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_set_panic_hook(hook: EvgPanicHook) {
    boundary_or((), || imp::set_panic_hook(hook));
}

/// Sets where the library without std takes its memory from, in place of malloc()
/// and free(): to be called before any other function, by the only thread. It
/// copies nothing; two NULLs stand for malloc() and free() again.
///
/// Errors: EVG_RESULT_NULL_ARGUMENT if one of them is NULL; EVG_RESULT_IN_USE once
/// memory was handed out; EVG_RESULT_NOT_BUILT from the library with std.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_set_memory(allocate: EvgAllocate, release: EvgRelease) -> EvgResult {
    boundary_or(EvgResult::Panic, || match (allocate, release) {
        (Some(_), None) | (None, Some(_)) => EvgResult::NullArgument,
        _ => imp::set_memory(allocate, release),
    })
}

#[cfg(any(feature = "std", test))]
mod imp {
    use super::{EvgAllocate, EvgPanicHook, EvgRelease};
    use crate::result::EvgResult;
    use alloc::boxed::Box;
    use std::panic;

    pub(super) fn set_panic_hook(hook: EvgPanicHook) {
        let Some(hook) = hook else {
            drop(panic::take_hook());
            return;
        };
        panic::set_hook(Box::new(move |info| {
            let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
            // SAFETY: what the hook does is the caller's promise.
            unsafe { hook(file.into(), line) }
        }));
    }

    pub(super) fn set_memory(_: EvgAllocate, _: EvgRelease) -> EvgResult {
        EvgResult::NotBuilt
    }
}

#[cfg(not(any(feature = "std", test)))]
use crate::bare as imp;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::boundary;
    use core::sync::atomic::{AtomicU32, Ordering};

    static LINE: AtomicU32 = AtomicU32::new(0);

    unsafe extern "C" fn note(file: EvgText, line: u32) {
        // SAFETY: a text is borrowed for the call.
        let file = unsafe { crate::handle::text(file.data, file.len) }.unwrap_or_default();
        // Other tests panic on purpose as well, meanwhile.
        if file.ends_with("process.rs") {
            LINE.store(line, Ordering::SeqCst);
        }
    }

    unsafe extern "C" fn none(_: usize, _: usize) -> *mut c_void {
        core::ptr::null_mut()
    }

    /// Hooks are the whole process's: all that is said of them is said in one test.
    #[test]
    fn a_panic_is_told_to_the_hook() {
        // SAFETY: the hook keeps its promise.
        unsafe { evg_set_panic_hook(Some(note)) };
        let line = line!() + 1;
        assert_eq!(boundary(|| panic!("on purpose")), EvgResult::Panic);
        // SAFETY: there is none.
        unsafe { evg_set_panic_hook(None) };
        assert_eq!(LINE.swap(0, Ordering::SeqCst), line);
        assert_eq!(boundary(|| panic!("on purpose")), EvgResult::Panic);
        assert_eq!(LINE.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn memory_is_the_choice_of_a_build_without_std() {
        // SAFETY: neither is called.
        unsafe {
            assert_eq!(evg_set_memory(Some(none), None), EvgResult::NullArgument);
            assert_eq!(evg_set_memory(Some(none), Some(nothing)), EvgResult::NotBuilt);
        }
    }

    unsafe extern "C" fn nothing(_: *mut c_void, _: usize, _: usize) {}
}
