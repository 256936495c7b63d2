use evergrant_authority::{
    BASIC_CLIENT, ClientAuth, Config, Consent, PUBLIC_CLIENT, RegisteredClient,
};

use crate::client::*;

fn page_world() -> World {
    World::with(Config { consent: Consent::Page, ..Config::default() })
}

fn transaction(page: &Reply) -> &str {
    let (_, rest) = page.body.split_once("name=\"transaction\" value=\"").expect("a form");
    rest.split_once('"').expect("a value").0
}

fn decide(world: &World, transaction: &str, decision: &str) -> Reply {
    let pairs = [("transaction", transaction), ("decision", decision)];
    world.form("/oauth/consent", None, &pairs)
}

#[test]
fn the_page_asks_and_obeys() {
    let world = page_world();
    let page = world.authorize(&authorization(BASIC_CLIENT));
    assert_eq!(page.status, 200);
    for text in ["expenses:read", "users:read", BASIC_CLIENT.id, ">Allow<", ">Deny<", "lang=\"en\""]
    {
        assert!(page.body.contains(text), "{text}");
    }
    let allowed = decide(&world, transaction(&page), "allow");
    assert_eq!(allowed.status, 303);
    assert_eq!(allowed.callback("state").as_deref(), Some(STATE));
    assert_eq!(allowed.callback("iss").as_deref(), Some(world.authority.issuer()));
    world.exchange(BASIC_CLIENT, &allowed.callback("code").unwrap()).tokens();

    let page = world.authorize(&authorization(PUBLIC_CLIENT));
    let denied = decide(&world, transaction(&page), "deny");
    assert_eq!(denied.callback("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.callback("state").as_deref(), Some(STATE));
    assert_eq!(denied.callback("code"), None);

    let stats = world.authority.control().stats();
    assert_eq!((stats.authorizations_granted, stats.authorizations_denied), (1, 1));
}

#[test]
fn an_answer_counts_once_and_only_from_the_page() {
    let world = page_world();
    let page = world.authorize(&authorization(BASIC_CLIENT));
    assert_eq!(decide(&world, "guessed", "allow").status, 400);
    assert_eq!(decide(&world, transaction(&page), "maybe").status, 400);
    assert_eq!(decide(&world, transaction(&page), "allow").status, 303);
    assert_eq!(decide(&world, transaction(&page), "allow").status, 400);

    let old = world.authorize(&authorization(BASIC_CLIENT));
    world.advance(600);
    assert_eq!(decide(&world, transaction(&old), "allow").status, 400);
}

#[test]
fn the_page_escapes_and_forbids() {
    let world = page_world();
    let id = "<script>alert(1)</script>\"'&";
    let uri = "https://client.example/?a=1&b='";
    let client = RegisteredClient {
        id: id.into(),
        auth: ClientAuth::None,
        redirect_uris: vec![uri.into()],
        scopes: vec!["<b>:&".into()],
    };
    world.authority.control().register(client).unwrap();
    let mut pairs = but(&authorization(PUBLIC_CLIENT), "client_id", id);
    pairs = but(&pairs, "redirect_uri", uri);
    pairs = but(&pairs, "scope", "<b>:&");
    let page = world.authorize(&pairs);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
    assert!(page.body.contains("https://client.example/?a=1&amp;b=&#39;"));
    assert!(page.body.contains("&lt;b&gt;:&amp;"));
    assert!(!page.body.contains("<script") && !page.body.contains("<b>"));

    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "style-src 'sha256-",
        "form-action 'self' https:;",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(page.header("cache-control"), "no-store");

    // A registered query stays in front of what is added.
    let denied = decide(&world, transaction(&page), "deny");
    assert!(denied.header("location").starts_with("https://client.example/?a=1&b='&error="));
}

#[test]
fn automatic_consent_can_be_told_to_deny_once() {
    let world = World::new();
    world.authority.control().deny_next();
    let denied = world.authorize(&authorization(BASIC_CLIENT));
    assert_eq!(denied.status, 302);
    assert_eq!(denied.callback("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.callback("state").as_deref(), Some(STATE));
    world.connect(BASIC_CLIENT);
}
