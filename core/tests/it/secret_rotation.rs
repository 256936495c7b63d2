//! A client secret is replaced while both are good: no grant is lost by it.

use crate::common::{server::Fault, *};
use evergrant::*;

fn world() -> World {
    world_at(provider_config())
}

fn world_at(provider: ProviderConfig) -> World {
    let client = ClientConfig {
        client_secret: Some("canary-new-secret".into()),
        previous_client_secret: Some("canary-old-secret".into()),
        token_endpoint_auth_method: Some(TokenEndpointAuthMethod::ClientSecretPost),
        ..client_config()
    };
    World::with(client_of(provider, client))
}

fn unknown() -> Fault {
    Fault::Answer(401, r#"{"error":"invalid_client"}"#.into())
}

/// Which secrets the requests carried.
fn secrets(outputs: &[Output]) -> Vec<&'static str> {
    let secret = |request: &&HttpRequest| {
        let body = body(request);
        if body.contains("canary-new-secret") { "new" } else { "old" }
    };
    requests(outputs).iter().map(secret).collect()
}

#[test]
fn a_server_that_does_not_know_the_new_secret_yet_is_asked_with_the_old() {
    let mut world = world();
    world.server.faults.push_back(unknown());
    let outputs = world.authorize();
    assert_eq!((secrets(&outputs), failures(&outputs)), (vec!["new", "old"], vec![]));
    assert_eq!((world.status(), world.server.exchanges), (Status::Authorized, 1));
    // It is remembered which one was taken.
    world.advance(3_600_000);
    assert_eq!(secrets(&world.token_wanted()), ["old"]);
    // Until that one is not known any more.
    world.advance(3_600_000);
    world.server.faults.push_back(unknown());
    let outputs = world.token_wanted();
    assert_eq!((secrets(&outputs), tokens(&outputs).len()), (vec!["old", "new"], 1));
    assert_eq!(world.server.replays, 0, "what was not accepted was not used up");
}

#[test]
fn a_code_is_not_sent_a_third_time_where_neither_is_known() {
    let mut world = world();
    world.server.faults.extend([unknown(), unknown()]);
    let outputs = world.authorize();
    assert_eq!(secrets(&outputs), ["new", "old"]);
    assert_eq!(failures(&outputs), ["misconfigured_invalid_client"]);
}

#[test]
fn where_neither_is_known_the_operator_is_told_and_every_grant_kept() {
    let mut world = world();
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.extend([unknown(), unknown()]);
    let outputs = world.token_wanted();
    assert_eq!(secrets(&outputs), ["new", "old"]);
    assert_eq!(failures(&outputs), ["misconfigured_invalid_client"]);
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2");
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_revocation_is_said_with_the_other_one_too() {
    let mut world = world();
    world.authorize();
    world.server.faults.push_back(unknown());
    let outputs = world.run(Input::Revoke);
    assert_eq!(secrets(&outputs)[..2], ["new", "old"]);
    assert_eq!((world.status(), world.server.live.clone()), (Status::Disconnected, None));
}

#[test]
fn what_is_answered_well_is_not_said_with_the_other_one() {
    let mut world = world();
    world.authorize();
    assert_eq!(secrets(&world.run(Input::Revoke)), ["new"]);
    assert_eq!(world.status(), Status::Disconnected);
}

#[test]
fn an_api_that_refuses_the_access_token_says_nothing_of_the_secret() {
    let disconnect = by_api_request();
    let mut world = world_at(ProviderConfig { disconnect, ..provider_config() });
    world.authorize();
    world.server.faults.push_back(Fault::Answer(401, String::new()));
    let outputs = world.run(Input::Revoke);
    let renewal: Vec<Output> = outputs
        .into_iter()
        .filter(|output| matches!(output, Output::SendHttp { request, .. } if request.method == Method::Post))
        .collect();
    assert_eq!((secrets(&renewal), world.server.uninstalled.len()), (vec!["new"], 1));
}

#[test]
fn an_oracle_is_asked_with_the_other_one_once() {
    let oracle = || {
        let introspection_endpoint = Some("https://as.example/introspect".into());
        let mut world = world_at(ProviderConfig { introspection_endpoint, ..provider_config() });
        world.authorize();
        world.advance(3_600_000);
        world.server.faults.push_back(Fault::RequestLost);
        world.token_wanted();
        world
    };
    for (unknown_to, expected) in
        [(0, vec!["new", "new"]), (1, vec!["new", "old", "old"]), (2, vec!["new", "old", "old"])]
    {
        let mut world = oracle();
        world.server.faults.extend(vec![unknown(); unknown_to]);
        let outputs = world.wake();
        assert_eq!(secrets(&outputs), expected, "{unknown_to}");
        assert_eq!((world.status(), world.server.refreshes), (Status::Authorized, 1));
    }
}

#[test]
fn a_previous_secret_needs_a_current_one() {
    let provider = std::sync::Arc::new(Provider::new(provider_config()).unwrap());
    for (client_secret, previous) in [(None, "old"), (Some("new".into()), "")] {
        let config = ClientConfig {
            client_secret,
            previous_client_secret: Some(previous.into()),
            ..client_config()
        };
        assert_eq!(Client::new(provider.clone(), config), Err(Misuse::ClientSecretMissing));
    }
}

#[test]
fn the_renewal_of_an_end_is_said_with_the_other_one_once() {
    for (unknown_to, expected) in
        [(0, vec!["new"]), (1, vec!["new", "old"]), (2, vec!["new", "old"])]
    {
        let disconnect = by_api_request();
        let mut world = world_at(ProviderConfig { disconnect, ..provider_config() });
        world.authorize();
        world.advance(3_600_000);
        world.server.faults.extend(vec![unknown(); unknown_to]);
        let outputs = world.run(Input::Revoke);
        let renewals: Vec<Output> = outputs
            .into_iter()
            .filter(|output| matches!(output, Output::SendHttp { request, .. } if request.method == Method::Post))
            .collect();
        assert_eq!(secrets(&renewals), expected, "{unknown_to}");
        let told = usize::from(unknown_to < 2);
        assert_eq!(world.server.uninstalled.len(), told, "{unknown_to}");
        assert!(world.record()["intent"].is_null(), "not used up: {unknown_to}");
    }
}
