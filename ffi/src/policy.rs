//! How a provider's server behaves: refreshes, limits, and where its answers stray.

use crate::{
    boundary::boundary,
    handle::unique,
    provider::{EvgProviderConfig, set},
    result::EvgResult,
    tag::EvgRotation,
};
use core::ffi::c_char;
use evergrant::Timing;

/// Sets whether the access token before dies at once when a refresh succeeds.
/// Default: true.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_access_dies(
    config: *mut EvgProviderConfig,
    dies: bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.refresh.access_dies = dies;
        Ok(())
    })
}

/// Sets what becomes of a refresh token that was used: an `evg_rotation`.
/// Default: EVG_ROTATION_STRICT. Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_rotation(
    config: *mut EvgProviderConfig,
    rotation: u32,
) -> EvgResult {
    boundary(|| {
        let rotation = EvgRotation::try_from(rotation)?.into();
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.refresh.rotation = rotation;
        Ok(())
    })
}

/// Sets whether the server keeps one family of tokens for each user and client,
/// so that the replay of an old grant's token kills a newer grant. Default: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_family_per_user(
    config: *mut EvgProviderConfig,
    per_user: bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.refresh.family_per_user = per_user;
        Ok(())
    })
}

/// Sets whether a refreshed token may be served before the store has taken it,
/// once the store has failed to answer. Default: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_release_unsaved(
    config: *mut EvgProviderConfig,
    release: bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.release_unsaved = release;
        Ok(())
    })
}

/// Sets how long a refresh takes, all in milliseconds from 1 to 3,600,000:
/// `send_within` from before its mark is stored to its first byte sent,
/// `listen_for` an answer, `start_within` which the server begins on it,
/// `save_within` which the answer is stored, and `takeover_after` which another
/// process may take over. evg_provider_new() wants `listen_for` above
/// `start_within`, and `takeover_after` above both sums of what goes before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_timing(
    config: *mut EvgProviderConfig,
    send_within: u64,
    listen_for: u64,
    start_within: u64,
    save_within: u64,
    takeover_after: u64,
) -> EvgResult {
    let timing = Timing { send_within, listen_for, start_within, save_within, takeover_after };
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.refresh.timing = timing;
        Ok(())
    })
}

/// Sets how long a person may take to authorize, in milliseconds. Default:
/// 600,000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_authorization_lifetime(
    config: *mut EvgProviderConfig,
    lifetime: u64,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.authorization_lifetime = lifetime;
        Ok(())
    })
}

/// Sets the largest answer that is read, in bytes; at least 1,024. Default: 65,536.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_answer_limit(
    config: *mut EvgProviderConfig,
    answer_limit: u32,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.answer_limit = answer_limit;
        Ok(())
    })
}

/// Sets whether `token_type` may be absent from a token answer, and the token is then
/// `Bearer`. Else such a token is stored but never served. Default: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_token_type_optional(
    config: *mut EvgProviderConfig,
    optional: bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.quirks.token_type_optional = optional;
        Ok(())
    })
}

/// Sets whether token answers may be form-encoded. Else such tokens are stored but
/// never served, and such errors say nothing. Default: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_form_encoded_answers(
    config: *mut EvgProviderConfig,
    allowed: bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.quirks.form_encoded_answers = allowed;
        Ok(())
    })
}

/// Sets whether commas separate the scopes of a token answer. Else a comma is a
/// character of a scope like any other. Default: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_comma_separated_scopes(
    config: *mut EvgProviderConfig,
    commas: bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.quirks.comma_separated_scopes = commas;
        Ok(())
    })
}

/// Adds an `error` name that means `invalid_grant` here. At most 16, of 1 to 64
/// printable ASCII characters; checked by evg_provider_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_add_invalid_grant_error(
    config: *mut EvgProviderConfig,
    error: *const c_char,
    error_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        set(config, error, error_len, |config, error| {
            config.quirks.invalid_grant_errors.push(error);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evergrant::ProviderConfig;

    type Setter = unsafe extern "C" fn(*mut EvgProviderConfig, bool) -> EvgResult;
    type Field = fn(&mut ProviderConfig) -> &mut bool;

    /// Transcripts set several at once, and would not see two that are mixed up.
    #[test]
    fn a_setter_changes_its_own_setting_and_no_other() {
        let settings: &[(Setter, Field)] = &[
            (evg_provider_config_set_access_dies, |it| &mut it.refresh.access_dies),
            (evg_provider_config_set_family_per_user, |it| &mut it.refresh.family_per_user),
            (evg_provider_config_set_release_unsaved, |it| &mut it.release_unsaved),
            (evg_provider_config_set_token_type_optional, |it| &mut it.quirks.token_type_optional),
            (evg_provider_config_set_form_encoded_answers, |it| {
                &mut it.quirks.form_encoded_answers
            }),
            (evg_provider_config_set_comma_separated_scopes, |it| {
                &mut it.quirks.comma_separated_scopes
            }),
        ];
        for (set, field) in settings {
            let mut config = EvgProviderConfig(ProviderConfig::default());
            let mut expected = ProviderConfig::default();
            let changed = !*field(&mut expected);
            *field(&mut expected) = changed;
            // SAFETY: the configuration is our own.
            assert_eq!(unsafe { set(&raw mut config, changed) }, EvgResult::Ok);
            assert_eq!(config.0, expected);
        }
    }
}
