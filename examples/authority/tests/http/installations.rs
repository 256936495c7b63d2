//! Installations: how they begin, change and end, and what ends with them.

use base64::{Engine, engine::general_purpose::STANDARD};
use evergrant_authority::{
    BASIC_CLIENT, Config, Fault, FaultRule, InstallationError, InstallationStatus, KeyKind,
    NORTH_DENMARK, NORTH_GROUP, NORTH_SWEDEN, NewApiKey, POST_CLIENT, Reach, SOUTH, Subject,
};
use serde_json::{Value, json};

use crate::client::*;

const ME: &str = "/v1/installations/me";
const ACTIVATE: &str = "/v1/installations/me:activate";

/// Calls with one credential.
struct As<'a> {
    world: &'a World,
    authorization: String,
}

impl As<'_> {
    fn get(&self) -> Reply {
        self.world.get(ME, &[("authorization", &self.authorization)])
    }

    fn post(&self, path: &str, body: &str) -> Reply {
        self.world.post(path, &[("authorization", &self.authorization)], body)
    }

    fn put(&self, body: &Value) -> Reply {
        self.world.put(ME, &[("authorization", &self.authorization)], &body.to_string())
    }

    fn delete(&self) -> Reply {
        self.world.delete(ME, &[("authorization", &self.authorization)])
    }

    fn status(&self) -> Value {
        self.get().json()["status"].clone()
    }
}

fn bearer<'a>(world: &'a World, token: &str) -> As<'a> {
    As { world, authorization: format!("Bearer {token}") }
}

fn key<'a>(world: &'a World, kind: KeyKind, subject: &str, client_id: Option<&str>) -> As<'a> {
    let new = NewApiKey {
        kind,
        subject: subject.parse().unwrap(),
        scopes: vec!["expenses:read".into()],
        expires_in: None,
        client_id: client_id.map(String::from),
    };
    let key = world.authority.control().create_api_key(new).unwrap().key;
    As { world, authorization: format!("Basic {}", STANDARD.encode(format!("{key}:"))) }
}

fn connect_for(world: &World, subject: &str) -> Tokens {
    world.authority.control().pick(Some(subject.parse().unwrap()));
    world.connect(BASIC_CLIENT)
}

fn own() -> Subject {
    Subject::company_of("alice")
}

#[test]
fn a_grant_makes_it_once() {
    let world = World::new();
    let first = world.connect(BASIC_CLIENT);
    let told = bearer(&world, &first.access).get();
    assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
    let told = told.json();
    let members: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["applicationId", "createdAt", "id", "metadata", "resource", "status", "updatedAt"];
    assert_eq!(members, expected);
    assert_eq!(told["resource"], own().to_string());
    assert_eq!((&told["status"], &told["metadata"]), (&json!("ACTIVATED"), &json!({})));
    assert_eq!(told["createdAt"].as_str().map(str::len), Some("2021-01-01T00:00:00Z".len()));

    let second = world.connect(BASIC_CLIENT);
    assert_eq!(bearer(&world, &second.access).get().json(), told);
    let other = connect_for(&world, SOUTH);
    let other = bearer(&world, &other.access).get().json();
    assert_eq!(other["applicationId"], told["applicationId"]);
    assert_ne!(other["id"], told["id"]);
    assert_eq!(other["resource"], SOUTH);

    let listed = world.get("/control/installations", &[]).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let mut expected = told;
    expected["client_id"] = BASIC_CLIENT.id.into();
    assert!(listed.as_array().unwrap().contains(&expected));
    let stats = world.stats();
    assert_eq!((stats.installations_made, stats.installations_alive), (2, 2));
    assert_eq!(world.get(ME, &[]).status, 401);
}

#[test]
fn one_that_needs_activation_waits_for_it() {
    let config = Config { installation_needs_activation: true, ..Config::default() };
    let world = World::with(config);
    let tokens = world.connect(BASIC_CLIENT);
    let me = bearer(&world, &tokens.access);
    assert_eq!(me.status(), "AUTHORIZED");
    world.advance(5);
    let activated = me.post(ACTIVATE, "");
    assert_eq!((activated.status, &activated.json()["status"]), (200, &json!("ACTIVATED")));
    assert_ne!(activated.json()["updatedAt"], activated.json()["createdAt"]);
    assert_eq!(me.post(ACTIVATE, "").status, 200, "once more does no harm");
    assert_eq!(world.stats().installations_activated, 2);

    for (status, answer) in
        [("PENDING_INTEGRATION", 200), ("INACTIVE", 409), ("ERROR", 409), ("AUTHORIZED", 200)]
    {
        assert_eq!(me.put(&json!({ "status": status })).status, 200);
        assert_eq!(me.post(ACTIVATE, "").status, answer, "{status}");
    }
    let by_key = key(&world, KeyKind::Standalone, &own().to_string(), Some(BASIC_CLIENT.id));
    assert_eq!(by_key.post(ACTIVATE, "").status, 403, "keys do not activate");
    world.authority.control().set_needs_activation(false);
    assert_eq!(bearer(&world, &connect_for(&world, SOUTH).access).status(), "ACTIVATED");
}

#[test]
fn it_is_changed() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let me = bearer(&world, &tokens.access);
    for (body, status, error, metadata) in [
        (json!({ "status": "ACTIVATED", "metadata": { "a": 1 } }), "ACTIVATED", None, 1),
        (json!({ "status": "ERROR", "errorCode": "AUTH_ERROR" }), "ERROR", Some("AUTH_ERROR"), 1),
        (
            json!({ "status": "INACTIVE", "errorCode": "NOT_ENTITLED", "metadata": { "a": 2 } }),
            "INACTIVE",
            Some("NOT_ENTITLED"),
            2,
        ),
        (json!({ "status": "ACTIVATED", "errorCode": "NOT_ENTITLED" }), "ACTIVATED", None, 2),
    ] {
        let told = me.put(&body).json();
        assert_eq!((&told["status"], &told["metadata"]["a"]), (&json!(status), &json!(metadata)));
        assert_eq!(told.get("errorCode"), error.map(|error| json!(error)).as_ref(), "{body}");
        assert_eq!(me.get().json(), told);
    }
    for bad in [
        json!({}),
        json!({ "status": "READY" }),
        json!({ "status": "ERROR", "errorCode": "LAZY" }),
        json!({ "status": "ACTIVATED", "metadata": [] }),
        json!({ "status": "ACTIVATED", "id": "mine" }),
    ] {
        assert_eq!(me.put(&bad).status, 400, "{bad}");
    }
}

#[test]
fn an_api_key_makes_its_own() {
    let world = World::new();
    let me = key(&world, KeyKind::Standalone, SOUTH, None);
    for reply in [me.get(), me.put(&json!({ "status": "ACTIVATED" })), me.delete()] {
        assert_eq!((reply.status, &reply.json()["type"]), (404, &json!("INSTALLATION_NOT_FOUND")));
    }
    assert_eq!(me.post(ME, "{\"status\":\"READY\"}").status, 400);
    let made = me.post(ME, "{\"metadata\":{\"mine\":true},\"status\":\"PENDING_INTEGRATION\"}");
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["resource"], SOUTH);
    assert_eq!(me.post(ME, "").status, 409);
    assert_eq!(me.get().json(), made.json());
    assert_eq!(me.delete().status, 204);
    assert_eq!(me.get().status, 404, "and this key is still good");
    assert_eq!(me.post(ME, "").json()["status"], "ACTIVATED");
}

#[test]
fn an_integrated_key_comes_and_goes_with_it() {
    let world = World::new();
    let me = key(&world, KeyKind::Integrated, SOUTH, Some("erp"));
    let bystander = key(&world, KeyKind::Integrated, NORTH_SWEDEN, Some("erp"));
    assert_eq!(me.status(), "PENDING_INTEGRATION");
    assert_eq!(me.delete().status, 204);
    assert_eq!((me.get().status, bystander.get().status), (401, 200));
    assert_eq!(world.stats().api_keys_active, 1);
}

#[test]
fn an_organisation_has_its_own_and_those_of_its_companies() {
    let world = World::new();
    let tokens = connect_for(&world, NORTH_GROUP);
    let me = bearer(&world, &tokens.access);
    assert_eq!(me.get().json()["resource"], NORTH_GROUP);
    let of = |urn: &str| format!("{ME}?company_id={}", urn.parse::<Subject>().unwrap().id());
    assert_eq!(me.post(&of(NORTH_DENMARK), "").json()["resource"], NORTH_DENMARK);
    assert_eq!(world.api(&of(NORTH_DENMARK), &tokens.access).status, 200);
    assert_eq!(world.api(&of(NORTH_SWEDEN), &tokens.access).status, 404);
    assert_eq!(world.api(&of(SOUTH), &tokens.access).status, 403);
}

#[test]
fn its_end_reaches_as_far_as_is_set() {
    // Of: the same company, another company, another client; what still serves afterwards.
    for (reach, serving) in [
        (None, [false, true, true]),
        (Some("company"), [false, true, true]),
        (Some("client"), [false, false, true]),
        (Some("grant"), [true, true, true]),
    ] {
        let world = World::new();
        if let Some(reach) = reach {
            let body = json!({ "reach": reach }).to_string();
            assert_eq!(world.post("/control/installations", &[], &body).status, 200);
        }
        let asking = world.connect(BASIC_CLIENT);
        let same = world.connect(BASIC_CLIENT);
        let stranger = world.connect(POST_CLIENT);
        let elsewhere = connect_for(&world, SOUTH);
        assert_eq!(bearer(&world, &asking.access).delete().status, 204);

        assert!(!world.serves(&asking.access));
        assert!(!world.would_honour(&asking.refresh));
        for (tokens, serves) in [&same, &elsewhere, &stranger].into_iter().zip(serving) {
            assert_eq!(world.serves(&tokens.access), serves, "{reach:?}");
            assert_eq!(world.would_honour(&tokens.refresh), serves, "{reach:?}");
        }
        let left = world.authority.control().installations();
        assert_eq!(left.len(), 2, "the other installations stay, whatever becomes of the tokens");
        let stats = world.stats();
        assert_eq!((stats.installations_deleted, stats.installations_alive), (1, 2));
    }
    let world = World::with(Config { reach: Reach::Client, ..Config::default() });
    let (here, there) = (world.connect(BASIC_CLIENT), connect_for(&world, SOUTH));
    assert_eq!(bearer(&world, &here.access).delete().status, 204);
    assert!(!world.serves(&there.access));
    for bad in ["{\"reach\":\"world\"}", "{\"surprise\":1}", ""] {
        assert_eq!(world.post("/control/installations", &[], bad).status, 400, "{bad}");
    }
}

#[test]
fn a_delete_may_find_none_or_fail() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let me = bearer(&world, &tokens.access);
    let forget = |subject: &str| {
        let which = json!({ "client_id": BASIC_CLIENT.id, "subject": subject }).to_string();
        world.post("/control/installations/forget", &[], &which).status
    };
    assert_eq!(
        (forget(SOUTH), forget(&own().to_string()), forget(&own().to_string())),
        (404, 200, 404)
    );
    assert_eq!(me.delete().status, 404);
    assert!(world.serves(&tokens.access), "what is not there ends nothing");
    assert_eq!(me.post(ME, "").status, 201);

    let control = world.authority.control();
    for (handled, left) in [(false, 1), (true, 0)] {
        let fault = Fault::Answer { status: 502, headers: [].into(), body: String::new(), handled };
        control.add_faults([FaultRule::new(ME, fault).method("DELETE")]).unwrap();
        assert_eq!(me.get().status, 200, "only DELETE is struck");
        assert_eq!(me.delete().status, 502);
        assert_eq!(control.installations().len(), left);
    }
    assert_eq!(me.delete().status, 401, "it was handled");
}

#[test]
fn the_marketplace_changes_it_behind_the_back() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    let me = bearer(&world, &tokens.access);
    let set = |subject: &str, status: &str| {
        let new = json!({
            "client_id": BASIC_CLIENT.id,
            "subject": subject,
            "status": status,
            "error_code": "AUTH_ERROR",
        });
        world.post("/control/installations/status", &[], &new.to_string()).status
    };
    assert_eq!((set(SOUTH, "ERROR"), set(&own().to_string(), "LOST")), (404, 400));
    for status in ["ERROR", "INACTIVE"] {
        assert_eq!(set(&own().to_string(), status), 200);
        let told = me.get().json();
        assert_eq!((&told["status"], &told["errorCode"]), (&json!(status), &json!("AUTH_ERROR")));
        // Authorizing again mends it, and it is the same one.
        let again = world.connect(BASIC_CLIENT);
        let mended = bearer(&world, &again.access).get().json();
        assert_eq!((&mended["status"], mended.get("errorCode")), (&json!("ACTIVATED"), None));
        assert_eq!(mended["id"], told["id"]);
    }
    let control = world.authority.control();
    let entitled = InstallationError::NotEntitled;
    let stopped = InstallationStatus::Inactive;
    assert!(control.set_installation_status(BASIC_CLIENT.id, &own(), stopped, Some(entitled)));
    assert_eq!(control.installations()[0].installation.error_code, Some(entitled));

    assert_eq!(control.revoke_grants(), 3);
    assert_eq!(control.installations(), [], "who revokes everything uninstalls as well");
}
