//! Single operations of the lifecycle without a machine around them, for the benches.

use crate::{
    HttpRequest, HttpResponse, Provider, Secret,
    answer::Deviation,
    client::{AuthorizationRequest, Client},
    record::callback::Callback,
    requests::SecretInUse,
    token::{self, Outcome},
};
use alloc::vec::Vec;

/// The URL to send the person to.
pub fn authorization_url(
    client: &Client,
    redirect_uri: &str,
    scope: &str,
    state: &Secret,
    code_verifier: &Secret,
) -> Secret {
    let asked = AuthorizationRequest { redirect_uri, scope, state, code_verifier, extra: &[] };
    client.authorization_url(&asked)
}

/// Reads a redirect; whether it could be read.
pub fn redirect(url: &Secret) -> bool {
    Callback::parse(url).is_ok_and(|callback| !callback.key.as_str().is_empty())
}

/// The exchange of a code.
pub fn exchange(
    client: &Client,
    code: &Secret,
    redirect_uri: &str,
    code_verifier: &Secret,
) -> HttpRequest {
    client.requests(SecretInUse::Current).exchange_request(code, redirect_uri, code_verifier)
}

/// A refresh.
pub fn refresh(client: &Client, token: &Secret) -> HttpRequest {
    client.requests(SecretInUse::Current).refresh_request(token)
}

/// A revocation.
pub fn revocation(client: &Client, endpoint: &str, token: &Secret) -> HttpRequest {
    let requests = client.requests(SecretInUse::Current);
    requests.revocation_request(endpoint, token.expose(), "refresh_token")
}

/// Judges an answer to a refresh; whether it brought tokens.
pub fn answer(
    provider: &Provider,
    response: &HttpResponse,
    now: u64,
    sent: &[&Secret],
    deviations: &mut Vec<Deviation>,
) -> bool {
    let outcome = token::judge(provider.config(), response, now, sent, deviations);
    matches!(outcome, Outcome::Success(_))
}
