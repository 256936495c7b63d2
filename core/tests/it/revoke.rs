//! The end of a grant: told to the server, remembered by the store, and never
//! told twice where once was enough.

use crate::common::{server::Fault, *};
use evergrant::*;

fn pleo_like() -> World {
    let config = ProviderConfig { disconnect: by_api_request(), ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world
}

fn confirmed(outputs: &[Output]) -> Option<bool> {
    outputs.iter().find_map(|output| match output {
        Output::Notice(Notice::Disconnected { confirmed }) => Some(*confirmed),
        _ => None,
    })
}

#[test]
fn what_the_server_answers_decides_what_is_confirmed() {
    for (fault, expected) in [
        (Fault::Answer(204, String::new()), Some(true)),
        (Fault::Answer(404, String::new()), Some(true)),
        (Fault::Answer(403, String::new()), Some(false)),
        (Fault::Answer(502, String::new()), None),
        (Fault::RequestLost, None),
        (Fault::NotSent, None),
    ] {
        let mut world = pleo_like();
        world.server.faults.push_back(fault.clone());
        let outputs = world.run(Input::Revoke);
        let request = requests(&outputs)[0];
        assert_eq!(
            (request.method, request.url.as_str()),
            (Method::Delete, "https://api.example/v1/installations/me")
        );
        assert_eq!(request.headers[0].1.expose(), "Bearer canary-access-2");
        assert_eq!(confirmed(&outputs), expected, "{fault:?}");
        if expected.is_none() {
            assert_eq!(world.status(), Status::Disconnecting);
            assert_eq!(world.header(), None);
            world.server.faults.push_back(Fault::Answer(204, String::new()));
            assert_eq!(confirmed(&world.wake()), Some(true), "{fault:?}");
        }
        assert_eq!(world.status(), Status::Disconnected);
        assert!(world.record()["tokens"].is_null());
    }
}

#[test]
fn a_server_that_is_down_is_told_by_a_host_that_wakes_late_too() {
    let mut world = World::authorized();
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    world.run(Input::Revoke);
    world.advance(3_600_000);
    world.run(Input::Wake);
    assert_eq!(world.status(), Status::Disconnected);
}

#[test]
fn a_server_that_is_down_is_told_five_times_and_then_owed() {
    let mut world = World::authorized();
    world.server.faults.extend(std::iter::repeat_n(Fault::Answer(503, String::new()), 5));
    world.run(Input::Revoke);
    let mut last = Vec::new();
    for _ in 0..4 {
        last = world.wake();
    }
    assert_eq!(confirmed(&last), Some(false));
    assert_eq!(world.record()["outbox"][0]["revoke_token"]["token"], "canary-refresh-2");
    assert_eq!(world.record()["outbox"][1]["revoke_token"]["token"], "canary-access-2");
    // What is owed is done from the record, also after a restart, and then gone.
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    world.wake();
    world.restart();
    let mut outputs = Vec::new();
    while world.connection.wake_at(world.now).is_some() {
        outputs.extend(world.wake());
    }
    let done = Output::Notice(Notice::TokenRevoked { confirmed: true });
    assert_eq!(outputs.iter().filter(|output| **output == done).count(), 2);
    assert_eq!(world.record()["outbox"], serde_json::Value::Null);
    assert_eq!(world.server.revocations, 2);
}

#[test]
fn the_access_token_is_revoked_after_its_refresh_token_unless_it_has_run_out() {
    for (wait, tokens) in
        [(0, vec!["canary-refresh-2", "canary-access-2"]), (3_600_000, vec!["canary-refresh-2"])]
    {
        let mut world = World::authorized();
        world.advance(wait);
        let mut outputs = world.run(Input::Revoke);
        while world.connection.wake_at(world.now).is_some() {
            outputs.extend(world.wake());
        }
        let revoked: Vec<String> = requests(&outputs).into_iter().map(body).collect();
        assert_eq!(revoked.len(), tokens.len());
        for (body, token) in revoked.iter().zip(tokens) {
            let hint = if token.contains("access") { "access_token" } else { "refresh_token" };
            assert_eq!(*body, format!("token={token}&token_type_hint={hint}"));
        }
    }
}

#[test]
fn a_duty_is_tried_a_bounded_number_of_times() {
    let mut world = World::authorized();
    world.server.faults.extend(std::iter::repeat_n(Fault::RequestLost, 100));
    world.run(Input::Revoke);
    let mut sent = 0;
    while world.connection.wake_at(world.now).is_some() {
        sent += requests(&world.wake()).len();
        assert!(sent < 30);
    }
    assert_eq!(sent, 4 + 2 * 10, "four more of the revocation, ten of each duty");
    assert_eq!(world.record()["outbox"], serde_json::Value::Null);
}

#[test]
fn a_duty_that_would_kill_a_newer_grant_is_dropped() {
    for (family_per_user, revocations) in [(false, 2), (true, 0)] {
        let refresh = RefreshPolicy { family_per_user, ..RefreshPolicy::STRICT };
        let config = ProviderConfig { refresh, ..provider_config() };
        let mut world = World::with(client_of(config, client_config()));
        world.authorize();
        world.server.faults.extend(std::iter::repeat_n(Fault::RequestLost, 5));
        world.run(Input::Revoke);
        for _ in 0..4 {
            world.wake();
        }
        assert!(world.record()["outbox"].is_array());
        world.advance(1);
        world.authorize();
        while world.record()["outbox"].is_array() {
            world.wake();
        }
        assert_eq!(world.server.revocations, revocations, "{family_per_user}");
    }
}

#[test]
fn a_crash_in_the_midst_does_not_forget_it() {
    let mut world = World::authorized();
    let step = world.step(Input::Revoke);
    world.perform(&step.outputs[0]);
    world.restart();
    assert_eq!((world.status(), world.header()), (Status::Disconnecting, None));
    let outputs = world.run(Input::Wake);
    assert_eq!((confirmed(&outputs), world.server.revocations), (Some(true), 1));
}

#[test]
fn a_tombstone_that_was_not_written_is_written_again_and_the_server_not_told_twice() {
    for applied in [false, true] {
        let mut world = pleo_like();
        world.server.faults.push_back(Fault::Answer(204, String::new()));
        let mut step = world.step(Input::Revoke);
        for _ in 0..2 {
            let open = step
                .outputs
                .iter()
                .find(|output| matches!(output, Output::Swap { .. } | Output::SendHttp { .. }));
            let answer = world.perform(open.unwrap()).unwrap();
            step = world.step(answer);
        }
        let [swap @ Output::Swap { op, .. }] = &step.outputs[..] else { panic!("{step:?}") };
        if applied {
            world.perform(swap);
        }
        let outputs = world.run(Input::SwapUnanswered { op: *op });
        assert_eq!(confirmed(&outputs), Some(true), "applied {applied}");
        assert!(requests(&outputs).is_empty(), "applied {applied}");
    }
}

#[test]
fn a_store_that_fails_at_the_end_is_tried_again() {
    let mut world = World::authorized();
    let mut step = world.step(Input::Revoke);
    for _ in 0..2 {
        let open = step
            .outputs
            .iter()
            .find(|output| matches!(output, Output::Swap { .. } | Output::SendHttp { .. }));
        let answer = world.perform(open.unwrap()).unwrap();
        step = world.step(answer);
    }
    for _ in 0..3 {
        let [Output::Swap { op, .. }] = &step.outputs[..] else { panic!("{step:?}") };
        step = world.step(Input::SwapUnanswered { op: *op });
    }
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
    assert_eq!((step.status, step.servable), (Status::Disconnecting, None));
    assert!(step.wake_at.is_some_and(|at| at > world.now));
    world.wake();
    assert_eq!(world.status(), Status::Disconnected);
}

#[test]
fn with_no_way_to_tell_the_tokens_are_forgotten() {
    let config = ProviderConfig { disconnect: Disconnect::Forget, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    let outputs = world.run(Input::Revoke);
    assert_eq!((confirmed(&outputs), requests(&outputs).len()), (Some(false), 0));
    assert!(world.record()["tokens"].is_null());
}

#[test]
fn revoke_is_idempotent_wherever_it_is_said() {
    for mut row in states::all() {
        row.world.run(Input::Revoke);
        for _ in 0..20 {
            if row.world.status() == Status::Disconnected {
                break;
            }
            match row.world.connection.wake_at(row.world.now) {
                Some(_) => drop(row.world.wake()),
                None => break,
            }
        }
        let awaited = row.open.is_some();
        assert!(awaited || row.world.status() == Status::Disconnected, "{}", row.name);
        assert_eq!(row.world.header(), None, "{}", row.name);
    }
}

#[test]
fn with_a_dead_access_token_it_is_renewed_once_and_the_server_told() {
    for expired in [false, true] {
        let mut world = pleo_like();
        if expired {
            world.advance(3_600_000);
        } else {
            world.server.faults.push_back(Fault::Answer(401, String::new()));
            // Then the refresh, which the server handles.
        }
        let outputs = world.run(Input::Revoke);
        let deletes: Vec<&str> = requests(&outputs)
            .iter()
            .filter(|request| request.method == Method::Delete)
            .map(|request| request.headers[0].1.expose())
            .collect();
        let expected: &[&str] = if expired {
            &["Bearer canary-access-3"]
        } else {
            &["Bearer canary-access-2", "Bearer canary-access-3"]
        };
        assert_eq!(deletes, expected);
        assert_eq!((world.server.refreshes, world.server.replays), (1, 0));
        assert!(tokens(&outputs).is_empty(), "nobody is served");
        assert_eq!(notices(&outputs).iter().filter(|code| **code == "disconnecting").count(), 1);
    }
}

#[test]
fn a_second_401_ends_it_without_a_loop() {
    let mut world = pleo_like();
    let refused = || Fault::Answer(401, String::new());
    let pass = Fault::Change(serde_json::json!({}));
    world.server.faults.extend([refused(), pass, refused()]);
    let outputs = world.run(Input::Revoke);
    assert_eq!(confirmed(&outputs), Some(false));
    assert_eq!((world.status(), requests(&outputs).len()), (Status::Disconnected, 3));
}

#[test]
fn a_renewal_that_is_refused_ends_it_and_one_that_is_lost_is_tried_again() {
    let mut world = pleo_like();
    world.advance(3_600_000);
    world.server.live = None;
    let outputs = world.run(Input::Revoke);
    assert_eq!((confirmed(&outputs), requests(&outputs).len()), (Some(false), 1));

    let mut world = pleo_like();
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::NotSent);
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnecting);
    world.restart();
    world.server.faults.push_back(Fault::Change(serde_json::json!({})));
    world.server.faults.push_back(Fault::Answer(204, String::new()));
    assert_eq!(confirmed(&world.wake()), Some(true));
}

#[test]
fn renewed_tokens_are_kept_until_the_store_has_them() {
    for applied in [false, true] {
        let mut world = pleo_like();
        world.advance(3_600_000);
        let sent = until_sent(&mut world, Input::Revoke);
        let answer = world.perform(&http(&sent)).unwrap();
        let step = world.step(answer);
        let save = open(&step);
        if applied {
            world.perform(&save);
        }
        world.run(Input::SwapUnanswered { op: op_of(&save) });
        assert_eq!(confirmed(&world.wake()), Some(true), "applied {applied}");
        assert_eq!((world.server.refreshes, world.server.replays), (1, 0), "applied {applied}");
    }
}

/// A machine that remembers an end whose time to tell the server has come.
fn ending() -> World {
    let mut world = World::authorized();
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnecting);
    let at = world.connection.wake_at(world.now).unwrap();
    world.advance(at - world.now);
    world
}

/// It went round in circles: read, failed, and due again at once.
#[test]
fn an_end_that_cannot_be_read_any_more_is_looked_at_now_and_then() {
    let mut world = ending();
    let key = world.connection.store_key().as_str().to_owned();
    let newer = Stored {
        revision: Revision::new("9"),
        bytes: br#"{"v":2,"kind":"connection"}"#.to_vec().into(),
        age: None,
    };
    let before = world.store.insert(key.clone(), newer).unwrap();
    assert_eq!(failures(&world.run(Input::Wake)), ["host_record_newer"]);
    let pause = world.connection.wake_at(world.now).unwrap() - world.now;
    assert!(pause >= 60_000, "{pause}");
    assert_eq!(failures(&world.token_wanted()), ["try_later_store_slow"]);
    // And told once it can be.
    world.store.insert(key, before);
    world.wake();
    assert_eq!(world.status(), Status::Disconnected);
}

/// It said `denied_not_connected` of a grant that was there.
#[test]
fn nobody_is_refused_while_an_end_is_only_remembered() {
    let mut world = ending();
    let mut stale = second_worker(&world);
    world.run(Input::Wake);
    world.authorize();
    assert_eq!(world.status(), Status::Authorized);
    swap_workers(&mut world, &mut stale);
    let look = world.step(Input::Wake);
    assert_eq!(world.step(wanted()).outputs, []);
    let answer = world.perform(&open(&look)).unwrap();
    assert_eq!(tokens(&world.run(answer)).len(), 1);
}

/// Two workers that remember the same end, the second of them about to look after it.
fn remembered_by_two() -> (World, Connection) {
    let mut world = pleo_like();
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    world.run(Input::Revoke);
    let other = second_worker(&world);
    let at = world.connection.wake_at(world.now).unwrap();
    world.advance(at - world.now);
    (world, other)
}

#[test]
fn an_end_that_another_has_put_off_is_not_told_before_its_time() {
    let (mut world, mut other) = remembered_by_two();
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    assert_eq!(requests(&world.run(Input::Wake)).len(), 1);
    swap_workers(&mut world, &mut other);
    let outputs = world.run(Input::Wake);
    assert!(requests(&outputs).is_empty(), "{outputs:?}");
    assert_eq!(world.status(), Status::Disconnecting);
    assert_eq!(confirmed(&world.wake()), Some(true));
}

#[test]
fn an_end_that_another_has_come_to_is_not_written_again() {
    let (mut world, mut other) = remembered_by_two();
    assert_eq!(confirmed(&world.run(Input::Wake)), Some(true));
    swap_workers(&mut world, &mut other);
    let outputs = world.run(Input::Wake);
    let writes = |output: &Output| matches!(output, Output::Swap { write: Some(_), .. });
    assert!(!outputs.iter().any(writes), "{outputs:?}");
    assert_eq!(world.status(), Status::Disconnected);
}
