//! Defects found by review, each with the test that showed it.

use crate::common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

/// run with a boot id; HTTP is not performed but returned
fn run_boot(world: &mut World, boot: u8, uptime: u64, input: Input) -> Vec<Output> {
    let mut queue = vec![input];
    let mut all = vec![];
    while let Some(i) = queue.pop() {
        let mut env = world.env();
        env.boot_id = Some([boot; 16]);
        env.uptime = Some(uptime);
        let s = world.connection.step(&env, i).unwrap();
        for o in &s.outputs {
            if matches!(o, Output::Swap { .. }) {
                queue.extend(world.perform(o));
            }
        }
        all.extend(s.outputs);
    }
    all
}

/// The owner's request is handled 62 s after t0 (inside W + D); the second host looks at 62.5 s.
fn two_hosts(second_boot: u8) -> (bool, u64) {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = run_boot(&mut world, 1, 5_000_000, wanted());
    let http = sent.iter().find(|o| matches!(o, Output::SendHttp { .. })).cloned().unwrap();
    let mut second = second_worker(&world);
    swap_workers(&mut world, &mut second);
    let up = if second_boot == 1 { 5_000_000 } else { 1_000 };
    assert!(requests(&run_boot(&mut world, second_boot, up, wanted())).is_empty());
    world.advance(62_000);
    world.perform(&http); // the server rotates; the answer is on its way to a listening owner
    world.advance(500);
    let outs = run_boot(&mut world, second_boot, up + 62_500, Input::Wake);
    let early = !requests(&outs).is_empty();
    if let Some(o) = outs.iter().find(|o| matches!(o, Output::SendHttp { .. })) {
        world.perform(o);
    }
    (early, world.server.replays)
}

#[test]
fn a_live_owner_on_another_host_keeps_its_lease_for_a() {
    assert_eq!(two_hosts(2), (false, 0));
}

#[test]
fn control_same_boot_id_waits() {
    assert_eq!(two_hosts(1), (false, 0));
}

#[test]
fn a_failed_exchange_does_not_end_the_lease_of_a_refresh_under_way() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = until_sent(&mut world, wanted());
    // request in flight. Another worker: person authorizes again, the code is refused.
    let mut second = second_worker(&world);
    swap_workers(&mut world, &mut second);
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into()));
    assert_eq!(
        failures(&world.redirect(&redirect, BrowserProof::SameProcess)),
        ["denied_code_rejected"]
    );
    let outs = world.run(wanted());
    let twice = requests(&outs).len();
    swap_workers(&mut world, &mut second);
    let a = world.perform(&http(&sent)).unwrap();
    world.run(a);
    assert_eq!((twice, world.server.replays, world.server.live.is_some()), (0, 0, true));
}

#[test]
fn a_save_that_reads_rubbish_once_keeps_the_tokens() {
    for bytes in [r#"{"v":99}"#, "rubbish"] {
        let mut world = World::authorized();
        world.advance(3_600_000);
        let sent = until_sent(&mut world, wanted());
        let answer = world.perform(&http(&sent)).unwrap();
        let save = open(&world.step(answer));
        let stored = Stored {
            revision: Revision::new("x"),
            bytes: bytes.as_bytes().to_vec().into(),
            age: None,
        };
        let outputs = world.run(Input::Swapped { op: op_of(&save), current: Some(stored) });
        assert_eq!(failures(&outputs).len(), 1, "told of what is wrong with the store");
        world.wake();
        assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3", "{bytes}");
        assert_eq!(world.server.replays, 0);
    }
}

#[test]
fn a_status_that_a_peer_sent_is_no_misuse() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let step = until_sent(
        &mut world,
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess },
    );
    let env = world.env();
    let r = world.connection.step(
        &env,
        Input::HttpDone { op: op_of(&http(&step)), response: server::response(999, vec![], "") },
    );
    assert!(
        r.is_ok(),
        "{r:?}; status stays {:?}, wake_at {:?}",
        world.status(),
        world.connection.wake_at(world.now)
    );
}

#[test]
fn ones_own_delayed_consume_is_known_again() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let step = world.step(Input::Redirected {
        url: redirect.as_str().into(),
        proof: BrowserProof::SameProcess,
    });
    let a = world.perform(&open(&step)).unwrap();
    let step = world.step(a);
    let first = open(&step); // consume
    let step = world.step(Input::SwapUnanswered { op: op_of(&first) }); // not applied yet
    let a = world.perform(&open(&step)).unwrap(); // read: still pending
    let step = world.step(a);
    let second = open(&step);
    world.perform(&first); // the first lands late
    let a = world.perform(&second).unwrap();
    let outs = world.run(a);
    assert_eq!(failures(&outs), Vec::<&str>::new());
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn unknown_members_are_not_printed() {
    let world = World::authorized();
    let mut record = world.record();
    record["dpop_private_key"] = json!("canary-key");
    let stored = Stored {
        revision: Revision::new("1"),
        bytes: serde_json::to_vec(&record).unwrap().into(),
        age: None,
    };
    let c = Connection::restore(world.client.clone(), TENANT, Some(stored)).unwrap();
    assert!(!format!("{c:?}").contains("canary-key"));
}

#[test]
fn a_number_out_of_range_does_not_lose_the_tokens() {
    let mut lost = vec![];
    for (n, body) in [
        ("1e999", r#"{"access_token":"a9","token_type":"Bearer","expires_in":1e999,"refresh_token":"r9"}"#.as_bytes().to_vec()),
        ("dup", br#"{"access_token":"a9","token_type":"Bearer","scope":"x","scope":"x","refresh_token":"r9"}"#.to_vec()),
        ("latin1 scope", b"{\"access_token\":\"a9\",\"token_type\":\"Bearer\",\"scope\":\"caf\xe9\",\"refresh_token\":\"r9\"}".to_vec()),
        ("numeric refresh", br#"{"access_token":"a9","token_type":"Bearer","refresh_token":99999}"#.to_vec()),
    ] {
        let mut world = World::authorized();
        world.advance(3_600_000);
        let sent = until_sent(&mut world, wanted());
        let response = HttpResponse { status: 200, headers: vec![], body: body.into() };
        world.run(Input::HttpDone { op: op_of(&http(&sent)), response });
        let r = world.record()["tokens"]["refresh"].clone();
        println!("{n}: refresh now {r}");
        lost.push((n, r == "r9"));
    }
    assert!(lost.iter().take(3).all(|(_, kept)| *kept), "{lost:?}");
}

#[test]
fn latin1_description_is_still_a_verdict() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = until_sent(&mut world, wanted());
    let response = HttpResponse {
        status: 400,
        headers: vec![],
        body: b"{\"error\":\"invalid_grant\",\"error_description\":\"expir\xe9\"}".to_vec().into(),
    };
    let outs = world.run(Input::HttpDone { op: op_of(&http(&sent)), response });
    assert_eq!(failures(&outs), ["reauthenticate_rejected"]);
}

#[test]
fn a_refresh_token_of_no_stated_life_is_tried() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"refresh_token_expires_in": 0})));
    world.redirect(&redirect, BrowserProof::SameProcess);
    world.advance(3_600_000);
    let outs = world.token_wanted();
    assert_eq!(failures(&outs), Vec::<&str>::new());
}

#[test]
fn every_authorize_is_answered() {
    let mut world = World::new();
    let steps: Vec<Step> = (0..17).map(|_| world.step(authorize())).collect();
    let (last, stored) = steps.split_last().unwrap();
    assert_eq!(failures(&last.outputs), ["try_later_busy"]);
    for step in stored {
        let answer = world.perform(&open(step)).unwrap();
        let outputs = world.run(answer);
        assert!(outputs.iter().any(|output| matches!(output, Output::OpenUrl { .. })));
    }
    // With people in the browser the oldest is forgotten here, and only here.
    world.open_browser(authorize());
}

#[test]
fn nothing_asked_is_nothing_missing() {
    let mut world = World::with(client_of(
        provider_config(),
        ClientConfig { scopes: vec![], ..client_config() },
    ));
    let outs = world.authorize();
    assert_eq!(notices(&outs), ["redirect_accepted", "grant_obtained"]);
}

#[test]
fn an_array_is_no_token_answer() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::Answer(200, r#"["a9","r9","Bearer",60]"#.into()));
    let outs = world.token_wanted();
    assert!(tokens(&outs).is_empty(), "{}", world.record());
}

#[test]
fn an_endpoint_with_a_parameter_of_the_protocol_is_refused() {
    let mut c = provider_config();
    c.authorization_endpoint =
        "https://as.example/authorize?state=fixed&response_mode=fragment".into();
    assert!(Provider::new(c).is_err());
}

#[test]
fn control_unanswered_and_never_landed() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let step = world.step(Input::Redirected {
        url: redirect.as_str().into(),
        proof: BrowserProof::SameProcess,
    });
    let a = world.perform(&open(&step)).unwrap();
    let step = world.step(a);
    world.run(Input::SwapUnanswered { op: op_of(&open(&step)) });
    assert_eq!(world.status(), Status::Authorized);
}
