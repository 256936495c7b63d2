//! Client secrets that change while they are in use, and the pace that callers must keep.

use evergrant_authority::{
    BASIC_CLIENT, Config, Fault, FaultRule, POST_CLIENT, PUBLIC_CLIENT, RateLimit, RetryForm,
    SecretError,
};
use serde_json::{Value, json};

use crate::client::*;

fn refresh_with(world: &World, secret: &str, token: &str) -> Reply {
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token)];
    world.form("/oauth/token", Some(&basic(BASIC_CLIENT.id, secret)), &pairs)
}

#[test]
fn old_and_new_secret_are_good_side_by_side() {
    let world = World::new();
    let (old, new) = (BASIC_CLIENT.secret.unwrap(), "n3w/%:+é");
    let control = |path: &str, body: Value| world.post(path, &[], &body.to_string());
    let mut token = world.connect(BASIC_CLIENT).refresh;
    refresh_with(&world, new, &token).refuses(401, "invalid_client");

    let added =
        control("/control/client-secrets", json!({ "client_id": BASIC_CLIENT.id, "secret": new }));
    assert_eq!((added.status, added.json()), (200, json!({ "number": 1 })));
    assert!(!added.body.contains(new));
    for secret in [old, new, old, new] {
        token = refresh_with(&world, secret, &token).tokens().refresh;
    }
    let introspect = |secret: &str| {
        let header = basic(BASIC_CLIENT.id, secret);
        world.form("/oauth/token/introspect", Some(&header), &[("token", &token)]).status
    };
    assert_eq!((introspect(old), introspect(new), introspect("neither")), (200, 200, 401));

    let drop = || control("/control/client-secrets/drop", json!({ "client_id": BASIC_CLIENT.id }));
    assert_eq!(drop().json(), json!({ "number": 0 }));
    refresh_with(&world, old, &token).refuses(401, "invalid_client");
    token = refresh_with(&world, new, &token).tokens().refresh;
    assert_eq!(drop().status, 409, "one stays");
    // The exchange and three by the old one; three and the refresh by the new one.
    assert_eq!(world.stats().client_secrets_used, [(0, 4), (1, 4)].into());

    // A server may end what was got by the old secret.
    control("/control/revoke-grants", json!({ "client_id": BASIC_CLIENT.id }));
    refresh_with(&world, new, &token).refuses(400, "invalid_grant");
}

#[test]
fn secrets_are_for_confidential_clients() {
    let world = World::new();
    let control = world.authority.control();
    for (client, secret, why) in [
        ("nobody", "s", SecretError::Unknown),
        (PUBLIC_CLIENT.id, "s", SecretError::Public),
        (POST_CLIENT.id, "", SecretError::Empty),
    ] {
        assert_eq!(control.add_client_secret(client, secret), Err(why));
        let body = json!({ "client_id": client, "secret": secret }).to_string();
        let status = world.post("/control/client-secrets", &[], &body).status;
        assert_eq!(status, if why == SecretError::Unknown { 404 } else { 400 });
    }
    assert_eq!(control.drop_client_secret(POST_CLIENT.id), Err(SecretError::Last));
    assert_eq!(control.drop_client_secret(PUBLIC_CLIENT.id), Err(SecretError::Public));
    assert_eq!(control.add_client_secret(POST_CLIENT.id, "second"), Ok(1));
    assert_eq!(control.drop_client_secret(POST_CLIENT.id), Ok(0));
    assert_eq!(control.add_client_secret(POST_CLIENT.id, "third"), Ok(2));
    world.form_as(POST_CLIENT, "/oauth/revoke", &[("token", "x")]).refuses(400, "invalid_client");
}

#[test]
fn a_window_takes_so_many_and_no_more() {
    let limit = RateLimit { retry_after: Some(RetryForm::Seconds), ..RateLimit::new(2, 1000) };
    let world = World::with(Config { rate_limit: Some(limit), ..Config::default() });
    let tokens = world.connect(BASIC_CLIENT);
    let call = || world.api("/v1/expenses", &tokens.access);
    assert_eq!([call().status, call().status, call().status], [200, 200, 429]);
    world.advance(300);
    let wait: u64 = call().header("retry-after").parse().unwrap();
    assert!((690..=700).contains(&wait), "{wait}");
    world.advance(wait);
    assert_eq!(call().status, 401, "a new window, but the token has expired");
    let stats = world.stats();
    assert_eq!((stats.rate_limited, stats.busiest_window), (2, 4));
    assert_eq!(stats.api_calls, [(200, 2), (401, 1)].into(), "what was refused was not handled");
    // The token endpoint keeps no pace here, and the control endpoints never do.
    for _ in 0..3 {
        assert_eq!(world.exchange(BASIC_CLIENT, "unknown").status, 400);
        assert_eq!(world.get("/control/stats", &[]).status, 200);
    }
}

#[test]
fn a_limit_is_set_and_lifted() {
    let world = World::new();
    let set = |limit: Value| world.post("/control/rate-limit", &[], &limit.to_string()).status;
    let get = || world.get("/control/rate-limit", &[]).json();
    let call = || world.get("/v1/introspect", &[]);
    assert_eq!(get(), Value::Null);

    assert_eq!(set(json!({ "requests": 1, "seconds": 60 })), 200);
    let told = json!({ "requests": 1, "seconds": 60, "retry_after": null, "path": "/v1/" });
    assert_eq!(get(), told);
    assert_eq!(call().status, 401);
    let refused = call();
    assert_eq!((refused.status, refused.header("retry-after")), (429, ""));

    assert_eq!(set(json!({ "requests": 0, "seconds": 60, "retry_after": "http_date" })), 200);
    let refused = call();
    assert_eq!(refused.status, 429);
    let date = |name: &str| httpdate::parse_http_date(refused.header(name)).unwrap();
    let wait = date("retry-after").duration_since(date("date")).unwrap();
    assert_eq!(wait.as_secs(), 60);

    assert_eq!(world.delete("/control/rate-limit", &[]).status, 200);
    assert_eq!(call().status, 401);
    for bad in [
        json!({ "requests": 1 }),
        json!({ "requests": -1, "seconds": 1 }),
        json!({ "requests": 1, "seconds": 1, "retry_after": "later" }),
        json!({ "requests": 1, "seconds": 1, "surprise": 1 }),
    ] {
        assert_eq!(set(bad.clone()), 400, "{bad}");
    }
}

#[test]
fn the_token_endpoint_can_be_limited_too() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let control = world.authority.control();
    control
        .set_rate_limit(Some(RateLimit { path: "/oauth/token".into(), ..RateLimit::new(0, 60) }));
    control.add_faults([FaultRule::refresh(Fault::Pass)]).unwrap();
    assert_eq!(world.refresh(BASIC_CLIENT, &tokens.refresh).status, 429);
    assert!(world.would_honour(&tokens.refresh), "nothing was spent");
    assert_eq!(control.faults().len(), 1, "no fault either");
    let stats = world.stats();
    assert_eq!((stats.refreshes_received, stats.refreshes_handled), (1, 0));
    control.set_rate_limit(None);
    world.refresh(BASIC_CLIENT, &tokens.refresh).tokens();
}
