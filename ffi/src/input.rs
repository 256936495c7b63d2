//! What happened: one function per input, each of which makes a step.

use crate::{
    authorize::EvgAuthorize,
    boundary::boundary,
    connection::{self, EvgConnection, EvgEnv},
    handle::{EvgText, Place, foreign_text, items, optional_text, shared, unique},
    result::EvgResult,
    step::EvgStep,
    tag::{EvgHttpFault, EvgProof},
};
use alloc::{string::String, vec::Vec};
use core::ffi::c_char;
use evergrant::{AuthorizationId, BrowserProof, HttpResponse, Input, Op, Secret, SecretBytes};

/// A header of an HTTP answer. What is not UTF-8 in it is replaced.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EvgHeader {
    /// The name, in any case.
    pub name: EvgText,
    /// The value.
    pub value: EvgText,
}

/// The person wants to connect, or has to again.
///
/// `authorize` is copied and stays yours. Errors: EVG_RESULT_MISUSE_..., such as
/// EVG_RESULT_MISUSE_REDIRECT_URI_NOT_REGISTERED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_authorize(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    authorize: *const EvgAuthorize,
    step: *mut *mut EvgStep,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let asked = unsafe { shared(authorize) }?;
        // SAFETY: the caller's promise.
        unsafe { run(connection, env, step, Input::Authorize(asked.0.clone())) }
    })
}

/// The browser came back with `url`: the whole of it, or anything that ends in
/// its query. What is not UTF-8 in it is replaced.
///
/// `proof` is an `evg_proof`; `secret` is the cookie's for EVG_PROOF_BINDING, and
/// NULL with length 0 for the others. A redirect that is not accepted is not an
/// error but an output, EVG_OUTPUT_FAILED. Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_redirected(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    url: *const c_char,
    url_len: usize,
    proof: u32,
    secret: *const c_char,
    secret_len: usize,
    step: *mut *mut EvgStep,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let url = unsafe { foreign_text(url, url_len) }?;
        let proof = match EvgProof::try_from(proof)? {
            EvgProof::Binding if secret.is_null() => return Err(EvgResult::NullArgument),
            EvgProof::Binding => {
                // SAFETY: the caller's promise.
                let secret = unsafe { foreign_text(secret, secret_len) }?;
                BrowserProof::Binding(Secret::new(secret))
            }
            EvgProof::SameProcess => BrowserProof::SameProcess,
            EvgProof::Missing => BrowserProof::Missing,
        };
        let input = Input::Redirected { url: Secret::new(url), proof };
        // SAFETY: the caller's promise.
        unsafe { run(connection, env, step, input) }
    })
}

/// A token is wanted that is valid for at least `min_validity` milliseconds;
/// 30,000 is a good choice. The answer is EVG_OUTPUT_TOKEN_READY or
/// EVG_OUTPUT_FAILED, in this step or in a later one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_token_wanted(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    min_validity: u64,
    step: *mut *mut EvgStep,
) -> EvgResult {
    // SAFETY: the caller's promise.
    boundary(|| unsafe { run(connection, env, step, Input::TokenWanted { min_validity }) })
}

/// The API answered a request that carried the token of `generation`; `status`
/// and `headers` are the answer's, of which `Retry-After` and `WWW-Authenticate` are
/// read and others may be left out. `headers` may be NULL if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_api_answered(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    generation: u64,
    status: u16,
    headers: *const EvgHeader,
    header_count: usize,
    step: *mut *mut EvgStep,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let headers = unsafe { self::headers(headers, header_count) }?;
        let input = Input::ApiAnswered { generation, status, headers };
        // SAFETY: the caller's promise.
        unsafe { run(connection, env, step, input) }
    })
}

/// End the grant, here and at the server. Harmless if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_revoke(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    step: *mut *mut EvgStep,
) -> EvgResult {
    // SAFETY: the caller's promise.
    boundary(|| unsafe { run(connection, env, step, Input::Revoke) })
}

/// Give pending authorizations up: the one of this id, wherever it was begun, or
/// with NULL and length 0 all that this handle began. Never a sent request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_cancel(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    authorization: *const c_char,
    authorization_len: usize,
    step: *mut *mut EvgStep,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let authorization = unsafe { optional_text(authorization, authorization_len) }?;
        let input = Input::Cancel { authorization: authorization.map(AuthorizationId::new) };
        // SAFETY: the caller's promise.
        unsafe { run(connection, env, step, input) }
    })
}

/// A request of EVG_OUTPUT_SEND_HTTP was answered, whole: its op, the status, the
/// headers and the body, decompressed. `headers` and `body` may be NULL if there
/// are none. All is copied. An op that is unknown or done changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_http_done(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    op: u64,
    status: u16,
    headers: *const EvgHeader,
    header_count: usize,
    body: *const u8,
    body_len: usize,
    step: *mut *mut EvgStep,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (headers, body) =
            unsafe { (self::headers(headers, header_count)?, items(body, body_len)?) };
        let response = HttpResponse { status, headers, body: SecretBytes::new(body) };
        // SAFETY: the caller's promise.
        unsafe { run(connection, env, step, Input::HttpDone { op: Op(op), response }) }
    })
}

/// A request of EVG_OUTPUT_SEND_HTTP was not answered; `why` is an
/// `evg_http_fault`, EVG_HTTP_FAULT_UNKNOWN if in doubt. An op that is unknown or
/// done changes nothing. Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_http_failed(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    op: u64,
    why: u32,
    step: *mut *mut EvgStep,
) -> EvgResult {
    boundary(|| {
        let why = EvgHttpFault::try_from(why)?.into();
        // SAFETY: the caller's promise.
        unsafe { run(connection, env, step, Input::HttpFailed { op: Op(op), why }) }
    })
}

/// The store answered an EVG_OUTPUT_SWAP: what is there now under the key,
/// whether the swap took place or not. `revision` is the store's version of it, a
/// text; with NULL and length 0 for both nothing is there. `age` is how many ms ago
/// this revision was written by the store's own clock, where it has one that does
/// not jump, or EVG_NONE. All is copied.
/// An op that is unknown or done changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_swapped(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    op: u64,
    revision: *const c_char,
    revision_len: usize,
    record: *const u8,
    record_len: usize,
    age: u64,
    step: *mut *mut EvgStep,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let current =
            unsafe { connection::stored(revision, revision_len, record, record_len, age) }?;
        // SAFETY: the caller's promise.
        unsafe { run(connection, env, step, Input::Swapped { op: Op(op), current }) }
    })
}

/// The store did not answer an EVG_OUTPUT_SWAP; it may have taken place. An op
/// that is unknown or done changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_swap_unanswered(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    op: u64,
    step: *mut *mut EvgStep,
) -> EvgResult {
    // SAFETY: the caller's promise.
    boundary(|| unsafe { run(connection, env, step, Input::SwapUnanswered { op: Op(op) }) })
}

/// Whoever wrote the refresh that is under way in the record last read is dead: its
/// process has ended, and cannot have been this one. Said by a host that is alone on
/// its store, or that holds what its predecessor held. The refresh is then taken over
/// once its request must have been dealt with, not later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_peer_gone(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    step: *mut *mut EvgStep,
) -> EvgResult {
    // SAFETY: the caller's promise.
    boundary(|| unsafe { run(connection, env, step, Input::PeerGone) })
}

/// The time of evg_step_wake_at() has come; harmless at any other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_wake(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    step: *mut *mut EvgStep,
) -> EvgResult {
    // SAFETY: the caller's promise.
    boundary(|| unsafe { run(connection, env, step, Input::Wake) })
}

/// Makes a step. Everything that can be refused is, before the machine moves.
///
/// # Safety
/// As the header says of handles and structs.
pub(crate) unsafe fn run(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    step: *mut *mut EvgStep,
    input: Input,
) -> Result<(), EvgResult> {
    // SAFETY: the caller's promise.
    let (place, connection, env) =
        unsafe { (Place::new(step)?, unique(connection)?, connection::env(env)?) };
    if connection.closed {
        return Err(EvgResult::Panic);
    }
    connection.closed = true;
    let made = connection.machine.step(&env, input);
    connection.closed = false;
    place.write_handle(EvgStep::new(made?));
    Ok(())
}

/// # Safety
/// As the header says of structs and texts.
unsafe fn headers(
    headers: *const EvgHeader,
    count: usize,
) -> Result<Vec<(String, String)>, EvgResult> {
    // SAFETY: the caller's promise, for the array and for each text in it.
    unsafe {
        let owned = |text: EvgText| foreign_text(text.data, text.len).map(Into::into);
        let headers = items(headers, count)?;
        let mut read = Vec::new();
        for header in headers {
            read.push((owned(header.name)?, owned(header.value)?));
        }
        Ok(read)
    }
}
