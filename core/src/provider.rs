//! An authorization server and its API, as data.

use crate::{
    company::CompanyBinding,
    failure::Misuse,
    http::Method,
    policy::RefreshPolicy,
    uri::{self, Origin, RedirectKind, is_endpoint},
};
use alloc::{string::String, vec::Vec};

/// What is known of a provider, to be checked by [`Provider::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderConfig {
    /// A name for this deployment, part of every store key: records of one
    /// environment are refused in another. 1 to 64 printable ASCII characters.
    pub environment: String,
    /// The issuer identifier (RFC 8414 §2), where it is known.
    pub issuer: Option<String>,
    /// What an `iss` parameter in the redirect must do (RFC 9207).
    pub iss: IssPolicy,
    /// Where the person is sent (RFC 6749 §3.1).
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens are exchanged (RFC 6749 §3.2).
    pub token_endpoint: String,
    /// Where the server says whether a token is live (RFC 7662), where it does.
    /// Asked only when a refresh token may have been used up already.
    pub introspection_endpoint: Option<String>,
    /// How a grant is ended at the server.
    pub disconnect: Disconnect,
    /// Scheme, host and port of the API; access tokens go nowhere else.
    pub api_origin: String,
    /// How the company of a new grant is learnt, where a connection belongs to one.
    pub company: Option<CompanyBinding>,
    /// How the company of an API key is learnt, where there are such keys.
    pub api_keys: Option<CompanyBinding>,
    /// The `resource` of RFC 8707, sent on authorize, exchange and refresh.
    pub resource: Option<String>,
    /// Parameters that this provider wants on every authorization request.
    pub authorize_parameters: Vec<(String, String)>,
    /// How a client with a secret authenticates unless it says otherwise.
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// Where this server's token answers stray from the RFC, and are meant.
    pub quirks: Quirks,
    /// Which redirect URIs the server registers, and how it compares them.
    pub redirects: RedirectRules,
    /// Whether plain `http` to a literal loopback address is good enough for
    /// endpoints and API: for development and tests only.
    pub loopback_http: bool,
    /// What a refresh does to the tokens before it, and how long things take.
    pub refresh: RefreshPolicy,
    /// Whether a refreshed token may be served before the store has taken it,
    /// once the store has failed to answer. Off: nobody is told before it is saved.
    pub release_unsaved: bool,
    /// How long a person may take to authorize, in milliseconds; at most 30 days.
    pub authorization_lifetime: u64,
    /// The largest answer that is read, in bytes; at least 1,024.
    pub answer_limit: u32,
}

impl Default for ProviderConfig {
    /// For a server of which nothing is known: the strictest reading of its tokens and
    /// answers, and the redirect URIs of web and native apps alike (RFC 8252). The
    /// environment, the endpoints and the API origin are still to be filled in.
    fn default() -> Self {
        Self {
            environment: String::new(),
            issuer: None,
            iss: IssPolicy::IfPresent,
            authorization_endpoint: String::new(),
            token_endpoint: String::new(),
            introspection_endpoint: None,
            disconnect: Disconnect::Forget,
            api_origin: String::new(),
            company: None,
            api_keys: None,
            resource: None,
            authorize_parameters: Vec::new(),
            token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
            quirks: Quirks::default(),
            redirects: RedirectRules::NativeApps,
            loopback_http: false,
            refresh: RefreshPolicy::STRICT,
            release_unsaved: false,
            authorization_lifetime: 600_000,
            answer_limit: 65_536,
        }
    }
}

/// Where a server's token answers stray from RFC 6749 §5 in a way that can only be
/// believed if it is known to be meant. The default believes none; what costs no
/// safety (a text for a number, a list of scopes, a byte order mark, ...) is believed
/// of any server. Either way a [`crate::Notice::AnswerDeviates`] tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Whether `token_type` may be absent, and the token is then `Bearer`. Else such a
    /// token is stored but never served: it may need a proof that is not sent.
    pub token_type_optional: bool,
    /// Whether answers may be form-encoded (GitHub's are by default). Else such tokens
    /// are stored but never served, and such errors say nothing.
    pub form_encoded_answers: bool,
    /// Whether commas separate the scopes of an answer. Else a comma is a character
    /// of a scope like any other (RFC 6749 §3.3).
    pub comma_separated_scopes: bool,
    /// Further `error` names that mean `invalid_grant`, such as GitHub's
    /// `bad_refresh_token`. At most 16, of 1 to 64 printable ASCII characters.
    pub invalid_grant_errors: Vec<String>,
}

impl Quirks {
    fn is_sound(&self) -> bool {
        let sound = |name: &String| {
            (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
        };
        self.invalid_grant_errors.len() <= 16 && self.invalid_grant_errors.iter().all(sound)
    }
}

/// What the `iss` parameter of a redirect must do (RFC 9207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssPolicy {
    /// It must be there and equal the issuer.
    Required,
    /// If it is there it must equal the issuer: where that is not known, a redirect
    /// that names one is refused (RFC 9207 §2.4).
    IfPresent,
    /// It is not looked at. Only for a client that has to do with one authorization
    /// server, or that has a redirect URI for each.
    Ignored,
}

/// Which redirect URIs a server registers, and how it compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectRules {
    /// `https`, a literal loopback address whose port is free, and private-use schemes
    /// (RFC 8252 §7).
    NativeApps,
    /// The same, and `http://localhost` with its port, as registered (RFC 8252 §8.3
    /// advises against).
    NativeAppsOrLocalhost,
    /// `https` to another machine and nothing else, byte for byte (RFC 9700 §2.1).
    Https,
    /// `https`, or `http` to the developer's own machine; byte for byte, ports too.
    HttpsOrOwnMachine,
}

impl RedirectRules {
    /// Whether this may be registered as a redirect URI.
    pub(crate) fn allow(self, redirect_uri: &str) -> bool {
        let Some(kind) = uri::redirect_kind(redirect_uri) else { return false };
        match self {
            Self::NativeApps => kind != RedirectKind::Localhost,
            Self::NativeAppsOrLocalhost => true,
            Self::Https => kind == RedirectKind::Web,
            Self::HttpsOrOwnMachine => kind != RedirectKind::PrivateScheme,
        }
    }

    /// Whether what is asked for is what was registered.
    pub(crate) fn same(self, registered: &str, asked: &str) -> bool {
        match self {
            Self::NativeApps | Self::NativeAppsOrLocalhost => {
                uri::redirect_matches(registered, asked)
            }
            Self::Https | Self::HttpsOrOwnMachine => registered == asked,
        }
    }
}

/// How a grant is ended at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// There is no way; the tokens are forgotten here.
    Forget,
    /// A revocation endpoint (RFC 7009).
    Revocation {
        /// Its URL.
        endpoint: String,
    },
    /// A request of the provider's own to its API, with the access token.
    /// A 404 counts as done.
    ApiRequest {
        /// The method.
        method: Method,
        /// The URL, on the API origin.
        url: String,
        /// Whether it is known to end no other company's grant. Only then is it also
        /// sent, unasked, for a credential of a company that was not meant: what a
        /// person ends is his own doing.
        spares_others: bool,
    },
}

impl Disconnect {
    /// Whether tokens can be revoked one by one, by the client and not by the token.
    pub(crate) const fn is_revocation(&self) -> bool {
        matches!(self, Self::Revocation { .. })
    }
}

/// How a client proves itself at the token endpoint (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenEndpointAuthMethod {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// A public client: `client_id` in the body, no secret.
    None,
}

/// A provider whose data have been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider(ProviderConfig);

impl Provider {
    /// Checks the data.
    ///
    /// # Errors
    /// [`Misuse::EnvironmentInvalid`], [`Misuse::EndpointInvalid`],
    /// [`Misuse::IssuerMissing`], [`Misuse::TimingInvalid`], [`Misuse::QuirkInvalid`],
    /// [`Misuse::AnswerLimitInvalid`], [`Misuse::CompanyBindingInvalid`] or, for the extra
    /// parameters, [`Misuse::ParameterInvalid`] and, for one of the protocol's own among
    /// them, [`Misuse::ParameterReserved`].
    pub fn new(config: ProviderConfig) -> Result<Self, Misuse> {
        let endpoint = |url: &str| is_endpoint(url, config.loopback_http);
        let name = config.environment.as_str();
        if name.is_empty() || name.len() > 64 || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Misuse::EnvironmentInvalid);
        }
        let api = Origin::of(&config.api_origin).ok_or(Misuse::EndpointInvalid)?;
        let disconnect = match &config.disconnect {
            Disconnect::Forget => true,
            Disconnect::Revocation { endpoint: url } => endpoint(url),
            Disconnect::ApiRequest { url, .. } => {
                endpoint(url) && Origin::of(url).is_some_and(|origin| origin.same_as(&api))
            }
        };
        if !endpoint(&config.authorization_endpoint)
            || !endpoint(&config.token_endpoint)
            || !config.introspection_endpoint.as_deref().is_none_or(endpoint)
            || !api.is_protected(config.loopback_http)
            || !disconnect
        {
            return Err(Misuse::EndpointInvalid);
        }
        if config.iss == IssPolicy::Required && config.issuer.is_none() {
            return Err(Misuse::IssuerMissing);
        }
        let mut parameters = uri::query(&config.authorization_endpoint);
        parameters.extend_from_slice(&config.authorize_parameters);
        check_parameters(&parameters)?;
        let lifetime = (1..=LONGEST_AUTHORIZATION).contains(&config.authorization_lifetime);
        if !config.refresh.timing.is_sound() || !lifetime {
            return Err(Misuse::TimingInvalid);
        }
        let bindings = [&config.company, &config.api_keys];
        let sound = |how: &CompanyBinding| {
            let on_api = Origin::of(&how.url).is_some_and(|origin| origin.same_as(&api));
            endpoint(&how.url) && on_api && how.is_sound()
        };
        if !bindings.into_iter().flatten().all(sound) {
            return Err(Misuse::CompanyBindingInvalid);
        }
        if !config.quirks.is_sound() {
            return Err(Misuse::QuirkInvalid);
        }
        if config.answer_limit < 1_024 {
            return Err(Misuse::AnswerLimitInvalid);
        }
        let api_origin = api.to_text();
        Ok(Self(ProviderConfig { api_origin, ..config }))
    }

    /// The data, as checked; `api_origin` is serialised as of RFC 6454 §6.2.
    pub fn config(&self) -> &ProviderConfig {
        &self.0
    }

    /// Whether a URL is of the API's origin, over a protected channel. This is
    /// the only place that decides where an access token may go.
    pub fn is_api_url(&self, url: impl AsRef<[u8]>) -> bool {
        let url = url.as_ref();
        // As a rule the URL is written just as the origin is serialised, and a slash ends
        // the authority for every parser.
        let path = url.strip_prefix(self.0.api_origin.as_bytes());
        path.is_some_and(|path| path.first() == Some(&b'/') && uri::is_plain(path))
            || self.is_api_url_unlike(url)
    }

    /// The same for a URL that is written otherwise.
    #[cold]
    fn is_api_url_unlike(&self, url: &[u8]) -> bool {
        let Some(url) = str::from_utf8(url).ok().filter(|_| !uri::is_misread(url)) else {
            return false;
        };
        let (Some(api), Some(asked)) = (Origin::of(&self.0.api_origin), Origin::of(url)) else {
            return false;
        };
        asked.same_as(&api) && asked.is_protected(self.0.loopback_http)
    }
}

/// Names that the authorization request uses itself, or that would change what
/// it means (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707, RFC 9101, OAuth 2.0
/// Multiple Response Types).
const RESERVED: &[&str] = &[
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "client_secret",
    "resource",
    "request",
    "request_uri",
    "response_mode",
    "code",
    "error",
    "iss",
];

/// Somebody else may have to consent, who is on holiday.
const LONGEST_AUTHORIZATION: u64 = 30 * 24 * 3_600_000;

/// Checks extra parameters: none reserved, none twice (RFC 6749 §3.1), none empty or huge.
pub(crate) fn check_parameters(parameters: &[(String, String)]) -> Result<(), Misuse> {
    if parameters.len() > 32 {
        return Err(Misuse::ParameterInvalid);
    }
    for (at, (name, value)) in parameters.iter().enumerate() {
        if RESERVED.contains(&name.as_str()) {
            return Err(Misuse::ParameterReserved);
        }
        let twice = parameters.iter().skip(at.saturating_add(1)).any(|(other, _)| other == name);
        if name.is_empty() || name.len() > 128 || value.len() > 4096 || twice {
            return Err(Misuse::ParameterInvalid);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_of_the_origin_however_it_is_written() {
        let provider = Provider::new(ProviderConfig {
            environment: "test".into(),
            authorization_endpoint: "https://as.example/authorize".into(),
            token_endpoint: "https://as.example/token".into(),
            api_origin: "https://api.example".into(),
            ..ProviderConfig::default()
        })
        .unwrap();
        for rest in ["", "/", "?x=[|]", "#x", "/\u{e9}", "/@evil.test", ":443/"] {
            for origin in ["https://api.example", "HTTPS://API.example"] {
                let url = [origin, rest].concat();
                assert!(provider.is_api_url(&url), "{url}");
            }
        }
        for rest in [
            "\\",
            "\\@evil.test/",
            "\t/",
            " /",
            "@evil.test/",
            ".evil.test/",
            "%2f",
            ":",
            "x/",
            // One request more, to a host that writes the request line itself.
            "/x\r\ny: z",
            "/x\0",
            "/a b",
            "/a\\b",
            "/\x7f",
        ] {
            for origin in ["https://api.example", "HTTPS://API.example"] {
                let url = [origin, rest].concat();
                assert!(!provider.is_api_url(&url), "{url}");
            }
        }
    }
}
