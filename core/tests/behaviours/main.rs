//! The checklist of docs/behaviours.md, row by row: a test is named by the row
//! that it shows. `make rows` lists them.

#[path = "../common/mod.rs"]
mod common;

mod api;
mod authorize;
mod clocks;
mod exchange;
mod hostile;
mod redirect;
mod refresh;
mod revoke;

use common::{server::Fault, *};
use evergrant::*;

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

fn authorization(request: &HttpRequest) -> Vec<&str> {
    let found =
        request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    found.map(|(_, value)| value.expose()).collect()
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

/// A world in which a code has been exchanged, and this happened to the request.
fn exchanged(config: ProviderConfig, fault: Fault) -> (World, Vec<Output>) {
    let mut world = World::with(client_of(config, client_config()));
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(fault);
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    (world, outputs)
}

/// A world whose access token has just expired.
fn expired(refresh: RefreshPolicy) -> World {
    let config = ProviderConfig { refresh, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world
}

/// The same, and a refresh was made that met this.
fn refreshed(fault: Fault) -> (World, Vec<Output>) {
    let mut world = expired(RefreshPolicy::STRICT);
    world.server.faults.push_back(fault);
    let outputs = world.token_wanted();
    (world, outputs)
}

fn with_oracle() -> ProviderConfig {
    ProviderConfig {
        introspection_endpoint: Some("https://as.example/introspect".into()),
        ..provider_config()
    }
}

fn requests_to_token_endpoint(world: &World) -> Vec<&HttpRequest> {
    let all = requests(&world.outputs);
    all.into_iter().filter(|request| !in_body(request, "grant_type").is_empty()).collect()
}

/// The refresh tokens that were sent to the token endpoint, in order.
fn refresh_tokens_sent(outputs: &[Output]) -> Vec<String> {
    requests(outputs)
        .iter()
        .filter(|request| in_body(request, "grant_type") == ["refresh_token"])
        .flat_map(|request| in_body(request, "refresh_token"))
        .collect()
}

/// A life in which every kind of request was made.
fn whole_life(client: ClientConfig) -> World {
    let config =
        ProviderConfig { resource: Some("https://api.example/v1".into()), ..with_oracle() };
    let mut world = World::with(client_of(config, client));
    world.authorize();
    world.wake();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::RequestLost);
    world.token_wanted();
    world.wake();
    world.run(Input::Revoke);
    let kinds: Vec<(&str, String)> = requests(&world.outputs)
        .iter()
        .map(|request| (request.url.as_str(), in_body(request, "grant_type").concat()))
        .collect();
    let kinds: Vec<(&str, &str)> = kinds.iter().map(|(url, kind)| (*url, kind.as_str())).collect();
    assert_eq!(
        kinds,
        [
            ("https://as.example/token", "authorization_code"),
            ("https://as.example/token", "refresh_token"),
            ("https://as.example/token", "refresh_token"),
            ("https://as.example/introspect", ""),
            ("https://as.example/token", "refresh_token"),
            ("https://as.example/revoke", ""),
        ]
    );
    assert_eq!((world.status(), world.server.replays), (Status::Disconnected, 0));
    world
}

/// A client that authenticates so.
fn authenticating(method: TokenEndpointAuthMethod) -> ClientConfig {
    let public = method == TokenEndpointAuthMethod::None;
    ClientConfig {
        client_secret: (!public).then(|| "canary-client-secret".into()),
        previous_client_secret: None,
        token_endpoint_auth_method: Some(method),
        ..client_config()
    }
}

const METHODS: [TokenEndpointAuthMethod; 3] = [
    TokenEndpointAuthMethod::ClientSecretBasic,
    TokenEndpointAuthMethod::ClientSecretPost,
    TokenEndpointAuthMethod::None,
];

/// The requests that a host is asked to send.
const KINDS: [&str; 4] = ["exchange", "refresh", "introspection", "revocation"];

/// A world in which a request of this kind is at the server.
fn asked(kind: &str) -> (World, Output) {
    let mut world = World::with(client_of(with_oracle(), client_config()));
    let input = match kind {
        "exchange" => {
            let url = world.open_browser(authorize());
            redirected(&world.server.consent(&url))
        }
        "refresh" => {
            world.authorize();
            world.advance(3_600_000);
            wanted()
        }
        "introspection" => {
            world.authorize();
            world.advance(3_600_000);
            world.server.faults.push_back(Fault::RequestLost);
            world.token_wanted();
            world.advance(world.connection.wake_at(world.now).unwrap() - world.now);
            Input::Wake
        }
        _ => {
            world.authorize();
            Input::Revoke
        }
    };
    let sent = http(&until_sent(&mut world, input));
    (world, sent)
}
