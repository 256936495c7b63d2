//! `evg_provider`: an authorization server and its API, as data.

use crate::{
    boundary::boundary,
    handle::{self, Place, shared, text, unique},
    owned::EvgOwned,
    result::EvgResult,
    tag::{EvgAuthMethod, EvgIss, EvgMethod, EvgPleo, EvgRedirectRules},
};
use alloc::{borrow::ToOwned as _, string::String, sync::Arc};
use core::ffi::c_char;
use evergrant::{Disconnect, Pleo, Provider, ProviderConfig};

/// What is known of a provider, to be checked by evg_provider_new().
#[derive(Debug)]
pub struct EvgProviderConfig(pub(crate) ProviderConfig);

/// A provider whose data have been checked. Immutable: it may be used from
/// several threads.
#[derive(Debug)]
pub struct EvgProvider(pub(crate) Arc<Provider>);

/// Makes Pleo's staging or production environment.
///
/// `environment` is an `evg_pleo`. `*provider` is yours, to be given to
/// evg_provider_free(). Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_new_pleo(
    environment: u32,
    provider: *mut *mut EvgProvider,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { Place::new(provider) }?;
        let checked = Provider::pleo(Pleo::from(EvgPleo::try_from(environment)?))?;
        place.write_handle(EvgProvider(Arc::new(checked)));
        Ok(())
    })
}

/// Makes a provider of a configuration, which is copied and stays yours.
///
/// `*provider` is yours, to be given to evg_provider_free(). Errors: the
/// EVG_RESULT_MISUSE_ that names the setting at fault.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_new(
    config: *const EvgProviderConfig,
    provider: *mut *mut EvgProvider,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, config) = unsafe { (Place::new(provider)?, shared(config)?) };
        let checked = Provider::new(config.0.clone())?;
        place.write_handle(EvgProvider(Arc::new(checked)));
        Ok(())
    })
}

/// Frees a provider. NULL is allowed. Clients made with it stay good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_free(provider: *mut EvgProvider) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(provider) }
}

/// Makes a configuration for a server of which nothing is known: the strictest
/// reading of everything. The environment, both endpoints and the API origin
/// are still to be set.
///
/// `*config` is yours, to be given to evg_provider_config_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_new(config: *mut *mut EvgProviderConfig) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { Place::new(config) }?;
        place.write_handle(EvgProviderConfig(ProviderConfig::default()));
        Ok(())
    })
}

/// Makes a configuration of the data of one of Pleo's environments, to be changed where
/// a test needs it; `environment` is an `evg_pleo`.
///
/// `*config` is yours, to be given to evg_provider_config_free().
/// Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_new_pleo(
    environment: u32,
    config: *mut *mut EvgProviderConfig,
) -> EvgResult {
    boundary(|| {
        let environment = Pleo::from(EvgPleo::try_from(environment)?);
        // SAFETY: the caller's promise.
        let place = unsafe { Place::new(config) }?;
        place.write_handle(EvgProviderConfig(environment.config()));
        Ok(())
    })
}

/// What to `POST` to, as any API call, once the first synchronisation with Pleo is
/// done: the installation is then active. `environment` is an `evg_pleo`.
///
/// `*url` is yours, to be given to evg_owned_free(). Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_pleo_activation_url(
    environment: u32,
    url: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        let environment = Pleo::from(EvgPleo::try_from(environment)?);
        // SAFETY: the caller's promise.
        let place = unsafe { Place::new(url) }?;
        place.write_handle(EvgOwned::from(environment.activation_url().as_str()));
        Ok(())
    })
}

/// Frees a configuration. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_free(config: *mut EvgProviderConfig) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(config) }
}

/// Names this deployment: 1 to 64 printable ASCII characters, part of every
/// store key. Required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_environment(
    config: *mut EvgProviderConfig,
    environment: *const c_char,
    environment_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { set(config, environment, environment_len, |config, text| config.environment = text) }
}

/// Sets the issuer identifier (RFC 8414 section 2). Without it the issuer is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_issuer(
    config: *mut EvgProviderConfig,
    issuer: *const c_char,
    issuer_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { set(config, issuer, issuer_len, |config, text| config.issuer = Some(text)) }
}

/// Sets what an `iss` in the redirect must do: an `evg_iss`. Default:
/// EVG_ISS_IF_PRESENT. Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_iss(
    config: *mut EvgProviderConfig,
    iss: u32,
) -> EvgResult {
    boundary(|| {
        let iss = EvgIss::try_from(iss)?.into();
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.iss = iss;
        Ok(())
    })
}

/// Sets where the person is sent (RFC 6749 section 3.1). Required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_authorization_endpoint(
    config: *mut EvgProviderConfig,
    url: *const c_char,
    url_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { set(config, url, url_len, |config, text| config.authorization_endpoint = text) }
}

/// Sets where codes and refresh tokens are exchanged (RFC 6749 section 3.2).
/// Required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_token_endpoint(
    config: *mut EvgProviderConfig,
    url: *const c_char,
    url_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { set(config, url, url_len, |config, text| config.token_endpoint = text) }
}

/// Sets where the server says whether a token is live (RFC 7662). It is asked only
/// when a refresh token may have been used up already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_introspection_endpoint(
    config: *mut EvgProviderConfig,
    url: *const c_char,
    url_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { set(config, url, url_len, |config, text| config.introspection_endpoint = Some(text)) }
}

/// Sets the revocation endpoint (RFC 7009), by which a grant is ended at the
/// server. Without it the tokens are forgotten here only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_revocation_endpoint(
    config: *mut EvgProviderConfig,
    url: *const c_char,
    url_len: usize,
) -> EvgResult {
    let revocation = |endpoint| Disconnect::Revocation { endpoint };
    // SAFETY: the caller's promise.
    unsafe { set(config, url, url_len, |config, text| config.disconnect = revocation(text)) }
}

/// Sets a request of the provider's own to its API, made with the access token, by
/// which a grant is ended at the server; a 404 counts as done. `method` is an
/// `evg_method`, and the URL is on the API's origin. `spares_others` says whether it is
/// known to end no other company's grant; only then is it also sent, unasked, for a
/// credential of a company that was not meant. It takes the place of
/// evg_provider_config_set_revocation_endpoint(), and the other way round.
/// Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_disconnect_request(
    config: *mut EvgProviderConfig,
    method: u32,
    url: *const c_char,
    url_len: usize,
    spares_others: bool,
) -> EvgResult {
    boundary(|| {
        let method = EvgMethod::try_from(method)?.into();
        // SAFETY: the caller's promise.
        let (config, url) = unsafe { (unique(config)?, text(url, url_len)?) };
        config.0.disconnect = Disconnect::ApiRequest { method, url: url.to_owned(), spares_others };
        Ok(())
    })
}

/// Sets scheme, host and port of the API; access tokens go nowhere else.
/// Required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_api_origin(
    config: *mut EvgProviderConfig,
    origin: *const c_char,
    origin_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { set(config, origin, origin_len, |config, text| config.api_origin = text) }
}

/// Sets the `resource` (RFC 8707) that is sent on authorize, exchange and refresh.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_resource(
    config: *mut EvgProviderConfig,
    resource: *const c_char,
    resource_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe { set(config, resource, resource_len, |config, text| config.resource = Some(text)) }
}

/// Adds a parameter that this provider wants on every authorization request; not a
/// secret, since it stands in a URL. They are sent in the order of adding, at most 32.
/// evg_provider_new() refuses the names that the protocol uses itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_add_authorize_parameter(
    config: *mut EvgProviderConfig,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (config, name, value) =
            unsafe { (unique(config)?, text(name, name_len)?, text(value, value_len)?) };
        config.0.authorize_parameters.push((name.to_owned(), value.to_owned()));
        Ok(())
    })
}

/// Sets how a client with a secret authenticates unless it says otherwise;
/// `method` is an `evg_auth_method`. Default: EVG_AUTH_METHOD_CLIENT_SECRET_BASIC.
/// Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_auth_method(
    config: *mut EvgProviderConfig,
    method: u32,
) -> EvgResult {
    boundary(|| {
        let method = EvgAuthMethod::try_from(method)?.into();
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.token_endpoint_auth_method = method;
        Ok(())
    })
}

/// Sets which redirect URIs the server registers, and how it compares them: an
/// `evg_redirect_rules`. Default: EVG_REDIRECT_RULES_NATIVE_APPS.
/// Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_redirects(
    config: *mut EvgProviderConfig,
    rules: u32,
) -> EvgResult {
    boundary(|| {
        let rules = EvgRedirectRules::try_from(rules)?.into();
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.redirects = rules;
        Ok(())
    })
}

/// Sets whether plain `http` to a literal loopback address is good enough for
/// endpoints and API: for development and tests only. Default: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_provider_config_set_loopback_http(
    config: *mut EvgProviderConfig,
    allowed: bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.0.loopback_http = allowed;
        Ok(())
    })
}

/// Sets one text.
///
/// # Safety
/// As the header says of handles and texts.
pub(crate) unsafe fn set(
    config: *mut EvgProviderConfig,
    data: *const c_char,
    len: usize,
    to: impl FnOnce(&mut ProviderConfig, String),
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (config, text) = unsafe { (unique(config)?, text(data, len)?) };
        to(&mut config.0, text.to_owned());
        Ok(())
    })
}
