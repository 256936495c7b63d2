//! What the inputs of a target reach: `reach FOLDER TARGET` prints each address that the
//! compiler put a counter at, and 1 if an input came by. `coverage` builds it with those
//! counters, and knows the addresses' lines.

use std::{
    env,
    error::Error,
    fs,
    path::PathBuf,
    slice,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed},
};

static COUNTERS: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);
static TABLE: AtomicPtr<[usize; 2]> = AtomicPtr::new(std::ptr::null_mut());

/// Called before `main` by what is instrumented.
#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, end: *mut u8) {
    COUNTERS.store(start, Relaxed);
    COUNT.store(end.addr() - start.addr(), Relaxed);
}

/// The same for the table of addresses, each with its flags.
#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_pcs_init(start: *mut [usize; 2], _end: *mut [usize; 2]) {
    TABLE.store(start, Relaxed);
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let corpus = PathBuf::from(arguments.next().ok_or("where is the corpus?")?);
    let target = arguments.next().ok_or("which target?")?;
    for path in fs::read_dir(corpus.join(&target))? {
        evergrant_fuzz::run(&target, &fs::read(path?.path())?);
    }
    let (counters, table, count) =
        (COUNTERS.load(Relaxed), TABLE.load(Relaxed), COUNT.load(Relaxed));
    if counters.is_null() || table.is_null() {
        return Err("built without counters".into());
    }
    // SAFETY: the compiler's own sections of this program, of one length, for ever.
    let (counters, table) =
        unsafe { (slice::from_raw_parts(counters, count), slice::from_raw_parts(table, count)) };
    for (counter, [address, _]) in counters.iter().zip(table) {
        println!("{address:#x} {}", u8::from(*counter != 0));
    }
    Ok(())
}
