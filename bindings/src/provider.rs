//! An authorization server and its API, as data.

use crate::{CompanyBinding, Pleo, Quirks, Refusal};
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
    /// Whether `http://localhost` may be a redirect URI.
    #[uniffi(default = false)]
    pub localhost_redirects: bool,
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
            localhost_redirects: config.localhost_redirects,
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
            localhost_redirects: config.localhost_redirects,
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

/// Mirrors an enum of core without fields, in both directions.
macro_rules! mirror {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl From<$name> for evergrant::$name {
            fn from(from: $name) -> Self {
                match from { $($name::$variant => Self::$variant,)* }
            }
        }

        impl From<evergrant::$name> for $name {
            fn from(from: evergrant::$name) -> Self {
                match from { $(evergrant::$name::$variant => Self::$variant,)* }
            }
        }
    };
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
    },
}

impl From<Disconnect> for evergrant::Disconnect {
    fn from(disconnect: Disconnect) -> Self {
        match disconnect {
            Disconnect::Forget => Self::Forget,
            Disconnect::Revocation { endpoint } => Self::Revocation { endpoint },
            Disconnect::ApiRequest { method, url } => {
                Self::ApiRequest { method: method.into(), url }
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
            From::ApiRequest { method, url } => Self::ApiRequest { method: method.into(), url },
        }
    }
}

/// What a refresh does at this provider. By default: the strictest reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RefreshPolicy {
    /// What becomes of the refresh token that was used. Absent: `Strict`, since
    /// an enum cannot be a default.
    #[uniffi(default = None)]
    pub rotation: Option<Rotation>,
    /// Whether the server keeps one family of tokens for each user and client.
    #[uniffi(default = false)]
    pub family_per_user: bool,
    /// Whether the access token before dies at once when a refresh succeeds.
    #[uniffi(default = true)]
    pub access_dies: bool,
    /// How long things take.
    #[uniffi(default)]
    pub timing: Timing,
}

impl From<RefreshPolicy> for evergrant::RefreshPolicy {
    fn from(policy: RefreshPolicy) -> Self {
        let RefreshPolicy { rotation, family_per_user, access_dies, timing } = policy;
        let rotation = rotation.unwrap_or(Rotation::Strict).into();
        Self { rotation, family_per_user, access_dies, timing: timing.into() }
    }
}

impl From<evergrant::RefreshPolicy> for RefreshPolicy {
    fn from(policy: evergrant::RefreshPolicy) -> Self {
        let evergrant::RefreshPolicy { rotation, family_per_user, access_dies, timing } = policy;
        // As the default has it: absent is strict.
        let strict = rotation == evergrant::Rotation::Strict;
        let rotation = (!strict).then(|| rotation.into());
        Self { rotation, family_per_user, access_dies, timing: timing.into() }
    }
}

/// What becomes of a refresh token that was used (RFC 9700 §4.14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Rotation {
    /// Good once; a replay revokes the whole grant.
    Strict,
    /// Good once; a replay is refused and harms nothing else.
    SingleUse,
    /// For a while a replay brings the same successor again.
    SameSuccessor,
    /// For a while a replay brings another successor; all of them are good.
    Siblings,
    /// A replay brings another successor, and the one before is dead.
    NewestWins,
    /// It stays as it is.
    None,
}

impl From<Rotation> for evergrant::Rotation {
    fn from(rotation: Rotation) -> Self {
        match rotation {
            Rotation::Strict => Self::Strict,
            Rotation::SingleUse => Self::SingleUse,
            Rotation::SameSuccessor => Self::SameSuccessor,
            Rotation::Siblings => Self::Siblings,
            Rotation::NewestWins => Self::NewestWins,
            Rotation::None => Self::None,
        }
    }
}

impl From<evergrant::Rotation> for Rotation {
    fn from(rotation: evergrant::Rotation) -> Self {
        use evergrant::Rotation as From;
        match rotation {
            From::Strict => Self::Strict,
            From::SingleUse => Self::SingleUse,
            From::SameSuccessor => Self::SameSuccessor,
            From::Siblings => Self::Siblings,
            From::NewestWins => Self::NewestWins,
            From::None => Self::None,
        }
    }
}

/// The timing row of the refresh protocol, in milliseconds. By default: for a
/// server that revokes a grant when a spent refresh token is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Timing {
    /// W: from before the intent is written to the first byte sent.
    #[uniffi(default = 3000)]
    pub send_within: u64,
    /// T: how long an answer is listened for.
    #[uniffi(default = 60000)]
    pub listen_for: u64,
    /// D: the longest that the server may take to start on a request (assumed).
    #[uniffi(default = 59000)]
    pub start_within: u64,
    /// S: from the answer to its being stored.
    #[uniffi(default = 12000)]
    pub save_within: u64,
    /// A: after this, counted on its own clock, an observer takes over.
    #[uniffi(default = 90000)]
    pub takeover_after: u64,
}

impl From<Timing> for evergrant::Timing {
    fn from(timing: Timing) -> Self {
        let Timing { send_within, listen_for, start_within, save_within, takeover_after } = timing;
        Self { send_within, listen_for, start_within, save_within, takeover_after }
    }
}

impl From<evergrant::Timing> for Timing {
    fn from(timing: evergrant::Timing) -> Self {
        let evergrant::Timing {
            send_within,
            listen_for,
            start_within,
            save_within,
            takeover_after,
        } = timing;
        Self { send_within, listen_for, start_within, save_within, takeover_after }
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
}

impl Provider {
    pub(crate) fn inner(&self) -> Arc<evergrant::Provider> {
        Arc::clone(&self.0)
    }
}
