//! The registered OAuth client, and the requests that it authenticates.

use crate::{
    basic, entropy,
    failure::Misuse,
    provider::{IssPolicy, Provider, TokenEndpointAuthMethod},
    requests::{Requests, SecretInUse},
    scope::is_scope,
    sealing::Sealing,
    secret::Secret,
    uri,
};
use alloc::{string::String, sync::Arc, vec::Vec};
use zeroize::Zeroizing;

/// What is known of a client registration, to be checked by [`Client::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// The client identifier (RFC 6749 §2.2).
    pub client_id: String,
    /// The client secret; none for a public client.
    pub client_secret: Option<Secret>,
    /// The secret before, while both are good: it is tried where a server does not
    /// know the new one yet, and the other way round.
    pub previous_client_secret: Option<Secret>,
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

/// A registered OAuth client at a provider; shared by all its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    provider: Arc<Provider>,
    config: ClientConfig,
    method: TokenEndpointAuthMethod,
    /// Made once: the same for every request. That of the new secret, of the one before.
    basic: [Option<Secret>; 2],
    /// All registered scopes, as they are asked for.
    scope: Arc<str>,
    /// Of every form that is sent; made once.
    form_headers: [(&'static str, Secret); 2],
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
        match (&config.client_secret, &config.previous_client_secret) {
            (None, Some(_)) => return Err(Misuse::ClientSecretMissing),
            (Some(_), Some(before)) if before.is_empty() => {
                return Err(Misuse::ClientSecretMissing);
            }
            (_, _) => {}
        }
        if config.redirect_uris.is_empty() {
            return Err(Misuse::RedirectUriMissing);
        }
        let rules = provider.config().redirects;
        if !config.redirect_uris.iter().all(|redirect_uri| rules.allow(redirect_uri)) {
            return Err(Misuse::RedirectUriInvalid);
        }
        if !config.scopes.iter().all(|scope| is_scope(scope)) {
            return Err(Misuse::ScopeInvalid);
        }
        let header = |secret: &Option<Secret>| {
            let secret =
                secret.as_ref().filter(|_| method == TokenEndpointAuthMethod::ClientSecretBasic);
            secret.map(|secret| basic_header(&config.client_id, secret))
        };
        let basic = [header(&config.client_secret), header(&config.previous_client_secret)];
        let form_headers = [
            ("accept", Secret::from("application/json")),
            ("content-type", Secret::from("application/x-www-form-urlencoded")),
        ];
        let scope = config.scopes.join(" ").into();
        Ok(Self { provider, config, method, basic, scope, form_headers })
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

    pub(crate) fn scope(&self) -> &Arc<str> {
        &self.scope
    }

    pub(crate) fn sealing(&self) -> &Sealing {
        &self.config.sealing
    }

    /// What a request carries that nobody may be shown: the client's own, and these.
    pub(crate) fn secrets<'a>(&'a self, sent: &[&'a Secret]) -> Vec<&'a Secret> {
        let ClientConfig { client_secret, previous_client_secret, .. } = &self.config;
        let [current, previous] = &self.basic;
        let own = [client_secret, previous_client_secret, current, previous];
        let mut secrets = Vec::with_capacity(sent.len().saturating_add(own.len()));
        secrets.extend(sent);
        for secret in own {
            secrets.extend(secret);
        }
        secrets
    }

    pub(crate) fn form_headers(&self) -> &[(&'static str, Secret); 2] {
        &self.form_headers
    }

    pub(crate) fn has_previous_secret(&self) -> bool {
        self.config.previous_client_secret.is_some()
    }

    pub(crate) fn method(&self) -> TokenEndpointAuthMethod {
        self.method
    }

    /// The secret and the `Basic` header of this one.
    pub(crate) fn credentials(&self, which: SecretInUse) -> (Option<&Secret>, Option<&Secret>) {
        let [current, previous] = &self.basic;
        match which {
            SecretInUse::Current => (self.config.client_secret.as_ref(), current.as_ref()),
            SecretInUse::Previous => {
                (self.config.previous_client_secret.as_ref(), previous.as_ref())
            }
        }
    }

    /// Requests that carry this secret.
    pub(crate) fn requests(&self, secret: SecretInUse) -> Requests<'_> {
        Requests { client: self, secret }
    }

    /// Whether the redirect URI is registered.
    pub(crate) fn has_redirect_uri(&self, asked: &str) -> bool {
        let rules = self.provider.config().redirects;
        self.config.redirect_uris.iter().any(|registered| rules.same(registered, asked))
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
        let extra = provider.authorize_parameters.iter().chain(asked.extra);
        let resource = provider.resource.as_deref().unwrap_or_default();
        let texts = [self.client_id(), asked.redirect_uri, asked.scope, resource];
        // What is as long in every URL takes the rest.
        let room = uri::room(&texts).saturating_add(512);
        let room = room.saturating_add(provider.authorization_endpoint.len());
        let room = extra.clone().fold(room, |room: usize, (name, value)| {
            room.saturating_add(uri::room(&[name, value, "&"]))
        });
        let mut url = String::with_capacity(room);
        url.push_str(&provider.authorization_endpoint);
        url.push(if url.as_bytes().contains(&b'?') { '&' } else { '?' });
        let mut push = |before: &str, value: &str| {
            url.push_str(before);
            uri::push_component(&mut url, value);
        };
        push("response_type=code&client_id=", self.client_id());
        push("&redirect_uri=", asked.redirect_uri);
        if !asked.scope.is_empty() {
            push("&scope=", asked.scope);
        }
        push("&state=", asked.state.expose());
        push("&code_challenge=", challenge.as_str());
        push("&code_challenge_method=S256", "");
        if let Some(resource) = &provider.resource {
            push("&resource=", resource);
        }
        for (name, value) in extra {
            push("&", name);
            push("=", value);
        }
        Secret::new(url)
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

/// The client's own header (RFC 6749 §2.3.1): id and secret are encoded as in a form, but for
/// blanks, since some servers have a plain percent decoder here.
fn basic_header(client_id: &str, secret: &Secret) -> Secret {
    let encoded = |text: &str| {
        let mut encoded = Zeroizing::new(String::with_capacity(uri::room(&[text])));
        uri::push_component(&mut encoded, text);
        encoded
    };
    basic::header(&encoded(client_id), &encoded(secret.expose()))
}
