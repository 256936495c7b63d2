//! API keys of both kinds: what they open, and why they open nothing.

use base64::{Engine, engine::general_purpose::STANDARD};
use evergrant_authority::{
    ApiKeyError, KeyKind, KeyRefusal, KeyState, NORTH_DENMARK, NORTH_GROUP, NewApiKey, SOUTH,
    Subject,
};
use serde_json::{Value, json};

use crate::client::*;

fn new_key(subject: &str, scopes: &[&str]) -> NewApiKey {
    NewApiKey {
        kind: KeyKind::Standalone,
        subject: subject.parse().unwrap(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires_in: None,
        client_id: None,
    }
}

/// The key's id, and itself.
fn made(world: &World, new: NewApiKey) -> (usize, String) {
    let created = world.authority.control().create_api_key(new).unwrap();
    (created.id, created.key)
}

fn with_key(world: &World, path: &str, key: &str) -> Reply {
    with_pair(world, path, &format!("{key}:"))
}

fn with_pair(world: &World, path: &str, pair: &str) -> Reply {
    let value = format!("Basic {}", STANDARD.encode(pair));
    world.get(path, &[("authorization", &value)])
}

#[test]
fn a_key_of_either_kind_tells_whose_it_is() {
    let world = World::new();
    for (kind, application, client_id) in [
        ("standalone", None, "api-key-0"),
        ("integrated", Some("the integration"), "the integration"),
    ] {
        let mut new =
            json!({ "kind": kind, "subject": SOUTH, "scopes": ["expenses:read", "accounts:read"] });
        if let Some(application) = application {
            new["client_id"] = application.into();
        }
        let created = world.post("/control/api-keys", &[], &new.to_string());
        assert_eq!(created.status, 201);
        let key = created.json()["key"].as_str().unwrap().to_owned();
        assert!(key.starts_with("plp_") && !key.contains(':'));

        let mut data = json!({
            "authMethod": "API_KEY",
            "clientId": client_id,
            "scope": "expenses:read accounts:read",
            "subjectURN": SOUTH,
        });
        if let Some(application) = application {
            data["applicationName"] = application.into();
        }
        assert_eq!(with_key(&world, "/v1/introspect", &key).json()["data"], data);
        let expenses = with_key(&world, "/v1/expenses", &key).json();
        assert_eq!(expenses["data"][0]["company"], SOUTH);
    }
    let stats = world.stats();
    assert_eq!((stats.api_keys_active, stats.api_keys_accepted), (2, 4));
}

#[test]
fn each_state_has_its_answer() {
    let world = World::new();
    let (id, key) = made(&world, new_key(SOUTH, &["expenses:read"]));
    let set = |state: &str| {
        let body = json!({ "id": id, "state": state }).to_string();
        world.post("/control/api-keys/state", &[], &body).status
    };
    let status = || with_key(&world, "/v1/expenses", &key).status;
    let listed = || world.get("/control/api-keys", &[]).json()[0]["state"].clone();
    for (state, answered, now) in [
        ("active", 200, 200),
        ("disabled", 200, 401),
        ("disabled", 200, 401),
        ("active", 200, 200),
        ("revoked", 200, 401),
        ("revoked", 200, 401),
        ("active", 409, 401),
        ("disabled", 409, 401),
    ] {
        assert_eq!((set(state), status()), (answered, now), "{state}");
        if answered == 200 {
            assert_eq!(listed(), state);
        }
    }

    let (id, key) = made(&world, NewApiKey { expires_in: Some(60), ..new_key(SOUTH, &["a:b"]) });
    let good = || with_key(&world, "/v1/introspect", &key).status == 200;
    world.advance(59);
    assert!(good());
    world.advance(1);
    assert!(!good());
    let control = world.authority.control();
    assert_eq!(control.api_keys()[id].state, KeyState::Expired);
    assert_eq!(control.set_api_key_state(id, KeyState::Active), Err(ApiKeyError::Ended));

    let (id, key) = made(&world, new_key(SOUTH, &["a:b"]));
    control.set_api_key_state(id, KeyState::Expired).unwrap();
    assert_eq!(with_key(&world, "/v1/introspect", &key).status, 401);
    assert_eq!(control.set_api_key_state(9, KeyState::Active), Err(ApiKeyError::Unknown));
    assert_eq!(
        world.post("/control/api-keys/state", &[], "{\"id\":9,\"state\":\"active\"}").status,
        404
    );
    assert_eq!(
        world.post("/control/api-keys/state", &[], "{\"id\":0,\"state\":\"new\"}").status,
        400
    );

    let refused = &world.stats().api_keys_refused;
    let expected = [(KeyRefusal::Revoked, 4), (KeyRefusal::Expired, 2), (KeyRefusal::Disabled, 2)];
    assert_eq!(*refused, expected.into());
}

#[test]
fn what_is_no_key_opens_nothing() {
    let world = World::new();
    let (_, key) = made(&world, new_key(SOUTH, &["expenses:read"]));
    let cut = &key[..key.len() - 1];
    for (pair, why) in [
        (format!("{key}:secret"), KeyRefusal::Malformed),
        (key.clone(), KeyRefusal::Malformed),
        (format!("user:{key}"), KeyRefusal::Malformed),
        (format!(":{key}:"), KeyRefusal::Malformed),
        (format!("{key}::"), KeyRefusal::Malformed),
        (":".into(), KeyRefusal::Malformed),
        (String::new(), KeyRefusal::Malformed),
        (format!(" {key}:"), KeyRefusal::Unknown),
        (format!("{key}\n:"), KeyRefusal::Unknown),
        (format!("{}:", key.to_uppercase()), KeyRefusal::Unknown),
        (format!("{cut}:"), KeyRefusal::Unknown),
        (format!("{}:", key.replace('_', "%5F")), KeyRefusal::Unknown),
    ] {
        let before = world.stats().api_keys_refused.get(&why).copied().unwrap_or_default();
        for path in ["/v1/introspect", "/v1/expenses", "/v1/installations/me"] {
            let reply = with_pair(&world, path, &pair);
            assert_eq!(reply.status, 401, "{path} {pair:?}");
            let challenges = reply.headers.get_all("www-authenticate").iter();
            assert!(challenges.into_iter().any(|value| value.to_str().unwrap().contains("Basic")));
            assert!(!reply.body.contains(cut));
        }
        assert_eq!(world.stats().api_keys_refused[&why], before + 3, "{pair:?}");
    }
    // Neither as one finds it in an old quickstart, nor as a token.
    for header in [format!("Basic {key}"), format!("Bearer {key}"), key.clone()] {
        let reply = world.get("/v1/expenses", &[("authorization", &header)]);
        assert_eq!(reply.status, 401);
    }
}

#[test]
fn a_missing_scope_is_forbidden_and_no_challenge() {
    let world = World::new();
    let (_, key) = made(&world, new_key(SOUTH, &["accounts:read"]));
    let reply = with_key(&world, "/v1/expenses", &key);
    assert_eq!((reply.status, reply.header("www-authenticate")), (403, ""));
    assert_eq!(reply.json()["type"], "FORBIDDEN");
    assert_eq!(with_key(&world, "/v1/introspect", &key).status, 200);
    assert_eq!(world.stats().api_keys_refused, [(KeyRefusal::Scope, 1)].into());
}

#[test]
fn a_key_of_an_organisation_names_the_company() {
    let world = World::new();
    let (_, key) = made(&world, new_key(NORTH_GROUP, &["expenses:read"]));
    let of = |query: &str| with_key(&world, &format!("/v1/expenses{query}"), &key);
    let id = |urn: &str| urn.parse::<Subject>().unwrap().id().to_owned();
    assert_eq!(of("").status, 400);
    assert_eq!(of(&format!("?company_id={}", id(SOUTH))).status, 403);
    let reply = of(&format!("?company_id={}", id(NORTH_DENMARK)));
    assert_eq!(reply.json()["data"][0]["company"], NORTH_DENMARK);
    let told = with_key(&world, "/v1/introspect", &key).json();
    assert_eq!(told["data"]["subjectURN"], NORTH_GROUP);
}

#[test]
fn no_credential_is_taken_from_the_address() {
    let world = World::new();
    let (_, key) = made(&world, new_key(SOUTH, &["expenses:read"]));
    let tokens = world.connect(evergrant_authority::BASIC_CLIENT);
    for secret in [&key, &tokens.access, &tokens.refresh] {
        for name in ["api_key", "access_token", "anything"] {
            let path = format!("/v1/expenses?{name}={secret}");
            assert_eq!(world.get(&path, &[]).status, 401, "{name}");
            assert_eq!(with_key(&world, &path, &key).status, 401, "not beside a header either");
        }
    }
    assert_eq!(world.stats().credentials_in_query, 18);
    assert_eq!(world.get("/v1/expenses?api_key=unknown", &[]).status, 401);
    assert_eq!(world.stats().credentials_in_query, 18);
}

#[test]
fn a_key_is_shown_once() {
    let world = World::new();
    let created = world.authority.control().create_api_key(new_key(SOUTH, &["a:b"])).unwrap();
    with_key(&world, "/v1/introspect", &created.key);
    let listed = world.get("/control/api-keys", &[]);
    assert_eq!(
        listed.json(),
        json!([{
            "id": 0,
            "kind": "standalone",
            "client_id": "api-key-0",
            "subject": SOUTH,
            "scopes": ["a:b"],
            "state": "active",
            "expires_at": Value::Null,
            "accepted": 1,
        }])
    );
    let everything =
        format!("{} {created:?} {:?}", listed.body, world.authority.control().api_keys());
    assert!(!everything.contains(&created.key));
}

#[test]
fn an_unsound_key_is_not_made() {
    let world = World::new();
    let new = json!({ "kind": "standalone", "subject": SOUTH, "scopes": ["a:b"] });
    for (member, value) in [
        ("kind", json!("personal")),
        ("subject", json!("urn:pleo:company:x")),
        ("scopes", json!([])),
        ("scopes", json!(["\""])),
        ("scopes", json!(["a:b c:d"])),
        ("expires_in", json!(-1)),
        ("surprise", json!(1)),
    ] {
        let mut new = new.clone();
        new[member] = value;
        assert_eq!(world.post("/control/api-keys", &[], &new.to_string()).status, 400, "{member}");
    }
    assert_eq!(world.authority.control().api_keys(), []);
}
