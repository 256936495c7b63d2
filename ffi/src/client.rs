//! `evg_client`: the registered OAuth client.

use crate::{
    boundary::boundary,
    handle::{self, Place, shared, text, unique},
    provider::EvgProvider,
    result::EvgResult,
    sealing::SealingChoice,
    tag::EvgAuthMethod,
};
use alloc::{borrow::ToOwned, string::String, sync::Arc, vec::Vec};
use core::ffi::c_char;
use evergrant::{Client, ClientConfig, Secret, TokenEndpointAuthMethod};

/// What is known of a client registration, to be checked by evg_client_new().
#[derive(Debug)]
pub struct EvgClientConfig {
    client_id: String,
    client_secret: Option<Secret>,
    previous_client_secret: Option<Secret>,
    method: Option<TokenEndpointAuthMethod>,
    redirect_uris: Vec<String>,
    scopes: Vec<String>,
    pub(crate) sealing: SealingChoice,
}

/// A registered client at a provider, shared by all its connections. Immutable:
/// it may be used from several threads.
#[derive(Debug)]
pub struct EvgClient(pub(crate) Arc<Client>);

/// Makes a client of a configuration, which is copied and stays yours, as does
/// the provider.
///
/// `*client` is yours, to be given to evg_client_free(). Errors: the
/// EVG_RESULT_MISUSE_ that names the setting at fault;
/// EVG_RESULT_SETTING_MISSING if no sealing was chosen, or older sealing keys were
/// given without an active one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_new(
    provider: *const EvgProvider,
    config: *const EvgClientConfig,
    client: *mut *mut EvgClient,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, provider, config) =
            unsafe { (Place::new(client)?, shared(provider)?, shared(config)?) };
        let checked = Client::new(
            Arc::clone(&provider.0),
            ClientConfig {
                client_id: config.client_id.clone(),
                client_secret: config.client_secret.clone(),
                previous_client_secret: config.previous_client_secret.clone(),
                token_endpoint_auth_method: config.method,
                redirect_uris: config.redirect_uris.clone(),
                scopes: config.scopes.clone(),
                sealing: config.sealing.made()?,
            },
        )?;
        place.write_handle(EvgClient(Arc::new(checked)));
        Ok(())
    })
}

/// Frees a client. NULL is allowed. Connections made with it stay good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_free(client: *mut EvgClient) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(client) }
}

/// Makes a configuration. The client id, a redirect URI and the sealing are
/// still to be set.
///
/// `*config` is yours, to be given to evg_client_config_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_new(config: *mut *mut EvgClientConfig) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { Place::new(config) }?;
        place.write_handle(EvgClientConfig {
            client_id: String::new(),
            client_secret: None,
            previous_client_secret: None,
            method: None,
            redirect_uris: Vec::new(),
            scopes: Vec::new(),
            sealing: SealingChoice::default(),
        });
        Ok(())
    })
}

/// Frees a configuration, and wipes its secrets unless a client still has them.
/// NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_free(config: *mut EvgClientConfig) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(config) }
}

/// Sets the client identifier (RFC 6749 section 2.2), 1 to 512 bytes. Required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_set_client_id(
    config: *mut EvgClientConfig,
    client_id: *const c_char,
    client_id_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        with_text(config, client_id, client_id_len, |config, id| config.client_id = id.into())
    }
}

/// Sets the client secret. Without it the client is a public one. Your own copy
/// is yours to wipe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_set_client_secret(
    config: *mut EvgClientConfig,
    secret: *const c_char,
    secret_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        with_text(config, secret, secret_len, |config, secret| {
            config.client_secret = Some(Secret::from(secret));
        })
    }
}

/// Sets the secret before, while both are good: it is tried where a server does not
/// know the new one yet, and the other way round.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_set_previous_client_secret(
    config: *mut EvgClientConfig,
    secret: *const c_char,
    secret_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        with_text(config, secret, secret_len, |config, secret| {
            config.previous_client_secret = Some(Secret::from(secret));
        })
    }
}

/// Sets how the client authenticates; `method` is an `evg_auth_method`. Default:
/// what the provider says for a client with a secret, and
/// EVG_AUTH_METHOD_NONE for one without. Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_set_auth_method(
    config: *mut EvgClientConfig,
    method: u32,
) -> EvgResult {
    boundary(|| {
        let method = EvgAuthMethod::try_from(method)?.into();
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.method = Some(method);
        Ok(())
    })
}

/// Adds a registered redirect URI. At least one is required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_add_redirect_uri(
    config: *mut EvgClientConfig,
    redirect_uri: *const c_char,
    redirect_uri_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        with_text(config, redirect_uri, redirect_uri_len, |config, uri| {
            config.redirect_uris.push(uri.to_owned());
        })
    }
}

/// Adds a registered scope. They are asked for in the order of adding.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_add_scope(
    config: *mut EvgClientConfig,
    scope: *const c_char,
    scope_len: usize,
) -> EvgResult {
    // SAFETY: the caller's promise.
    unsafe {
        with_text(config, scope, scope_len, |config, scope| config.scopes.push(scope.to_owned()))
    }
}

/// # Safety
/// As the header says of handles and texts.
unsafe fn with_text(
    config: *mut EvgClientConfig,
    data: *const c_char,
    len: usize,
    to: impl FnOnce(&mut EvgClientConfig, &str),
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (config, text) = unsafe { (unique(config)?, text(data, len)?) };
        to(config, text);
        Ok(())
    })
}
