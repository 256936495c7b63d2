//! What is handed in to register a client, and whether Pleo would take it.

use crate::{Pleo, Refusal};

/// A client as it is to be registered with Pleo.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Registration {
    /// The client's own brand, as people will see it: not Pleo's, nor "X for Pleo".
    pub client_name: String,
    /// The home or landing page.
    pub client_uri: String,
    /// Where the logo is, unless it is handed in as a file beside the form.
    #[uniffi(default = None)]
    pub logo_uri: Option<String>,
    /// How large the logo is: square, and in high resolution.
    #[uniffi(default = None)]
    pub logo_size: Option<LogoSize>,
    /// The terms of service, for people to read.
    pub tos_uri: String,
    /// The privacy policy, for people to read.
    pub policy_uri: String,
    /// The addresses of those who are responsible, at least one.
    pub contacts: Vec<String>,
    /// The page where people start to connect.
    pub initiation_uri: String,
    /// The page where people manage the integration.
    pub settings_uri: String,
    /// Every redirect URI that will be used, byte for byte.
    pub redirect_uris: Vec<String>,
    /// Every scope that will be used.
    pub scopes: Vec<String>,
    /// Whether PKCE with S256 is supported; this library always sends it.
    #[uniffi(default = true)]
    pub pkce: bool,
    /// What the client acts on by default, if Pleo is to know.
    #[uniffi(default = None)]
    pub subject_type: Option<String>,
}

/// The size of a logo in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LogoSize {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// One thing for which Pleo would send the form back.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RegistrationFault {
    /// The field of the registration, by its name in `snake_case`.
    pub field: String,
    /// Which item, where the field is a list, counted from 0.
    pub item: Option<u32>,
    /// The stable name of the rule that is broken, the same in every language.
    pub code: String,
}

impl From<evergrant::RegistrationFault> for RegistrationFault {
    fn from(fault: evergrant::RegistrationFault) -> Self {
        Self {
            field: fault.field.to_owned(),
            item: fault.item.and_then(|item| item.try_into().ok()),
            code: fault.rule.code().to_owned(),
        }
    }
}

#[uniffi::export]
impl Registration {
    /// For what Pleo would send this back, everything at once; nothing if it is good
    /// for that environment.
    ///
    /// Throws nothing but a panic.
    pub fn faults(&self, environment: Pleo) -> Result<Vec<RegistrationFault>, Refusal> {
        let faults = self.core().check(environment.into()).err().unwrap_or_default();
        Ok(faults.into_iter().map(Into::into).collect())
    }

    /// The registration as plain text, to be handed in.
    ///
    /// Throws nothing but a panic.
    pub fn form(&self) -> Result<String, Refusal> {
        Ok(self.core().form())
    }

    /// The registration as JSON: client metadata of RFC 7591 §2, and Pleo's own.
    ///
    /// Throws nothing but a panic.
    pub fn to_json(&self) -> Result<String, Refusal> {
        Ok(self.core().to_json())
    }
}

impl Registration {
    fn core(&self) -> evergrant::Registration {
        let size = |LogoSize { width, height }| evergrant::LogoSize { width, height };
        let own = self.clone();
        evergrant::Registration {
            client_name: own.client_name,
            client_uri: own.client_uri,
            logo_uri: own.logo_uri,
            logo_size: own.logo_size.map(size),
            tos_uri: own.tos_uri,
            policy_uri: own.policy_uri,
            contacts: own.contacts,
            initiation_uri: own.initiation_uri,
            settings_uri: own.settings_uri,
            redirect_uris: own.redirect_uris,
            scopes: own.scopes,
            pkce: own.pkce,
            subject_type: own.subject_type,
        }
    }
}
