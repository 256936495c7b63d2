//! What is measured: each operation by evergrant and by its peer, on the same inputs.

use crate::{
    host::{API, CODE, Host, REDIRECT_URI, SCOPES, client, lifecycle, sealed, token_body},
    peer,
};
use evergrant::*;
use std::{hint::black_box, sync::Arc};

/// One operation, done once by `run`.
pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) who: &'static str,
    pub(crate) run: Box<dyn FnMut()>,
}

const OURS: &str = "evergrant";
const PEER: &str = "oauth2";

/// A state, and a code verifier: 43 characters.
const SECRET: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const ERROR: &str =
    r#"{"error":"invalid_grant","error_description":"The refresh token has been used before."}"#;

struct Inputs {
    ours: Arc<Client>,
    sealed: Arc<Client>,
    theirs: peer::Client,
    body: Vec<u8>,
    shared: SecretBytes,
    scope: String,
    redirect: String,
    redirect_secret: Secret,
    secret: Secret,
    code: Secret,
    refresh_token: Secret,
    tokens: HttpResponse,
    error: HttpResponse,
}

impl Inputs {
    fn new() -> Self {
        let body = token_body();
        let redirect = format!("{REDIRECT_URI}?code={CODE}&state={SECRET}");
        let answer = |status, body: &[u8]| HttpResponse {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: SecretBytes::new(body),
        };
        Self {
            ours: client(Sealing::Plain),
            sealed: client(sealed()),
            theirs: peer::client(),
            shared: SecretBytes::new(body.clone()),
            scope: SCOPES.join(" "),
            redirect_secret: Secret::from(redirect.as_str()),
            redirect,
            secret: Secret::from(SECRET),
            code: Secret::from(CODE),
            refresh_token: Secret::from("r".repeat(180)),
            tokens: answer(200, &body),
            error: answer(400, ERROR.as_bytes()),
            body,
        }
    }
}

pub(crate) fn all() -> Vec<Case> {
    // They live as long as the program.
    let inputs: &'static Inputs = Box::leak(Box::new(Inputs::new()));
    let groups = [lifecycles(inputs), operations(inputs), steps(inputs)];
    groups.into_iter().flatten().collect()
}

fn case<T>(what: &'static str, who: &'static str, mut run: impl FnMut() -> T + 'static) -> Case {
    Case { what, who, run: Box::new(move || drop(black_box(run()))) }
}

fn lifecycles(it: &'static Inputs) -> Vec<Case> {
    vec![
        case("lifecycle", OURS, || lifecycle(&it.ours, &it.shared)),
        case("lifecycle", PEER, || peer::lifecycle(&it.theirs, &it.body)),
        case("lifecycle, records sealed", OURS, || lifecycle(&it.sealed, &it.shared)),
    ]
}

/// One by one; no record is written.
fn operations(it: &'static Inputs) -> Vec<Case> {
    let provider = it.ours.provider();
    let judge =
        |response| operations::answer(provider, response, 0, &[&it.refresh_token], &mut Vec::new());
    vec![
        case("authorization URL", OURS, || {
            operations::authorization_url(&it.ours, REDIRECT_URI, &it.scope, &it.secret, &it.secret)
        }),
        case("authorization URL", PEER, || peer::authorization_url(&it.theirs, SECRET, SECRET)),
        case("redirect", OURS, || operations::redirect(&it.redirect_secret)),
        case("redirect", PEER, || peer::redirected(&it.redirect, SECRET)),
        case("code request", OURS, || {
            operations::exchange(&it.ours, &it.code, REDIRECT_URI, &it.secret)
        }),
        case("code request", PEER, || peer::exchange_request(&it.theirs, CODE, SECRET)),
        case("token response", OURS, move || judge(&it.tokens)),
        case("token response", PEER, || peer::token_answer(&it.body)),
        case("refresh request", OURS, || operations::refresh(&it.ours, &it.refresh_token)),
        case("refresh request", PEER, || {
            peer::refresh_request(&it.theirs, it.refresh_token.expose());
        }),
        case("error response", OURS, move || judge(&it.error)),
        case("error response", PEER, || peer::error_answer(ERROR.as_bytes())),
        case("revocation", OURS, || {
            operations::revocation(&it.ours, "https://as.example/revoke", &it.refresh_token)
        }),
        case("revocation", PEER, || peer::revocation(&it.theirs, it.refresh_token.expose())),
    ]
}

/// What a host asks of a connection that is authorized.
fn steps(it: &'static Inputs) -> Vec<Case> {
    let authorized = |client: &Arc<Client>| {
        let mut host = Host::new(client.clone(), &it.shared);
        host.authorize();
        host.redirected();
        host
    };
    let (asked, mut refreshed) = (authorized(&it.ours), authorized(&it.ours));
    let (plain, sealed) = (authorized(&it.ours), authorized(&it.sealed));
    let restore = |client: &Arc<Client>, host: &Host| {
        Connection::restore(client.clone(), "tenant", host.store[0].clone()).unwrap()
    };
    vec![
        case("valid token", OURS, move || {
            asked.connection.authorization(asked.now, black_box(API), 30_000).is_some()
        }),
        case("refresh, all its steps", OURS, move || refreshed.refresh()),
        case("restore", OURS, move || restore(&it.ours, &plain)),
        case("restore, sealed", OURS, move || restore(&it.sealed, &sealed)),
    ]
}
