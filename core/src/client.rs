//! The registered OAuth client, and the requests that it authenticates.

use crate::{
    entropy,
    failure::Misuse,
    http::{HttpRequest, Method},
    provider::{IssPolicy, Provider, TokenEndpointAuthMethod},
    scope::is_scope,
    secret::{Secret, SecretBytes},
    uri::{self, RedirectKind},
};
use alloc::{format, string::String, sync::Arc, vec, vec::Vec};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What is known of a client registration, to be checked by [`Client::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// The client identifier (RFC 6749 §2.2).
    pub client_id: String,
    /// The client secret; none for a public client.
    pub client_secret: Option<Secret>,
    /// How the client authenticates; `None` takes the provider's default for a
    /// client with a secret, and `none` for one without.
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// The registered redirect URIs.
    pub redirect_uris: Vec<String>,
    /// The registered scopes, in the order in which they are asked for.
    pub scopes: Vec<String>,
    /// How records are protected in the store.
    pub sealing: Sealing,
}

/// How records are protected in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// In clear: tokens can be read by whoever reads the store. To be chosen
    /// only where the store itself is encrypted and guarded.
    Plain,
}

/// A registered OAuth client at a provider; shared by all its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    provider: Arc<Provider>,
    config: ClientConfig,
    method: TokenEndpointAuthMethod,
    /// Made once: the same for every request.
    basic: Option<Secret>,
}

impl Client {
    /// Checks the registration against the provider.
    ///
    /// # Errors
    /// A [`Misuse`] that names the field at fault.
    pub fn new(provider: Arc<Provider>, config: ClientConfig) -> Result<Self, Misuse> {
        if config.client_id.is_empty() || config.client_id.len() > 512 {
            return Err(Misuse::ClientIdInvalid);
        }
        let default = match &config.client_secret {
            Some(_) => provider.config().token_endpoint_auth_method,
            None => TokenEndpointAuthMethod::None,
        };
        let method = config.token_endpoint_auth_method.unwrap_or(default);
        match (&config.client_secret, method) {
            (Some(_), TokenEndpointAuthMethod::None) => return Err(Misuse::ClientSecretUnexpected),
            (Some(secret), _) if secret.is_empty() => return Err(Misuse::ClientSecretMissing),
            (None, TokenEndpointAuthMethod::ClientSecretBasic)
            | (None, TokenEndpointAuthMethod::ClientSecretPost) => {
                return Err(Misuse::ClientSecretMissing);
            }
            (Some(_), _) | (None, TokenEndpointAuthMethod::None) => {}
        }
        if config.redirect_uris.is_empty() {
            return Err(Misuse::RedirectUriMissing);
        }
        for redirect_uri in &config.redirect_uris {
            match uri::redirect_kind(redirect_uri) {
                Some(RedirectKind::Localhost) if !provider.config().localhost_redirects => {
                    return Err(Misuse::RedirectUriInvalid);
                }
                None => return Err(Misuse::RedirectUriInvalid),
                Some(_) => {}
            }
        }
        if !config.scopes.iter().all(|scope| is_scope(scope)) {
            return Err(Misuse::ScopeInvalid);
        }
        let basic = match (&config.client_secret, method) {
            (Some(secret), TokenEndpointAuthMethod::ClientSecretBasic) => {
                Some(basic_header(&config.client_id, secret))
            }
            _ => None,
        };
        Ok(Self { provider, config, method, basic })
    }

    /// The provider that this client is registered with.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The client identifier.
    pub fn client_id(&self) -> &str {
        &self.config.client_id
    }

    /// The registered scopes.
    pub fn scopes(&self) -> &[String] {
        &self.config.scopes
    }

    pub(crate) fn sealing(&self) -> Sealing {
        self.config.sealing
    }

    /// What requests carry of the client's own that nobody may be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.config.client_secret.iter().chain(&self.basic)
    }

    /// Whether the redirect URI is registered: byte for byte, any port on loopback.
    pub(crate) fn has_redirect_uri(&self, asked: &str) -> bool {
        self.config.redirect_uris.iter().any(|uri| uri::redirect_matches(uri, asked))
    }

    /// Whether a redirect with this `iss` (or none) may come from the provider.
    pub(crate) fn judges_iss(&self, iss: Option<&str>) -> IssJudgement {
        let provider = self.provider.config();
        match (iss, &provider.issuer) {
            _ if provider.iss == IssPolicy::Ignored => IssJudgement::Good,
            (Some(iss), Some(issuer)) if iss == issuer => IssJudgement::Good,
            // Where the issuer is not known, no `iss` can be its own.
            (Some(_), _) => IssJudgement::Mismatch,
            (None, _) if provider.iss == IssPolicy::Required => IssJudgement::Missing,
            (None, _) => IssJudgement::Good,
        }
    }

    /// The URL to send the person to (RFC 6749 §4.1.1, RFC 7636 §4.3).
    pub(crate) fn authorization_url(&self, asked: &AuthorizationRequest<'_>) -> Secret {
        let provider = self.provider.config();
        let challenge = entropy::sha256_base64url(asked.code_verifier.expose());
        let mut url = String::with_capacity(512);
        url.push_str(&provider.authorization_endpoint);
        let mut push = |name: &str, value: &str| uri::push_parameter(&mut url, name, value);
        push("response_type", "code");
        push("client_id", &self.config.client_id);
        push("redirect_uri", asked.redirect_uri);
        if !asked.scope.is_empty() {
            push("scope", asked.scope);
        }
        push("state", asked.state.expose());
        push("code_challenge", &challenge);
        push("code_challenge_method", "S256");
        if let Some(resource) = &provider.resource {
            push("resource", resource);
        }
        for (name, value) in provider.authorize_parameters.iter().chain(asked.extra) {
            push(name, value);
        }
        Secret::new(url)
    }

    /// The exchange of a code (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub(crate) fn exchange_request(
        &self,
        code: &Secret,
        redirect_uri: &str,
        code_verifier: &Secret,
    ) -> HttpRequest {
        self.token_request(&[
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", code_verifier.expose()),
        ])
    }

    /// A refresh (RFC 6749 §6). No `scope`: it asks for what was granted.
    pub(crate) fn refresh_request(&self, refresh_token: &Secret) -> HttpRequest {
        self.token_request(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
        ])
    }

    /// The question whether a refresh token is live (RFC 7662 §2.1).
    pub(crate) fn introspection_request(&self, endpoint: &str, token: &Secret) -> HttpRequest {
        let form = [("token", token.expose()), ("token_type_hint", "refresh_token")];
        self.form_request(endpoint, &form, None)
    }

    /// A revocation (RFC 7009 §2.1).
    pub(crate) fn revocation_request(
        &self,
        endpoint: &str,
        token: &str,
        hint: &str,
    ) -> HttpRequest {
        self.form_request(endpoint, &[("token", token), ("token_type_hint", hint)], None)
    }

    fn token_request(&self, form: &[(&str, &str)]) -> HttpRequest {
        let provider = self.provider.config();
        self.form_request(&provider.token_endpoint, form, provider.resource.as_deref())
    }

    /// A form with exactly one client authentication (RFC 6749 §2.3).
    fn form_request(
        &self,
        url: &str,
        form: &[(&str, &str)],
        resource: Option<&str>,
    ) -> HttpRequest {
        let mut body = String::with_capacity(256);
        for (name, value) in form {
            uri::push_form(&mut body, name, value);
        }
        if let Some(resource) = resource {
            uri::push_form(&mut body, "resource", resource);
        }
        let mut headers = vec![
            ("accept", Secret::from("application/json")),
            ("content-type", Secret::from("application/x-www-form-urlencoded")),
        ];
        match (self.method, &self.config.client_secret) {
            (TokenEndpointAuthMethod::ClientSecretPost, Some(secret)) => {
                uri::push_form(&mut body, "client_id", &self.config.client_id);
                uri::push_form(&mut body, "client_secret", secret.expose());
            }
            (TokenEndpointAuthMethod::ClientSecretBasic, _) => {
                headers.extend(self.basic.clone().map(|basic| ("authorization", basic)));
            }
            (TokenEndpointAuthMethod::ClientSecretPost, None)
            | (TokenEndpointAuthMethod::None, _) => {
                uri::push_form(&mut body, "client_id", &self.config.client_id);
            }
        }
        HttpRequest {
            method: Method::Post,
            url: String::from(url),
            headers,
            body: SecretBytes::new(body.into_bytes()),
        }
    }
}

/// What an authorization request is made of besides the client's own data.
#[derive(Debug)]
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) state: &'a Secret,
    pub(crate) code_verifier: &'a Secret,
    pub(crate) extra: &'a [(String, String)],
}

/// What became of the comparison of `iss` (RFC 9207 §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IssJudgement {
    Good,
    Missing,
    Mismatch,
}

/// `Basic base64(form(id) ":" form(secret))` (RFC 6749 §2.3.1). A space is written
/// `%20`, which form decoders and plain percent decoders read alike; `+` they do not,
/// and some servers have the latter.
fn basic_header(client_id: &str, secret: &Secret) -> Secret {
    let mut pair = String::new();
    uri::push_component(&mut pair, client_id);
    pair.push(':');
    uri::push_component(&mut pair, secret.expose());
    let pair = Secret::new(pair);
    Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))
}
