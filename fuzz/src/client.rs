//! Providers and clients of the targets, by a few bits of the input.

use evergrant::{
    testing::{
        arbitrary::{Result, Unstructured},
        client_config, provider_config,
    },
    *,
};
use std::sync::Arc;

/// Not a secret that anybody has.
pub(crate) fn ring() -> Sealing {
    let key = |id, byte| SealingKey::new(id, SecretBytes::new([byte; 32])).expect("a key");
    Sealing::Sealed(
        KeyRing::new(key("fixture-2", 0x22), vec![key("fixture-1", 0x11)]).expect("two keys"),
    )
}

/// The client of the transcripts and the frozen records.
pub(crate) fn fixture(sealing: Sealing) -> Arc<Client> {
    let provider = Arc::new(Provider::new(provider_config()).expect("a provider"));
    Arc::new(Client::new(provider, ClientConfig { sealing, ..client_config() }).expect("a client"))
}

/// Quirks of token answers.
pub(crate) fn quirks(u: &mut Unstructured<'_>) -> Result<Quirks> {
    let bits: u8 = u.arbitrary()?;
    Ok(Quirks {
        token_type_optional: bits & 1 != 0,
        form_encoded_answers: bits & 2 != 0,
        comma_separated_scopes: bits & 4 != 0,
        invalid_grant_errors: if bits & 8 != 0 { vec!["bad_refresh_token".into()] } else { vec![] },
    })
}

/// What a refresh does.
pub(crate) fn policy(u: &mut Unstructured<'_>) -> Result<RefreshPolicy> {
    u.choose(&[
        RefreshPolicy::STRICT,
        RefreshPolicy::OIDC_PROVIDER,
        RefreshPolicy::SINGLE_USE,
        RefreshPolicy::SIBLINGS,
        RefreshPolicy::ATLASSIAN,
        RefreshPolicy::SAME_SUCCESSOR,
        RefreshPolicy::NEWEST_WINS,
        RefreshPolicy::NO_ROTATION,
        RefreshPolicy::WISE,
    ])
    .copied()
}

/// A sound provider and client.
pub(crate) fn sound(u: &mut Unstructured<'_>) -> Result<Arc<Client>> {
    let bits: u8 = u.arbitrary()?;
    let binding = || CompanyBinding {
        url: "https://api.example/v1/introspect".into(),
        subject: "/data/subjectURN".into(),
        scope: Some("/data/scope".into()),
        company_prefix: "urn:company:".into(),
        organisation_prefix: Some("urn:organisation:".into()),
    };
    let provider = ProviderConfig {
        quirks: quirks(u)?,
        refresh: policy(u)?,
        disconnect: match bits & 3 {
            0 => Disconnect::Forget,
            1 => Disconnect::ApiRequest {
                method: Method::Delete,
                url: "https://api.example/v1/installations/me".into(),
                spares_others: bits & 4 != 0,
            },
            _ => provider_config().disconnect,
        },
        introspection_endpoint: (bits & 8 != 0).then(|| "https://as.example/introspect".into()),
        company: (bits & 16 != 0).then(binding),
        api_keys: (bits & 32 != 0).then(binding),
        release_unsaved: bits & 64 != 0,
        ..provider_config()
    };
    let client = ClientConfig {
        previous_client_secret: (bits & 128 != 0).then(|| "canary-client-secret-before".into()),
        ..client_config()
    };
    let provider = Arc::new(Provider::new(provider).expect("a provider"));
    Ok(Arc::new(Client::new(provider, client).expect("a client")))
}
