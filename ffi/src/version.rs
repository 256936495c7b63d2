//! Which library it is.

use crate::boundary::boundary_or;
use core::ffi::{CStr, c_char};

/// The version of the library that runs: to be compared with EVERGRANT_VERSION, that
/// of the header. Before 1.0 every version has an interface of its own.
///
/// A NUL-terminated text that lives for ever and is never to be freed; never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn evg_version() -> *const c_char {
    boundary_or(VERSION.as_ptr(), || VERSION.as_ptr())
}

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version without NUL"),
    };
