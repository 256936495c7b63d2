//! `evg_owned`: a text or bytes that belong to nobody else.

use crate::{
    boundary::boundary,
    handle::{self, EvgBytes, EvgText, Place, shared},
    result::EvgResult,
};
use evergrant::SecretBytes;

/// A text or bytes that were made for you. Immutable: it may be used from several
/// threads.
#[derive(Debug)]
pub struct EvgOwned(SecretBytes);

impl EvgOwned {
    pub(crate) fn new(bytes: SecretBytes) -> Self {
        Self(bytes)
    }
}

impl From<&str> for EvgOwned {
    fn from(text: &str) -> Self {
        Self(SecretBytes::new(text.as_bytes()))
    }
}

/// Frees it, and wipes what it held. NULL is allowed. What was borrowed from it is
/// gone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_owned_free(owned: *mut EvgOwned) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(owned) }
}

/// What it holds, as a text: a record is one too. Borrowed until it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_owned_text(owned: *const EvgOwned, text: *mut EvgText) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, owned) = unsafe { (Place::new(text)?, shared(owned)?) };
        let held = owned.0.expose();
        place.write(EvgText { data: held.as_ptr().cast(), len: held.len() });
        Ok(())
    })
}

/// The same as bytes, as records are given elsewhere. Borrowed until it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_owned_bytes(
    owned: *const EvgOwned,
    bytes: *mut EvgBytes,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, owned) = unsafe { (Place::new(bytes)?, shared(owned)?) };
        place.write(Some(owned.0.expose()));
        Ok(())
    })
}
