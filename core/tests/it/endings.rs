//! Disconnects that meet something else on its way: nothing is served after, and
//! nothing that the server gave is forgotten. The first were found by review, each a
//! defect; the others ask who has the last word, where several end a grant.

use crate::common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

fn told_or_owed(world: &World, token: &str) -> bool {
    let told = requests(&world.outputs)
        .iter()
        .any(|r| r.url.ends_with("/revoke") && body(r).contains(token));
    told || world.record().to_string().contains(token)
}

#[test]
fn tokens_handed_over_while_the_server_is_told_are_revoked_too() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let refresh = until_sent(&mut world, wanted());
    let revoke = until_sent(&mut world, Input::Revoke);
    let a = world.perform(&http(&refresh)).unwrap(); // rotated: canary-refresh-3
    world.run(a); // handed: stored in the Disconnecting record
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
    // RFC 7009: 200 for a token it no longer knows
    world.server.faults.push_back(Fault::Answer(200, String::new()));
    let a = world.perform(&http(&revoke)).unwrap();
    world.run(a);
    for _ in 0..5 {
        if world.connection.wake_at(world.now).is_some() {
            world.wake();
        }
    }
    assert!(told_or_owed(&world, "canary-refresh-3"), "wiped, never told: {}", world.record());
}

#[test]
fn a_disconnect_that_meets_a_new_grant_in_the_store_is_not_lost() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let mut step = until_sent(
        &mut world,
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess },
    );
    let a = world.perform(&http(&step)).unwrap();
    step = world.step(a);
    let save = open(&step);
    world.advance(1_000);
    let revoke = world.step(Input::Revoke);
    let bury = revoke
        .outputs
        .iter()
        .find(|o| matches!(o, Output::Swap { write: Some(_), .. }))
        .cloned()
        .unwrap();
    let a = world.perform(&save).unwrap();
    world.run(a);
    let a = world.perform(&bury).unwrap();
    let outs = world.run(a);
    for _ in 0..5 {
        if world.status() == Status::Disconnecting && world.connection.wake_at(world.now).is_some()
        {
            world.wake();
        }
    }
    assert_eq!((world.status(), world.header()), (Status::Disconnected, None), "{outs:?}");
}

/// A person disconnects while a code is exchanged; what became of the new grant's token.
fn grant_that_arrives_while_disconnecting(disconnect: Disconnect) -> (World, bool) {
    let config = ProviderConfig { disconnect, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let (url, proof) = (redirect.as_str().into(), BrowserProof::SameProcess);
    let exchange = until_sent(&mut world, Input::Redirected { url, proof });
    world.advance(1_000);
    let revoke = world.step(Input::Revoke);
    let swap = world.perform(&open(&revoke)).unwrap();
    let revoke = world.step(swap);
    let a = world.perform(&http(&exchange)).unwrap();
    let outs = world.run(a);
    assert_eq!(failures(&outs), ["denied_superseded"]);
    if revoke.outputs.iter().any(is_open) {
        let a = world.perform(&open(&revoke)).unwrap();
        world.run(a);
    }
    let new = format!("canary-refresh-{}", world.server.issued);
    let told = told_or_owed(&world, &new);
    (world, told)
}

#[test]
fn a_grant_that_arrives_while_disconnecting_is_revoked_or_owed() {
    let (world, told) = grant_that_arrives_while_disconnecting(provider_config().disconnect);
    assert!(told, "dropped: {}", world.record());
    // Where nothing can be revoked nothing is owed.
    let (world, told) = grant_that_arrives_while_disconnecting(Disconnect::Forget);
    assert!(!told, "{}", world.record());
}

#[test]
fn the_duty_of_a_superseded_grant_survives_a_conflict() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let exchange = until_sent(
        &mut world,
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess },
    );
    world.advance(1_000);
    world.run(Input::Revoke);
    let a = world.perform(&http(&exchange)).unwrap();
    // another process moves the revision in between (a second tombstone)
    let mut second = second_worker(&world);
    swap_workers(&mut world, &mut second);
    world.run(Input::Revoke);
    swap_workers(&mut world, &mut second);
    world.run(a);
    let new = format!("canary-refresh-{}", world.server.issued);
    assert!(told_or_owed(&world, &new), "dropped: {}", world.record());
}

#[test]
fn a_read_from_before_a_disconnect_does_not_revive_the_token() {
    let mut world = World::authorized();
    let step = world.step(Input::ApiAnswered { generation: 5, status: 401, headers: vec![] });
    let late = world.perform(&open(&step)).unwrap(); // read at the store; the answer is slow
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnected);
    world.run(late);
    assert_eq!((world.status(), world.header()), (Status::Disconnected, None));
}

#[test]
fn same_with_a_waiting_observer() {
    let mut world = World::authorized();
    world.advance(3_200_000);
    // another worker's intent
    let mut second = second_worker(&world);
    swap_workers(&mut world, &mut second);
    until_sent(&mut world, Input::Wake);
    swap_workers(&mut world, &mut second);
    world.token_wanted();
    world.advance(500);
    let mut step = world.step(Input::Wake);
    if !step.outputs.iter().any(is_open) {
        world.advance(500);
        step = world.step(Input::Wake);
    }
    let late = world.perform(&open(&step)).unwrap();
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnected);
    world.step(late);
    assert_eq!(world.connection.servable(world.now), None);
}

#[test]
fn a_disconnect_of_unknown_outcome_serves_nobody() {
    let mut world = World::authorized();
    let mut step = world.step(Input::Revoke);
    world.perform(&open(&step)); // applied, unanswered
    while step.outputs.iter().any(is_open) {
        step = world.step(Input::SwapUnanswered { op: op_of(&open(&step)) });
    }
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
    assert_eq!((step.servable, world.record()["status"].is_object()), (None, true));
}

#[test]
fn tokens_handed_over_while_the_tombstone_is_written_are_revoked_too() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let refresh = until_sent(&mut world, wanted());
    let rotated = world.perform(&http(&refresh)).unwrap();
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    let told = until_sent(&mut world, Input::Revoke);
    world.server.faults.push_back(Fault::Answer(200, String::new()));
    let answer = world.perform(&http(&told)).unwrap();
    let burial = open(&world.step(answer));
    swap_workers(&mut world, &mut other);
    let save = open(&world.step(rotated));
    let conflict = world.perform(&save).unwrap();
    let save = open(&world.step(conflict));
    world.perform(&save);
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
    swap_workers(&mut world, &mut other);
    let conflict = world.perform(&burial).unwrap();
    world.outputs.clear();
    world.run(conflict);
    assert!(told_or_owed(&world, "canary-refresh-3"), "wiped, never told: {}", world.record());
}

#[test]
fn a_flawed_first_answer_is_kept_or_owed() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"token_type": "mac"})));
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert!(told_or_owed(&world, "canary-refresh-2"), "{}", world.record());
}

#[test]
fn a_flawed_first_answer_is_owed_only_where_it_can_be_revoked() {
    let config = ProviderConfig { disconnect: Disconnect::Forget, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"token_type": "mac"})));
    let outs = world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(failures(&outs).len(), 1);
    assert!(!told_or_owed(&world, "canary-refresh-2"), "{}", world.record());
}

#[test]
fn control_without_the_late_refresh() {
    let mut world = World::authorized();
    let revoke = until_sent(&mut world, Input::Revoke);
    let a = world.perform(&http(&revoke)).unwrap();
    world.run(a);
    assert!(told_or_owed(&world, "canary-refresh-2"));
}

#[test]
fn control_without_the_conflict() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let exchange = until_sent(
        &mut world,
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess },
    );
    world.advance(1_000);
    world.run(Input::Revoke);
    let a = world.perform(&http(&exchange)).unwrap();
    world.run(a);
    assert!(told_or_owed(&world, &format!("canary-refresh-{}", world.server.issued)));
}

/// Another worker ends what is being ended, and a person authorizes anew there.
fn ended_and_authorized_elsewhere(world: &mut World) {
    let mut other = second_worker(world);
    swap_workers(world, &mut other);
    world.run(Input::Revoke);
    world.advance(1);
    world.authorize();
    swap_workers(world, &mut other);
}

#[test]
fn an_end_that_may_have_been_written_is_not_wanted_of_the_grant_that_came_after() {
    for unanswered in [true, false] {
        let mut world = World::authorized();
        let mut swap = open(&world.step(Input::Revoke));
        if unanswered {
            swap = open(&world.step(Input::SwapUnanswered { op: op_of(&swap) }));
        }
        ended_and_authorized_elsewhere(&mut world);
        let answer = world.perform(&swap).unwrap();
        let outputs = world.run(answer);
        // What certainly was not written is still wanted: of whatever is there.
        let (expected, status) = if unanswered {
            (vec!["denied_superseded"], Status::Authorized)
        } else {
            (vec![], Status::Disconnected)
        };
        assert_eq!((failures(&outputs), world.status()), (expected, status));
        assert_eq!(world.server.live.is_some(), unanswered);
    }
}

#[test]
fn a_tombstone_that_may_have_been_written_is_not_put_over_the_grant_that_came_after() {
    for unanswered in [true, false] {
        let mut world = World::new();
        let read = open(&world.step(Input::Revoke));
        let answer = world.perform(&read).unwrap();
        let mut swap = open(&world.step(answer));
        if unanswered {
            swap = open(&world.step(Input::SwapUnanswered { op: op_of(&swap) }));
        }
        let mut other = second_worker(&world);
        swap_workers(&mut world, &mut other);
        world.authorize();
        swap_workers(&mut world, &mut other);
        let answer = world.perform(&swap).unwrap();
        let outputs = world.run(answer);
        let (expected, status) = if unanswered {
            (vec!["denied_superseded"], Status::Authorized)
        } else {
            (vec![], Status::Disconnected)
        };
        assert_eq!((failures(&outputs), world.status()), (expected, status));
    }
}

#[test]
fn an_end_that_another_has_finished_is_not_gone_on_with() {
    // Put off, or about to be buried.
    for status in [503, 200] {
        let mut world = World::authorized();
        let sent = http(&until_sent(&mut world, Input::Revoke));
        let response = server::response(status, vec![], "");
        let swap = open(&world.step(Input::HttpDone { op: op_of(&sent), response }));
        ended_and_authorized_elsewhere(&mut world);
        let answer = world.perform(&swap).unwrap();
        let outputs = world.run(answer);
        assert_eq!((requests(&outputs).len(), world.status()), (0, Status::Authorized));
        assert!(world.server.live.is_some());
    }
}

#[test]
fn an_end_that_another_has_begun_is_not_written_over() {
    let mut world = World::authorized();
    let swap = open(&world.step(Input::Revoke));
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    until_sent(&mut world, Input::Revoke);
    swap_workers(&mut world, &mut other);
    let theirs = world.stored();
    let answer = world.perform(&swap).unwrap();
    let step = world.step(answer);
    assert_eq!(requests(&step.outputs).len(), 1, "the server is told at once");
    assert_eq!((step.outputs.iter().filter(|it| is_open(it)).count(), world.stored()), (1, theirs));
}

#[test]
fn a_candidate_that_comes_while_an_end_is_written_ends_too() {
    let config = ProviderConfig { company: Some(company_binding()), ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.server.subject = Some("urn:company:acme".into());
    world.authorize();
    let swap = open(&world.step(Input::Revoke));
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    let url = world.open_browser(authorize());
    let url = world.server.consent(&url).into();
    let redirect = Input::Redirected { url, proof: BrowserProof::SameProcess };
    let exchange = http(&until_sent(&mut world, redirect));
    let answer = world.perform(&exchange).unwrap();
    until_sent(&mut world, answer);
    assert!(world.record()["candidate"].is_object());
    swap_workers(&mut world, &mut other);
    let answer = world.perform(&swap).unwrap();
    assert_eq!(failures(&world.run(answer)), ["denied_superseded"]);
    assert!(world.record()["candidate"].is_null() && world.record()["tokens"].is_null());
}

#[test]
fn late_tokens_of_one_grant_do_not_take_the_place_of_another_that_is_being_ended() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = http(&until_sent(&mut world, wanted()));
    let late = world.perform(&sent).unwrap();
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.run(Input::Revoke);
    world.advance(1);
    world.authorize();
    until_sent(&mut world, Input::Revoke);
    let theirs = world.stored();
    swap_workers(&mut world, &mut other);
    world.run(late);
    assert_eq!(world.stored(), theirs);
}

#[test]
fn late_tokens_do_not_revive_a_grant_that_ended_generations_after_them() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let sent = http(&until_sent(&mut world, wanted()));
    let late = world.perform(&sent).unwrap();
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.token_wanted();
    for generation in [2, 3] {
        let tokens = json!({
            "access_token": format!("canary-access-of-{generation}"),
            "refresh_token": format!("canary-refresh-of-{generation}"),
            "token_type": "Bearer",
            "expires_in": 3600,
        });
        world.server.faults.push_back(Fault::Answer(200, tokens.to_string()));
        while world.record()["gen"] != generation {
            world.wake();
        }
    }
    world.server.faults.push_back(Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into()));
    world.wake();
    let ended = world.stored();
    assert_eq!(world.status(), Status::ReauthenticationRequired(Cause::Rejected));
    swap_workers(&mut world, &mut other);
    world.run(late);
    assert_eq!(world.stored(), ended);
}
