//! What asks for no answer: the fields of the other outputs.

use crate::{
    handle::{EVG_NONE, EvgText},
    result::EvgResult,
    step::{EvgStep, field, of},
    tag::EvgActivity,
};
use evergrant::{Activity, AuthorizationId, Failure, Output, Secret};

/// The URL of EVG_OUTPUT_OPEN_URL to send the person's browser to. It carries the
/// `state`: do not log it. Borrowed until the step is freed.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_open_url(step: *const EvgStep, url: *mut EvgText) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, url, of!(Output::OpenUrl { url, .. } => url.expose().into())) }
}

/// For EVG_BINDING_COOKIE, the secret to set as a `Secure`, `HttpOnly`,
/// `SameSite=Lax` cookie on the redirect URI's path; NULL data otherwise.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_open_url_binding(
    step: *const EvgStep,
    binding: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            binding,
            of!(Output::OpenUrl { binding, .. } => binding.as_ref().map(Secret::expose).into()),
        )
    }
}

/// Until when the authorization can be completed, UNIX ms.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_open_url_expires_at(
    step: *const EvgStep,
    expires_at: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, expires_at, of!(Output::OpenUrl { expires_at, .. } => *expires_at)) }
}

/// The id of the authorization that the current output speaks of:
/// EVG_OUTPUT_OPEN_URL, EVG_OUTPUT_AUTHORIZED, EVG_OUTPUT_FAILED or
/// EVG_OUTPUT_NOTICE; NULL data if the failure or notice speaks of none. It is not
/// a secret. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_authorization_id(
    step: *const EvgStep,
    id: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, id, |output| authorization(output).map(EvgText::from)) }
}

/// What evg_authorize_set_return_context() was given, for EVG_OUTPUT_AUTHORIZED or
/// EVG_OUTPUT_FAILED; NULL data if it was given nothing, or the failure speaks of
/// no authorization. Borrowed until the step is freed.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_return_context(
    step: *const EvgStep,
    context: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, context, |output| return_context(output).map(EvgText::from)) }
}

/// The generation of EVG_OUTPUT_TOKEN_READY, to be given back with
/// evg_connection_step_api_answered(). Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_token_generation(
    step: *const EvgStep,
    generation: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, generation, of!(Output::TokenReady { generation, .. } => *generation)) }
}

/// The only origin to which the token of EVG_OUTPUT_TOKEN_READY may be sent.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_token_origin(
    step: *const EvgStep,
    origin: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, origin, of!(Output::TokenReady { origin, .. } => origin.as_str().into())) }
}

/// The value of the `Authorization` header, a secret.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_token_header(
    step: *const EvgStep,
    header: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, header, of!(Output::TokenReady { header, .. } => header.expose().into())) }
}

/// When the token expires, UNIX ms; EVG_NONE if the server did not say.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_token_expires_at(
    step: *const EvgStep,
    expires_at: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            expires_at,
            of!(Output::TokenReady { expires_at, .. } => expires_at.unwrap_or(EVG_NONE)),
        )
    }
}

/// The first generation of the new grant of EVG_OUTPUT_AUTHORIZED.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_authorized_generation(
    step: *const EvgStep,
    generation: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, generation, of!(Output::Authorized { generation, .. } => *generation)) }
}

/// The scopes granted, separated by spaces.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_authorized_scope(
    step: *const EvgStep,
    scope: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, scope, of!(Output::Authorized { scope, .. } => scope.as_str().into())) }
}

/// What EVG_OUTPUT_FAILED speaks of. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_failed_activity(
    step: *const EvgStep,
    activity: *mut EvgActivity,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, activity, of!(Output::Failed { activity, .. } => activity.into())) }
}

/// Why: 101 to 999 of `evg_result`; evg_result_name() has its name.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_failed_code(
    step: *const EvgStep,
    code: *mut EvgResult,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, code, of!(Output::Failed { failure, .. } => failure.into())) }
}

/// What to do about it, in a word that is the same in every language, such as
/// "try_later". It lives for ever. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_failed_kind(
    step: *const EvgStep,
    kind: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, kind, of!(Output::Failed { failure, .. } => failure.kind().into())) }
}

/// When another try makes sense, UNIX ms; EVG_NONE if time alone does not help.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_failed_retry_at(
    step: *const EvgStep,
    retry_at: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            retry_at,
            of!(Output::Failed { failure, .. } => failure.retry_at().unwrap_or(EVG_NONE)),
        )
    }
}

/// The OAuth error code as the server gave it, redacted; NULL data if it gave
/// none. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_failed_error(
    step: *const EvgStep,
    error: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            error,
            of!(Output::Failed { failure, .. } => failure.said().map(|said| said.error.as_str()).into()),
        )
    }
}

/// The server's explanation, redacted, for developers, not for end users; NULL data
/// if it gave none. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_failed_description(
    step: *const EvgStep,
    description: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            description,
            of!(Output::Failed { failure, .. } => description_of(failure).into()),
        )
    }
}

/// The id of the key that is missing, for EVG_RESULT_HOST_SEALING_KEY_MISSING; NULL
/// data for other failures. It is not a secret. Borrowed until the step is freed.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_failed_sealing_key(
    step: *const EvgStep,
    id: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, id, of!(Output::Failed { failure, .. } => failure.sealing_key().into())) }
}

/// The stable name of EVG_OUTPUT_NOTICE, the same in every language, such as
/// "refresh_started". Nothing in a notice is a secret. It lives for ever.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_notice_code(
    step: *const EvgStep,
    code: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, code, of!(Output::Notice(notice) => notice.code().into())) }
}

/// The generation that the notice speaks of, or EVG_NONE.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_notice_generation(
    step: *const EvgStep,
    generation: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(
            step,
            generation,
            of!(Output::Notice(notice) => notice.fields().generation.unwrap_or(EVG_NONE)),
        )
    }
}

/// Which attempt at a refresh the notice speaks of; 0 for no refresh.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_notice_attempt(
    step: *const EvgStep,
    attempt: *mut u16,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(step, attempt, of!(Output::Notice(notice) => notice.fields().attempt.unwrap_or(0)))
    }
}

/// A code or a list of scopes that says more; NULL data if there is none.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_notice_detail(
    step: *const EvgStep,
    detail: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, detail, of!(Output::Notice(notice) => notice.fields().detail.into())) }
}

/// None: an output that never speaks of an authorization.
fn authorization(output: &Output) -> Option<Option<&str>> {
    match output {
        Output::OpenUrl { authorization, .. } | Output::Authorized { authorization, .. } => {
            Some(Some(authorization.as_str()))
        }
        Output::Failed { activity: Activity::Authorization { authorization, .. }, .. } => {
            Some(Some(authorization.as_str()))
        }
        Output::Failed { .. } => Some(None),
        Output::Notice(notice) => Some(notice.fields().authorization.map(AuthorizationId::as_str)),
        Output::SendHttp { .. }
        | Output::Swap { .. }
        | Output::TokenReady { .. }
        | Output::KeyAccepted { .. } => None,
    }
}

/// None: an output that never has a return context.
fn return_context(output: &Output) -> Option<Option<&str>> {
    match output {
        Output::Authorized { return_context, .. }
        | Output::Failed { activity: Activity::Authorization { return_context, .. }, .. } => {
            Some(return_context.as_deref())
        }
        Output::Failed { .. } => Some(None),
        Output::SendHttp { .. }
        | Output::Swap { .. }
        | Output::OpenUrl { .. }
        | Output::TokenReady { .. }
        | Output::KeyAccepted { .. }
        | Output::Notice(_) => None,
    }
}

fn description_of(failure: &Failure) -> Option<&str> {
    failure.said()?.description.as_deref()
}
