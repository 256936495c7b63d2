//! `evg_authorize`: what to ask the person for.

use crate::{
    boundary::boundary,
    handle::{self, Place, text, unique},
    result::EvgResult,
    tag::EvgBinding,
};
use alloc::{borrow::ToOwned, vec::Vec};
use core::ffi::c_char;
use evergrant::Authorize;

/// What to ask the person for, to be given to evg_connection_step_authorize().
#[derive(Debug)]
pub struct EvgAuthorize(pub(crate) Authorize);

/// Makes what is asked for: to come back to `redirect_uri`, a registered one,
/// and to be recognised then as `binding` says, an `evg_binding`.
///
/// `*authorize` is yours, to be given to evg_authorize_free(). Errors:
/// EVG_RESULT_UNKNOWN_TAG. All else is checked by the step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_authorize_new(
    redirect_uri: *const c_char,
    redirect_uri_len: usize,
    binding: u32,
    authorize: *mut *mut EvgAuthorize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, redirect_uri) =
            unsafe { (Place::new(authorize)?, text(redirect_uri, redirect_uri_len)?) };
        place.write_handle(EvgAuthorize(Authorize {
            redirect_uri: redirect_uri.to_owned(),
            scopes: Vec::new(),
            extra: Vec::new(),
            binding: EvgBinding::try_from(binding)?.into(),
            return_context: None,
            company: None,
        }));
        Ok(())
    })
}

/// Frees what is asked for. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_authorize_free(authorize: *mut EvgAuthorize) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(authorize) }
}

/// Adds a scope, one of the registered ones. Without any it is what the last
/// authorization asked for, or else all registered ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_authorize_add_scope(
    authorize: *mut EvgAuthorize,
    scope: *const c_char,
    scope_len: usize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (authorize, scope) = unsafe { (unique(authorize)?, text(scope, scope_len)?) };
        authorize.0.scopes.push(scope.to_owned());
        Ok(())
    })
}

/// Adds a further parameter of the authorization request. They are sent in the
/// order of adding.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_authorize_add_parameter(
    authorize: *mut EvgAuthorize,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (authorize, name, value) =
            unsafe { (unique(authorize)?, text(name, name_len)?, text(value, value_len)?) };
        authorize.0.extra.push((name.to_owned(), value.to_owned()));
        Ok(())
    })
}

/// Sets what is given back when the authorization ends, at most 4,096 bytes. It
/// is kept in the record, never in the URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_authorize_set_return_context(
    authorize: *mut EvgAuthorize,
    context: *const c_char,
    context_len: usize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (authorize, context) = unsafe { (unique(authorize)?, text(context, context_len)?) };
        authorize.0.return_context = Some(context.to_owned());
        Ok(())
    })
}
