//! What introspection tells at both places, and how it fails.

use std::time::{Duration, Instant};

use evergrant_authority::{
    BASIC_CLIENT, Config, Fault, FaultRule, RetryAfter, SOUTH, Subject, Telling, ToldSubject,
};
use serde_json::{Value, json};

use crate::client::*;

const SUBJECT: &str = "urn:pleo:params:oauth:subject_urn";
const PLACES: [&str; 2] = ["/oauth/token/introspect", "/v1/introspect"];

fn tell(world: &World, telling: Value) {
    assert_eq!(world.post("/control/introspection", &[], &telling.to_string()).status, 200);
}

/// The answer of either place.
fn asked(world: &World, place: &str, token: &str) -> Reply {
    if place == PLACES[1] {
        return world.api(place, token);
    }
    world.form_as(BASIC_CLIENT, place, &[("token", token)])
}

fn api_data(world: &World, token: &str) -> Value {
    world.api("/v1/introspect", token).json()["data"].clone()
}

#[test]
fn aud_is_a_text_or_a_list() {
    let world = World::new();
    let token = world.connect(BASIC_CLIENT).access;
    let base = world.authority.base_url().to_owned();
    for (telling, aud) in [
        (json!({}), json!(base)),
        (json!({ "aud": "list" }), json!([base])),
        (json!({ "aud": "text" }), json!(base)),
    ] {
        tell(&world, telling);
        assert_eq!(world.introspect(BASIC_CLIENT, &token)["aud"], aud);
    }
}

#[test]
fn the_subject_may_be_anything() {
    let world = World::new();
    let token = world.connect(BASIC_CLIENT).access;
    let own = Subject::company_of("alice").to_string();
    for (told, expected) in [
        ("truth", json!(own)),
        ("absent", Value::Null),
        ("malformed", json!("urn:pleo:company:not-a-uuid")),
        (SOUTH, json!(SOUTH)),
    ] {
        tell(&world, json!({ "subject": told }));
        assert_eq!(world.get("/control/introspection", &[]).json()["subject"], told);
        let (there, here) = (world.introspect(BASIC_CLIENT, &token), api_data(&world, &token));
        assert_eq!((&there[SUBJECT], &here["subjectURN"]), (&expected, &expected), "{told}");
        for (members, name) in [(there, SUBJECT), (here, "subjectURN")] {
            assert_eq!(members.get(name).is_some(), told != "absent", "left out, and not null");
        }
    }
    // It is what is told, not what is so.
    let expenses = world.api("/v1/expenses", &token).json();
    assert_eq!(expenses["data"][0]["company"], own);
    for bad in ["{\"subject\":\"lie\"}", "{\"aud\":\"number\"}", "{\"surprise\":1}", ""] {
        assert_eq!(world.post("/control/introspection", &[], bad).status, 400, "{bad}");
    }
}

#[test]
fn the_optional_members_and_no_credential() {
    let telling =
        Telling { application_name: false, subject: ToldSubject::Absent, ..Telling::default() };
    let world = World::with(Config { telling, ..Config::default() });
    let token = world.connect(BASIC_CLIENT).access;
    let data = json!({
        "authMethod": "OAUTH2",
        "clientId": BASIC_CLIENT.id,
        "scope": "expenses:read users:read",
    });
    assert_eq!(api_data(&world, &token), data);

    assert_eq!(world.get("/v1/introspect", &[]).status, 401);
    world.authority.control().set_telling(Telling { anonymous: true, ..Telling::default() });
    let told = world.get("/v1/introspect", &[]);
    assert_eq!((told.status, told.json()), (200, json!({ "data": { "authMethod": "NONE" } })));
    assert_eq!(world.api("/v1/introspect", "unknown").status, 401, "a bad one is not none");
    assert_eq!(world.get("/v1/expenses", &[]).status, 401);
}

#[test]
fn one_answer_of_the_api_is_changed() {
    let world = World::new();
    let token = world.connect(BASIC_CLIENT).access;
    let rules = json!([
        { "path": "/v1/introspect", "fault": { "kind": "data", "set": { "subjectURN": 7 } } },
        { "path": "/v1/introspect", "fault": { "kind": "data", "remove": ["subjectURN"] } },
    ]);
    assert_eq!(world.post("/control/faults", &[], &rules.to_string()).status, 200);
    assert_eq!(api_data(&world, &token)["subjectURN"], 7);
    assert_eq!(api_data(&world, &token).get("subjectURN"), None);
    assert!(api_data(&world, &token)["subjectURN"].is_string());
}

#[test]
fn both_places_can_be_out_of_order() {
    let world = World::new();
    let token = world.connect(BASIC_CLIENT).access;
    let control = world.authority.control();
    for place in PLACES {
        let failure = |status| Fault::Answer {
            status,
            headers: [].into(),
            body: String::new(),
            handled: false,
        };
        let later = Fault::TryLater { status: 429, retry_after: RetryAfter::Seconds(7) };
        let faults = [failure(500), failure(502), failure(503), failure(429), later];
        control.add_faults(faults.map(|fault| FaultRule::new(place, fault))).unwrap();
        let statuses = [(); 6].map(|()| asked(&world, place, &token).status);
        assert_eq!(statuses, [500, 502, 503, 429, 429, 200], "{place}");

        control.add_faults([FaultRule::new(place, Fault::DelayReply { ms: 150 })]).unwrap();
        let started = Instant::now();
        assert_eq!(asked(&world, place, &token).status, 200);
        assert!(started.elapsed() >= Duration::from_millis(150), "{place}");
    }
    let stats = world.stats();
    assert_eq!((stats.introspections, stats.api_introspections), (2, 2), "faults handle nothing");
}
