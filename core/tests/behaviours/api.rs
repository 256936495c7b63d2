//! Use of the token: where it may go, and what the API's answers mean.

use crate::{common::*, in_body, in_url, requests_to_token_endpoint};
use evergrant::*;

#[test]
fn row_35_a_token_goes_to_its_audience_only_and_the_resource_is_always_named() {
    let world = World::authorized();
    let allowed = |url: &str| world.connection.authorization(world.now, url, 0).is_some();
    let (scheme, host) = ("https://", "api.example");
    for url in ["https://api.example", "https://API.example:443/v1?x=[1]", API] {
        assert!(allowed(url), "{url}");
    }
    for url in [
        "http://api.example/v1",
        "https://as.example/token",
        "https://example/v1",
        "https://v1.api.example/",
        "https://api.example:8443/v1",
        "https://api.example.evil.test/",
        "https://api.example@evil.test/",
        "https://user@api.example/",
        "https://evil.test/?https://api.example/",
        "https://evil.test/https://api.example/",
        "https://api%2eexample/",
        "https://evil.test\\@api.example/",
        "https://api.example\\.evil.test/",
        "https://api.example\t.evil.test/",
        "https://api.example%2eevil.test/",
        "https://api.example./",
        "https://api.exa\tmple/",
        "https:api.example/",
        "//api.example/",
        "",
        "/v1/expenses",
    ] {
        assert!(!allowed(url), "{url}");
    }
    let ready = world.outputs.iter().find_map(|output| match output {
        Output::TokenReady { origin, .. } => Some(origin.clone()),
        _ => None,
    });
    assert_eq!(ready, Some(format!("{scheme}{host}")));

    let resource = "https://api.example/v1?a=b&c";
    for (configured, expected) in [(Some(resource), vec![resource]), (None, vec![])] {
        let config = ProviderConfig { resource: configured.map(String::from), ..provider_config() };
        let mut world = World::with(client_of(config, client_config()));
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        world.redirect(&redirect, BrowserProof::SameProcess);
        world.wake();
        assert_eq!(in_url(&url, "resource"), expected);
        let sent = requests_to_token_endpoint(&world);
        assert_eq!(sent.len(), 2);
        for request in sent {
            assert_eq!(in_body(request, "resource"), expected);
        }
        // Nobody may name another one beside it.
        let other = crate::asking(|asked| asked.extra = vec![("resource".into(), "x".into())]);
        assert_eq!(world.misuse(other), Misuse::ParameterReserved);
    }
}

#[test]
fn row_36_a_401_is_one_refresh_and_one_replay_and_speaks_of_its_generation() {
    let refused = |generation| Input::ApiAnswered { generation, status: 401, headers: vec![] };
    let second = [(2, "Bearer canary-access-3".to_owned())];
    let mut world = World::authorized();
    assert_eq!(tokens(&world.run(refused(1))), second);
    // Stragglers, in this process and in one that has not heard of it: the new
    // token for their replay, and no refresh.
    assert_eq!(tokens(&world.run(refused(1))), second);
    world.restart();
    assert_eq!(tokens(&world.run(refused(1))), second);
    assert_eq!(world.server.refreshes, 1);

    let mut world = World::authorized();
    let mut stale = second_worker(&world);
    world.run(refused(1));
    swap_workers(&mut world, &mut stale);
    let outputs = world.run(refused(1));
    assert_eq!(tokens(&outputs), second);
    assert!(requests(&outputs).is_empty(), "it finds the newer one in the store");
    swap_workers(&mut world, &mut stale);

    // The replay is refused as well: it surfaces, and nothing is tried.
    for _ in 0..3 {
        let outputs = world.run(refused(2));
        assert_eq!(failures(&outputs), ["server_fresh_token_refused"]);
        assert!(requests(&outputs).is_empty() && tokens(&outputs).is_empty());
    }
    assert_eq!((world.server.refreshes, world.status()), (1, Status::Authorized));
    // Callers at once are one refresh: the refused token is served to none of them.
    world.advance(120_000);
    let step = world.step(refused(2));
    assert_eq!((step.servable, world.header()), (None, None));
    let more = world.step(refused(2));
    assert!(more.outputs.is_empty(), "{more:?}");
    let answer = world.perform(&open(&step)).unwrap();
    let outputs = world.run(answer);
    assert_eq!(tokens(&outputs).len(), 1, "one answer, for however many");
    assert_eq!(world.server.refreshes, 2);

    // Refused is also a token that this worker has not heard of: it is not handed
    // out again when it is found in the store.
    let mut world = World::authorized();
    let mut behind = second_worker(&world);
    world.run(refused(1));
    world.advance(120_000);
    swap_workers(&mut world, &mut behind);
    assert_eq!(tokens(&world.run(refused(2))), [(3, "Bearer canary-access-4".to_owned())]);
    assert_eq!((world.server.refreshes, world.server.replays), (2, 0));

    // No other status means anything to the grant.
    let record = world.record();
    for status in [200, 400, 402, 403, 404, 407, 429, 500, 503] {
        let outputs = world.run(Input::ApiAnswered { generation: 3, status, headers: vec![] });
        assert!(requests(&outputs).is_empty() && tokens(&outputs).is_empty(), "{status}");
        assert_eq!((world.header().is_some(), world.record()), (true, record.clone()), "{status}");
    }
}
