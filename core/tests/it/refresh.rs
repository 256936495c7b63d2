//! The refresh over one store: intent, send, save; two workers; a process that
//! dies; a store that does not answer. Its whole fault handling is shown by the
//! counterexamples of the protocol, in a later part.

use crate::common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

/// Runs a closure for another worker over the same store and server.
fn as_other<T>(world: &mut World, other: &mut World, run: impl FnOnce(&mut World) -> T) -> T {
    std::mem::swap(&mut world.connection, &mut other.connection);
    std::mem::swap(&mut world.uptime, &mut other.uptime);
    let result = run(world);
    std::mem::swap(&mut world.connection, &mut other.connection);
    std::mem::swap(&mut world.uptime, &mut other.uptime);
    result
}

/// A second worker that has read the same record.
fn other(world: &World) -> World {
    let mut other = World::new();
    other.connection = second_worker(world);
    other
}

fn op_of(step: &Step) -> Op {
    let op = step.outputs.iter().find_map(|output| match output {
        Output::SendHttp { op, .. } | Output::Swap { op, .. } => Some(*op),
        _ => None,
    });
    op.expect("an op")
}

#[test]
fn nothing_is_sent_before_the_intent_is_stored_and_nobody_told_before_the_tokens_are() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let step = world.step(Input::TokenWanted { min_validity: 0 });
    let [claim @ Output::Swap { write: Some(write), .. }] = &step.outputs[..] else {
        panic!("{step:?}")
    };
    let record: serde_json::Value = serde_json::from_slice(write.bytes.expose()).unwrap();
    assert_eq!(record["intent"]["attempt"], 1);
    let answer = world.perform(claim).unwrap();
    let step = world.step(answer);
    let Output::SendHttp { send_within, listen_for, .. } = http(&step) else { unreachable!() };
    assert_eq!((send_within, listen_for), (3_000, 60_000));
    assert_eq!(step.status, Status::Refreshing);
    let answer = world.perform(&http(&step)).unwrap();
    let step = world.step(answer);
    let [save @ Output::Swap { write: Some(write), .. }] = &step.outputs[..] else {
        panic!("{step:?}")
    };
    assert_eq!(step.servable, None);
    let record: serde_json::Value = serde_json::from_slice(write.bytes.expose()).unwrap();
    assert_eq!((&record["gen"], &record["intent"]), (&json!(2), &json!(null)));
    let answer = world.perform(save).unwrap();
    let step = world.step(answer);
    assert_eq!(tokens(&step.outputs).len(), 1);
    assert_eq!(step.servable, Some(2));
}

#[test]
fn two_workers_want_a_token_and_one_refresh_is_made() {
    let mut world = World::authorized();
    let mut second = other(&world);
    world.advance(3_600_000);
    let sent = until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    // The second finds the intent, waits, and adopts the new tokens.
    let outputs = as_other(&mut world, &mut second, World::token_wanted);
    assert!(requests(&outputs).is_empty() && tokens(&outputs).is_empty());
    let outputs = as_other(&mut world, &mut second, World::wake);
    assert!(requests(&outputs).is_empty() && tokens(&outputs).is_empty());
    let answer = world.perform(&http(&sent)).unwrap();
    world.run(answer);
    let outputs = as_other(&mut world, &mut second, World::wake);
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())]);
    assert_eq!((world.server.refreshes, world.server.replays), (1, 0));
}

#[test]
fn a_dead_owner_is_taken_over_and_not_before_its_time() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    world.restart();
    world.token_wanted();
    let seen = world.now;
    while world.server.refreshes == 0 {
        world.wake();
        assert!(world.now <= seen + 91_000, "taken over in time");
    }
    assert!(world.now >= seen + 90_000, "not before A: {}", world.now - seen);
    assert_eq!((world.status(), world.server.replays), (Status::Authorized, 0));
}

#[test]
fn a_record_of_an_owner_long_dead_is_taken_over_at_once() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    world.advance(90_000 + 120_000);
    world.restart();
    assert_eq!(tokens(&world.token_wanted()).len(), 1);
}

#[test]
fn a_wall_clock_set_forward_does_not_let_an_observer_in_early() {
    let mut world = World::authorized();
    world.uptime = Some(1_000);
    world.advance(3_600_000);
    until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    let mut second = other(&world);
    second.uptime = Some(500);
    as_other(&mut world, &mut second, World::token_wanted);
    // One minute by both clocks, and then the wall clock alone jumps by A.
    for _ in 0..2 {
        world.now += 60_000;
        second.uptime = second.uptime.map(|uptime| uptime + 30_000);
        let outputs = as_other(&mut world, &mut second, |world| world.run(Input::Wake));
        assert!(requests(&outputs).is_empty());
    }
}

#[test]
fn a_late_success_is_saved_whoever_owns_the_intent_by_then() {
    let mut world = World::authorized();
    let mut second = other(&world);
    world.advance(3_600_000);
    let sent = until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    let answer = world.perform(&http(&sent)).unwrap();
    // The answer is on its way to a paused process; another takes over, replays
    // the spent token, and is told that the grant is dead.
    world.server.live = None;
    as_other(&mut world, &mut second, |world| {
        world.token_wanted();
        while world.status() == Status::Authorized || world.status() == Status::Refreshing {
            world.wake();
        }
    });
    assert!(world.record()["status"]["reauthenticate"].is_object());
    let outputs = world.run(answer);
    assert_eq!(notices(&outputs), ["refreshed"]);
    assert_eq!(world.status(), Status::Authorized);
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
}

#[test]
fn a_late_failure_does_not_wipe_newer_tokens() {
    let mut world = World::authorized();
    let mut second = other(&world);
    world.advance(3_600_000);
    let sent = until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    as_other(&mut world, &mut second, |world| {
        world.token_wanted();
        while world.server.refreshes == 0 {
            world.wake();
        }
    });
    let (op, body) = (op_of(&sent), r#"{"error":"invalid_grant"}"#);
    let outputs = world.run(Input::HttpDone { op, response: server::response(400, vec![], body) });
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())]);
    assert_eq!(world.record()["gen"], 2);
}

#[test]
fn an_answer_after_the_machine_gave_up_is_still_saved() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    let answer = world.perform(&http(&sent)).unwrap();
    let outputs = world.wake();
    assert_eq!(failures(&outputs), ["try_later_unavailable"]);
    let outputs = world.run(answer);
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())]);
    assert_eq!((world.record()["gen"].clone(), world.server.replays), (json!(2), 0));
}

#[test]
fn a_disconnect_beats_a_refresh_on_its_way() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnected);
    // Answered after all: nobody is served, and the token is owed a revocation.
    let body = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"late-refresh"}"#;
    let response = server::response(200, vec![], body);
    let outputs = world.run(Input::HttpDone { op: op_of(&sent), response });
    assert!(tokens(&outputs).is_empty());
    let record = world.record();
    assert_eq!((&record["status"], &record["tokens"]), (&json!("disconnected"), &json!(null)));
    assert_eq!(record["outbox"][0]["revoke_token"]["token"], "late-refresh");
}

#[test]
fn a_new_grant_is_not_overwritten_by_a_late_answer_of_the_old() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    let answer = world.perform(&http(&sent)).unwrap();
    let outputs = world.authorize();
    assert_eq!(tokens(&outputs).len(), 1, "the new grant is served at once");
    let record = world.record();
    world.run(answer);
    assert_eq!(world.record(), record);
}

#[test]
fn a_store_that_does_not_answer_loses_nothing() {
    // At every write of a refresh: applied or not, the answer is lost once.
    for applied in [false, true] {
        for at in 0..2 {
            let mut world = World::authorized();
            world.advance(3_600_000);
            let mut writes = 0;
            let mut queue = vec![Input::TokenWanted { min_validity: 0 }];
            let mut ready = 0;
            while let Some(input) = queue.pop() {
                for output in world.step(input).outputs {
                    ready += usize::from(matches!(output, Output::TokenReady { .. }));
                    let mut answer = None;
                    if let Output::Swap { op, write: Some(_), .. } = &output {
                        if writes == at {
                            if applied {
                                world.perform(&output);
                            }
                            answer = Some(Input::SwapUnanswered { op: *op });
                        }
                        writes += 1;
                    }
                    queue.extend(answer.or_else(|| world.perform(&output)));
                }
                if queue.is_empty() && ready == 0 {
                    let wake_at = world.connection.wake_at(world.now).expect("it goes on");
                    world.advance(wake_at.saturating_sub(world.now));
                    queue.push(Input::Wake);
                }
            }
            assert_eq!(ready, 1, "applied {applied}, write {at}");
            assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
            assert_eq!((world.server.refreshes, world.server.replays), (1, 0));
        }
    }
}

#[test]
fn a_store_that_is_down_is_told_of_and_no_request_is_sent() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let mut step = world.step(Input::TokenWanted { min_validity: 0 });
    for _ in 0..2 {
        step = world.step(Input::SwapUnanswered { op: op_of(&step) });
    }
    let step = world.step(Input::SwapUnanswered { op: op_of(&step) });
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
    assert!(step.wake_at.is_some_and(|at| at > world.now));
    world.advance(60_000);
    assert_eq!(tokens(&world.token_wanted()).len(), 1);
}

#[test]
fn a_store_slower_than_w_ends_in_try_later_after_three_tries() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let mut step = world.step(Input::TokenWanted { min_validity: 0 });
    let mut claims = 0;
    while let [swap @ Output::Swap { write: Some(_), .. }] = &step.outputs[..] {
        claims += 1;
        world.advance(3_000);
        let answer = world.perform(swap).unwrap();
        step = world.step(answer);
    }
    assert_eq!(claims, 4, "three claims and the release of the last");
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
    let record = world.record();
    assert_eq!((&record["intent"], &record["unresolved"]), (&json!(null), &json!(null)));
    assert_eq!(world.server.refreshes, 0);
}

#[test]
fn an_expired_grant_without_refresh_token_asks_for_the_person() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"refresh_token": null})));
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(world.connection.wake_at(world.now), None);
    assert_eq!(tokens(&world.token_wanted()).len(), 1);
    world.advance(3_600_000);
    assert_eq!(failures(&world.token_wanted()), ["reauthenticate_expired"]);
    assert!(requests(&world.outputs).len() == 1);
}

#[test]
fn a_refresh_token_known_to_be_expired_is_not_sent() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"refresh_token_expires_in": 7200})));
    world.redirect(&redirect, BrowserProof::SameProcess);
    world.advance(7_200_000);
    assert_eq!(failures(&world.token_wanted()), ["reauthenticate_expired"]);
    assert_eq!(world.server.refreshes + world.server.replays, 0);
}

#[test]
fn a_provider_whose_old_access_token_lives_on_serves_it_meanwhile() {
    let mut config = provider_config();
    config.refresh.access_dies = false;
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    let due = world.connection.wake_at(world.now).unwrap();
    world.advance(due - world.now);
    let sent = until_sent(&mut world, Input::TokenWanted { min_validity: 0 });
    assert_eq!(tokens(&world.outputs).len(), 2, "the exchange's, and at once the same again");
    assert_eq!(sent.servable, Some(1));
    assert!(world.header().is_some());
}

#[test]
fn a_refresh_is_due_between_70_and_85_percent_and_alike_in_every_worker() {
    let mut world = World::authorized();
    let mut second = other(&world);
    let due = world.connection.wake_at(world.now).unwrap() - START;
    assert!((2_520_000..3_060_000).contains(&due), "{due}");
    assert_eq!(second.connection.wake_at(START), Some(START + due));
    second.now = START + due;
    world.wake();
    let next = world.connection.wake_at(world.now).unwrap() - world.now;
    assert_ne!(next, due, "another jitter for each generation");
}

#[test]
fn a_host_that_never_wakes_still_gets_its_token_in_time() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::RequestLost);
    assert_eq!(failures(&world.token_wanted()), ["try_later_unavailable"]);
    world.advance(90_000);
    assert_eq!(tokens(&world.token_wanted()).len(), 1);
}

#[test]
fn a_worker_learns_that_another_process_authorized_anew() {
    // From "reauthenticate", from a disconnect, from nothing at all, and from tokens of
    // which only the clock says that they are over.
    let ends: [fn(&mut World); 4] = [
        |world| {
            world.server.live = None;
            world.wake();
        },
        |world| drop(world.run(Input::Revoke)),
        |world| {
            world.store.clear();
            world.connection = Connection::new(world.client.clone(), TENANT).unwrap();
            world.token_wanted();
        },
        |world| {
            *world = World::new();
            let only_access = r#"{"access_token":"a","token_type":"Bearer","expires_in":20}"#;
            world.server.faults.push_back(Fault::Answer(200, only_access.into()));
            world.authorize();
            world.advance(20_000);
        },
    ];
    for end in ends {
        let mut world = World::authorized();
        end(&mut world);
        assert_eq!(failures(&world.token_wanted()).len(), 1);
        let mut second = World::new();
        world.advance(1);
        as_other(&mut world, &mut second, World::authorize);
        assert_eq!(tokens(&world.token_wanted()).len(), 1, "{:?}", world.status());
    }
}

#[test]
fn nobody_gets_more_validity_than_half_of_a_tokens_life() {
    for (age, refreshes) in [(0, 0), (1_800_000 - 1, 0), (1_800_000, 1)] {
        let mut world = World::authorized();
        world.advance(age);
        let outputs = world.run(Input::TokenWanted { min_validity: u64::MAX });
        assert_eq!((tokens(&outputs).len(), world.server.refreshes), (1, refreshes), "{age}");
    }
}
