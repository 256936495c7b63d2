//! Refresh, disconnect and both client secrets.

use super::*;

#[test]
fn a_verdict_after_a_hold_spares_a_grant_made_meanwhile() {
    let endpoint = Some("https://as.example/introspect".into());
    let config = ProviderConfig { introspection_endpoint: endpoint, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::ReplyLost);
    world.token_wanted();
    while world.server.introspections == 0 {
        world.wake();
    }
    // The old token is used up, and its successor waited for; the person comes anew.
    world.authorize();
    assert_eq!((world.record()["gen"].as_u64(), world.header().is_some()), (Some(2), true));
    settle(&mut world);
    assert_eq!((world.status(), world.header().is_some()), (Status::Authorized, true));
    assert!(world.record()["tokens"].is_object(), "the new grant's tokens are wiped");
}

#[test]
fn a_verdict_after_a_hold_does_not_undo_a_disconnect() {
    let endpoint = Some("https://as.example/introspect".into());
    let config = ProviderConfig { introspection_endpoint: endpoint, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::ReplyLost);
    world.token_wanted();
    while world.server.introspections == 0 {
        world.wake();
    }
    // The server asks for patience; the hold ends before that.
    let patience = ("retry-after".into(), "600".into());
    world.server.faults.push_back(Fault::AnswerWith(503, patience, String::new()));
    world.run(Input::Revoke);
    let mut outputs = Vec::new();
    for _ in 0..10 {
        if world.connection.wake_at(world.now).is_some() {
            outputs.extend(world.wake());
        }
    }
    assert_eq!(world.status(), Status::Disconnected);
    assert!(notices(&outputs).contains(&"disconnected"));
    assert_eq!(world.server.live, None, "the server was told");
}

#[test]
fn what_is_owed_is_said_with_the_other_secret_too() {
    let mut world = World::with(client_of(provider_config(), two_secrets()));
    world.authorize();
    for _ in 0..5 {
        world.server.faults.push_back(Fault::Answer(503, String::new()));
    }
    world.run(Input::Revoke);
    while !world.server.faults.is_empty() {
        world.wake();
    }
    assert_eq!(world.status(), Status::Disconnected);
    // Both tokens are owed; another process does it, before a server that has not
    // heard of the new secret.
    world.restart();
    let mut outputs = Vec::new();
    for _ in 0..10 {
        let Some(at) = world.connection.wake_at(world.now) else { break };
        world.now = world.now.max(at);
        outputs.extend(run_with(&mut world, Input::Wake, |_, output| match output {
            Output::SendHttp { op, request, .. } if body(request).contains("new-secret") => {
                let response =
                    common::server::response(401, vec![], r#"{"error":"invalid_client"}"#);
                Some(Some(Input::HttpDone { op: *op, response }))
            }
            _ => None,
        }));
    }
    assert_eq!(world.server.live, None, "{:?}", notices(&outputs));
}

#[test]
fn a_renewal_for_a_disconnect_is_asked_with_the_other_secret_too() {
    let mut world =
        World::with(client_of(ProviderConfig { company: None, ..config() }, two_secrets()));
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(unknown_client());
    world.run(Input::Revoke);
    settle(&mut world);
    assert_eq!(world.server.uninstalled.len(), 1, "the installation lives on");
}

#[test]
fn the_oracle_is_asked_with_the_other_secret_too() {
    let endpoint = Some("https://as.example/introspect".into());
    let config = ProviderConfig { introspection_endpoint: endpoint, ..provider_config() };
    let mut world = World::with(client_of(config, two_secrets()));
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::ReplyLost);
    world.token_wanted();
    // From here on the server knows only the secret before.
    let known = |_: &mut World, output: &Output| match output {
        Output::SendHttp { op, request, .. } if body(request).contains("new-secret") => {
            let response = common::server::response(401, vec![], r#"{"error":"invalid_client"}"#);
            Some(Some(Input::HttpDone { op: *op, response }))
        }
        _ => None,
    };
    for _ in 0..10 {
        let Some(at) = world.connection.wake_at(world.now) else { break };
        world.now = world.now.max(at);
        run_with(&mut world, Input::Wake, known);
    }
    assert_eq!(world.server.replays, 0, "a token that the oracle knows to be used was sent");
}

#[test]
fn the_oracles_answer_does_not_send_the_token_of_a_grant_before() {
    let endpoint = Some("https://as.example/introspect".into());
    let config = ProviderConfig { introspection_endpoint: endpoint, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::ReplyLost);
    world.token_wanted();
    let mut held = None;
    while held.is_none() {
        world.now = world.connection.wake_at(world.now).unwrap().max(world.now);
        run_with(&mut world, Input::Wake, |_, output| match output {
            Output::SendHttp { op, request, .. } if request.url.ends_with("/introspect") => {
                held = Some(*op);
                Some(None)
            }
            _ => None,
        });
    }
    world.authorize();
    let response = common::server::response(503, vec![], "");
    let outputs = world.run(Input::HttpDone { op: held.unwrap(), response });
    let sent = requests(&outputs).iter().any(|request| body(request).contains("canary-refresh-2"));
    assert!(!sent, "a used token is replayed beside the new grant");
}

#[test]
fn a_grant_that_is_not_taken_leaves_no_fence() {
    let mut world = connected();
    let input = came_back(&mut world);
    let change = serde_json::json!({"token_type": "mac"});
    world.server.faults.push_back(Fault::Change(change));
    let outputs = world.run(input);
    assert_eq!(answers(&outputs), ["authorization server_token_type_unknown"]);
    assert!(world.record()["exchanging"].is_null(), "the grant before is kept from its refresh");
}

#[test]
fn a_slow_invalid_client_is_misconfigured() {
    let mut world = World::with(client_of(provider_config(), two_secrets()));
    world.authorize();
    world.advance(3_600_000);
    let outputs = run_with(&mut world, wanted(), |world, output| match output {
        Output::SendHttp { op, .. } => {
            world.advance(4_000);
            let response = common::server::response(401, vec![], r#"{"error":"invalid_client"}"#);
            Some(Some(Input::HttpDone { op: *op, response }))
        }
        _ => None,
    });
    assert_eq!(failures(&outputs), ["misconfigured_invalid_client"]);
    assert_eq!(requests(&outputs).len(), 2);
}

#[test]
fn a_revocation_is_said_with_the_current_secret_where_the_one_before_is_over() {
    let mut world = World::with(client_of(provider_config(), two_secrets()));
    world.server.faults.push_back(unknown_client());
    world.authorize();
    assert_eq!(world.status(), Status::Authorized);
    // The server took the secret before; now it knows only the new one.
    world.server.faults.push_back(unknown_client());
    let outputs = world.run(Input::Revoke);
    assert_eq!((failures(&outputs), world.server.live.clone()), (vec![], None));
}

#[test]
fn a_clock_set_back_does_not_forbid_the_renewal_for_a_disconnect() {
    let mut world = connected();
    world.now -= 3_600_000;
    // The access token is dead, the refresh token is good.
    world.server.faults.push_back(Fault::Answer(401, String::new()));
    world.run(Input::Revoke);
    settle(&mut world);
    assert_eq!(world.server.uninstalled, ["Bearer canary-access-3"]);
}

#[test]
fn control_a_late_refresh_does_not_overwrite_a_promoted_grant() {
    let mut world = connected();
    world.advance(3_000_000);
    let step = until_sent(&mut world, Input::Wake);
    let late = world.perform(&http(&step)).unwrap();
    world.server.spent.clear();
    world.authorize();
    let header = world.header();
    assert_eq!(world.record()["gen"], 2);
    world.run(late);
    assert_eq!((world.header(), &world.record()["gen"]), (header, &2.into()));
    assert_eq!(world.record()["company"], ACME);
}
