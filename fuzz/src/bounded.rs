//! Memory is bounded by the input: all that is taken from the allocator is counted.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// What an input may take at most at any time: so many bytes, and so many for each byte.
const BASE: usize = 1 << 20;
const EACH: usize = 256;

struct Counting;

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is left to the system's allocator, as it was asked for.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get().wrapping_add(layout.size()));
        MOST.set(MOST.get().max(TAKEN.get()));
        // SAFETY: the caller's duties are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        TAKEN.set(TAKEN.get().wrapping_sub(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Runs this, which takes no more memory than an input of this length may.
pub(crate) fn run<T>(length: usize, body: impl FnOnce() -> T) -> T {
    TAKEN.set(0);
    MOST.set(0);
    let result = body();
    let limit = BASE + EACH * length;
    // What was freed that had been taken before wraps round, and is no find.
    let most = MOST.get();
    assert!(most <= limit || most > usize::MAX / 2, "{most} bytes for an input of {length}");
    result
}
