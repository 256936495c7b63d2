//! What crosses the boundary: handles, texts, bytes, and places to write to.
//! All reading of C's pointers is done here.

use crate::result::EvgResult;
use alloc::{borrow::Cow, boxed::Box, string::String};
use core::{ffi::c_char, ptr, slice};

/// What optional numbers hold when there is none: no time, no generation.
pub const EVG_NONE: u64 = 0xFFFF_FFFF_FFFF_FFFF;

/// A text in UTF-8 that belongs to the handle it was got from. It is not
/// NUL-terminated. `data` is NULL if there is no text, and not NULL if the text
/// is empty.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EvgText {
    /// The first byte.
    pub data: *const c_char,
    /// How many bytes there are.
    pub len: usize,
}

/// Bytes that belong to the handle they were got from. `data` is NULL if there
/// are none, and not NULL if there are zero of them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EvgBytes {
    /// The first byte.
    pub data: *const u8,
    /// How many bytes there are.
    pub len: usize,
}

impl From<&str> for EvgText {
    fn from(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), len: text.len() }
    }
}

impl From<Option<&str>> for EvgText {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self { data: ptr::null(), len: 0 }, Self::from)
    }
}

impl From<Option<&[u8]>> for EvgBytes {
    fn from(bytes: Option<&[u8]>) -> Self {
        let none = Self { data: ptr::null(), len: 0 };
        bytes.map_or(none, |bytes| Self { data: bytes.as_ptr(), len: bytes.len() })
    }
}

/// A place of the caller's, checked before anything is done, written to last.
#[derive(Debug)]
pub(crate) struct Place<T>(ptr::NonNull<T>);

impl<T> Place<T> {
    /// # Safety
    /// NULL, or valid for writing a `T` while the exported function runs.
    pub(crate) unsafe fn new(place: *mut T) -> Result<Self, EvgResult> {
        ptr::NonNull::new(place).map(Self).ok_or(EvgResult::NullArgument)
    }

    pub(crate) fn write(self, value: impl Into<T>) {
        // SAFETY: `new` was promised a valid place.
        unsafe { self.0.write(value.into()) }
    }
}

impl<T> Place<*mut T> {
    /// Hands a new handle over; `free` takes it back.
    pub(crate) fn write_handle(self, value: T) {
        self.write(Box::into_raw(Box::new(value)));
    }
}

/// # Safety
/// NULL, or from [`Place::write_handle`] and not freed; nobody changes it
/// meanwhile.
pub(crate) unsafe fn shared<'a, T>(handle: *const T) -> Result<&'a T, EvgResult> {
    // SAFETY: the caller's promise.
    unsafe { handle.as_ref() }.ok_or(EvgResult::NullArgument)
}

/// # Safety
/// NULL, or from [`Place::write_handle`] and not freed; nobody else uses it
/// meanwhile.
pub(crate) unsafe fn unique<'a, T>(handle: *mut T) -> Result<&'a mut T, EvgResult> {
    // SAFETY: the caller's promise.
    unsafe { handle.as_mut() }.ok_or(EvgResult::NullArgument)
}

/// # Safety
/// NULL, or from [`Place::write_handle`]; nobody uses it from here on.
pub(crate) unsafe fn free<T>(handle: *mut T) {
    crate::boundary::boundary_or((), || {
        if !handle.is_null() {
            // SAFETY: the handle came out of a box of this type.
            drop(unsafe { Box::from_raw(handle) });
        }
    });
}

/// Items of the caller's; NULL is allowed where there are none.
///
/// # Safety
/// `data` is NULL, or valid for reading `len` items while the result is in use.
pub(crate) unsafe fn items<'a, T>(data: *const T, len: usize) -> Result<&'a [T], EvgResult> {
    let size = size_of::<T>().max(1);
    if len > isize::MAX as usize / size {
        return Err(EvgResult::LengthInvalid);
    }
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(EvgResult::NullArgument),
        // SAFETY: the caller's promise, and the length is possible.
        (false, _) => Ok(unsafe { slice::from_raw_parts(data, len) }),
    }
}

/// A text of the caller's own making, which must be UTF-8 and must be there.
///
/// # Safety
/// As for [`items`].
pub(crate) unsafe fn text<'a>(data: *const c_char, len: usize) -> Result<&'a str, EvgResult> {
    // SAFETY: the caller's promise.
    unsafe { optional_text(data, len) }?.ok_or(EvgResult::NullArgument)
}

/// The same, or NULL for no text.
///
/// # Safety
/// As for [`items`].
pub(crate) unsafe fn optional_text<'a>(
    data: *const c_char,
    len: usize,
) -> Result<Option<&'a str>, EvgResult> {
    if data.is_null() && len == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's promise; `c_char` and `u8` are alike in memory.
    let bytes = unsafe { items(data.cast::<u8>(), len) }?;
    utf8(bytes).map(Some).ok_or(EvgResult::InvalidUtf8)
}

/// A text that a peer has sent. What is not UTF-8 in it becomes U+FFFD, since
/// it is not the caller's fault: the core then judges it.
///
/// # Safety
/// As for [`items`].
pub(crate) unsafe fn foreign_text<'a>(
    data: *const c_char,
    len: usize,
) -> Result<Cow<'a, str>, EvgResult> {
    // SAFETY: the caller's promise; `c_char` and `u8` are alike in memory.
    let bytes = unsafe { items(data.cast::<u8>(), len) }?;
    Ok(utf8(bytes).map_or_else(|| String::from_utf8_lossy(bytes), Cow::Borrowed))
}

/// The text that the bytes are. Most are ASCII, which is seen several times faster.
fn utf8(bytes: &[u8]) -> Option<&str> {
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        return Some(unsafe { core::str::from_utf8_unchecked(bytes) });
    }
    core::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_checked() {
        let of = |bytes: &'static [u8], len| {
            // SAFETY: the lengths used below are within the text, or refused.
            unsafe { text(bytes.as_ptr().cast(), len) }
        };
        assert_eq!(of(b"abc", 2), Ok("ab"));
        assert_eq!(of(b"abc", 0), Ok(""));
        assert_eq!(of(b"\xff", 1), Err(EvgResult::InvalidUtf8));
        assert_eq!(of(b"abc", usize::MAX), Err(EvgResult::LengthInvalid));
        // SAFETY: NULL is refused or means none.
        unsafe {
            assert_eq!(text(ptr::null(), 0), Err(EvgResult::NullArgument));
            assert_eq!(text(ptr::null(), 1), Err(EvgResult::NullArgument));
            assert_eq!(optional_text(ptr::null(), 0), Ok(None));
            assert_eq!(optional_text(ptr::null(), 1), Err(EvgResult::NullArgument));
        }
    }

    #[test]
    fn what_peers_send_is_no_misuse() {
        let sent = b"a\xffb";
        // SAFETY: pointer and length are of one array.
        let taken = unsafe { foreign_text(sent.as_ptr().cast(), sent.len()) };
        assert_eq!(taken.unwrap(), "a\u{fffd}b");
    }

    #[test]
    fn lengths_count_in_bytes() {
        let word = 1_u64;
        // SAFETY: the length is refused before anything is read.
        let taken = unsafe { items(&raw const word, isize::MAX as usize / 4) };
        assert_eq!(taken, Err(EvgResult::LengthInvalid));
    }
}
