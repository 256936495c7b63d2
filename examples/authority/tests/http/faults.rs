//! Faults of the connection and of time: what the client sees, and what the authority has done.

use std::{
    io,
    time::{Duration, Instant},
};

use evergrant_authority::{
    Fault, FaultRule, InvalidFault, NORTH_DENMARK, NORTH_GROUP, NORTH_SWEDEN, PUBLIC_CLIENT, Part,
    SOUTH, Which,
};
use serde_json::json;

use crate::client::*;

const PATIENCE: Duration = Duration::from_secs(5);

fn is_reset(end: &io::Result<()>) -> bool {
    end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}

/// Waits until so many refresh requests were handled.
fn until_handled(world: &World, count: u64) {
    let started = Instant::now();
    while world.stats().refreshes_handled < count {
        assert!(started.elapsed() < PATIENCE, "{:?}", world.stats());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Received, handled, tokens given.
fn counts(world: &World) -> (u64, u64, u64) {
    let stats = world.stats();
    (stats.refreshes_received, stats.refreshes_handled, stats.refreshes_ok)
}

#[test]
fn a_dropped_request_was_received_and_not_handled() {
    for reset in [false, true] {
        let world = World::new();
        let tokens = world.connect(PUBLIC_CLIENT);
        world.fault(Fault::DropRequest { reset });
        let (bytes, end) = world.raw_refresh(&tokens.refresh, PATIENCE);
        assert_eq!((bytes.as_str(), is_reset(&end), end.is_ok()), ("", reset, !reset));
        assert_eq!(counts(&world), (1, 0, 0));
        assert!(world.would_honour(&tokens.refresh));
        world.refresh(PUBLIC_CLIENT, &tokens.refresh).tokens();
    }
}

#[test]
fn a_dropped_reply_was_handled() {
    for reset in [false, true] {
        let world = World::new();
        let tokens = world.connect(PUBLIC_CLIENT);
        world.fault(Fault::DropReply { reset });
        let (bytes, end) = world.raw_refresh(&tokens.refresh, PATIENCE);
        assert_eq!((bytes.as_str(), is_reset(&end), end.is_ok()), ("", reset, !reset));
        assert_eq!(counts(&world), (1, 1, 1));
        assert!(!world.would_honour(&tokens.refresh));
        assert_eq!(world.stats().refresh_tokens_alive, 1, "the one that nobody has");
    }
}

#[test]
fn a_late_request_beats_nobody_and_hits_later() {
    let world = World::new();
    let tokens = world.connect(PUBLIC_CLIENT);
    world.fault(Fault::ArriveLate { ms: 300, reset: true });
    let (bytes, end) = world.raw_refresh(&tokens.refresh, PATIENCE);
    assert!(bytes.is_empty() && is_reset(&end));
    assert_eq!(counts(&world), (1, 0, 0));
    // Counterexample B10 of the refresh protocol: the quiet retry succeeds, and then dies.
    let next = world.refresh(PUBLIC_CLIENT, &tokens.refresh).tokens();
    assert!(world.would_honour(&next.refresh));
    until_handled(&world, 2);
    assert!(!world.would_honour(&next.refresh));
    assert_eq!(world.stats().grants_revoked_by_replay, 1);
}

#[test]
fn delays_before_and_after_handling() {
    let delay = Duration::from_millis(300);
    for (fault, handled_meanwhile) in
        [(Fault::DelayRequest { ms: 300 }, 0), (Fault::DelayReply { ms: 300 }, 1)]
    {
        let world = World::new();
        let tokens = world.connect(PUBLIC_CLIENT);
        world.fault(fault.clone());
        let started = Instant::now();
        let next = world.refresh(PUBLIC_CLIENT, &tokens.refresh).tokens();
        assert!(started.elapsed() >= delay);

        // Past the listening time: who hangs up has sent it all the same.
        world.fault(fault);
        let (bytes, end) = world.raw_refresh(&next.refresh, Duration::from_millis(100));
        assert!(bytes.is_empty() && end.is_err());
        assert_eq!(world.stats().refreshes_handled, 1 + handled_meanwhile);
        until_handled(&world, 2);
        assert!(!world.would_honour(&next.refresh));
        assert_eq!(world.stats().grants_alive, 1);
    }
}

#[test]
fn a_duplicate_is_theft_to_a_strict_server() {
    for answer in [Which::First, Which::Second] {
        let world = World::new();
        let tokens = world.connect(PUBLIC_CLIENT);
        world.fault(Fault::Duplicate { answer, apart_ms: 0 });
        let reply = world.refresh(PUBLIC_CLIENT, &tokens.refresh);
        match answer {
            Which::First => assert!(!world.would_honour(&reply.tokens().refresh)),
            Which::Second => reply.refuses(400, "invalid_grant"),
        }
        assert_eq!(counts(&world), (1, 2, 1));
        assert_eq!(world.stats().replayed_refresh_tokens, 1);
    }
}

#[test]
fn the_second_delivery_may_take_its_time() {
    let world = World::new();
    let tokens = world.connect(PUBLIC_CLIENT);
    world.fault(Fault::Duplicate { answer: Which::First, apart_ms: 300 });
    let next = world.refresh(PUBLIC_CLIENT, &tokens.refresh).tokens();
    assert!(world.would_honour(&next.refresh));
    until_handled(&world, 2);
    assert!(!world.would_honour(&next.refresh));
}

#[test]
fn an_answer_is_cut_where_it_is_told_to() {
    for reset in [false, true] {
        for (of, after_bytes) in [(Part::Answer, 12), (Part::Body, 0), (Part::Body, 20)] {
            let world = World::new();
            let tokens = world.connect(PUBLIC_CLIENT);
            world.fault(Fault::Cut { after_bytes, of, reset });
            let (bytes, end) = world.raw_refresh(&tokens.refresh, PATIENCE);
            assert_eq!((is_reset(&end), end.is_ok()), (reset, !reset));
            match of {
                Part::Answer => assert_eq!(bytes, "HTTP/1.1 200"),
                Part::Body => {
                    let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
                    assert!(head.contains("content-length: "), "{head}");
                    assert_eq!(body.len() as u64, after_bytes);
                }
            }
            assert_eq!(counts(&world), (1, 1, 1));
        }
    }
}

#[test]
fn a_cut_behind_the_end_cuts_nothing() {
    let world = World::new();
    let tokens = world.connect(PUBLIC_CLIENT);
    world.fault(Fault::Cut { after_bytes: 100_000, of: Part::Body, reset: true });
    let next = world.refresh(PUBLIC_CLIENT, &tokens.refresh).tokens();
    world.refresh(PUBLIC_CLIENT, &next.refresh).tokens();
}

#[test]
fn rules_strike_in_order_and_only_what_fits() {
    let world = World::new();
    let tokens = world.connect(PUBLIC_CLIENT);
    let unavailable =
        |status| Fault::Answer { status, headers: [].into(), body: String::new(), handled: false };
    let rules = [
        FaultRule::new("/v1/expenses", unavailable(500)),
        FaultRule::refresh(Fault::Pass),
        FaultRule::refresh(unavailable(502)).times(2),
        FaultRule::refresh(unavailable(503)),
        FaultRule::refresh(unavailable(504)).times(0),
    ];
    let control = world.authority.control();
    control.add_faults(rules.clone()).unwrap();
    assert_eq!(control.faults(), rules[..4]);
    world.connect(PUBLIC_CLIENT);
    let tokens = world.refresh(PUBLIC_CLIENT, &tokens.refresh).tokens();
    let refresh = || world.refresh(PUBLIC_CLIENT, &tokens.refresh).status;
    assert_eq!([refresh(), refresh(), refresh(), refresh()], [502, 502, 503, 200]);
    assert_eq!(control.faults(), rules[..1]);
    control.clear_faults();
    assert!(world.api("/v1/expenses", "nothing").status == 401);
}

#[test]
fn faults_are_set_over_http() {
    let world = World::new();
    let tokens = world.connect(PUBLIC_CLIENT);
    let set = |rules: serde_json::Value| world.post("/control/faults", &[], &rules.to_string());
    let rules = json!([
        {
            "path": "/oauth/token",
            "grant_type": "refresh_token",
            "times": 2,
            "fault": { "kind": "try_later", "retry_after": { "seconds": 7 } },
        },
        { "path": "/oauth/authorize", "fault": { "kind": "redirect", "remove": ["iss"] } },
    ]);
    assert_eq!(set(rules).status, 200);
    let limited = world.refresh(PUBLIC_CLIENT, &tokens.refresh);
    assert_eq!((limited.status, limited.header("retry-after")), (429, "7"));
    assert_eq!(world.authorize(&authorization(PUBLIC_CLIENT)).callback("iss"), None);
    let left = json!([{
        "path": "/oauth/token",
        "grant_type": "refresh_token",
        "times": 1,
        "fault": { "kind": "try_later", "status": 429, "retry_after": { "seconds": 7 } },
    }]);
    assert_eq!(world.get("/control/faults", &[]).json(), left);
    assert_eq!(world.delete("/control/faults", &[]).status, 200);
    assert_eq!(world.get("/control/faults", &[]).json(), json!([]));
    world.refresh(PUBLIC_CLIENT, &tokens.refresh).tokens();
}

#[test]
fn control_is_never_struck() {
    let world = World::new();
    let rule = FaultRule::new("/control/stats", Fault::DropRequest { reset: true });
    world.authority.control().add_faults([rule]).unwrap();
    assert_eq!(world.get("/control/stats", &[]).status, 200);
    assert_eq!(world.authority.control().faults().len(), 1);
}

#[test]
fn an_unsound_fault_is_refused_with_all_beside_it() {
    let world = World::new();
    let answer = |status, name: &str| Fault::Answer {
        status,
        headers: [(name.to_owned(), "v".to_owned())].into(),
        body: String::new(),
        handled: false,
    };
    let control = world.authority.control();
    for (fault, error) in [
        (answer(101, "x"), InvalidFault::Status(101)),
        (answer(200, "x y"), InvalidFault::Header("x y".into())),
        (Fault::Pad { bytes: 1 << 40 }, InvalidFault::Padding(1 << 40)),
    ] {
        let rules = [FaultRule::refresh(Fault::Pass), FaultRule::refresh(fault)];
        assert_eq!(control.add_faults(rules), Err(error));
    }
    for fault in [json!({ "kind": "surprise" }), json!({ "kind": "drop_reply", "x": 1 }), json!(1)]
    {
        let rules = json!([{ "path": "/oauth/token", "fault": fault }]).to_string();
        assert_eq!(world.post("/control/faults", &[], &rules).status, 400, "{rules}");
    }
    assert!(control.faults().is_empty());
}

#[test]
fn the_readme_shows_rules_that_are_taken() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```json\n").expect("an example");
    let (rules, _) = rest.split_once("```").expect("its end");
    let world = World::new();
    assert_eq!(world.post("/control/faults", &[], rules).status, 200);
    assert_eq!(world.authority.control().faults().len(), 6);
    for subject in [NORTH_GROUP, NORTH_DENMARK, NORTH_SWEDEN, SOUTH] {
        assert!(readme.contains(subject.trim_start_matches("urn:pleo:")), "{subject}");
    }
}
