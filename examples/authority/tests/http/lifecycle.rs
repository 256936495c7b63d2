use std::time::Duration;

use evergrant_authority::{BASIC_CLIENT, Config};

use crate::client::*;

#[test]
fn each_client_connects_refreshes_and_disconnects() {
    let world = World::new();
    for client in all_clients() {
        let redirect = world.authorize(&authorization(client));
        assert_eq!(redirect.status, 302);
        assert!(redirect.header("location").starts_with(&format!("{BACK}?")));
        assert_eq!(redirect.callback("state").as_deref(), Some(STATE));
        assert_eq!(redirect.callback("iss").as_deref(), Some(world.authority.issuer()));

        let answer = world.exchange(client, &redirect.callback("code").unwrap());
        let first = answer.tokens();
        let body = answer.json();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 900);
        assert_eq!(body["scope"], "expenses:read users:read");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(world.serves(&first.access));

        let second = world.refresh(client, &first.refresh).tokens();
        assert_ne!((&first.access, &first.refresh), (&second.access, &second.refresh));
        assert!(!world.serves(&first.access), "the earlier access token dies at once");
        assert!(world.serves(&second.access));

        let bearer = format!("Bearer {}", second.access);
        let gone = world.delete("/v1/installations/me", &[("authorization", &bearer)]);
        assert_eq!((gone.status, gone.body.as_str()), (204, ""));
        assert!(!world.serves(&second.access));
        world.refresh(client, &second.refresh).refuses(400, "invalid_grant");
    }
}

#[test]
fn expiry_is_by_the_authoritys_clock() {
    let world = World::new();
    let first = world.connect(BASIC_CLIENT);
    world.advance(898);
    assert!(world.serves(&first.access));
    world.advance(2);
    assert!(!world.serves(&first.access));
    let second = world.refresh(BASIC_CLIENT, &first.refresh).tokens();
    assert!(world.serves(&second.access));

    world.advance(60 * 24 * 60 * 60);
    world.refresh(BASIC_CLIENT, &second.refresh).refuses(400, "invalid_grant");
}

#[test]
fn lifetimes_are_configured() {
    let world = World::with(Config {
        access_token_lifetime: Duration::from_secs(7),
        refresh_token_lifetime: None,
        code_lifetime: Duration::from_secs(3),
        ..Config::default()
    });
    let late = world.code(BASIC_CLIENT);
    world.advance(3);
    world.exchange(BASIC_CLIENT, &late).refuses(400, "invalid_grant");

    let answer = world.exchange(BASIC_CLIENT, &world.code(BASIC_CLIENT));
    assert_eq!(answer.json()["expires_in"], 7);
    let tokens = answer.tokens();
    world.advance(10 * 365 * 24 * 60 * 60);
    assert!(!world.serves(&tokens.access));
    assert!(world.introspect(BASIC_CLIENT, &tokens.refresh).get("exp").is_none());
    world.refresh(BASIC_CLIENT, &tokens.refresh).tokens();
}

#[test]
fn a_refresh_may_narrow_and_not_widen() {
    let world = World::new();
    let first = world.connect(BASIC_CLIENT);
    let ask = |token: &str, scope: &str| {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        world.form_as(BASIC_CLIENT, "/oauth/token", &pairs)
    };
    ask(&first.refresh, "expenses:read accounts:read").refuses(400, "invalid_scope");
    ask(&first.refresh, "bad\"scope").refuses(400, "invalid_scope");
    assert!(world.serves(&first.access), "a refused scope spends nothing");

    let narrow = ask(&first.refresh, "users:read");
    assert_eq!(narrow.json()["scope"], "users:read");
    let narrow = narrow.tokens();
    let forbidden = world.api("/v1/expenses", &narrow.access);
    assert_eq!(forbidden.status, 403);
    assert!(forbidden.header("www-authenticate").contains("insufficient_scope"));

    let wide = world.refresh(BASIC_CLIENT, &narrow.refresh);
    assert_eq!(wide.json()["scope"], "expenses:read users:read");
}

#[test]
fn a_replayed_refresh_token_ends_its_family_only() {
    let world = World::new();
    let (victim, bystander) = (world.connect(BASIC_CLIENT), world.connect(BASIC_CLIENT));
    let next = world.refresh(BASIC_CLIENT, &victim.refresh).tokens();
    world.refresh(BASIC_CLIENT, &victim.refresh).refuses(400, "invalid_grant");
    assert!(!world.serves(&next.access));
    world.refresh(BASIC_CLIENT, &next.refresh).refuses(400, "invalid_grant");
    assert!(world.serves(&bystander.access));
    assert_eq!(world.authority.control().stats().replayed_refresh_tokens, 1);
}

#[test]
fn a_replayed_code_ends_its_grant() {
    let world = World::new();
    let code = world.code(BASIC_CLIENT);
    let tokens = world.exchange(BASIC_CLIENT, &code).tokens();
    let tokens = world.refresh(BASIC_CLIENT, &tokens.refresh).tokens();
    world.exchange(BASIC_CLIENT, &code).refuses(400, "invalid_grant");
    assert!(!world.serves(&tokens.access));
    world.refresh(BASIC_CLIENT, &tokens.refresh).refuses(400, "invalid_grant");
}
