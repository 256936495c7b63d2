//! The registered OAuth client.

use crate::{Provider, Refusal, Sealing, Secret, TokenEndpointAuthMethod};
use std::sync::Arc;

/// What is known of a client registration.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ClientConfig {
    /// The client identifier (RFC 6749 §2.2).
    pub client_id: String,
    /// The client secret; none for a public client.
    #[uniffi(default = None)]
    pub client_secret: Option<Arc<Secret>>,
    /// The secret before, while both are good.
    #[uniffi(default = None)]
    pub previous_client_secret: Option<Arc<Secret>>,
    /// How the client authenticates; none takes the provider's default for a
    /// client with a secret, and `None` for one without.
    #[uniffi(default = None)]
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// The registered redirect URIs.
    pub redirect_uris: Vec<String>,
    /// The registered scopes, in the order in which they are asked for.
    pub scopes: Vec<String>,
    /// How records are protected in the store.
    pub sealing: Arc<Sealing>,
}

/// A registered OAuth client at a provider; shared by all its connections.
#[derive(Debug, uniffi::Object)]
#[uniffi::export(Debug)]
pub struct Client(Arc<evergrant::Client>);

#[uniffi::export]
impl Client {
    /// Checks the registration against the provider.
    ///
    /// Throws a `misuse_…` code that names the field at fault.
    #[uniffi::constructor]
    pub fn new(provider: &Provider, config: ClientConfig) -> Result<Self, Refusal> {
        let config = evergrant::ClientConfig {
            client_id: config.client_id,
            client_secret: config.client_secret.map(|secret| secret.inner().clone()),
            previous_client_secret: config
                .previous_client_secret
                .map(|secret| secret.inner().clone()),
            token_endpoint_auth_method: config.token_endpoint_auth_method.map(Into::into),
            redirect_uris: config.redirect_uris,
            scopes: config.scopes,
            sealing: config.sealing.inner().clone(),
        };
        Ok(Self(Arc::new(evergrant::Client::new(provider.inner(), config)?)))
    }
}

impl Client {
    pub(crate) fn inner(&self) -> &Arc<evergrant::Client> {
        &self.0
    }
}
