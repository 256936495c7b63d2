//! Introspection, revocation, metadata and the API.

use evergrant_authority::{BASIC_CLIENT, Config, Consent, POST_CLIENT, PUBLIC_CLIENT, Reach};

use crate::client::*;

#[test]
fn introspection_tells_its_own_client_what_pleo_tells() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let told = world.introspect(BASIC_CLIENT, &tokens.access);
    assert_eq!(told["active"], true);
    assert_eq!(told["sub"], "alice");
    assert_eq!(told["client_id"], BASIC_CLIENT.id);
    assert_eq!(told["iss"], world.authority.issuer());
    assert_eq!(told["aud"], world.authority.base_url());
    assert!(told["jti"].is_string());
    assert_eq!(told["exp"].as_u64().unwrap() - told["iat"].as_u64().unwrap(), 900);
    let subject = told["urn:pleo:params:oauth:subject_urn"].as_str().unwrap();
    assert!(subject.starts_with("urn:pleo:company:"));
    let api = world.api("/v1/introspect", &tokens.access).json();
    assert_eq!(api["data"]["subjectURN"], subject);
    assert_eq!(api["data"]["authMethod"], "OAUTH2");
    assert_eq!(api["data"]["clientId"], BASIC_CLIENT.id);
    assert_eq!(api["data"]["scope"], "expenses:read users:read");

    assert_eq!(world.introspect(BASIC_CLIENT, &tokens.refresh)["active"], true);
    let inactive = serde_json::json!({ "active": false });
    assert_eq!(world.introspect(POST_CLIENT, &tokens.access), inactive);
    assert_eq!(world.introspect(BASIC_CLIENT, "unknown"), inactive);
    world.advance(900);
    assert_eq!(world.introspect(BASIC_CLIENT, &tokens.access), inactive);
    world.refresh(BASIC_CLIENT, &tokens.refresh).tokens();
    assert_eq!(world.introspect(BASIC_CLIENT, &tokens.refresh), inactive);
}

#[test]
fn introspection_asks_who_asks() {
    let world = World::new();
    let path = "/oauth/token/introspect";
    let token = [("token", "any")];
    world.form(path, None, &token).refuses(400, "invalid_client");
    world.form(path, Some("Basic eDp5"), &token).refuses(401, "invalid_client");
    world.form_as(PUBLIC_CLIENT, path, &token).refuses(403, "unauthorized_client");
    world.form_as(BASIC_CLIENT, path, &[]).refuses(400, "invalid_request");
}

#[test]
fn each_user_has_one_company() {
    let world = World::new();
    let subject = || {
        let tokens = world.connect(BASIC_CLIENT);
        world.api("/v1/introspect", &tokens.access).json()["data"]["subjectURN"].clone()
    };
    let alice = subject();
    assert_eq!(alice, subject());
    let user = "bob".into();
    world.authority.control().set_consent(Consent::Automatic { user });
    assert_ne!(alice, subject());
}

#[test]
fn revocation() {
    let world = World::new();
    let revoke = |client, token: &str| world.form_as(client, "/oauth/revoke", &[("token", token)]);
    for client in all_clients() {
        let tokens = world.connect(client);
        assert_eq!(revoke(client, &tokens.access).status, 200);
        assert!(!world.serves(&tokens.access));
        let tokens = world.refresh(client, &tokens.refresh).tokens();
        assert_eq!(revoke(client, &tokens.refresh).status, 200);
        assert!(!world.serves(&tokens.access));
        world.refresh(client, &tokens.refresh).refuses(400, "invalid_grant");
        assert_eq!(revoke(client, &tokens.refresh).status, 200);
        assert_eq!(revoke(client, "unknown").status, 200);
    }

    // A spent token is enough to end the grant.
    let spent = world.connect(BASIC_CLIENT);
    let tokens = world.refresh(BASIC_CLIENT, &spent.refresh).tokens();
    revoke(POST_CLIENT, &tokens.refresh).refuses(400, "invalid_grant");
    assert!(world.serves(&tokens.access));
    assert_eq!(revoke(BASIC_CLIENT, &spent.refresh).status, 200);
    assert!(!world.serves(&tokens.access));

    world.form("/oauth/revoke", None, &[("token", "x")]).refuses(400, "invalid_client");
    world.form_as(BASIC_CLIENT, "/oauth/revoke", &[]).refuses(400, "invalid_request");
    assert_eq!(world.authority.control().stats().revocations, 3 * 4 + 1);
}

#[test]
fn metadata_names_what_is_there() {
    let world = World::new();
    let metadata = world.get("/.well-known/oauth-authorization-server", &[]).json();
    assert_eq!(metadata["issuer"], world.authority.issuer());
    for (member, path) in [
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/oauth/token"),
        ("introspection_endpoint", "/oauth/token/introspect"),
        ("revocation_endpoint", "/oauth/revoke"),
    ] {
        assert_eq!(metadata[member], world.url(path));
    }
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[test]
fn the_api_wants_a_live_bearer_token() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let expenses = world.api("/v1/expenses", &tokens.access).json();
    assert_eq!(expenses["data"].as_array().map(Vec::len), Some(2));

    let basic = basic(BASIC_CLIENT.id, BASIC_CLIENT.secret.unwrap());
    let twice = format!("Bearer {}", tokens.access);
    let wrong: [&[(&str, &str)]; 4] = [
        &[],
        &[("authorization", "Bearer unknown")],
        &[("authorization", &basic)],
        &[("authorization", &twice), ("authorization", &twice)],
    ];
    for headers in wrong {
        for path in ["/v1/expenses", "/v1/introspect"] {
            let reply = world.get(path, headers);
            assert_eq!(reply.status, 401, "{path} {headers:?}");
            assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        }
    }
    assert_eq!(world.api("/v1/expenses", &tokens.refresh).status, 401);
}

#[test]
fn an_installation_is_deleted_once() {
    let world = World::with(Config { reach: Reach::Grant, ..Config::default() });
    let (one, two) = (world.connect(BASIC_CLIENT), world.connect(BASIC_CLIENT));
    let delete = |token: &str| {
        let bearer = format!("Bearer {token}");
        world.delete("/v1/installations/me", &[("authorization", &bearer)]).status
    };
    assert_eq!(delete(&one.access), 204);
    assert_eq!(delete(&one.access), 401);
    assert_eq!(delete(&two.access), 404, "the same client and company: gone already");
    assert!(world.serves(&two.access), "deleting ends the grant that asked, no other");
}
