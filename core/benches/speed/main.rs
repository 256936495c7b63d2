//! The whole lifecycle and each of its operations, beside the `oauth2` crate on the same
//! inputs in the same run: three scopes, a state and a code of 43 characters, token answers
//! of about 1.2 KB with an access token of 900.
//!
//! evergrant's lifecycle writes every record to a store in memory; the peer keeps nothing.
//!
//!     speed                           times, by criterion
//!     speed allocations               how often each asks for memory
//!     speed count WHAT WHO ROUNDS     runs one, for scripts/instructions
#![allow(missing_docs, reason = "a bench has no readers of its API")]

mod cases;
mod host;
mod peer;

use cases::Case;
use criterion::Criterion;
use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, Ordering},
};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [_, "count"] => {
            cases::all().iter().for_each(|case| println!("{}\t{}", case.what, case.who))
        }
        [_, "count", what, who, rounds] => count(what, who, rounds.parse().unwrap()),
        [_, "allocations"] => allocations(),
        _ => {
            allocations();
            times();
        }
    }
}

fn times() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut cases = cases::all();
    for group in cases.chunk_by_mut(|one, other| one.what == other.what) {
        let mut measured = criterion.benchmark_group(group[0].what);
        for case in group {
            measured.bench_function(case.who, |bencher| bencher.iter(&mut case.run));
        }
        measured.finish();
    }
    criterion.final_summary();
}

fn allocations() {
    for Case { what, who, mut run } in cases::all() {
        // The first time may make what is kept.
        run();
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        run();
        println!("{:5} allocations: {what}, {who}", ALLOCATIONS.load(Ordering::Relaxed) - before);
    }
}

fn count(what: &str, who: &str, rounds: u32) {
    let mut cases = cases::all();
    let case = cases.iter_mut().find(|case| case.what == what && case.who == who).unwrap();
    for _ in 0..rounds {
        (case.run)();
    }
}
