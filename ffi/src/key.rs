//! Companies and API keys: entering a key, and what came of it.

use crate::{
    authorize::EvgAuthorize,
    boundary::boundary,
    connection::{EvgConnection, EvgEnv},
    handle::{EvgText, Place, foreign_text, items, optional_text, text, unique},
    input::run,
    provider::EvgProviderConfig,
    result::EvgResult,
    step::{EvgStep, field, of},
    tag::EvgApiKeyKind,
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::ffi::c_char;
use evergrant::{ApiKey, CompanyBinding, Input, Output, Secret};

/// How the company of a credential is learnt: a request to the API with the
/// credential itself, whose answer names a subject.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EvgCompanyBinding {
    /// What to `GET`, on the API's origin.
    pub url: EvgText,
    /// Where the subject stands in the answer: a JSON pointer (RFC 6901).
    pub subject: EvgText,
    /// Where the granted scopes stand; NULL data if they are not in the answer.
    pub scope: EvgText,
    /// How a subject begins that is one company; the whole of it is its name.
    pub company_prefix: EvgText,
    /// How a subject begins that stands for several companies; NULL data for none.
    pub organisation_prefix: EvgText,
}

/// Says how the company of a new grant is learnt, where a connection belongs to one.
/// Checked by evg_provider_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_company(
    config: *mut EvgProviderConfig,
    binding: *const EvgCompanyBinding,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (config, binding) = unsafe { (unique(config)?, read(binding)?) };
        config.0.company = Some(binding);
        Ok(())
    })
}

/// Says how the company of an API key is learnt, where there are such keys. Checked
/// by evg_provider_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_api_keys(
    config: *mut EvgProviderConfig,
    binding: *const EvgCompanyBinding,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (config, binding) = unsafe { (unique(config)?, read(binding)?) };
        config.0.api_keys = Some(binding);
        Ok(())
    })
}

/// Sets the company that the grant must be for; needed where a person authorizes
/// for an organisation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_authorize_set_company(
    authorize: *mut EvgAuthorize,
    company: *const c_char,
    company_len: usize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (authorize, company) = unsafe { (unique(authorize)?, text(company, company_len)?) };
        authorize.0.company = Some(company.to_owned());
        Ok(())
    })
}

/// A person has entered an API key, the first one or a replacement; `kind` is an
/// `evg_api_key_kind`. It is used once the API has said that it is good and whose it
/// is; until then what was there goes on serving. `company` is what it must be of, or
/// NULL; `scopes` what it must have, where the API tells of them, and may be NULL
/// where the count is 0. Your own copy of the key is yours to wipe.
/// Errors: EVG_RESULT_UNKNOWN_TAG, EVG_RESULT_MISUSE_API_KEYS_UNSUPPORTED,
/// EVG_RESULT_MISUSE_COMPANY_INVALID, EVG_RESULT_MISUSE_SCOPE_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_step_key_entered(
    connection: *mut EvgConnection,
    env: *const EvgEnv,
    key: EvgText,
    kind: u32,
    company: *const c_char,
    company_len: usize,
    scopes: *const EvgText,
    scope_count: usize,
    step: *mut *mut EvgStep,
) -> EvgResult {
    boundary(|| {
        let kind = EvgApiKeyKind::try_from(kind)?.into();
        // SAFETY: the caller's promise, for the array and for each text in it.
        let (key, company, scopes) = unsafe {
            let scopes: Result<Vec<String>, EvgResult> = items(scopes, scope_count)?
                .iter()
                .map(|scope: &EvgText| Ok(text(scope.data, scope.len)?.to_owned()))
                .collect();
            (foreign_text(key.data, key.len)?, optional_text(company, company_len)?, scopes?)
        };
        let key = Secret::from(&*key);
        let entered = ApiKey { key, kind, company: company.map(ToOwned::to_owned), scopes };
        // SAFETY: the caller's promise.
        unsafe { run(connection, env, step, Input::KeyEntered(entered)) }
    })
}

/// The first generation of the key of EVG_OUTPUT_KEY_ACCEPTED.
/// Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_key_generation(
    step: *const EvgStep,
    generation: *mut u64,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, generation, of!(Output::KeyAccepted { generation, .. } => *generation)) }
}

/// Whose the key is: to be shown to the person.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_key_company(
    step: *const EvgStep,
    company: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        field(step, company, of!(Output::KeyAccepted { company, .. } => company.as_str().into()))
    }
}

/// The scopes that the API tells of, separated by spaces.
/// Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_key_scope(
    step: *const EvgStep,
    scope: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, scope, of!(Output::KeyAccepted { scope, .. } => scope.as_str().into())) }
}

/// Whose a credential of EVG_OUTPUT_FAILED is that is another's; NULL data where that
/// is not known. Borrowed until the step is freed. Errors: EVG_RESULT_WRONG_KIND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_step_failed_company(
    step: *const EvgStep,
    company: *mut EvgText,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { field(step, company, of!(Output::Failed { failure, .. } => failure.company().into())) }
}

/// The company that the connection belongs to; NULL data where it is not known.
/// Borrowed until the connection's next step, or until it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_connection_company(
    connection: *const EvgConnection,
    company: *mut EvgText,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, connection) =
            unsafe { (Place::new(company)?, crate::handle::shared(connection)?) };
        place.write(EvgText::from(connection.machine()?.company()));
        Ok(())
    })
}

/// # Safety
/// As the header says of structs and texts.
unsafe fn read(binding: *const EvgCompanyBinding) -> Result<CompanyBinding, EvgResult> {
    // SAFETY: the caller's promise, for the struct and for each text in it.
    unsafe {
        let binding = crate::handle::shared(binding)?;
        let owned = |part: EvgText| text(part.data, part.len).map(ToOwned::to_owned);
        let maybe = |part: EvgText| {
            optional_text(part.data, part.len).map(|text| text.map(ToOwned::to_owned))
        };
        Ok(CompanyBinding {
            url: owned(binding.url)?,
            subject: owned(binding.subject)?,
            scope: maybe(binding.scope)?,
            company_prefix: owned(binding.company_prefix)?,
            organisation_prefix: maybe(binding.organisation_prefix)?,
        })
    }
}
