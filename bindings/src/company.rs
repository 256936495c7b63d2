//! Companies and API keys.

use crate::Secret;
use std::sync::Arc;

/// How the company of a credential is learnt: a request to the API with the
/// credential itself, whose answer names a subject.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CompanyBinding {
    /// What to `GET`, on the API's origin.
    pub url: String,
    /// Where the subject stands in the answer: a JSON pointer (RFC 6901).
    pub subject: String,
    /// Where the granted scopes stand, if they are in the answer.
    #[uniffi(default = None)]
    pub scope: Option<String>,
    /// How a subject begins that is one company; the whole of it is its name.
    pub company_prefix: String,
    /// How a subject begins that stands for several companies: the host must have
    /// chosen one of them.
    #[uniffi(default = None)]
    pub organisation_prefix: Option<String>,
}

impl From<CompanyBinding> for evergrant::CompanyBinding {
    fn from(binding: CompanyBinding) -> Self {
        let CompanyBinding { url, subject, scope, company_prefix, organisation_prefix } = binding;
        Self { url, subject, scope, company_prefix, organisation_prefix }
    }
}

impl From<evergrant::CompanyBinding> for CompanyBinding {
    fn from(binding: evergrant::CompanyBinding) -> Self {
        let evergrant::CompanyBinding { url, subject, scope, company_prefix, organisation_prefix } =
            binding;
        Self { url, subject, scope, company_prefix, organisation_prefix }
    }
}

/// The kinds of API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ApiKeyKind {
    /// Made by the provider when an integration is installed.
    Integrated,
    /// Made by a person, for one's own tools.
    Standalone,
}

/// An API key as it was entered.
pub(crate) fn entered(
    key: &Arc<Secret>,
    kind: ApiKeyKind,
    company: Option<String>,
    scopes: Vec<String>,
) -> evergrant::ApiKey {
    let kind = match kind {
        ApiKeyKind::Integrated => evergrant::ApiKeyKind::Integrated,
        ApiKeyKind::Standalone => evergrant::ApiKeyKind::Standalone,
    };
    evergrant::ApiKey { key: key.inner().clone(), kind, company, scopes }
}
