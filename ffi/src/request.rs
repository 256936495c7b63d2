//! What asks for an answer: the fields of HTTP requests and swaps.

use crate::{
    boundary::boundary,
    handle::{EVG_NONE, EvgBytes, EvgText, Place},
    result::EvgResult,
    step::{EvgStep, field, of},
    tag::EvgMethod,
};
use evergrant::{HttpRequest, Output, Revision, Write};

/// The op of EVG_OUTPUT_SEND_HTTP or EVG_OUTPUT_SWAP, to be given back with the
/// answer. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_op(step: *const EvgStep, op: *mut u64) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, op, of!(Output::SendHttp { op, .. } | Output::Swap { op, .. } => op.0)) }
}

/// The method of EVG_OUTPUT_SEND_HTTP. The request is to be sent once, never
/// retried, never cancelled once sent, and no redirect followed.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_http_method(
    step: *const EvgStep,
    method: *mut EvgMethod,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, method, of!(Output::SendHttp { request, .. } => request.method.into())) }
}

/// The absolute URL of EVG_OUTPUT_SEND_HTTP; no credential is in it.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_http_url(step: *const EvgStep, url: *mut EvgText) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(step, url, of!(Output::SendHttp { request, .. } => request.url.as_str().into()))
    }
}

/// How many headers EVG_OUTPUT_SEND_HTTP has. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_http_header_count(
    step: *const EvgStep,
    count: *mut usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, count, of!(Output::SendHttp { request, .. } => request.headers.len())) }
}

/// A header of EVG_OUTPUT_SEND_HTTP: its name in lower case, and its value, which
/// may be a secret. `index` is below evg_step_http_header_count(). Both are
/// borrowed until the step is freed.
/// Errors: EVG_RESULT_WRONG_KIND, EVG_RESULT_INDEX_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_http_header(
    step: *const EvgStep,
    index: usize,
    name: *mut EvgText,
    value: *mut EvgText,
) -> EvgResult {
    boundary(|| {
        let mut found = None;
        // SAFETY: the caller's promise; `found` is our own.
        let (name, value, read) = unsafe {
            let read = field(step, &raw mut found, |output| header(output, index));
            (Place::new(name)?, Place::new(value)?, read)
        };
        match (read, found) {
            (EvgResult::Ok, Some(found)) => {
                name.write(found.0);
                value.write(found.1);
                Ok(())
            }
            (EvgResult::Ok, None) => Err(EvgResult::IndexInvalid),
            (code, _) => Err(code),
        }
    })
}

/// The body of EVG_OUTPUT_SEND_HTTP, a secret; empty for `GET` and `DELETE`.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_http_body(
    step: *const EvgStep,
    body: *mut EvgBytes,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            body,
            of!(Output::SendHttp { request, .. } => Some(request.body.expose()).into()),
        )
    }
}

/// Milliseconds from the step, on a clock that runs through suspend, within which
/// the first byte must leave; else do not send, and answer
/// EVG_HTTP_FAULT_TOO_LATE. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_http_send_within(
    step: *const EvgStep,
    send_within: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, send_within, of!(Output::SendHttp { send_within, .. } => *send_within)) }
}

/// Milliseconds from the send for which the answer must be listened for.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_http_listen_for(
    step: *const EvgStep,
    listen_for: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, listen_for, of!(Output::SendHttp { listen_for, .. } => *listen_for)) }
}

/// The largest body to read, in bytes; a larger one may be cut anywhere beyond
/// this. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_http_answer_limit(
    step: *const EvgStep,
    answer_limit: *mut u32,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(step, answer_limit, of!(Output::SendHttp { answer_limit, .. } => *answer_limit))
    }
}

/// The key of EVG_OUTPUT_SWAP: printable ASCII without spaces. If the store's
/// revision of it is the expected one, write; either way answer with what is
/// there then. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_swap_key(step: *const EvgStep, key: *mut EvgText) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, key, of!(Output::Swap { key, .. } => key.as_str().into())) }
}

/// The revision that must be there; NULL data: nothing may be there.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_swap_expected(
    step: *const EvgStep,
    expected: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            expected,
            of!(Output::Swap { expected, .. } => expected.as_ref().map(Revision::as_str).into()),
        )
    }
}

/// The record to write, which may hold secrets; NULL data: write nothing, it is a
/// read. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_swap_write(
    step: *const EvgStep,
    record: *mut EvgBytes,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, record, of!(Output::Swap { write, .. } => record_of(write).into())) }
}

/// When the connection wants to be woken, UNIX ms, or EVG_NONE: to be stored beside
/// the record, for an index of what is due. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_swap_due_at(step: *const EvgStep, due_at: *mut u64) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            due_at,
            of!(Output::Swap { write, .. } => write.as_ref().and_then(|write| write.due_at).unwrap_or(EVG_NONE)),
        )
    }
}

/// From when the store may delete the record, UNIX ms; EVG_NONE: never.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_swap_purge_at(
    step: *const EvgStep,
    purge_at: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            purge_at,
            of!(Output::Swap { write, .. } => write.as_ref().and_then(|write| write.purge_at).unwrap_or(EVG_NONE)),
        )
    }
}

/// None: not a request. Some of none: there is no such header.
fn header(output: &Output, index: usize) -> Option<Option<(EvgText, EvgText)>> {
    let Output::SendHttp { request: HttpRequest { headers, .. }, .. } = output else {
        return None;
    };
    let texts = |(name, value): &(&str, evergrant::Secret)| ((*name).into(), value.expose().into());
    Some(headers.get(index).map(texts))
}

fn record_of(write: &Option<Write>) -> Option<&[u8]> {
    write.as_ref().map(|write| write.bytes.expose())
}
