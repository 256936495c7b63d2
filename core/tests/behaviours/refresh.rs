//! Refresh: one at a time, each token once, and no grant lost for nothing.

use crate::{
    common::{
        server::{Fault, response},
        *,
    },
    expired, refresh_tokens_sent, refreshed,
};
use evergrant::*;
use serde_json::{Value, json};
use std::collections::VecDeque;

#[test]
fn row_26_a_new_refresh_token_replaces_the_old_in_one_write_and_an_omitted_one_keeps_it() {
    for (answered, kept, rotated) in [
        (json!("rotated"), "rotated", true),
        (json!("canary-refresh-2"), "canary-refresh-2", false),
        (json!(""), "canary-refresh-2", false),
        (Value::Null, "canary-refresh-2", false),
    ] {
        // `null` in words, and not there at all, say the same.
        for absent in [false, answered.is_null()] {
            let mut body =
                json!({"access_token": "new", "token_type": "Bearer", "expires_in": 3600});
            if !absent {
                body["refresh_token"] = answered.clone();
            }
            let mut world = expired(RefreshPolicy::STRICT);
            let sent = until_sent(&mut world, wanted());
            let response = response(200, vec![], &body.to_string());
            let step = world.step(Input::HttpDone { op: op_of(&http(&sent)), response });
            let Output::Swap { write: Some(write), .. } = open(&step) else { panic!("a save") };
            let text = String::from_utf8(write.bytes.expose().to_vec()).unwrap();
            let record: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(record["tokens"]["refresh"], kept, "{answered}");
            assert_eq!(record["tokens"]["access"], "new", "{answered}");
            assert_eq!(text.contains("canary-refresh-2"), !rotated, "no copy of the old");
            let save = world.perform(&open(&step)).unwrap();
            let outputs = world.run(save);
            let told = Output::Notice(Notice::Refreshed { generation: 2, rotated });
            assert!(outputs.contains(&told), "{answered}: {outputs:?}");
            world.restart();
            world.advance(3_600_000);
            assert_eq!(refresh_tokens_sent(&world.token_wanted()), [kept], "{answered}");
        }
    }
}

/// A worker, and what it has to do yet.
struct Worker {
    connection: Connection,
    todo: VecDeque<Output>,
    /// Its request is at the server: not answered before its turn comes again.
    served: bool,
}

/// Lets some workers want a token at one expiry, and take turns as `seed` has it.
fn race(workers: usize, mut seed: u64) {
    let mut world = expired(RefreshPolicy::STRICT);
    let mut all: Vec<Worker> = (0..workers)
        .map(|_| Worker { connection: second_worker(&world), todo: VecDeque::new(), served: false })
        .collect();
    let mut inputs: Vec<VecDeque<Input>> = vec![VecDeque::from([wanted()]); workers];
    let (mut at_server, mut turns) = (0, 0);
    while !all.iter().all(|worker| worker.served) {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let turn = (seed >> 33) as usize % workers;
        let (worker, inputs) = (&mut all[turn], &mut inputs[turn]);
        turns += 1;
        assert!(turns < 10_000, "it never ends");
        std::mem::swap(&mut world.connection, &mut worker.connection);
        if let Some(output) = worker.todo.pop_front() {
            at_server -= usize::from(matches!(output, Output::SendHttp { .. }));
            inputs.extend(world.perform(&output));
        } else {
            world.advance(10);
            for output in world.step(inputs.pop_front().unwrap_or(Input::Wake)).outputs {
                if matches!(output, Output::SendHttp { .. }) {
                    at_server += 1;
                }
                worker.served |= matches!(output, Output::TokenReady { generation: 2, .. });
                if is_open(&output) {
                    worker.todo.push_back(output);
                }
            }
        }
        std::mem::swap(&mut world.connection, &mut worker.connection);
        assert!(at_server <= 1, "two requests with one refresh token are on their way");
    }
    assert_eq!((world.server.refreshes, world.server.replays), (1, 0));
    assert_eq!(refresh_tokens_sent(&world.outputs), ["canary-refresh-2"]);
}

#[test]
fn row_27_workers_over_one_store_make_one_refresh_in_whatever_order_they_come() {
    for seed in 0..300 {
        race(2 + seed as usize % 4, seed);
    }
}

#[test]
fn row_28_a_refresh_token_that_was_answered_is_never_sent_again() {
    // Two workers, one of which knows only what it read at first; a process that
    // dies; 401s of old generations; a late answer: each token is sent once.
    let mut world = World::authorized();
    let mut stale = second_worker(&world);
    let refused = |generation| Input::ApiAnswered { generation, status: 401, headers: vec![] };
    for round in 1..=4 {
        world.wake();
        swap_workers(&mut world, &mut stale);
        world.run(refused(1));
        world.token_wanted();
        swap_workers(&mut world, &mut stale);
        world.run(refused(round));
        world.restart();
        world.run(Input::Wake);
    }
    world.advance(3_600_000);
    let sent = until_sent(&mut world, wanted());
    let late = world.perform(&http(&sent)).unwrap();
    world.wake();
    world.run(late);
    let sent = refresh_tokens_sent(&world.outputs);
    assert!(sent.len() >= 5, "{sent:?}");
    assert!((1..sent.len()).all(|at| !sent[..at].contains(&sent[at])), "{sent:?}");
    assert_eq!(world.server.replays, 0);

    // One that was refused is wiped, and one past its stated life stays where it is.
    let (mut world, _) = refreshed(Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into()));
    world.advance(3_600_000);
    world.token_wanted();
    assert_eq!(refresh_tokens_sent(&world.outputs).len(), 1);
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"refresh_token_expires_in": 7_200})));
    world.redirect(&redirect, BrowserProof::SameProcess);
    world.advance(7_200_000);
    world.token_wanted();
    assert!(refresh_tokens_sent(&world.outputs).is_empty());
}

#[test]
fn row_28_what_may_have_been_spent_is_sent_again_only_as_the_providers_data_allow() {
    let strict = RefreshPolicy::STRICT.timing;
    for (policy, at_least, at_most) in [
        // A window is declared: after a short pause.
        (RefreshPolicy::OKTA, 0, 1_000),
        (RefreshPolicy::SAME_SUCCESSOR, 0, 1_000),
        (RefreshPolicy::NO_ROTATION, 0, 1_000),
        // None is: not while the first request may still be on its way.
        (RefreshPolicy::STRICT, strict.send_within + strict.start_within, 91_000),
        (RefreshPolicy::NEWEST_WINS, strict.send_within + strict.start_within, 91_000),
        (RefreshPolicy::CONNECT2ID, strict.send_within + strict.start_within, 91_000),
    ] {
        for restart in [false, true] {
            let mut world = expired(policy);
            world.server.faults.push_back(Fault::RequestLost);
            world.token_wanted();
            let lost_at = world.now;
            // A process that does not know that it was itself can only wait.
            let at_most = if restart { at_most.max(policy.timing.takeover_after) } else { at_most };
            if restart {
                world.restart();
                world.token_wanted();
            }
            while world.server.refreshes == 0 {
                world.wake();
            }
            let waited = world.now - lost_at;
            assert!(waited >= at_least && waited <= at_most, "{:?}: {waited}", policy.rotation);
        }
    }
}

#[test]
fn row_29_invalid_grant_counts_only_while_the_store_has_nothing_newer() {
    let dead = || response(400, vec![], r#"{"error":"invalid_grant"}"#);
    // Another worker took over and saved while this one's answer was on its way.
    let mut world = expired(RefreshPolicy::STRICT);
    let mut second = second_worker(&world);
    let sent = until_sent(&mut world, wanted());
    swap_workers(&mut world, &mut second);
    world.token_wanted();
    while world.server.refreshes == 0 {
        world.wake();
    }
    swap_workers(&mut world, &mut second);
    let before = world.record();
    let outputs = world.run(Input::HttpDone { op: op_of(&http(&sent)), response: dead() });
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())]);
    assert_eq!((failures(&outputs).len(), requests(&outputs).len()), (0, 0));
    assert_eq!((world.record(), world.status()), (before, Status::Authorized));

    // Nothing newer: the grant is over, here, in the store and after a restart.
    for body in [r#"{"error":"invalid_grant"}"#, r#"{"error":"invalid_token"}"#] {
        let (mut world, outputs) = refreshed(Fault::Answer(400, body.into()));
        assert_eq!(failures(&outputs), ["reauthenticate_rejected"]);
        let status = Status::ReauthenticationRequired(Cause::Rejected);
        for _ in 0..2 {
            assert_eq!((world.status(), world.connection.wake_at(world.now)), (status, None));
            let outputs = world.token_wanted();
            assert_eq!(failures(&outputs), ["reauthenticate_rejected"]);
            assert!(requests(&outputs).is_empty(), "it is not tried again");
            world.restart();
            world.advance(86_400_000);
        }
        assert_eq!(world.record()["tokens"], Value::Null);
    }
}

/// When it makes sense to try again, after a refresh that met this.
fn retry_after(fault: Fault) -> u64 {
    let (world, outputs) = refreshed(fault);
    let at = outputs.iter().find_map(|output| match output {
        Output::Failed { failure, .. } => failure.retry_at(),
        _ => None,
    });
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2");
    at.expect("a time") - world.now
}

#[test]
fn row_30_what_is_no_verdict_keeps_the_tokens_and_patience_is_kept_and_bounded() {
    let html = "<html>busy</html>";
    let mut faults = vec![Fault::NotSent, Fault::RequestLost, Fault::Answer(200, "{".into())];
    for status in [408, 429, 500, 502, 503, 504, 599] {
        faults.push(Fault::Answer(status, html.into()));
    }
    // Not even a 5xx or a 429 that claims to be a verdict.
    for status in [429, 500, 503] {
        faults.push(Fault::Answer(status, r#"{"error":"invalid_grant"}"#.into()));
    }
    for fault in faults {
        let (mut world, outputs) = refreshed(fault.clone());
        assert!(failures(&outputs)[0].starts_with("try_later_"), "{fault:?}: {outputs:?}");
        assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2", "{fault:?}");
        world.restart();
        world.advance(300_000);
        assert_eq!(tokens(&world.token_wanted()).len(), 1, "{fault:?}");
        assert_eq!(world.server.replays, 0, "{fault:?}");
    }

    // START and an hour is 14 November 2023, 23:13:20.
    for (value, wait) in [
        ("600", 600_000),
        ("Tue, 14 Nov 2023 23:23:20 GMT", 600_000),
        ("Tuesday, 14-Nov-23 23:23:20 GMT", 600_000),
        ("Tue Nov 14 23:23:20 2023", 600_000),
        ("999999999999", 86_400_000),
        ("18446744073709551615", 86_400_000),
        ("Thu, 14 Nov 2030 23:13:20 GMT", 86_400_000),
    ] {
        for status in [429, 503] {
            let header = ("Retry-After".to_owned(), value.to_owned());
            let asked = retry_after(Fault::AnswerWith(status, header, String::new()));
            assert_eq!(asked, wait, "{status} {value}");
        }
    }
    // What says nothing, or speaks of the past, leaves the machine's own pause.
    for value in ["", "soon", "-5", "1.5", "Tue, 14 Nov 2023 22:00:00 GMT"] {
        let header = ("Retry-After".to_owned(), value.to_owned());
        let asked = retry_after(Fault::AnswerWith(429, header, String::new()));
        assert!((250..=500).contains(&asked), "{value}: {asked}");
    }
}

/// The pauses after so many failures in a row, with entropy from this byte.
fn pauses(entropy: u8, failures: usize) -> Vec<u64> {
    let mut world = expired(RefreshPolicy::STRICT);
    let mut pauses = Vec::new();
    for round in 0..failures {
        let mut queue = VecDeque::from([wanted()]);
        while let Some(input) = queue.pop_front() {
            let mut env = world.env();
            env.entropy = [entropy; 32];
            env.entropy[..8]
                .copy_from_slice(&(round as u64 * 10 + queue.len() as u64).to_be_bytes());
            env.entropy[8] = pauses.len() as u8;
            env.entropy[9] = world.outputs.len() as u8;
            for output in world.connection.step(&env, input).unwrap().outputs {
                world.outputs.push(output.clone());
                if let Output::Failed { failure, .. } = &output {
                    pauses.push(failure.retry_at().unwrap() - world.now);
                }
                world.server.faults.push_back(Fault::NotSent);
                queue.extend(world.perform(&output));
            }
        }
        world.advance(*pauses.last().unwrap());
    }
    pauses
}

#[test]
fn row_30_pauses_double_up_to_a_bound_with_jitter_from_the_entropy_given() {
    let one = pauses(1, 14);
    for (at, pause) in one.iter().enumerate() {
        let full = (500_u64 << at).min(300_000);
        assert!((full / 2..=full).contains(pause), "{at}: {pause} of {full}");
    }
    assert_eq!(pauses(1, 14), one, "the same entropy, the same pauses");
    assert_ne!(pauses(2, 14), one, "other entropy, other pauses");
}

#[test]
fn row_31_a_fault_of_the_clients_registration_is_the_operators_and_keeps_the_tokens() {
    for (status, error, code) in [
        (401, "invalid_client", "misconfigured_invalid_client"),
        (400, "invalid_client", "misconfigured_invalid_client"),
        (400, "unauthorized_client", "misconfigured_unauthorized_client"),
        (403, "unauthorized_client", "misconfigured_unauthorized_client"),
    ] {
        let fault = || Fault::Answer(status, json!({"error": error}).to_string());
        let (mut world, outputs) = refreshed(fault());
        assert_eq!(failures(&outputs), [code]);
        assert_eq!((world.status(), world.server.replays), (Status::Authorized, 0));
        let record = world.record();
        assert_eq!(record["tokens"]["refresh"], "canary-refresh-2");
        // It was not used up: no trace of it stays, and it is not hammered.
        assert_eq!((&record["intent"], &record["unresolved"]), (&Value::Null, &Value::Null));
        world.advance(599_000);
        let outputs = world.token_wanted();
        assert_eq!((failures(&outputs), requests(&outputs).len()), (vec![code], 0));
        // With the configuration set right the same grant goes on, at once.
        world.restart();
        assert_eq!(tokens(&world.token_wanted()).len(), 1);

        // The same of a code: a grant that was there before is left alone.
        let mut world = World::authorized();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        world.server.faults.push_back(fault());
        assert_eq!(failures(&world.redirect(&redirect, BrowserProof::SameProcess)), [code]);
        assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2");
        assert_eq!(world.header().as_deref(), Some("Bearer canary-access-2"));
    }
}
