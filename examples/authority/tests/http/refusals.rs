//! The authorization endpoint: what it answers with a page, and what with a redirect.

use evergrant_authority::{BASIC_CLIENT, PUBLIC_CLIENT};

use crate::client::*;

#[track_caller]
fn page(reply: &Reply) {
    assert_eq!(reply.status, 400, "{reply:?}");
    assert_eq!(reply.header("location"), "");
    assert!(reply.header("content-type").starts_with("text/html"));
    assert!(reply.header("content-security-policy").contains("default-src 'none'"));
}

#[track_caller]
fn redirect(world: &World, reply: &Reply, error: &str) {
    assert_eq!(reply.status, 302, "{reply:?}");
    assert!(reply.header("location").starts_with(&format!("{BACK}?")));
    assert_eq!(reply.callback("error").as_deref(), Some(error), "{reply:?}");
    assert_eq!(reply.callback("iss").as_deref(), Some(world.authority.issuer()));
    assert_eq!(reply.callback("code"), None);
}

#[test]
fn a_doubtful_client_or_redirect_uri_is_never_redirected() {
    let world = World::new();
    let good = authorization(BASIC_CLIENT);
    page(&world.authorize(&but(&good, "client_id", "nobody")));
    page(&world.authorize(&without(&good, "client_id")));
    page(&world.authorize(&without(&good, "redirect_uri")));
    for uri in [
        "http://127.0.0.1:51004/callback/",
        "http://127.0.0.1:51004@evil.example/callback",
        "http://localhost/callback",
        "https://client.example/callback?x=y",
        "https://evil.example/callback",
    ] {
        page(&world.authorize(&but(&good, "redirect_uri", uri)));
    }
    for name in ["client_id", "redirect_uri"] {
        let twice = [good.clone(), vec![(name, "x")]].concat();
        page(&world.authorize(&twice));
    }
    page(&world.get("/oauth/authorize?client_id=%FF", &[]));
}

#[test]
fn everything_else_is_told_to_the_client() {
    let world = World::new();
    let good = authorization(BASIC_CLIENT);
    let cases = [
        (without(&good, "response_type"), "invalid_request"),
        (but(&good, "response_type", "token"), "unsupported_response_type"),
        (without(&good, "code_challenge"), "invalid_request"),
        (but(&good, "code_challenge", VERIFIER.get(1..).unwrap()), "invalid_request"),
        (without(&good, "code_challenge_method"), "invalid_request"),
        (but(&good, "code_challenge_method", "plain"), "invalid_request"),
        (without(&good, "scope"), "invalid_scope"),
        (but(&good, "scope", "expenses:write"), "invalid_scope"),
        ([good.clone(), vec![("scope", "users:read")]].concat(), "invalid_request"),
        ([good.clone(), vec![("unknown", "1"), ("unknown", "2")]].concat(), "invalid_request"),
    ];
    for (pairs, error) in cases {
        let reply = world.authorize(&pairs);
        redirect(&world, &reply, error);
        assert_eq!(reply.callback("state").as_deref(), Some(STATE));
    }

    redirect(&world, &world.authorize(&without(&good, "state")), "invalid_request");
    let twice = world.authorize(&[good.clone(), vec![("state", "other")]].concat());
    redirect(&world, &twice, "invalid_request");
    assert_eq!(twice.callback("state"), None, "neither of two states is the right one");
}

#[test]
fn every_form_of_redirect_uri_is_kept_as_sent() {
    let world = World::new();
    let good = authorization(PUBLIC_CLIENT);
    for uri in [
        "http://127.0.0.1/callback",
        "http://[::1]:8080/callback",
        "https://client.example/callback",
        "com.example.evergrant:/callback",
    ] {
        let reply = world.authorize(&but(&good, "redirect_uri", uri));
        assert!(reply.header("location").starts_with(&format!("{uri}?code=")), "{reply:?}");
    }
}

#[test]
fn head_issues_no_code() {
    let world = World::new();
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
    let reply = ureq::Agent::from(agent).head(world.url("/oauth/authorize")).call();
    assert_eq!(reply.expect("an answer").status(), 405);
    assert_eq!(world.authority.control().stats().authorize, 0);
}
