//! Pleo's two environments. Sources: Pleo's developer documentation, pages
//! "OAuth 2.0 Client Configuration", "API Base URLs", "Tokens Overview",
//! "Centralised Token Refresh" and the Installations reference.

use crate::{
    company::CompanyBinding,
    failure::Misuse,
    http::Method,
    policy::RefreshPolicy,
    provider::{Disconnect, IssPolicy, Provider, ProviderConfig, Quirks, RedirectRules},
};
use alloc::string::String;

/// Which of Pleo's environments. Credentials of one never work in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pleo {
    /// `auth.staging.pleo.io` and `external.staging.pleo.io`
    Staging,
    /// `auth.pleo.io` and `external.pleo.io`
    Production,
}

impl Pleo {
    /// The data of this environment, to be changed where a test needs it.
    pub fn config(self) -> ProviderConfig {
        let (name, part) = match self {
            Self::Staging => ("pleo-staging", ".staging"),
            Self::Production => ("pleo-production", ""),
        };
        let api_origin = self.api_origin();
        let endpoint = |path| ["https://auth", part, ".pleo.io/oauth/", path].concat();
        let binding = CompanyBinding {
            url: [api_origin, "/v1/introspect"].concat(),
            subject: "/data/subjectURN".into(),
            scope: Some("/data/scope".into()),
            company_prefix: "urn:pleo:company:".into(),
            organisation_prefix: Some("urn:pleo:organisation:".into()),
        };
        ProviderConfig {
            environment: String::from(name),
            // Pleo publishes no metadata: an `iss` cannot be judged.
            issuer: None,
            iss: IssPolicy::IfPresent,
            authorization_endpoint: endpoint("authorize"),
            token_endpoint: endpoint("token"),
            introspection_endpoint: Some(endpoint("token/introspect")),
            company: Some(binding.clone()),
            // "A test call" is all that Pleo says of keys: this one needs no scope.
            api_keys: Some(binding),
            disconnect: Disconnect::ApiRequest {
                method: Method::Delete,
                url: [api_origin, "/v1/installations/me"].concat(),
                // "All tokens for the client" are revoked: whose, staging has to show.
                spares_others: false,
            },
            api_origin: String::from(api_origin),
            // `token_type` is not visible in any stored copy of Pleo's pages.
            quirks: Quirks { token_type_optional: true, ..Quirks::default() },
            redirects: match self {
                Self::Staging => RedirectRules::HttpsOrOwnMachine,
                Self::Production => RedirectRules::Https,
            },
            // "All previous tokens are immediately invalidated."
            refresh: RefreshPolicy::STRICT,
            ..ProviderConfig::default()
        }
    }
}

impl Pleo {
    /// What to `POST` to, as any API call, once the first synchronisation is done:
    /// the installation is then active (page "Activate the installation for a client").
    pub fn activation_url(self) -> String {
        [self.api_origin(), "/v1/installations/me:activate"].concat()
    }

    fn api_origin(self) -> &'static str {
        match self {
            Self::Staging => "https://external.staging.pleo.io",
            Self::Production => "https://external.pleo.io",
        }
    }
}

impl Provider {
    /// Pleo's staging or production environment.
    ///
    /// # Errors
    /// None in practice: the preset's own data pass the checks, and a test says so.
    pub fn pleo(environment: Pleo) -> Result<Self, Misuse> {
        Self::new(environment.config())
    }
}
