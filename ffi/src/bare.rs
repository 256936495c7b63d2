//! What std would bring, from the C library: memory, and the end of the process.
//! Whatever else the program links, of the system this needs malloc(), free() and
//! abort(), and memcpy() and its like.

use crate::{
    process::{EvgAllocate, EvgPanicHook, EvgRelease},
    result::EvgResult,
};
use core::{
    alloc::{GlobalAlloc, Layout},
    ffi::c_void,
    mem,
    panic::{Location, PanicInfo},
    ptr,
    sync::atomic::{AtomicBool, AtomicPtr, Ordering},
};

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn free(memory: *mut c_void);
    fn abort() -> !;
}

/// What malloc() aligns to on every platform: room for two pointers.
const MALLOC_ALIGN: usize = 2 * size_of::<usize>();

static HOOK: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static ALLOCATE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static RELEASE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// Memory was handed out, and has to go back where it came from.
static IN_USE: AtomicBool = AtomicBool::new(false);

pub(crate) fn set_panic_hook(hook: EvgPanicHook) {
    let hook = hook.map_or(ptr::null_mut(), |hook| hook as *mut c_void);
    HOOK.store(hook, Ordering::Release);
}

pub(crate) fn set_memory(allocate: EvgAllocate, release: EvgRelease) -> EvgResult {
    if IN_USE.load(Ordering::Acquire) {
        return EvgResult::InUse;
    }
    let allocate = allocate.map_or(ptr::null_mut(), |allocate| allocate as *mut c_void);
    let release = release.map_or(ptr::null_mut(), |release| release as *mut c_void);
    ALLOCATE.store(allocate, Ordering::Release);
    RELEASE.store(release, Ordering::Release);
    EvgResult::Ok
}

/// As little as this, so that it is inlined and the compiler sees that nobody reads the
/// message: what would write it is left out then.
#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    // Where nobody reads the places, they are left out too.
    ended(if cfg!(feature = "panic-location") { info.location() } else { None })
}

#[inline(never)]
fn ended(at: Option<&Location<'_>>) -> ! {
    let hook = HOOK.load(Ordering::Acquire);
    // SAFETY: what is stored is such a hook or NULL, which is none.
    let hook = unsafe { mem::transmute::<*mut c_void, EvgPanicHook>(hook) };
    if let Some(hook) = hook {
        let (file, line) = at.map_or(("", 0), |at| (at.file(), at.line()));
        // SAFETY: what the hook does is the caller's promise.
        unsafe { hook(file.into(), line) }
    }
    // SAFETY: it does not come back.
    unsafe { abort() }
}

// The compiled alloc library speaks of these two, as it may unwind elsewhere; here
// nothing does. They are local to the one object that fat LTO makes, so that they
// are in nobody's way: a C++ program has its own.
core::arch::global_asm!(
    ".local rust_eh_personality",
    ".set rust_eh_personality, {never}",
    ".local _Unwind_Resume",
    ".set _Unwind_Resume, {never}",
    never = sym never,
);

extern "C" fn never() -> ! {
    // SAFETY: it does not come back.
    unsafe { abort() }
}

struct Foreign;

#[global_allocator]
static ALLOCATOR: Foreign = Foreign;

// SAFETY: the memory is the C library's, or what evg_set_memory() was promised.
unsafe impl GlobalAlloc for Foreign {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.store(true, Ordering::Release);
        let set = ALLOCATE.load(Ordering::Acquire);
        // SAFETY: what is stored is such a function or NULL, which is none.
        match unsafe { mem::transmute::<*mut c_void, EvgAllocate>(set) } {
            // SAFETY: the caller's promise.
            Some(allocate) => unsafe { allocate(layout.size(), layout.align()).cast() },
            // SAFETY: any size may be asked for.
            None if layout.align() <= MALLOC_ALIGN => unsafe { malloc(layout.size()).cast() },
            // SAFETY: the layout is that of the caller.
            None => unsafe { aligned(layout) },
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let set = RELEASE.load(Ordering::Acquire);
        // SAFETY: what is stored is such a function or NULL, which is none.
        match unsafe { mem::transmute::<*mut c_void, EvgRelease>(set) } {
            // SAFETY: it came from the other function, with this layout.
            Some(release) => unsafe { release(memory.cast(), layout.size(), layout.align()) },
            // SAFETY: it came from malloc().
            None if layout.align() <= MALLOC_ALIGN => unsafe { free(memory.cast()) },
            // SAFETY: `aligned` has left what it got from malloc() just before.
            None => unsafe { free(memory.cast::<*mut c_void>().sub(1).read()) },
        }
    }
}

/// More than malloc() aligns to; in front of it stands what malloc() gave.
unsafe fn aligned(layout: Layout) -> *mut u8 {
    let Some(size) = layout.size().checked_add(layout.align()) else {
        return ptr::null_mut();
    };
    // SAFETY: any size may be asked for.
    let whole = unsafe { malloc(size) };
    if whole.is_null() {
        return ptr::null_mut();
    }
    // At least a pointer's worth, since both are aligned to more than that.
    let offset = layout.align() - whole.addr() % layout.align();
    // SAFETY: `offset` is at most the alignment, for which there is room.
    unsafe {
        let memory = whole.cast::<u8>().add(offset);
        memory.cast::<*mut c_void>().sub(1).write(whole);
        memory
    }
}
