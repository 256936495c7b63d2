//! Defects that the simulation found, each as a scenario of its own. The seeds that
//! showed them are in `simulation/seeds.rs`.

use crate::common::{
    server::{Fault, response},
    *,
};
use evergrant::*;
use serde_json::json;

fn oracle(refresh: RefreshPolicy) -> std::sync::Arc<Client> {
    let endpoint = Some("https://as.example/introspect".to_owned());
    let config = ProviderConfig { introspection_endpoint: endpoint, refresh, ..provider_config() };
    client_of(config, client_config())
}

/// A worker whose refresh token has been used up by an answer that was lost.
fn spent(client: std::sync::Arc<Client>) -> World {
    let mut world = World::with(client);
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::ReplyLost);
    world.token_wanted();
    world
}

/// Wakes a worker; while the server thinks about what it is asked, the other looks.
fn wake_while_the_other_looks(world: &mut World, other: &mut Connection) {
    let mut queue = vec![Input::Wake];
    while let Some(input) = queue.pop() {
        for output in world.step(input).outputs {
            if let Output::SendHttp { .. } = output {
                world.advance(1_000);
                swap_workers(world, other);
                world.run(Input::Wake);
                swap_workers(world, other);
                world.advance(1_000);
            }
            queue.extend(world.perform(&output));
        }
    }
}

/// Two workers that were told by the oracle that the token is spent waited for each
/// other's waiting: A after A, without end.
#[test]
fn workers_that_are_told_of_a_spent_token_come_to_a_verdict() {
    let mut world = spent(oracle(RefreshPolicy::STRICT));
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.token_wanted();
    let begun = world.now;
    while world.record()["status"] == "active" {
        let own = world.connection.wake_at(world.now).unwrap();
        if other.wake_at(world.now).unwrap() < own {
            swap_workers(&mut world, &mut other);
        }
        let at = world.connection.wake_at(world.now).unwrap();
        world.advance(at.saturating_sub(world.now));
        wake_while_the_other_looks(&mut world, &mut other);
        assert!(world.now - begun < 600_000, "{}", world.record());
    }
    assert_eq!(world.record()["status"]["reauthenticate"]["cause"], "reauthenticate_lost_reply");
}

/// The end of a wait for an old grant's successor wiped the new grant that the same
/// machine had obtained meanwhile.
#[test]
fn a_hold_that_ends_does_not_end_a_new_grant() {
    let mut world = spent(oracle(RefreshPolicy::STRICT));
    world.wake();
    assert_eq!(world.server.introspections, 1, "told that it is spent");
    world.authorize();
    assert_eq!(world.record()["gen"], 2);
    world.wake();
    assert_eq!((&world.record()["status"], &world.record()["gen"]), (&json!("active"), &json!(2)));
    assert_eq!(world.token_wanted().len(), 1);
}

/// The oracle's answer let the old grant's token be sent after a new grant was there:
/// to a server with one family for each user that is theft of the new one.
#[test]
fn an_oracles_answer_sends_no_token_of_an_older_grant() {
    let mut world = spent(oracle(RefreshPolicy::OIDC_PROVIDER));
    let at = world.connection.wake_at(world.now).unwrap();
    world.advance(at - world.now);
    let asked = http(&until_sent(&mut world, Input::Wake));
    world.authorize();
    while world.record()["gen"] != 2 {
        world.wake();
    }
    let (op, refreshes) = (op_of(&asked), world.server.refreshes);
    let outputs = world.run(Input::HttpFailed { op, why: HttpFault::Unknown });
    assert!(requests(&outputs).is_empty());
    assert_eq!((world.server.refreshes, world.server.replays), (refreshes, 0));
}

/// A token of a type that may not be sent was served by a worker whose clock was
/// behind that of the one which had stored it.
#[test]
fn an_unfit_token_is_expired_by_every_clock() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::Change(json!({"token_type": "mac"})));
    assert_eq!(failures(&world.token_wanted()), ["server_token_type_unknown"]);
    world.now -= 100_000;
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    assert_eq!(world.header(), None);
    let served = tokens(&world.token_wanted());
    assert_eq!(served, [(3, "Bearer canary-access-4".into())], "only what was got since");
}

/// A machine that has stored a new grant and was not told so.
fn unconfirmed() -> World {
    let mut world = World::authorized();
    let url = world.open_browser(authorize());
    let url = world.server.consent(&url).as_str().into();
    let input = Input::Redirected { url, proof: BrowserProof::SameProcess };
    let sent = http(&until_sent(&mut world, input));
    let answer = world.perform(&sent).unwrap();
    let save = open(&world.step(answer));
    world.perform(&save);
    world.run(Input::SwapUnanswered { op: op_of(&save) });
    world
}

/// It was stored again, over the tokens that another worker had refreshed it to.
#[test]
fn a_grant_that_was_stored_without_an_answer_is_not_put_over_its_own_refresh() {
    let mut world = unconfirmed();
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.run(Input::ApiAnswered { generation: 2, status: 401, headers: vec![] });
    let refreshed = world.record();
    assert_eq!(refreshed["gen"], 3);
    swap_workers(&mut world, &mut other);
    let outputs = world.wake();
    assert_eq!(world.record()["tokens"], refreshed["tokens"]);
    assert!(outputs.iter().any(|output| matches!(output, Output::Authorized { .. })));
}

/// It was stored again, over the grant that had taken its place.
#[test]
fn nor_is_it_put_over_the_grant_that_came_after_it() {
    let mut world = unconfirmed();
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.authorize();
    let newer = world.record();
    swap_workers(&mut world, &mut other);
    assert_eq!(failures(&world.wake()), ["denied_superseded"]);
    assert_eq!(world.record()["tokens"], newer["tokens"]);
}

/// Only the last of the requests that had been given up was still listened for.
#[test]
fn the_answer_to_each_request_that_was_given_up_is_welcome() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let first = http(&until_sent(&mut world, wanted()));
    let late = world.perform(&first).unwrap();
    world.wake();
    let at = world.connection.wake_at(world.now).unwrap();
    world.advance(at - world.now);
    until_sent(&mut world, Input::Wake);
    world.wake();
    assert_eq!(tokens(&world.run(late)), [(2, "Bearer canary-access-3".into())]);
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
}

/// What no header can carry was sent in one, to end the grant.
#[test]
fn a_grant_is_not_ended_with_a_token_that_no_header_can_carry() {
    let url = "https://api.example/v1/installations/me".to_owned();
    let disconnect = Disconnect::ApiRequest { method: Method::Delete, url, spares_others: true };
    let config = ProviderConfig { disconnect, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::Change(json!({"access_token": "x\r\nCookie: y"})));
    let outputs = world.run(Input::Revoke);
    let sent = requests(&outputs);
    assert_eq!(sent.len(), 1, "the renewal alone");
    assert_eq!(world.record()["status"], "disconnected");
}

/// A server answered the second of two requests without a refresh token, and the first one,
/// late, with the successor of the one that both had sent: it was dropped.
#[test]
fn the_successor_of_the_token_that_is_stored_is_stored_however_late_it_comes() {
    let refresh = RefreshPolicy::SAME_SUCCESSOR;
    let config = ProviderConfig { refresh, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    let first = until_sent(&mut world, wanted());
    world.wake();
    let unchanged = json!({"refresh_token": null});
    world.server.faults.push_back(Fault::Change(unchanged));
    while world.server.refreshes == 0 {
        world.wake();
    }
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2");
    let answer = r#"{"access_token":"late","token_type":"Bearer","expires_in":3600,"refresh_token":"successor"}"#;
    let op = op_of(&http(&first));
    world.run(Input::HttpDone { op, response: response(200, vec![], answer) });
    assert_eq!(world.record()["tokens"]["refresh"], "successor");
    assert_eq!(world.header().as_deref(), Some("Bearer late"));
}

/// A disconnect that a silent store had put off ended a grant that came after it.
#[test]
fn a_disconnect_that_was_put_off_does_not_end_a_later_grant() {
    let mut world = World::authorized();
    let mut other = second_worker(&world);
    let step = in_silence(&mut world, Input::Revoke);
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
    swap_workers(&mut world, &mut other);
    world.authorize();
    swap_workers(&mut world, &mut other);
    assert_eq!(failures(&world.wake()), ["denied_superseded"]);
    assert_eq!(world.record()["status"], "active");
    // Wanted again, it is this grant that is meant.
    world.run(Input::Revoke);
    assert_eq!(world.record()["status"], "disconnected");
}

/// The answer to an exchange's save came after the whole of a disconnect, and the token
/// was served again.
#[test]
fn a_late_answer_of_the_store_does_not_bring_an_ended_grant_back() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let url = world.server.consent(&url).as_str().into();
    let input = Input::Redirected { url, proof: BrowserProof::SameProcess };
    let sent = http(&until_sent(&mut world, input));
    let answer = world.perform(&sent).unwrap();
    let save = open(&world.step(answer));
    let late = world.perform(&save).unwrap();
    world.run(Input::Revoke);
    assert_eq!(world.record()["status"], "disconnected");
    let outputs = world.run(late);
    assert!(tokens(&outputs).is_empty(), "{outputs:?}");
    assert_eq!((world.header(), world.status()), (None, Status::Disconnected));
}

/// What a silent store had put off before anything was read of it was taken to mean whatever
/// was found later: also a grant that this very machine had stored since.
#[test]
fn a_disconnect_that_was_put_off_unread_does_not_end_what_was_authorized_after_it() {
    let mut world = World::authorized();
    world.connection = Connection::new(world.client.clone(), TENANT).unwrap();
    let step = in_silence(&mut world, Input::Revoke);
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
    world.advance(1);
    world.authorize();
    assert_eq!(world.record()["status"], "active");
    assert_eq!(failures(&world.wake()), ["denied_superseded"]);
    assert_eq!(world.record()["status"], "active");
    // Wanted again, it is this grant that is meant.
    world.run(Input::Revoke);
    assert_eq!(world.record()["status"], "disconnected");
}

/// As before, but the person had been asked before they wanted out: the end still comes last.
#[test]
fn a_disconnect_that_was_put_off_unread_ends_what_was_authorized_before_it() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.advance(1);
    world.connection = Connection::new(world.client.clone(), TENANT).unwrap();
    in_silence(&mut world, Input::Revoke);
    world
        .run(Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess });
    assert_eq!(world.record()["status"], "active");
    world.wake();
    assert_eq!(world.record()["status"], "disconnected");
}

/// Tokens whose save had long taken place, and been followed by others, were handed to the
/// end of the grant in place of those.
#[test]
fn tokens_that_others_have_followed_on_are_not_handed_to_the_end() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    let refresh = until_sent(&mut world, wanted());
    let answer = world.perform(&http(&refresh)).unwrap();
    let save = open(&world.step(answer));
    world.perform(&save);
    world.step(Input::SwapUnanswered { op: op_of(&save) });
    let mut other = second_worker(&world);
    swap_workers(&mut world, &mut other);
    world.advance(3_600_000);
    world.run(wanted());
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-4");
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    world.run(Input::Revoke);
    swap_workers(&mut world, &mut other);
    let outputs = world.run(Input::Wake);
    let told = requests(&outputs).into_iter().map(body).collect::<Vec<_>>();
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-4", "{told:?}");
}

/// Whoever was about to put off an end that the store said was under way, and found a newer
/// grant there, ended that.
#[test]
fn an_end_that_is_only_put_off_does_not_end_what_was_authorized_meanwhile() {
    let mut world = World::authorized();
    let told = until_sent(&mut world, Input::Revoke);
    let failed = Input::HttpFailed { op: op_of(&http(&told)), why: HttpFault::NotSent };
    let write = open(&world.step(failed));
    world.advance(1);
    world.authorize();
    assert_eq!(world.record()["status"], "active");
    let conflict = world.perform(&write).unwrap();
    let outputs = world.run(conflict);
    assert!(requests(&outputs).is_empty(), "{outputs:?}");
    assert_eq!(world.record()["status"], "active");
    assert_eq!(world.status(), Status::Authorized);
}

/// Where a silent store had made a machine forget what it knew, an authorization was begun
/// without a look, and a disconnect by another worker after that compared with it by clocks.
#[test]
fn an_authorization_while_an_end_is_put_off_knows_in_which_generation_it_began() {
    let mut world = World::authorized();
    let mut other = second_worker(&world);
    let told = until_sent(&mut world, Input::Revoke);
    let answer = world.perform(&http(&told)).unwrap();
    in_silence(&mut world, answer);
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    // By a worker whose clock is behind.
    swap_workers(&mut world, &mut other);
    world.now -= 30_000;
    world.run(Input::Revoke);
    world.run(Input::Revoke);
    world.now += 30_000;
    swap_workers(&mut world, &mut other);
    let url = redirect.as_str().into();
    let outputs = world.run(Input::Redirected { url, proof: BrowserProof::SameProcess });
    assert_eq!(failures(&outputs), ["denied_superseded"]);
}

/// Of the same millisecond the end wins, as it does over a redirect.
#[test]
fn a_disconnect_that_was_put_off_unread_ends_what_was_authorized_at_the_same_time() {
    let mut world = World::authorized();
    world.connection = Connection::new(world.client.clone(), TENANT).unwrap();
    in_silence(&mut world, Input::Revoke);
    world.authorize();
    assert_eq!(world.record()["status"], "active");
    world.wake();
    assert_eq!(world.record()["status"], "disconnected");
}
