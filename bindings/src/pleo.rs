//! Pleo's environments.

use crate::ProviderConfig;

/// Which of Pleo's environments. Credentials of one never work in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Pleo {
    /// `auth.staging.pleo.io` and `external.staging.pleo.io`
    Staging,
    /// `auth.pleo.io` and `external.pleo.io`
    Production,
}

impl From<Pleo> for evergrant::Pleo {
    fn from(environment: Pleo) -> Self {
        match environment {
            Pleo::Staging => Self::Staging,
            Pleo::Production => Self::Production,
        }
    }
}

/// The data of one of Pleo's environments, to be changed where a test needs it.
#[uniffi::export]
pub fn pleo_config(environment: Pleo) -> ProviderConfig {
    evergrant::Pleo::from(environment).config().into()
}

/// What to `POST` to, as any API call, once the first synchronisation is done: the
/// installation is then active.
#[uniffi::export]
pub fn pleo_activation_url(environment: Pleo) -> String {
    evergrant::Pleo::from(environment).activation_url()
}
