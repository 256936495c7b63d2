use std::fmt;

use crate::state::Scope;

/// A client that the authority knows (RFC 6749 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClient {
    /// The `client_id`. Any text; clients must form-encode it where RFC 6749 §2.3.1 asks for it.
    pub id: String,
    /// The one way in which the client proves who it is.
    pub auth: ClientAuth,
    /// Absolute URIs without fragment (RFC 6749 §3.1.2). A requested URI must equal one of them
    /// byte for byte, except for the port of a loopback IP literal (RFC 8252 §7.3).
    pub redirect_uris: Vec<String>,
    /// The scopes that the client may ask for.
    pub scopes: Vec<String>,
}

/// How a client authenticates: `token_endpoint_auth_method` of RFC 7591 §2.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`: HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    Basic(String),
    /// `client_secret_post`: `client_id` and `client_secret` in the form body (RFC 6749 §2.3.1).
    Post(String),
    /// `none`: a public client that sends only its `client_id` (RFC 6749 §2.1).
    None,
}

/// Why a client cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The `client_id` is empty.
    #[error("a client needs an id")]
    EmptyId,
    /// A confidential client came with an empty secret.
    #[error("a confidential client needs a secret")]
    EmptySecret,
    /// Another client has this `client_id`.
    #[error("a client with this id is registered already")]
    Taken,
    /// The text is not an absolute URI without fragment.
    #[error("not an absolute URI without fragment: {0}")]
    RedirectUri(String),
    /// The text is not a scope token of RFC 6749 §3.3.
    #[error("not a scope: {0}")]
    Scope(String),
}

impl ClientAuth {
    /// The method's registered name (RFC 7591 §2).
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Basic(_) => "client_secret_basic",
            Self::Post(_) => "client_secret_post",
            Self::None => "none",
        }
    }
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic(_) => f.write_str("Basic(..)"),
            Self::Post(_) => f.write_str("Post(..)"),
            Self::None => f.write_str("None"),
        }
    }
}

impl RegisteredClient {
    pub(crate) fn check(&self) -> Result<(), RegistrationError> {
        if self.id.is_empty() {
            return Err(RegistrationError::EmptyId);
        }
        if let ClientAuth::Basic(secret) | ClientAuth::Post(secret) = &self.auth
            && secret.is_empty()
        {
            return Err(RegistrationError::EmptySecret);
        }
        if let Some(uri) = self.redirect_uris.iter().find(|uri| !is_redirect_uri(uri)) {
            return Err(RegistrationError::RedirectUri(uri.clone()));
        }
        let is_scope_token = |text: &str| Scope::parse(text).is_some_and(|s| s.len() == 1);
        if let Some(scope) = self.scopes.iter().find(|scope| !is_scope_token(scope)) {
            return Err(RegistrationError::Scope(scope.clone()));
        }
        Ok(())
    }

    pub(crate) fn may_redirect_to(&self, requested: &str) -> bool {
        self.redirect_uris.iter().any(|registered| redirect_matches(registered, requested))
    }
}

fn redirect_matches(registered: &str, requested: &str) -> bool {
    if registered == requested {
        return true;
    }
    match (loopback_parts(registered), loopback_parts(requested)) {
        (Some(registered), Some(requested)) => registered == requested,
        _ => false,
    }
}

/// The host and what follows the port of `http://` URIs on a loopback IP literal.
/// `localhost` is a name, and a name may resolve to anything: it gets no leave (RFC 8252 §8.3).
fn loopback_parts(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (host, rest) =
        ["127.0.0.1", "[::1]"].iter().find_map(|host| Some((*host, rest.strip_prefix(host)?)))?;
    let rest = match rest.strip_prefix(':') {
        None => rest,
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            rest[..digits].parse::<u16>().ok()?;
            &rest[digits..]
        }
    };
    // Anything else here would belong to the authority: `127.0.0.1.evil.example`, `127.0.0.1@…`.
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// Only what may stand in a `Location` header as it is.
fn is_redirect_uri(uri: &str) -> bool {
    let scheme_ok = uri.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !rest.is_empty()
    });
    scheme_ok && uri.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_literal_is_free() {
        let matches = |registered, requested| redirect_matches(registered, requested);
        assert!(matches("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"));
        assert!(matches("http://127.0.0.1:1/cb", "http://127.0.0.1/cb"));
        assert!(matches("http://[::1]/cb?a=b", "http://[::1]:7/cb?a=b"));
        assert!(matches("https://c.example/cb", "https://c.example/cb"));

        assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:7/cb/"));
        assert!(!matches("http://127.0.0.1/cb", "http://[::1]/cb"));
        assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:70000/cb"));
        assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:/cb"));
        assert!(!matches("http://127.0.0.1/cb", "http://127.0.0.1:7@evil/cb"));
        assert!(!matches("http://127.0.0.1", "http://127.0.0.1.evil"));
        assert!(!matches("http://localhost/cb", "http://localhost:7/cb"));
        assert!(!matches("https://127.0.0.1/cb", "https://127.0.0.1:7/cb"));
        assert!(!matches("https://c.example/cb", "https://c.example:443/cb"));
        assert!(!matches("https://c.example/cb", "https://C.example/cb"));
    }

    #[test]
    fn a_registration_is_checked() {
        let client = |uri: &str, scope: &str| RegisteredClient {
            id: "c".into(),
            auth: ClientAuth::Basic("s".into()),
            redirect_uris: vec![uri.into()],
            scopes: vec![scope.into()],
        };
        assert_eq!(client("com.example.app:/cb", "a:b").check(), Ok(()));
        for uri in ["/cb", "https://c.example/cb#f", "https://c/\r\nX: y", "x:"] {
            let refused = Err(RegistrationError::RedirectUri(uri.into()));
            assert_eq!(client(uri, "a:b").check(), refused);
        }
        for scope in ["", "a b", "a\"b"] {
            let refused = Err(RegistrationError::Scope(scope.into()));
            assert_eq!(client("https://c/cb", scope).check(), refused);
        }
    }

    #[test]
    fn debug_keeps_the_secret() {
        let client = RegisteredClient {
            id: "c".into(),
            auth: ClientAuth::Post("hush".into()),
            redirect_uris: vec![],
            scopes: vec![],
        };
        assert!(!format!("{client:?}").contains("hush"));
    }
}
