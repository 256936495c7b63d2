//! What leaves the back end, and what never leaves it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use evergrant::{BrowserProof, Delay, Failure, Status};
use evergrant_authority::{Aud, BASIC_CLIENT, Fault, FaultRule, Telling};

use crate::{World, support::failure};

fn head(request: &str) -> Vec<String> {
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    head.lines().map(str::to_lowercase).collect()
}

#[test]
fn pleo_12_the_back_end_posts_the_forms_and_the_browser_sees_nothing_of_them() {
    let world = World::new();
    let mut host = world.desk.host();
    let (url, _) = host.authorize(world.desk.asking()).expect("a URL to open");
    let back = world.desk.browser.visit(&url);
    host.redirected(back.clone(), BrowserProof::SameProcess).expect("a grant");
    world.control().revoke_access_tokens();
    assert!(host.api_get(&world.expenses()).expect("an answer").replayed);

    let requests = world.tap.requests();
    let posts: Vec<_> = requests.iter().filter(|(line, _)| line.starts_with("POST ")).collect();
    assert_eq!(posts.len(), 2);
    for ((line, text), grant) in posts.iter().zip(["authorization_code", "refresh_token"]) {
        assert_eq!(line, "POST /oauth/token HTTP/1.1");
        let head = head(text);
        assert!(head.contains(&"content-type: application/x-www-form-urlencoded".to_owned()));
        assert_eq!(head.iter().filter(|line| line.starts_with("authorization: basic ")).count(), 1);
        assert!(text.contains(&format!("grant_type={grant}")) && !text.contains("client_secret"));
    }
    // Whatever reached the token endpoint came from here and from nobody else.
    let stats = world.stats();
    assert_eq!((stats.code_exchanges_ok, stats.refreshes_received), (1, 1));
    let secret = BASIC_CLIENT.secret.expect("a secret");
    for hidden in [secret, "code_verifier", "refresh_token"] {
        assert!(!url.expose().contains(hidden) && !back.expose().contains(hidden), "{hidden}");
    }
}

#[test]
fn pleo_31_a_call_carries_the_token_in_its_header_and_nowhere_else() {
    let (world, mut host) = World::connected();
    let access = world.desk.stored_token("access");
    host.api_get(&world.url("/v1/expenses?limit=10")).expect("an answer");
    let (line, text) = world.tap.requests().pop().expect("a call");
    assert_eq!(line, "GET /v1/expenses?limit=10 HTTP/1.1");
    assert_eq!(text.matches(&access).count(), 1);
    assert!(text.to_lowercase().contains("authorization: bearer "));
    assert_eq!(world.stats().credentials_in_query, 0);
    for url in ["http://external.pleo.io/v1/expenses", "https://example.com/v1/expenses"] {
        assert!(host.api_get(url).is_err(), "{url}");
    }
    assert_eq!(world.tap.count(&access), 2, "whose it is was asked with it, and the call");
}

#[test]
fn pleo_34_a_refresh_token_is_asked_after_where_its_fate_is_unknown() {
    for (aud, handled) in [(Aud::Text, false), (Aud::List, false), (Aud::List, true)] {
        let (mut world, mut host) = World::connected();
        world.control().set_telling(Telling { aud, ..Telling::default() });
        world.expire([&mut host]);
        host.api_get(&world.expenses()).expect("an answer");
        assert_eq!(world.stats().introspections, 0, "not on the normal path");

        let spent = world.desk.stored_token("refresh");
        let lost = if handled {
            Fault::DropReply { reset: false }
        } else {
            Fault::DropRequest { reset: false }
        };
        world.control().add_faults([FaultRule::refresh(lost)]).expect("a sound fault");
        world.expire([&mut host]);
        let unknown = failure(host.api_get(&world.expenses()));
        assert!(matches!(unknown, Failure::TryLater { reason: Delay::Unavailable, .. }));
        while world.stats().introspections == 0 {
            world.desk.advance_to_wake(&mut host);
            host.run().expect("no misuse");
        }
        let asked = world.tap.requests();
        let asked = asked.iter().find(|(line, _)| line == "POST /oauth/token/introspect HTTP/1.1");
        let (_, text) = asked.expect("the question");
        let form = format!("token={spent}&token_type_hint=refresh_token");
        assert!(text.ends_with(&form), "{text}");
        let pair = "demo%20client%2B1:s3cret%2F%25%3A%2B%C3%A9";
        let basic = format!("authorization: Basic {}", STANDARD.encode(pair));
        assert!(text.to_lowercase().contains(&basic.to_lowercase()));
        // Live: sent again. Used up: never, and whoever may have its successor is waited for.
        assert_eq!(world.stats().replayed_refresh_tokens, 0);
        assert_eq!(world.stats().refreshes_ok, 2, "one before, and one that was lost or repeated");
        if handled {
            world.desk.advance_to_wake(&mut host);
            host.run().expect("no misuse");
            let lost = evergrant::Cause::LostReply;
            assert_eq!(host.status(), Status::ReauthenticationRequired(lost));
        } else {
            assert_eq!(host.api_get(&world.expenses()).expect("an answer").response.status, 200);
        }
    }
}
