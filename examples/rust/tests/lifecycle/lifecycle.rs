//! The grant from its beginning to its end, with the authority's own count of
//! what was asked of it.

use std::time::Duration;

use evergrant::{
    Cause, Denial, Failure, HttpFault, Input, Notice, Output, Secret, ServerFault, Status,
};
use evergrant_example_host::{Host, HostError};

use crate::{
    support::{agent, failure},
    world::{World, clients},
};

#[test]
fn each_kind_of_client_lives_through_it_all() {
    for client in clients() {
        let mut world = World::of(client);
        let mut host = world.host();
        let expenses = world.expenses();
        assert_eq!(host.status(), Status::Disconnected);

        assert_eq!(world.connect(&mut host), "expenses:read users:read");
        assert_eq!(host.status(), Status::Authorized);
        let answer = host.api_get(&expenses).expect("an answer");
        assert_eq!((answer.response.status, answer.replayed), (200, false));
        assert!(answer.response.body.expose().starts_with(b"{\"data\":["));

        // Long before the token runs out the machine asks to be woken.
        let by = world.advance_to_wake(&mut host);
        assert!((Duration::from_secs(500)..Duration::from_secs(760)).contains(&by), "{by:?}");
        world.control().advance(by);
        let news = host.run().expect("a refresh");
        assert!(news.iter().any(|output| matches!(
            output,
            Output::Notice(Notice::Refreshed { rotated: true, .. })
        )));
        assert_eq!(host.api_get(&expenses).expect("an answer").response.status, 200);
        assert_eq!(world.stats().refreshes_ok, 1);

        // A token that the API refuses is replaced once, and the call replayed.
        assert_eq!(world.control().revoke_access_tokens(), 1);
        let answer = host.api_get(&expenses).expect("an answer");
        assert_eq!((answer.response.status, answer.replayed), (200, true));
        assert_eq!(world.stats().refreshes_ok, 2);

        host.disconnect().expect("a disconnect");
        assert_eq!(host.status(), Status::Disconnected);
        let refused = failure(host.api_get(&expenses));
        assert_eq!(refused, Failure::Denied { reason: Denial::NotConnected, said: None });

        world.connect(&mut host);
        assert_eq!(host.api_get(&expenses).expect("an answer").response.status, 200);

        let stats = world.stats();
        assert_eq!((stats.authorizations_granted, stats.code_exchanges_ok), (2, 2));
        assert_eq!((stats.refreshes_ok, stats.refreshes_refused), (2, 0));
        assert_eq!((stats.code_exchanges_refused, stats.replayed_refresh_tokens), (0, 0));
        assert_eq!(stats.revocations, 2);
        assert_eq!(stats.api_calls, [(200, 4), (401, 1)].into());
        let asked = host.counters();
        assert_eq!((asked.http_requests, asked.api_calls), (2 + 2 + 2, 5));
    }
}

#[test]
fn a_token_that_ran_out_is_replaced_before_the_api_sees_it() {
    let mut world = World::new();
    let mut host = world.host();
    world.connect(&mut host);
    world.pass(&mut host, Duration::from_secs(3_600));
    let answer = host.api_get(&world.expenses()).expect("an answer");
    assert!(!answer.replayed);
    assert_eq!(world.stats().api_calls, [(200, 1)].into());
    assert_eq!(world.stats().refreshes_ok, 1);
}

#[test]
fn a_revoked_token_is_refused_by_the_api() {
    let world = World::new();
    let mut host = world.host();
    let back = world.consent(&mut host);
    let news = host
        .tell(Input::Redirected { url: back, proof: evergrant::BrowserProof::SameProcess })
        .expect("a grant");
    let header = news.iter().find_map(|output| match output {
        Output::TokenReady { header, .. } => Some(header.clone()),
        _ => None,
    });
    let header: Secret = header.expect("a token");
    let refresh = world.stored_token("refresh");
    let call = || {
        let request = agent().get(world.expenses()).header("authorization", header.expose());
        request.call().expect("an answer").status().as_u16()
    };
    assert_eq!(call(), 200);

    host.disconnect().expect("a disconnect");
    assert_eq!(call(), 401);
    let record = world.record().expect("a tombstone");
    let record = std::str::from_utf8(record.expose()).expect("text");
    let access = header.expose().trim_start_matches("Bearer ");
    assert!(!record.contains(&refresh) && !record.contains(access), "the tombstone holds a token");

    // Disconnecting again is harmless, and costs the server nothing.
    assert_eq!(world.stats().revocations, 2);
    host.disconnect().expect("nothing to do");
    assert_eq!(world.stats().revocations, 2);
}

#[test]
fn a_revoked_grant_asks_for_the_person() {
    let world = World::new();
    let mut host = world.host();
    world.connect(&mut host);
    assert_eq!(world.control().revoke_grants(), 1);
    let lost = Failure::ReauthenticationRequired(Cause::Rejected);
    assert_eq!(failure(host.api_get(&world.expenses())), lost);
    assert_eq!(host.status(), Status::ReauthenticationRequired(Cause::Rejected));
    // The verdict is in the store: nobody asks the server once more.
    let mut other = world.host();
    assert_eq!(failure(other.api_get(&world.expenses())), lost);
    assert_eq!(world.stats().refreshes_refused, 1);

    world.connect(&mut other);
    assert_eq!(other.api_get(&world.expenses()).expect("an answer").response.status, 200);
}

#[test]
fn a_second_refusal_is_not_replayed_again() {
    let world = World::new();
    let mut host = world.host();
    world.connect(&mut host);
    let control = world.control();
    control.revoke_access_tokens();
    // The new token dies on its way from the token endpoint to the API.
    host.watch(move |seen| {
        if let evergrant_example_host::Seen::Input(Input::HttpDone { .. }) = seen {
            control.revoke_access_tokens();
        }
    });
    let refused = failure(host.api_get(&world.expenses()));
    assert_eq!(refused, Failure::ServerMisbehaved(ServerFault::FreshTokenRefused));
    assert_eq!(world.stats().refreshes_ok, 1);
    assert_eq!(world.stats().api_calls, [(401, 2)].into());
}

#[test]
fn two_processes_refresh_once() {
    let world = World::new();
    let (mut first, expenses) = (world.host(), world.expenses());
    world.connect(&mut first);
    let mut second = world.host();
    world.control().revoke_access_tokens();
    assert!(first.api_get(&expenses).expect("an answer").replayed);
    // This one still believes in the old token, learns from the 401, and finds
    // in the store that another has refreshed already.
    assert!(second.api_get(&expenses).expect("an answer").replayed);
    assert_eq!(world.stats().refreshes_ok, 1);
    assert_eq!(world.stats().replayed_refresh_tokens, 0);
}

#[test]
fn tokens_go_to_the_api_only() {
    let world = World::new();
    let mut host = world.host();
    let refused = failure(host.api_get(&world.expenses()));
    assert_eq!(refused, Failure::Denied { reason: Denial::NotConnected, said: None });
    world.connect(&mut host);
    let elsewhere = ["http://127.0.0.1:1/v1/expenses", "https://api.example/", "nonsense"];
    for url in elsewhere {
        assert!(matches!(host.api_get(url), Err(HostError::ForeignUrl)), "{url}");
    }
    assert_eq!(host.counters().api_calls, 0);
}

#[test]
fn an_api_that_is_away_is_no_fault_of_the_grant() {
    let world = World::new();
    let mut host = world.host();
    world.connect(&mut host);
    let World { authority, desk } = world;
    let url = format!("{}/v1/expenses", authority.base_url());
    drop(authority);
    assert!(matches!(host.api_get(&url), Err(HostError::Api(HttpFault::NotSent))));
    assert_eq!(host.status(), Status::Authorized);
    drop(desk);
}

#[test]
fn scopes_that_are_missing_are_no_reason_to_refresh() {
    let mut world = World::new();
    world.desk.extra.clear();
    let mut host: Host = world.host();
    let mut asked = world.asking();
    asked.scopes = vec!["users:read".into()];
    let (url, _) = host.authorize(asked).expect("a URL");
    let back = world.browser.visit(&url);
    let scope = host.redirected(back, evergrant::BrowserProof::SameProcess).expect("a grant");
    assert_eq!(scope, "users:read");
    assert_eq!(host.missing_scopes("expenses:read users:read"), "expenses:read");
    let refused = failure(host.api_get(&world.expenses()));
    assert_eq!(refused.code(), "denied_insufficient_scope", "as the API's challenge says");
    assert_eq!(world.stats().refreshes_ok, 0);

    // Whoever comes back is asked for the same scopes.
    let url = host.authorize(world.asking()).expect("a URL").0;
    assert!(url.expose().contains("scope=users%3Aread&"));
}

#[test]
fn nothing_that_can_be_printed_holds_a_secret() {
    let world = World::new();
    let mut host = world.host();
    let shown = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let writer = std::sync::Arc::clone(&shown);
    host.watch(move |seen| writer.lock().expect("a lock").push_str(&format!("{seen:?}\n")));
    let (url, _) = host.authorize(world.asking()).expect("a URL");
    let back = world.browser.visit(&url);
    let mut secrets = parameters(&url, &["state"]);
    secrets.extend(parameters(&back, &["code", "state"]));
    host.redirected(back, evergrant::BrowserProof::SameProcess).expect("a grant");
    secrets.extend([world.stored_token("access"), world.stored_token("refresh")]);
    world.control().revoke_access_tokens();
    host.api_get(&world.expenses()).expect("an answer");
    secrets.extend([world.stored_token("access"), world.stored_token("refresh")]);
    secrets.push("s3cret".into());

    let mut text = shown.lock().expect("a lock").clone();
    text.push_str(&format!("{host:?}"));
    assert!(text.contains("Redirected") && secrets.len() == 8);
    for secret in secrets {
        assert!(secret.len() > 5 && !text.contains(&secret), "a secret is shown");
    }
}

fn parameters(url: &Secret, names: &[&str]) -> Vec<String> {
    let (_, query) = url.expose().split_once('?').expect("a query");
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(name, _)| names.contains(&&**name)).map(|(_, value)| value.into()).collect()
}
