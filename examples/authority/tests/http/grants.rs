//! What a test may ask about grants without spending anything.

use evergrant_authority::{BASIC_CLIENT, POST_CLIENT, Policy, Subject};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::client::*;

fn sha256(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn grants_are_listed_with_their_tokens_by_hash() {
    let world = World::new();
    let first = world.connect(BASIC_CLIENT);
    let second = world.refresh(BASIC_CLIENT, &first.refresh).tokens();
    world.post("/control/consent", &[], "{\"mode\":\"automatic\",\"user\":\"bob\"}");
    let other = world.connect(POST_CLIENT);
    world.form_as(POST_CLIENT, "/oauth/revoke", &[("token", &other.refresh)]);

    let listed = world.get("/control/grants", &[]);
    let expected = json!([
        {
            "id": 0,
            "client_id": BASIC_CLIENT.id,
            "user": "alice",
            "subject": Subject::company_of("alice"),
            "alive": true,
            "access_tokens_alive": 1,
            "refresh_tokens": { sha256(&first.refresh): false, sha256(&second.refresh): true },
        },
        {
            "id": 1,
            "client_id": POST_CLIENT.id,
            "user": "bob",
            "subject": Subject::company_of("bob"),
            "alive": false,
            "access_tokens_alive": 0,
            "refresh_tokens": { sha256(&other.refresh): false },
        },
    ]);
    assert_eq!(listed.json(), expected);
    assert_eq!(serde_json::to_value(world.authority.control().grants()).unwrap(), expected);
    for token in [&first, &second, &other] {
        assert!(!listed.body.contains(&token.refresh) && !listed.body.contains(&token.access));
    }
}

#[test]
fn asking_spends_nothing() {
    let world = World::new();
    let ask = |token: &str| {
        let question = json!({ "refresh_token": token }).to_string();
        world.post("/control/would-honour", &[], &question).json()
    };
    let tokens = world.connect(BASIC_CLIENT);
    let (yes, no) = (json!({ "honoured": true }), json!({ "honoured": false }));
    assert_eq!((ask(&tokens.refresh), ask(&tokens.refresh)), (yes.clone(), yes));
    assert_eq!((ask("unknown"), ask(&tokens.access)), (no.clone(), no.clone()));
    world.refresh(BASIC_CLIENT, &tokens.refresh).tokens();
    assert_eq!(ask(&tokens.refresh), no);
    assert_eq!(world.stats().replayed_refresh_tokens, 0, "asking is no replay either");
    assert_eq!(world.post("/control/would-honour", &[], "{}").status, 400);
}

#[test]
fn introspection_agrees_with_the_policy() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    world.refresh(BASIC_CLIENT, &tokens.refresh).tokens();
    let active = || world.introspect(BASIC_CLIENT, &tokens.refresh)["active"].clone();
    assert_eq!(active(), false);
    world.authority.control().set_policy(Policy::NewestWins);
    assert_eq!((active(), world.would_honour(&tokens.refresh)), (json!(true), true));
}
