//! One refresh for all, one replay for each, and no grant lost to the network.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use evergrant::{
    Client, ClientConfig, Delay, Failure, Provider, ProviderConfig, RefreshPolicy, Sealing,
    ServerFault, Status, Timing,
};
use evergrant_authority::{Authority, BASIC_CLIENT, Config, Fault, FaultRule};
use evergrant_example_host::Host;

use crate::{
    desk,
    support::{TENANT, failure},
    tapped,
    world::{World, provider},
};

#[test]
fn row_27_threads_over_one_store_make_one_refresh() {
    const THREADS: usize = 8;
    let world = World::new();
    world.connect(&mut world.host());
    for round in 1..=2 {
        let slow = FaultRule::refresh(Fault::DelayReply { ms: 300 });
        world.control().add_faults([slow]).expect("a sound fault");
        let barrier = Barrier::new(THREADS);
        let (desk, url) = (&world.desk, world.expenses());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let mut host = desk.host();
                    assert_eq!(host.api_get(&url).expect("an answer").response.status, 200);
                    if barrier.wait().is_leader() {
                        world.control().revoke_access_tokens();
                    }
                    barrier.wait();
                    // Each is refused, at once, and has its own idea of what to do.
                    let answer = host.api_get(&url).expect("an answer");
                    assert_eq!((answer.response.status, answer.replayed), (200, true));
                });
            }
        });
        let stats = world.stats();
        assert_eq!((stats.refreshes_received, stats.refreshes_ok), (round, round));
        assert_eq!(stats.replayed_refresh_tokens, 0);
        assert_eq!(stats.api_calls[&401], round * THREADS as u64);
    }
}

#[test]
fn row_30_a_token_endpoint_out_of_reach_costs_no_tokens() {
    let timing = Timing {
        send_within: 1_000,
        listen_for: 800,
        start_within: 600,
        save_within: 400,
        takeover_after: 2_300,
    };
    let authority = Authority::start(Config::default()).expect("a free port");
    let refresh = RefreshPolicy { timing, ..RefreshPolicy::STRICT };
    let config = ProviderConfig { refresh, ..provider(&authority) };
    let desk = desk(config.clone());
    desk.connect(&mut desk.host());
    let kept = desk.stored_token("refresh");
    authority.control().revoke_access_tokens();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_at = silent.local_addr().expect("an address");
    for (token_endpoint, reason) in [
        // Nobody there; somebody who knows no TLS; somebody who says nothing.
        (format!("http://{}/", closed.expect("an address")), Delay::NotSent),
        (config.token_endpoint.replace("http:", "https:"), Delay::NotSent),
        (format!("http://{silent_at}/"), Delay::Unavailable),
    ] {
        let provider = ProviderConfig { token_endpoint, ..config.clone() };
        let other = ClientConfig {
            client_id: BASIC_CLIENT.id.into(),
            client_secret: BASIC_CLIENT.secret.map(Into::into),
            previous_client_secret: None,
            token_endpoint_auth_method: None,
            redirect_uris: vec!["http://127.0.0.1/callback".into()],
            scopes: vec!["expenses:read".into()],
            sealing: Sealing::Plain,
        };
        let provider = Arc::new(Provider::new(provider).expect("sound data"));
        let client = Arc::new(Client::new(provider, other).expect("sound data"));
        let store = Box::new(desk.store());
        let opened = Host::open(&client, TENANT, store, desk.world.clone());
        let mut host = opened.expect("a readable store");
        let url = format!("{}/v1/expenses", authority.base_url());
        let failed = failure(host.api_get(&url));
        assert!(matches!(failed, Failure::TryLater { reason: why, .. } if why == reason));
        assert_eq!(desk.stored_token("refresh"), kept, "{reason:?}");
    }
    // The same grant goes on where it can be reached, once the silence is over.
    thread::sleep(Duration::from_millis(timing.takeover_after));
    let mut host = desk.host();
    let url = format!("{}/v1/expenses", authority.base_url());
    assert_eq!(host.api_get(&url).expect("an answer").response.status, 200);
    assert_eq!(authority.control().stats().refreshes_received, 1);
}

#[test]
fn row_36_a_refused_call_is_replayed_once() {
    let (world, tap) = tapped();
    let mut host = world.host();
    world.connect(&mut host);
    let url = format!("{}/v1/expenses", tap.url);
    world.control().revoke_access_tokens();
    let answer = host.api_get(&url).expect("an answer");
    assert_eq!((answer.response.status, answer.replayed), (200, true));
    assert_eq!((tap.count("GET /v1/expenses "), world.stats().refreshes_received), (2, 1));
    // An API that refuses whatever it is given: one replay, and then it is told.
    let refuses = Fault::Answer {
        status: 401,
        headers: BTreeMap::new(),
        body: String::new(),
        handled: false,
    };
    let (world, tap) = tapped();
    let mut host = world.host();
    world.connect(&mut host);
    let rule = FaultRule::new("/v1/expenses", refuses).times(20);
    world.control().add_faults([rule]).expect("a sound fault");
    let refused = failure(host.api_get(&format!("{}/v1/expenses", tap.url)));
    assert_eq!(refused, Failure::ServerMisbehaved(ServerFault::FreshTokenRefused));
    assert_eq!((tap.count("GET /v1/expenses "), world.stats().refreshes_received), (2, 1));
    assert_eq!(host.status(), Status::Authorized);
}
