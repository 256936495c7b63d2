use evergrant_authority::{BASIC_CLIENT, ClientAuth, RegisteredClient, RegistrationError};
use serde_json::json;

use crate::client::*;

#[test]
fn the_clock_moves_forward_only() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let advance = |body| world.post("/control/advance", &[], body);
    assert_eq!(advance("{\"seconds\": 899.5}").status, 200);
    let now = advance("{\"seconds\": 0.5}").json()["now"].as_u64().unwrap();
    let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!(now.abs_diff(real.as_secs() + 900) <= 5);
    assert!(!world.serves(&tokens.access));
    for body in ["{\"seconds\": -1}", "{\"seconds\": 1e300}", "{\"seconds\": \"1\"}", "{}", ""] {
        assert_eq!(advance(body).status, 400, "{body}");
    }
}

#[test]
fn access_tokens_die_and_refresh_tokens_live_on() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let reply = world.post("/control/revoke-access-tokens", &[], "");
    assert_eq!(reply.json(), json!({ "revoked": 1 }));
    assert!(!world.serves(&tokens.access));
    assert!(world.serves(&world.refresh(BASIC_CLIENT, &tokens.refresh).tokens().access));
}

#[test]
fn users_revoke_everything() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let reply = world.post("/control/revoke-grants", &[], "");
    assert_eq!(reply.json(), json!({ "revoked": 1 }));
    assert!(!world.serves(&tokens.access));
    world.refresh(BASIC_CLIENT, &tokens.refresh).refuses(400, "invalid_grant");
    assert_eq!(world.authority.control().stats().replayed_refresh_tokens, 0);
    assert!(world.serves(&world.connect(BASIC_CLIENT).access));
}

#[test]
fn consent_is_switched_over_http() {
    let world = World::new();
    assert_eq!(world.post("/control/consent", &[], "{\"mode\":\"page\"}").status, 200);
    assert_eq!(world.authorize(&authorization(BASIC_CLIENT)).status, 200);
    let bob = "{\"mode\":\"automatic\",\"user\":\"bob\"}";
    assert_eq!(world.post("/control/consent", &[], bob).status, 200);
    let tokens = world.connect(BASIC_CLIENT);
    assert_eq!(world.introspect(BASIC_CLIENT, &tokens.access)["sub"], "bob");
    assert_eq!(world.post("/control/consent", &[], "{\"mode\":\"never\"}").status, 400);

    assert_eq!(world.post("/control/deny-next", &[], "").status, 200);
    let denied = world.authorize(&authorization(BASIC_CLIENT));
    assert_eq!(denied.callback("error").as_deref(), Some("access_denied"));
}

#[test]
fn stats_count() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    world.serves(&tokens.access);
    world.serves("nothing");
    world.refresh(BASIC_CLIENT, &tokens.refresh);
    world.refresh(BASIC_CLIENT, &tokens.refresh);
    world.exchange(BASIC_CLIENT, "unknown");
    world.authorize(&[]);
    assert_eq!(
        world.get("/control/stats", &[]).json(),
        json!({
            "authorize": 2,
            "authorizations_granted": 1,
            "authorizations_denied": 0,
            "code_exchanges_ok": 1,
            "code_exchanges_refused": 1,
            "refreshes_received": 2,
            "refreshes_handled": 2,
            "refreshes_ok": 1,
            "refreshes_refused": 1,
            "replayed_refresh_tokens": 1,
            "grants_revoked_by_replay": 1,
            "grants_alive": 0,
            "grants_alive_by_subject": {},
            "refresh_tokens_alive": 0,
            "client_secrets_used": { "0": 4 },
            "rate_limited": 0,
            "busiest_window": 0,
            "revocations": 0,
            "installations_made": 1,
            "installations_alive": 1,
            "installations_activated": 0,
            "installations_deleted": 0,
            "introspections": 0,
            "api_introspections": 0,
            "api_keys_active": 0,
            "api_keys_accepted": 0,
            "api_keys_refused": {},
            "credentials_in_query": 0,
            "api_calls": { "200": 1, "401": 1 },
        })
    );
}

#[test]
fn a_client_is_registered_over_http() {
    let world = World::new();
    let register = |body: serde_json::Value| world.post("/control/clients", &[], &body.to_string());
    let client = json!({
        "id": "new:client",
        "secret": "ß:&",
        "method": "client_secret_basic",
        "redirect_uris": [BACK],
        "scopes": ["expenses:read"],
    });
    assert_eq!(register(client.clone()).status, 201);
    assert_eq!(register(client.clone()).status, 409);
    let mut pairs = but(&authorization(BASIC_CLIENT), "client_id", "new:client");
    pairs = but(&pairs, "scope", "expenses:read");
    let code = world.authorize(&pairs).callback("code").unwrap();
    let header = basic("new:client", "ß:&");
    world.form("/oauth/token", Some(&header), &exchange(&code)).tokens();

    for (member, value) in [
        ("id", json!("")),
        ("secret", json!("")),
        ("secret", json!(null)),
        ("method", json!("none")),
        ("method", json!("private_key_jwt")),
        ("redirect_uris", json!(["/relative"])),
        ("scopes", json!(["two words"])),
        ("surprise", json!(1)),
    ] {
        let mut client = client.clone();
        client["id"] = json!("another");
        client[member] = value;
        assert_eq!(register(client).status, 400, "{member}");
    }
}

#[test]
fn a_client_is_registered_by_handle() {
    let world = World::new();
    let client = RegisteredClient {
        id: BASIC_CLIENT.id.into(),
        auth: ClientAuth::None,
        redirect_uris: vec![],
        scopes: vec![],
    };
    let refused = world.authority.control().register(client);
    assert_eq!(refused, Err(RegistrationError::Taken));
}

#[test]
fn web_pages_control_nothing() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let origin = [("origin", "https://evil.example")];
    assert_eq!(world.post("/control/revoke-grants", &origin, "").status, 403);
    assert!(world.serves(&tokens.access));
}
