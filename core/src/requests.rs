//! The requests that a client authenticates, each in exactly one way.

use crate::{
    client::Client,
    http::{HttpRequest, Method},
    provider::TokenEndpointAuthMethod,
    record::connection::Tokens,
    secret::{Secret, SecretBytes},
    uri,
};
use alloc::{string::String, vec, vec::Vec};

/// Which of the client's two secrets is used. A server that does not know one is
/// asked with the other: while a secret is being replaced, both may be good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SecretInUse {
    #[default]
    Current,
    Previous,
}

impl SecretInUse {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Current => Self::Previous,
            Self::Previous => Self::Current,
        }
    }
}

/// Requests of one client, with one of its secrets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requests<'a> {
    pub(crate) client: &'a Client,
    pub(crate) secret: SecretInUse,
}

impl Requests<'_> {
    /// The exchange of a code (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub(crate) fn exchange_request(
        &self,
        code: &Secret,
        redirect_uri: &str,
        code_verifier: &Secret,
    ) -> HttpRequest {
        let form = [
            ("code", code.expose()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", code_verifier.expose()),
        ];
        self.token_request("grant_type=authorization_code", &form)
    }

    /// A refresh (RFC 6749 §6). No `scope`: it asks for what was granted.
    pub(crate) fn refresh_request(&self, refresh_token: &Secret) -> HttpRequest {
        let form = [("refresh_token", refresh_token.expose())];
        self.token_request("grant_type=refresh_token", &form)
    }

    /// The question whether a refresh token is live (RFC 7662 §2.1).
    pub(crate) fn introspection_request(&self, endpoint: &str, token: &Secret) -> HttpRequest {
        let form = [("token", token.expose()), ("token_type_hint", "refresh_token")];
        self.form_request(endpoint, "", &form, None)
    }

    /// A revocation (RFC 7009 §2.1).
    pub(crate) fn revocation_request(
        &self,
        endpoint: &str,
        token: &str,
        hint: &str,
    ) -> HttpRequest {
        self.form_request(endpoint, "", &[("token", token), ("token_type_hint", hint)], None)
    }

    /// The provider's own request that ends the grant, with the token itself.
    pub(crate) fn disconnect_request(method: Method, url: &str, tokens: &Tokens) -> HttpRequest {
        HttpRequest {
            method,
            url: url.into(),
            headers: vec![("authorization", tokens.header.clone())],
            body: SecretBytes::new([]),
        }
    }

    fn token_request(&self, grant_type: &str, form: &[(&str, &str)]) -> HttpRequest {
        let provider = self.client.provider().config();
        let resource = provider.resource.as_deref();
        self.form_request(&provider.token_endpoint, grant_type, form, resource)
    }

    /// A form, which begins with what is encoded already, with exactly one client
    /// authentication (RFC 6749 §2.3).
    fn form_request(
        &self,
        url: &str,
        first: &str,
        form: &[(&str, &str)],
        resource: Option<&str>,
    ) -> HttpRequest {
        let (secret, basic) = self.client.credentials(self.secret);
        let own = [
            self.client.client_id(),
            secret.map_or("", Secret::expose),
            resource.unwrap_or_default(),
        ];
        // Names take the rest.
        let room = uri::room(&own).saturating_add(256);
        let room = form
            .iter()
            .fold(room, |room: usize, (_, value)| room.saturating_add(uri::room(&[value])));
        let mut body = String::with_capacity(room);
        body.push_str(first);
        for (name, value) in form {
            uri::push_form(&mut body, name, value);
        }
        if let Some(resource) = resource {
            uri::push_form(&mut body, "resource", resource);
        }
        let mut headers = Vec::with_capacity(3);
        headers.extend(self.client.form_headers().clone());
        match (self.client.method(), secret) {
            (TokenEndpointAuthMethod::ClientSecretPost, Some(secret)) => {
                uri::push_form(&mut body, "client_id", self.client.client_id());
                uri::push_form(&mut body, "client_secret", secret.expose());
            }
            (TokenEndpointAuthMethod::ClientSecretBasic, _) => {
                headers.extend(basic.cloned().map(|basic| ("authorization", basic)));
            }
            (TokenEndpointAuthMethod::ClientSecretPost, None)
            | (TokenEndpointAuthMethod::None, _) => {
                uri::push_form(&mut body, "client_id", self.client.client_id());
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
