//! An authorization server and its API, as data.

use crate::{CompanyBinding, Pleo, Quirks, RefreshPolicy, Refusal, mirror::mirror};
use std::sync::Arc;

/// What is known of a provider.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ProviderConfig {
    /// A name for this deployment, part of every store key. 1 to 64 printable
    /// ASCII characters.
    pub environment: String,
    /// The issuer identifier (RFC 8414 §2), where it is known.
    #[uniffi(default = None)]
    pub issuer: Option<String>,
    /// What an `iss` parameter in the redirect must do (RFC 9207).
    pub iss: IssPolicy,
    /// Where the person is sent (RFC 6749 §3.1).
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens are exchanged (RFC 6749 §3.2).
    pub token_endpoint: String,
    /// Where the server says whether a token is live (RFC 7662). Asked only when a
    /// refresh token may have been used up already.
    #[uniffi(default = None)]
    pub introspection_endpoint: Option<String>,
    /// How a grant is ended at the server.
    pub disconnect: Disconnect,
    /// Scheme, host and port of the API; access tokens go nowhere else.
    pub api_origin: String,
    /// How the company of a new grant is learnt, where a connection belongs to one.
    #[uniffi(default = None)]
    pub company: Option<CompanyBinding>,
    /// How the company of an API key is learnt, where there are such keys.
    #[uniffi(default = None)]
    pub api_keys: Option<CompanyBinding>,
    /// The `resource` of RFC 8707, sent on authorize, exchange and refresh.
    #[uniffi(default = None)]
    pub resource: Option<String>,
    /// Parameters that this provider wants on every authorization request.
    #[uniffi(default = [])]
    pub authorize_parameters: Vec<Parameter>,
    /// How a client with a secret authenticates unless it says otherwise.
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// Where this server's token answers stray from the RFC, and are meant.
    #[uniffi(default)]
    pub quirks: Quirks,
    /// Which redirect URIs the server registers, and how it compares them. Absent:
    /// `NativeApps`.
    #[uniffi(default = None)]
    pub redirects: Option<RedirectRules>,
    /// Whether plain `http` to a literal loopback address is good enough for
    /// endpoints and API: for development and tests only.
    #[uniffi(default = false)]
    pub loopback_http: bool,
    /// What a refresh does to the tokens before it, and how long things take.
    #[uniffi(default)]
    pub refresh: RefreshPolicy,
    /// Whether a refreshed token may be served before the store has taken it.
    #[uniffi(default = false)]
    pub release_unsaved: bool,
    /// How long a person may take to authorize, in milliseconds.
    #[uniffi(default = 600000)]
    pub authorization_lifetime: u64,
    /// The largest answer that is read, in bytes; at least 1,024.
    #[uniffi(default = 65536)]
    pub answer_limit: u32,
}

impl From<ProviderConfig> for evergrant::ProviderConfig {
    fn from(config: ProviderConfig) -> Self {
        Self {
            environment: config.environment,
            issuer: config.issuer,
            iss: config.iss.into(),
            authorization_endpoint: config.authorization_endpoint,
            token_endpoint: config.token_endpoint,
            introspection_endpoint: config.introspection_endpoint,
            disconnect: config.disconnect.into(),
            api_origin: config.api_origin,
            company: config.company.map(Into::into),
            api_keys: config.api_keys.map(Into::into),
            resource: config.resource,
            authorize_parameters: config.authorize_parameters.into_iter().map(Into::into).collect(),
            token_endpoint_auth_method: config.token_endpoint_auth_method.into(),
            quirks: config.quirks.into(),
            redirects: config.redirects.unwrap_or(RedirectRules::NativeApps).into(),
            loopback_http: config.loopback_http,
            refresh: config.refresh.into(),
            release_unsaved: config.release_unsaved,
            authorization_lifetime: config.authorization_lifetime,
            answer_limit: config.answer_limit,
        }
    }
}

impl From<evergrant::ProviderConfig> for ProviderConfig {
    fn from(config: evergrant::ProviderConfig) -> Self {
        Self {
            environment: config.environment,
            issuer: config.issuer,
            iss: config.iss.into(),
            authorization_endpoint: config.authorization_endpoint,
            token_endpoint: config.token_endpoint,
            introspection_endpoint: config.introspection_endpoint,
            disconnect: config.disconnect.into(),
            api_origin: config.api_origin,
            company: config.company.map(Into::into),
            api_keys: config.api_keys.map(Into::into),
            resource: config.resource,
            authorize_parameters: config.authorize_parameters.into_iter().map(Into::into).collect(),
            token_endpoint_auth_method: config.token_endpoint_auth_method.into(),
            quirks: config.quirks.into(),
            // As the default has it: absent is `NativeApps`.
            redirects: (config.redirects != evergrant::RedirectRules::NativeApps)
                .then(|| config.redirects.into()),
            loopback_http: config.loopback_http,
            refresh: config.refresh.into(),
            release_unsaved: config.release_unsaved,
            authorization_lifetime: config.authorization_lifetime,
            answer_limit: config.answer_limit,
        }
    }
}

/// A parameter of the authorization request.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value; not a secret, since it stands in a URL.
    pub value: String,
}

impl From<Parameter> for (String, String) {
    fn from(Parameter { name, value }: Parameter) -> Self {
        (name, value)
    }
}

impl From<(String, String)> for Parameter {
    fn from((name, value): (String, String)) -> Self {
        Self { name, value }
    }
}

mirror! {
    /// Which redirect URIs a server registers, and how it compares them.
    RedirectRules {
        /// `https`, a literal loopback address whose port is free, and private-use
        /// schemes (RFC 8252 §7).
        NativeApps,
        /// The same, and `http://localhost` with its port, as registered.
        NativeAppsOrLocalhost,
        /// `https` to another machine and nothing else, byte for byte.
        Https,
        /// `https`, or `http` to the developer's own machine; byte for byte, ports too.
        HttpsOrOwnMachine,
    }
}

mirror! {
    /// What the `iss` parameter of a redirect must do (RFC 9207).
    IssPolicy {
        /// It must be there and equal the issuer.
        Required,
        /// If it is there it must equal the issuer: where that is not known, a
        /// redirect that names one is refused (RFC 9207 §2.4).
        IfPresent,
        /// It is not looked at.
        Ignored,
    }
}

mirror! {
    /// How a client proves itself at the token endpoint (RFC 7591 §2).
    TokenEndpointAuthMethod {
        /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
        ClientSecretBasic,
        /// `client_id` and `client_secret` in the body.
        ClientSecretPost,
        /// A public client: `client_id` in the body, no secret.
        None,
    }
}

mirror! {
    /// The methods that the lifecycle needs.
    Method {
        /// `GET`
        Get,
        /// `POST`
        Post,
        /// `DELETE`
        Delete,
    }
}

/// How a grant is ended at the server.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Disconnect {
    /// There is no way; the tokens are forgotten here.
    Forget,
    /// A revocation endpoint (RFC 7009).
    Revocation {
        /// Its URL.
        endpoint: String,
    },
    /// A request of the provider's own to its API, with the access token.
    ApiRequest {
        /// The method.
        method: Method,
        /// The URL, on the API origin.
        url: String,
        /// Whether it is known to end no other company's grant. Only then is it also
        /// sent, unasked, for a credential of a company that was not meant.
        spares_others: bool,
    },
}

impl From<Disconnect> for evergrant::Disconnect {
    fn from(disconnect: Disconnect) -> Self {
        match disconnect {
            Disconnect::Forget => Self::Forget,
            Disconnect::Revocation { endpoint } => Self::Revocation { endpoint },
            Disconnect::ApiRequest { method, url, spares_others } => {
                Self::ApiRequest { method: method.into(), url, spares_others }
            }
        }
    }
}

impl From<evergrant::Disconnect> for Disconnect {
    fn from(disconnect: evergrant::Disconnect) -> Self {
        use evergrant::Disconnect as From;
        match disconnect {
            From::Forget => Self::Forget,
            From::Revocation { endpoint } => Self::Revocation { endpoint },
            From::ApiRequest { method, url, spares_others } => {
                Self::ApiRequest { method: method.into(), url, spares_others }
            }
        }
    }
}

/// A provider whose data have been checked.
#[derive(Debug, uniffi::Object)]
#[uniffi::export(Debug)]
pub struct Provider(Arc<evergrant::Provider>);

#[uniffi::export]
impl Provider {
    /// Checks the data.
    ///
    /// Throws a `misuse_…` code that names the field at fault.
    #[uniffi::constructor]
    pub fn new(config: ProviderConfig) -> Result<Self, Refusal> {
        Ok(Self(Arc::new(evergrant::Provider::new(config.into())?)))
    }

    /// Pleo's staging or production environment.
    #[uniffi::constructor]
    pub fn pleo(environment: Pleo) -> Result<Self, Refusal> {
        Ok(Self(Arc::new(evergrant::Provider::pleo(environment.into())?)))
    }

    /// Whether a URL is of the API's origin, over a protected channel: where a token
    /// may go, whatever there is to be sent.
    ///
    /// Throws nothing but a panic.
    pub fn is_api_url(&self, url: &str) -> Result<bool, Refusal> {
        Ok(self.0.is_api_url(url))
    }
}

impl Provider {
    pub(crate) fn inner(&self) -> Arc<evergrant::Provider> {
        Arc::clone(&self.0)
    }
}
