//! Tokens: how long they live, that nobody reads them, and how a pair is replaced.

use crate::{
    API, HOUR,
    common::{
        server::{Fault, response},
        *,
    },
    connected, expired, header, headers, in_body, redirected, refresh_tokens_sent, world,
};
use evergrant::*;
use serde_json::{Value, json};

fn exchanged(fault: Fault) -> (World, Vec<Output>) {
    let mut world = world();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(fault);
    let outputs = world.run(redirected(&redirect));
    (world, outputs)
}

fn ready(outputs: &[Output]) -> Vec<Option<u64>> {
    let ready = outputs.iter().filter_map(|output| match output {
        Output::TokenReady { expires_at, .. } => Some(*expires_at),
        _ => None,
    });
    ready.collect()
}

#[test]
fn pleo_13_a_token_expires_when_its_own_answer_said_and_by_no_other_rule() {
    for life in [60, 61, 899, 900, 3_600, 86_400] {
        // In the middle of a second, and at a time that no lifetime divides.
        let mut world = world();
        world.advance(12_345);
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        world.server.faults.push_back(Fault::Change(json!({"expires_in": life})));
        // The answer of the token endpoint came a while before whose it is was known.
        let outputs = world.run(redirected(&redirect));
        let expiry = world.now + life * 1_000;
        assert_eq!(ready(&outputs), [Some(expiry)], "{life}");
        let at = |now| world.connection.authorization(now, API, 0).is_some();
        assert_eq!((at(expiry - 1), at(expiry)), (true, false), "{life}");

        world.advance(life * 1_000);
        world.server.faults.push_back(Fault::Change(json!({"expires_in": life + 7})));
        let outputs = world.token_wanted();
        assert_eq!(ready(&outputs), [Some(world.now + (life + 7) * 1_000)], "{life}");
    }
    // What nobody has said is not made up: it is used until it is refused.
    let (mut world, outputs) = exchanged(Fault::Change(json!({"expires_in": null})));
    assert_eq!(ready(&outputs), [None]);
    world.advance(10 * 365 * 24 * HOUR);
    assert!(header(&world).is_some());
    assert!(requests(&world.token_wanted()).is_empty());
}

#[test]
fn pleo_14_tokens_are_never_read_and_go_out_as_they_came() {
    // A header of a JWT that says it has expired long ago, and rubbish in its place.
    let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjEsInN1YiI6Im5vYm9keSJ9.";
    let long = "x".repeat(8_000);
    for access in [jwt, "eyJ.not.base64!", "a", "-._~+/==", "Bearer", "plp_1%2B%20", &long] {
        for refresh in [jwt, " a b ", "+&=%20", "\"\\/\u{e9}\u{1f511}", "null", &long] {
            let tokens = json!({"access_token": access, "refresh_token": refresh});
            let mut world = world();
            let url = world.open_browser(authorize());
            let redirect = world.server.consent(&url);
            world.server.owners.insert(format!("Bearer {access}"), crate::COMPANY.into());
            world.server.faults.push_back(Fault::Change(tokens));
            let outputs = world.run(redirected(&redirect));
            let bearer = format!("Bearer {access}");
            assert_eq!(header(&world), Some(bearer.clone()), "{access}");
            assert_eq!(headers(requests(&outputs)[1], "authorization"), [bearer.as_str()]);
            // And from the record, in another process.
            world.restart();
            assert_eq!(header(&world), Some(bearer));
            world.advance(HOUR);
            world.server.live = Some((refresh.into(), String::new()));
            assert_eq!(refresh_tokens_sent(&world.token_wanted()), [refresh]);
        }
    }
}

#[test]
fn pleo_15_a_pair_and_its_expiry_are_replaced_in_one_write_before_anybody_has_them() {
    let mut world = expired();
    let sent = until_sent(&mut world, wanted());
    let body = json!({"access_token": "new-access", "refresh_token": "new-refresh",
        "token_type": "Bearer", "expires_in": 900, "scope": "users:read"});
    let response = response(200, vec![], &body.to_string());
    let before = world.record();
    let step = world.step(Input::HttpDone { op: op_of(&http(&sent)), response });
    // The answer is here, and nobody hears of it.
    let save @ Output::Swap { write: Some(write), .. } = &open(&step) else { panic!("a write") };
    assert_eq!(step.outputs.len(), 1, "{step:?}");
    assert_eq!((step.servable, header(&world)), (None, None));
    assert_eq!(world.record(), before, "nor has the store");
    let next: Value = serde_json::from_slice(write.bytes.expose()).unwrap();
    let tokens = &next["tokens"];
    assert_eq!(
        (&tokens["access"], &tokens["refresh"], tokens["access_exp"].as_u64()),
        (&json!("new-access"), &json!("new-refresh"), Some(world.now + 900_000))
    );
    // A store that does not answer is asked again, and still nobody is told.
    let step = world.step(Input::SwapUnanswered { op: op_of(save) });
    assert!(!step.outputs.iter().any(|output| matches!(output, Output::TokenReady { .. })));
    assert_eq!(header(&world), None);
    let mut outputs = Vec::new();
    while header(&world).is_none() {
        outputs.extend(world.wake());
    }
    assert_eq!(world.record()["tokens"]["refresh"], "new-refresh");
    assert_eq!(header(&world).as_deref(), Some("Bearer new-access"));
}

#[test]
fn pleo_15_a_process_that_dies_at_any_point_leaves_one_whole_pair() {
    for deaths in 0..20 {
        let mut world = expired();
        let (mut queue, mut left) = (vec![wanted()], deaths);
        'life: while let Some(input) = queue.pop() {
            for output in world.step(input).outputs {
                if left == 0 {
                    break 'life;
                }
                left -= 1;
                queue.extend(world.perform(&output));
            }
        }
        let tokens = world.record()["tokens"].clone();
        let exp = tokens["access_exp"].as_u64().unwrap();
        let pair = (tokens["access"].as_str().unwrap(), tokens["refresh"].as_str().unwrap());
        let old = pair == ("canary-access-2", "canary-refresh-2") && exp == START + HOUR;
        let new = pair == ("canary-access-3", "canary-refresh-3") && exp == world.now + HOUR;
        assert!(old || new, "{deaths}: {tokens}");
        if left > 0 {
            assert!(new && deaths > 4, "{deaths}");
            return;
        }
    }
    panic!("it never ends");
}

#[test]
fn pleo_16_what_a_refresh_has_replaced_is_never_sent_again() {
    let mut world = connected();
    for generation in 2..6 {
        world.advance(HOUR);
        let from = world.outputs.len();
        world.token_wanted();
        let (old, new) = (generation, generation + 1);
        let record = world.record().to_string();
        assert!(!record.contains(&format!("-{old}\"")), "no copy in the record: {record}");
        // Of this process, of the next, and of one that had read the old record.
        world.restart();
        world.run(Input::ApiAnswered { generation: 1, status: 401, headers: vec![] });
        world.token_wanted();
        let sent = requests(&world.outputs[from..]).len();
        assert_eq!(sent, 1, "the refresh itself");
        assert_eq!(header(&world), Some(format!("Bearer canary-access-{new}")));
    }
    let mut stale = second_worker(&world);
    world.advance(HOUR);
    world.token_wanted();
    swap_workers(&mut world, &mut stale);
    let from = world.outputs.len();
    world.token_wanted();
    world.run(Input::Revoke);
    for request in requests(&world.outputs[from..]) {
        assert_eq!(headers(request, "authorization"), ["Bearer canary-access-7"]);
        assert!(in_body(request, "refresh_token").is_empty());
    }
    assert_eq!(world.server.replays, 0);
    assert_eq!(world.server.uninstalled, ["Bearer canary-access-7"]);
}
