//! `evg_pacer`: pacing of requests to an API, beside the machine.

use crate::{
    boundary::boundary,
    handle::{self, Place, unique},
    result::EvgResult,
};
use evergrant::{Pace, Pacer};

/// Keeps requests under a rate: hold one for each limit that the API has, and ask it
/// before each request. It sleeps nowhere. Only one thread may use it at a time.
///
/// Of n a minute with a burst of b: in any 60 seconds never more than n requests
/// pass; after a quiet time up to b pass at once, the others one by one; a steady
/// stream is let through at n - b + 1 a minute, evenly spaced.
#[derive(Debug)]
pub struct EvgPacer(Pacer);

/// Makes a pacer of at most `per_minute` requests in any 60 seconds, up to `burst` of
/// them at once. Pleo asks for fewer than 500 a minute; a tenth of the rate is a good
/// burst, and 1 spaces all requests evenly.
///
/// `*pacer` is yours, to be given to evg_pacer_free(). Errors:
/// EVG_RESULT_MISUSE_PACING_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_pacer_new(
    per_minute: u32,
    burst: u32,
    pacer: *mut *mut EvgPacer,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { Place::new(pacer) }?;
        place.write_handle(EvgPacer(Pacer::with_burst(per_minute, burst)?));
        Ok(())
    })
}

/// Frees a pacer. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_pacer_free(pacer: *mut EvgPacer) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(pacer) }
}

/// Whether a request may go out at `now`. If `*at` is `now`, it may, and has been
/// counted. If `*at` is later, it may not, and nothing has been counted: ask again
/// then; if nobody else asks meanwhile it then may.
///
/// `now` is milliseconds of any clock, the same each time: UNIX time if a failure's time
/// goes to evg_pacer_slow_down(), else one that runs through suspend and is never set.
/// If it is set back, nobody waits longer than before; if it is set forward, one more
/// burst may pass.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_pacer_ask(pacer: *mut EvgPacer, now: u64, at: *mut u64) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, pacer) = unsafe { (Place::new(at)?, unique(pacer)?) };
        place.write(match pacer.0.ask(now) {
            Pace::Now => now,
            Pace::At(at) => at,
        });
        Ok(())
    })
}

/// The API asked for patience (429 or 503 with `Retry-After`): nothing passes before
/// `until`, by the clock of evg_pacer_ask(), but for at most a day from `now`, and
/// there is no burst then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_pacer_slow_down(
    pacer: *mut EvgPacer,
    now: u64,
    until: u64,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(pacer) }?.0.slow_down(now, until);
        Ok(())
    })
}
