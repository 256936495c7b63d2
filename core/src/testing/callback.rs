//! Redirects as a browser may bring them.

use super::Server;
use alloc::{
    format,
    string::{String, ToString as _},
};

/// What comes back from the browser that was sent to a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    /// The person consented.
    Consent,
    /// The person refused.
    Denial,
    /// Nothing that was ever asked for: another `state`.
    Forged,
    /// Another server's answer (RFC 9207).
    Mixed,
    /// A consent with this behind it: parameters that stand twice, a fragment, or no sense.
    With(String),
    /// Anything at all.
    Text(String),
}

impl Callback {
    /// The redirect to the URL that [`crate::Output::OpenUrl`] gave.
    ///
    /// # Panics
    /// As [`Server::consent`].
    pub fn url(&self, server: &mut Server, opened: &str) -> String {
        match self {
            Self::Consent => server.consent(opened),
            Self::Denial => Server::deny(opened),
            Self::Forged => "https://client.example/callback?state=forged&code=forged".to_string(),
            Self::Mixed => {
                let iss = server.iss.replace("https%3A%2F%2Fevil.example");
                let url = server.consent(opened);
                server.iss = iss;
                url
            }
            Self::With(more) => format!("{}{more}", server.consent(opened)),
            Self::Text(text) => text.clone(),
        }
    }
}
