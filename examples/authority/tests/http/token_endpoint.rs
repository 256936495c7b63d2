use base64::{Engine, engine::general_purpose::STANDARD};
use evergrant_authority::{BASIC_CLIENT, POST_CLIENT, PUBLIC_CLIENT};

use crate::client::*;

#[test]
fn the_basic_header_of_odd_credentials() {
    let header = basic(BASIC_CLIENT.id, BASIC_CLIENT.secret.unwrap());
    // base64("demo+client%2B1:s3cret%2F%25%3A%2B%C3%A9")
    let expected = "Basic ZGVtbytjbGllbnQlMkIxOnMzY3JldCUyRiUyNSUzQSUyQiVDMyVBOQ==";
    assert_eq!(header, expected);

    let world = World::new();
    let pairs = exchange("unknown");
    let accepted = world.form("/oauth/token", Some(expected), &pairs);
    accepted.refuses(400, "invalid_grant");

    // RFC 3986 style, as many clients do: the same after decoding.
    let percent = STANDARD.encode("demo%20client%2B1:s3cret%2f%25%3a%2b%c3%a9");
    let accepted = world.form("/oauth/token", Some(&format!("basic {percent}")), &pairs);
    accepted.refuses(400, "invalid_grant");
}

#[test]
fn a_wrong_basic_header_is_challenged() {
    let world = World::new();
    let (id, secret) = (BASIC_CLIENT.id, BASIC_CLIENT.secret.unwrap());
    let raw = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let wrong = [
        basic(id, "wrong"),
        basic("nobody", secret),
        raw(&format!("{id}:{secret}")),
        raw("no colon"),
        "Basic !!!".into(),
        "Basic".into(),
        "Bearer abc".into(),
        basic(POST_CLIENT.id, POST_CLIENT.secret.unwrap()),
        basic(PUBLIC_CLIENT.id, ""),
    ];
    for header in wrong {
        let reply = world.form("/oauth/token", Some(&header), &exchange("code"));
        reply.refuses(401, "invalid_client");
        assert!(reply.header("www-authenticate").starts_with("Basic realm="));
    }
}

#[test]
fn one_method_and_the_registered_one() {
    let world = World::new();
    let header = basic(BASIC_CLIENT.id, BASIC_CLIENT.secret.unwrap());
    let code = world.code(BASIC_CLIENT);
    let mut both = exchange(&code);
    both.push(("client_id", BASIC_CLIENT.id));
    both.push(("client_secret", BASIC_CLIENT.secret.unwrap()));
    world.form("/oauth/token", Some(&header), &both).refuses(401, "invalid_client");
    // A basic client that posts its secret.
    world.form("/oauth/token", None, &both).refuses(400, "invalid_client");

    let with = |pairs: &[(&'static str, &'static str)]| {
        world.form("/oauth/token", None, &[exchange("code"), pairs.to_vec()].concat())
    };
    with(&[]).refuses(400, "invalid_client");
    with(&[("client_id", "nobody")]).refuses(400, "invalid_client");
    with(&[("client_id", BASIC_CLIENT.id)]).refuses(400, "invalid_client");
    with(&[("client_id", POST_CLIENT.id)]).refuses(400, "invalid_client");
    with(&[("client_id", POST_CLIENT.id), ("client_secret", "wrong")])
        .refuses(400, "invalid_client");
    with(&[("client_id", PUBLIC_CLIENT.id), ("client_secret", "any")])
        .refuses(400, "invalid_client");

    let mut other_id = exchange(&code);
    other_id.push(("client_id", POST_CLIENT.id));
    world.form("/oauth/token", Some(&header), &other_id).refuses(401, "invalid_client");
    // The same id in the body says nothing new.
    let mut same_id = exchange(&code);
    same_id.push(("client_id", BASIC_CLIENT.id));
    world.form("/oauth/token", Some(&header), &same_id).tokens();
}

#[test]
fn a_code_is_good_for_one_right_attempt() {
    let world = World::new();
    let wrong_verifier = "x".repeat(43);
    for (name, value) in [
        ("code_verifier", wrong_verifier.as_str()),
        ("code_verifier", CHALLENGE),
        ("redirect_uri", "http://127.0.0.1:51005/callback"),
        ("redirect_uri", "https://client.example/callback"),
    ] {
        let code = world.code(BASIC_CLIENT);
        let reply =
            world.form_as(BASIC_CLIENT, "/oauth/token", &but(&exchange(&code), name, value));
        reply.refuses(400, "invalid_grant");
        world.exchange(BASIC_CLIENT, &code).refuses(400, "invalid_grant");
    }

    let code = world.code(BASIC_CLIENT);
    world.exchange(POST_CLIENT, &code).refuses(400, "invalid_grant");
    world.exchange(BASIC_CLIENT, &code).tokens();
}

#[test]
fn a_request_that_is_not_a_sound_form_is_refused() {
    let world = World::new();
    let good = exchange("code");
    for name in ["code", "redirect_uri", "code_verifier", "grant_type"] {
        let reply = world.form_as(BASIC_CLIENT, "/oauth/token", &without(&good, name));
        reply.refuses(400, "invalid_request");
        let twice = [good.clone(), vec![(name, "again")]].concat();
        world.form_as(BASIC_CLIENT, "/oauth/token", &twice).refuses(400, "invalid_request");
    }
    let without_token = [("grant_type", "refresh_token")];
    world.form_as(BASIC_CLIENT, "/oauth/token", &without_token).refuses(400, "invalid_request");
    world
        .form_as(BASIC_CLIENT, "/oauth/token", &but(&good, "grant_type", "password"))
        .refuses(400, "unsupported_grant_type");
    world.form_as(BASIC_CLIENT, "/oauth/token?code=x", &good).refuses(400, "invalid_request");

    let json = [("content-type", "application/json")];
    world.post("/oauth/token", &json, "{}").refuses(400, "invalid_request");
    let form = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
    world.post("/oauth/token", &form, "grant_type=%").refuses(400, "invalid_request");
    assert_eq!(world.post("/oauth/token", &form, &"a".repeat(64 * 1024 + 1)).status, 413);
    assert_eq!(world.get("/oauth/token", &[]).status, 405);
}

#[test]
fn a_token_of_another_client_is_refused_and_not_spent() {
    let world = World::new();
    let tokens = world.connect(BASIC_CLIENT);
    world.refresh(POST_CLIENT, &tokens.refresh).refuses(400, "invalid_grant");
    world.refresh(BASIC_CLIENT, &tokens.access).refuses(400, "invalid_grant");
    world.refresh(BASIC_CLIENT, &tokens.refresh).tokens();
}
