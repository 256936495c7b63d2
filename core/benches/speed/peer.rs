//! The same life by the `oauth2` crate, as its documentation shows it.
use crate::host::{CODE, REDIRECT_URI, SCOPES};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RevocationUrl, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicErrorResponse, BasicTokenResponse},
    http, url,
};

pub(crate) type Client =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet>;

pub(crate) fn client() -> Client {
    BasicClient::new(ClientId::new("client".into()))
        .set_client_secret(ClientSecret::new("secret".into()))
        .set_auth_uri(AuthUrl::new("https://as.example/authorize".into()).unwrap())
        .set_token_uri(TokenUrl::new("https://as.example/token".into()).unwrap())
        .set_revocation_url(RevocationUrl::new("https://as.example/revoke".into()).unwrap())
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.into()).unwrap())
}

fn answer(body: &[u8]) -> impl Fn(HttpRequest) -> Result<HttpResponse, std::io::Error> {
    move |_| {
        let response = http::Response::builder().status(200);
        let response = response.header("content-type", "application/json");
        Ok(response.body(body.to_vec()).unwrap())
    }
}

pub(crate) fn lifecycle(client: &Client, body: &[u8]) -> BasicTokenResponse {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) = client
        .authorize_url(CsrfToken::new_random)
        .add_scopes(SCOPES.map(|scope| Scope::new(scope.into())))
        .set_pkce_challenge(challenge)
        .url();
    std::hint::black_box(url);
    let redirect = format!("{REDIRECT_URI}?code={CODE}&state={}", state.secret());
    let code = redirected(&redirect, state.secret());
    let tokens = exchange(client, code, verifier, body);
    let refresh = RefreshToken::new(tokens.refresh_token().unwrap().secret().clone());
    let tokens = client.exchange_refresh_token(&refresh).request(&answer(body)).unwrap();
    let revoked = StandardRevocableToken::RefreshToken(refresh);
    client.revoke_token(revoked).unwrap().request(&answer(&[])).unwrap();
    tokens
}

pub(crate) fn redirected(redirect: &str, state: &str) -> AuthorizationCode {
    let url = url::Url::parse(redirect).unwrap();
    let value = |name| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(value("state"), state);
    AuthorizationCode::new(value("code"))
}

pub(crate) fn exchange(
    client: &Client,
    code: AuthorizationCode,
    verifier: PkceCodeVerifier,
    body: &[u8],
) -> BasicTokenResponse {
    client.exchange_code(code).set_pkce_verifier(verifier).request(&answer(body)).unwrap()
}

pub(crate) fn token_answer(body: &[u8]) -> BasicTokenResponse {
    serde_json::from_slice(body).unwrap()
}

pub(crate) fn error_answer(body: &[u8]) -> BasicErrorResponse {
    serde_json::from_slice(body).unwrap()
}

pub(crate) fn authorization_url(client: &Client, state: &str, verifier: &str) -> url::Url {
    let verifier = PkceCodeVerifier::new(verifier.into());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    let request = client
        .authorize_url(|| CsrfToken::new(state.into()))
        .add_scopes(SCOPES.map(|scope| Scope::new(scope.into())))
        .set_pkce_challenge(challenge);
    request.url().0
}

/// A request is built when it is sent: to a server that takes it and says nothing.
fn silent(request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
    std::hint::black_box(request);
    Err(std::io::ErrorKind::Other.into())
}

pub(crate) fn exchange_request(client: &Client, code: &str, verifier: &str) {
    let verifier = PkceCodeVerifier::new(verifier.into());
    let request = client.exchange_code(AuthorizationCode::new(code.into()));
    request.set_pkce_verifier(verifier).request(&silent).unwrap_err();
}

pub(crate) fn refresh_request(client: &Client, token: &str) {
    let token = RefreshToken::new(token.into());
    client.exchange_refresh_token(&token).request(&silent).unwrap_err();
}

pub(crate) fn revocation(client: &Client, token: &str) {
    let token = StandardRevocableToken::RefreshToken(RefreshToken::new(token.into()));
    client.revoke_token(token).unwrap().request(&silent).unwrap_err();
}
