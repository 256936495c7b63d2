//! What Pleo asks of a client, one test or more for each requirement of
//! docs/pleo-requirements.md, named by its number. The provider is Pleo's own preset,
//! with its real URLs; `make rows` lists the tests.

#[path = "../common/mod.rs"]
mod common;

mod api;
mod authorize;
mod companies;
mod endings;
mod environments;
mod keys;
mod memory;
mod pacing;
mod redirect;
mod refresh;
mod retries;
mod secrecy;
mod tokens;

use common::{server::Fault, *};
use evergrant::*;

const COMPANY: &str = "urn:pleo:company:00000000-0000-4000-8000-00000000000a";
const OTHER: &str = "urn:pleo:company:00000000-0000-4000-8000-00000000000b";
const GROUP: &str = "urn:pleo:organisation:00000000-0000-4000-8000-000000000001";

/// Authorization server and API of each environment.
const ENVIRONMENTS: [(Pleo, &str, &str); 2] = [
    (Pleo::Staging, "https://auth.staging.pleo.io", "https://external.staging.pleo.io"),
    (Pleo::Production, "https://auth.pleo.io", "https://external.pleo.io"),
];

const TOKEN_ENDPOINT: &str = "https://auth.pleo.io/oauth/token";
const INTROSPECTION: &str = "https://auth.pleo.io/oauth/token/introspect";
const API: &str = "https://external.pleo.io/v1/employees?limit=100";
const INSTALLATION: &str = "https://external.pleo.io/v1/installations/me";

const HOUR: u64 = 3_600_000;

fn registered() -> ClientConfig {
    ClientConfig {
        client_id: "00000000-0000-4000-8000-00000000c11e".into(),
        redirect_uris: vec![REDIRECT_URI.into(), "https://client.example/other?a=b".into()],
        scopes: vec!["users:read".into(), "accounts:read".into(), "accounts:write".into()],
        ..client_config()
    }
}

fn world_of(environment: Pleo, client: ClientConfig) -> World {
    let mut world = World::with(client_of(environment.config(), client));
    world.server.iss = None;
    world.server.subject = Some(COMPANY.into());
    world.server.granted = "users:read accounts:read accounts:write";
    world.server.scope = world.server.granted;
    world
}

fn world() -> World {
    world_of(Pleo::Production, registered())
}

/// A world in which a person has connected the company.
fn connected() -> World {
    let mut world = world();
    world.authorize();
    assert_eq!((world.status(), world.connection.company()), (Status::Authorized, Some(COMPANY)));
    world
}

/// The same, and the access token has just expired.
fn expired() -> World {
    let mut world = connected();
    world.advance(HOUR);
    world
}

/// The same, and a refresh was made that met this.
fn refreshed(fault: Fault) -> (World, Vec<Output>) {
    let mut world = expired();
    world.server.faults.push_back(fault);
    let outputs = world.token_wanted();
    (world, outputs)
}

fn refused(error: &str) -> Fault {
    Fault::Answer(400, format!(r#"{{"error":"{error}"}}"#))
}

/// A life in which every kind of request was made: exchange, whose it is, refresh, a
/// request that is lost, introspection, another refresh, the end.
fn whole_life(environment: Pleo, client: ClientConfig) -> World {
    let mut world = world_of(environment, client);
    world.authorize();
    world.wake();
    world.advance(HOUR);
    world.server.faults.push_back(Fault::RequestLost);
    world.token_wanted();
    world.wake();
    world.run(Input::Revoke);
    let server = &world.server;
    assert_eq!(
        (server.exchanges, server.refreshes, server.introspections, server.uninstalled.len()),
        (1, 2, 1, 1)
    );
    assert_eq!((world.status(), server.replays), (Status::Disconnected, 0));
    world
}

/// The header for an API call of production now, without any step.
fn header(world: &World) -> Option<String> {
    let credential = world.connection.authorization(world.now, API, 0);
    credential.map(|credential| credential.header.to_owned())
}

/// Every value of a parameter, in a URL's query or a form.
fn values(query: &str, name: &str) -> Vec<String> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

fn in_url(url: &str, name: &str) -> Vec<String> {
    values(url.split_once('?').map_or("", |(_, query)| query), name)
}

fn in_body(request: &HttpRequest, name: &str) -> Vec<String> {
    values(&body(request), name)
}

/// The values of a header.
fn headers<'a>(request: &'a HttpRequest, name: &str) -> Vec<&'a str> {
    let found = request.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.expose()).collect()
}

/// The refresh tokens that were sent, in order.
fn refresh_tokens_sent(outputs: &[Output]) -> Vec<String> {
    requests(outputs).iter().flat_map(|request| in_body(request, "refresh_token")).collect()
}

fn redirected(url: &str) -> Input {
    Input::Redirected { url: url.into(), proof: BrowserProof::SameProcess }
}

/// The wish to authorize, changed.
fn asking(change: impl FnOnce(&mut Authorize)) -> Input {
    let Input::Authorize(mut asked) = authorize() else { unreachable!() };
    change(&mut asked);
    Input::Authorize(asked)
}

fn answered(generation: u64, status: u16) -> Input {
    Input::ApiAnswered { generation, status, headers: vec![] }
}

/// A key that a person has entered.
fn entered(key: &str, change: impl FnOnce(&mut ApiKey)) -> Input {
    let kind = ApiKeyKind::Integrated;
    let mut entered = ApiKey { key: key.into(), kind, company: None, scopes: vec![] };
    change(&mut entered);
    Input::KeyEntered(entered)
}

fn key_header(key: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

/// The failures, with what each speaks of.
fn told(outputs: &[Output]) -> Vec<(&'static str, Failure)> {
    let failed = outputs.iter().filter_map(|output| match output {
        Output::Failed { activity, failure } => Some((activity.code(), failure.clone())),
        _ => None,
    });
    failed.collect()
}

/// Wakes the machine until it has nothing to do for ten minutes.
fn settle(world: &mut World) -> Vec<Output> {
    let mut outputs = Vec::new();
    while world.connection.wake_at(world.now).is_some_and(|at| at < world.now + 600_000) {
        outputs.extend(world.wake());
    }
    outputs
}
