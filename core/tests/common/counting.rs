//! An allocator that counts what each thread asks for and gives back.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

pub struct Counting;

/// What a thread has asked for so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub allocations: u64,
    /// Bytes asked for and not given back; less than nothing, if another thread asked.
    pub live: i64,
}

thread_local! {
    static ASKED: Cell<Asked> = const { Cell::new(Asked { allocations: 0, live: 0 }) };
}

/// What this thread has asked for so far.
pub fn asked() -> Asked {
    ASKED.get()
}

fn count(allocations: u64, bytes: i64) {
    // Nothing is counted of a thread that is ending.
    let _ = ASKED.try_with(|asked| {
        let Asked { allocations: before, live } = asked.get();
        asked.set(Asked { allocations: before + allocations, live: live + bytes });
    });
}

fn bytes(layout: Layout) -> i64 {
    layout.size().cast_signed() as i64
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, bytes(layout));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -bytes(layout));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size.cast_signed() as i64 - bytes(layout));
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
