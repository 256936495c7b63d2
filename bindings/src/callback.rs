//! Finding whose redirect it is, for hosts with one callback URL for many tenants.

use crate::{Client, Refusal, Secret, SecretBytes};

/// Under which store key the authorization is kept that a redirect speaks of.
///
/// Throws a `callback_…` code if the URL has no readable `state`.
#[uniffi::export]
pub fn pending_key(url: &Secret) -> Result<String, Refusal> {
    Ok(evergrant::pending_key(url.inner())?.as_str().to_owned())
}

/// Whose authorization that is: the tenant of the connection that the redirect
/// must be given to. `url` is the redirect and `record` what the store holds
/// under its [`pending_key`].
///
/// Throws a `callback_…` or `host_…` code if they do not fit this client.
#[uniffi::export]
pub fn pending_tenant(
    client: &Client,
    url: &Secret,
    record: &SecretBytes,
) -> Result<String, Refusal> {
    Ok(evergrant::pending_tenant(client.inner(), url.inner(), record.inner())?)
}
