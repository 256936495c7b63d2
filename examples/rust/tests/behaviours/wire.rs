//! What leaves the host, to whom, and how much is read of what comes back.

use std::{collections::BTreeMap, io, net::TcpListener, sync::atomic::Ordering};

use evergrant::{
    BrowserProof, CallbackFault, ConfigurationFault, Delay, Failure, Misuse, Provider,
    ProviderConfig, ServerFault, Status,
};
use evergrant_authority::{Fault, FaultRule, RetryAfter};
use evergrant_example_host::HostError;

use crate::{
    exchange,
    support::failure,
    tapped,
    world::{World, provider},
};

#[test]
fn row_14_a_code_leaves_the_host_once() {
    let faults = [
        Fault::DropRequest { reset: false },
        Fault::DropRequest { reset: true },
        Fault::DropReply { reset: false },
        Fault::DropReply { reset: true },
        Fault::Truncate { bytes: 20 },
        Fault::TryLater { status: 503, retry_after: RetryAfter::Seconds(0) },
        Fault::TryLater { status: 429, retry_after: RetryAfter::Seconds(0) },
    ];
    for fault in faults {
        let (mut world, tap) = tapped();
        world.control().add_faults([exchange(fault.clone())]).expect("a sound fault");
        let mut host = world.host();
        let back = world.consent(&mut host);
        let failed = host.redirected(back.clone(), BrowserProof::SameProcess);
        assert!(matches!(failed, Err(HostError::Failure(_))), "{fault:?}: {failed:?}");
        // Whatever would come of itself, and the browser once more, here and in
        // the next process.
        for _ in 0..2 {
            while host.wake_at().is_some() {
                world.advance_to_wake(&mut host);
                host.run().expect("no misuse");
            }
            let again = failure(host.redirected(back.clone(), BrowserProof::SameProcess));
            assert_eq!(again, Failure::CallbackRefused(CallbackFault::StateUsed));
            host = world.host();
        }
        assert_eq!(tap.count("grant_type=authorization_code"), 1, "{fault:?}");
        assert_ne!(host.status(), Status::Authorized, "{fault:?}");
    }
}

#[test]
fn row_21_a_redirected_post_goes_no_further() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    elsewhere.set_nonblocking(true).expect("a socket");
    let location = format!("http://{}/oauth/token", elsewhere.local_addr().expect("an address"));
    let redirected = Failure::Misconfigured { reason: ConfigurationFault::Redirected, said: None };
    for status in [301, 302, 303, 307, 308] {
        let fault = || Fault::Answer {
            status,
            headers: BTreeMap::from([("location".into(), location.clone())]),
            body: String::new(),
            handled: false,
        };
        let world = World::new();
        let control = world.control();
        let mut host = world.host();
        control.add_faults([exchange(fault())]).expect("a sound fault");
        let back = world.consent(&mut host);
        assert_eq!(failure(host.redirected(back, BrowserProof::SameProcess)), redirected);

        world.connect(&mut host);
        let kept = world.stored_token("refresh");
        control.add_faults([FaultRule::refresh(fault())]).expect("a sound fault");
        control.revoke_access_tokens();
        assert_eq!(failure(host.api_get(&world.expenses())), redirected);
        assert_eq!(world.stored_token("refresh"), kept);
        assert!(control.would_honour(&kept), "it was not sent to anybody else either");

        control.add_faults([FaultRule::new("/oauth/revoke", fault())]).expect("a sound fault");
        let refused = Failure::ServerMisbehaved(ServerFault::RevocationRefused);
        assert_eq!(failure(host.disconnect()), refused);
        let heard = elsewhere.accept().expect_err("nobody came").kind();
        assert_eq!(heard, io::ErrorKind::WouldBlock, "{status}");
        assert!(control.faults().is_empty(), "each of them was met");
    }
}

#[test]
fn row_22_no_secret_stands_in_a_request_line_and_plain_http_is_for_loopback() {
    let (world, tap) = tapped();
    let mut host = world.host();
    let url = format!("{}/v1/expenses?page=1", tap.url);
    let back = world.consent(&mut host);
    let (_, code) = back.expose().split_once("code=").expect("a code");
    let mut secrets = vec![code.split('&').next().expect("a code").to_owned()];
    host.redirected(back, BrowserProof::SameProcess).expect("a grant");
    secrets.extend([world.stored_token("access"), world.stored_token("refresh")]);
    world.control().revoke_access_tokens();
    assert!(host.api_get(&url).expect("an answer").replayed);
    secrets.extend([world.stored_token("access"), world.stored_token("refresh")]);
    host.disconnect().expect("a disconnect");

    let requests = tap.requests();
    let mut lines: Vec<&str> = requests.iter().map(|(line, _)| line.as_str()).collect();
    for line in &lines {
        assert!(secrets.iter().all(|secret| !line.contains(secret.as_str())), "{line}");
    }
    lines.sort_unstable();
    lines.dedup();
    let (get, post) = ("GET /v1/expenses?page=1 HTTP/1.1", "POST /oauth/token HTTP/1.1");
    assert_eq!(lines, [get, "POST /oauth/revoke HTTP/1.1", post]);
    // The access token is for the API, in its header, and for nobody else.
    for (line, text) in &requests {
        assert_eq!(text.contains("Bearer "), line.starts_with("GET "), "{line}");
    }

    let plain = ProviderConfig { loopback_http: false, ..provider(&world.authority) };
    assert_eq!(Provider::new(plain), Err(Misuse::EndpointInvalid));
    for url in ["http://api.example/v1", "http://localhost:1/v1"] {
        assert!(matches!(host.api_get(url), Err(HostError::ForeignUrl | HostError::Failure(_))));
    }
}

#[test]
fn row_47_a_hostile_answer_is_read_only_so_far() {
    const HUGE: u64 = 48 << 20;
    let html = BTreeMap::from([("content-type".to_owned(), "text/html".to_owned())]);
    let page = Fault::Answer { status: 200, headers: html, body: "<html>".into(), handled: false };
    for (fault, why) in [
        (Fault::Pad { bytes: HUGE }, ServerFault::AnswerTooLarge),
        (Fault::Truncate { bytes: 60 }, ServerFault::AnswerUnreadable),
        (page, ServerFault::AnswerUnreadable),
    ] {
        let (world, tap) = tapped();
        let mut host = world.host();
        world.control().add_faults([exchange(fault.clone())]).expect("a sound fault");
        let back = world.consent(&mut host);
        let failed = failure(host.redirected(back, BrowserProof::SameProcess));
        assert_eq!(failed, Failure::ServerMisbehaved(why), "{fault:?}");
        world.connect(&mut host);
        // What the sockets hold, and not what the server has.
        let passed = tap.answered.load(Ordering::SeqCst) as u64;
        assert!(passed < HUGE / 2, "{fault:?}: {passed}");

        let kept = world.stored_token("refresh");
        world.control().add_faults([FaultRule::refresh(fault.clone())]).expect("a sound fault");
        world.control().revoke_access_tokens();
        let failed = failure(host.api_get(&format!("{}/v1/expenses", tap.url)));
        let unknown = matches!(failed, Failure::TryLater { reason: Delay::Unavailable, .. });
        assert!(unknown, "{fault:?}: {failed:?}");
        assert_eq!(world.stored_token("refresh"), kept, "{fault:?}");
    }
}
