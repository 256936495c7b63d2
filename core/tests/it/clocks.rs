//! Clocks that are wrong, jump, or belong to another host; and lives that are
//! shorter than any plan. Found by review; each was a defect.

use crate::common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

fn waiting_demand(back: u64) -> Vec<Output> {
    let mut world = World::authorized();
    world.uptime = Some(1_000_000);
    let due = world.connection.wake_at(world.now).unwrap();
    world.advance(due - world.now);
    let sent = until_sent(&mut world, Input::Wake);
    let mut second = second_worker(&world);
    swap_workers(&mut world, &mut second);
    // the API refuses the old token: wants the next one, and waits for the other worker
    let outs = world.run(Input::ApiAnswered { generation: 1, status: 401, headers: vec![] });
    assert!(tokens(&outs).is_empty() && failures(&outs).is_empty());
    swap_workers(&mut world, &mut second);
    let a = world.perform(&http(&sent)).unwrap();
    world.run(a); // generation 2 is stored
    swap_workers(&mut world, &mut second);
    world.now -= back; // NTP
    let mut all = vec![];
    for _ in 0..600 {
        // ten minutes by the clock that runs through suspend, woken each second
        world.advance(1_000);
        all.extend(world.run(Input::Wake));
    }
    all
}

#[test]
fn a_clock_set_back_does_not_hold_a_waiting_demand() {
    assert_eq!(tokens(&waiting_demand(3_600_000)).len(), 1);
}

#[test]
fn control_without_the_jump() {
    assert_eq!(tokens(&waiting_demand(0)).len(), 1);
}

#[test]
fn a_clock_set_back_does_not_hold_the_save() {
    let mut world = World::authorized();
    world.uptime = Some(1_000_000);
    world.advance(3_600_000);
    let sent = until_sent(&mut world, wanted());
    let a = world.perform(&http(&sent)).unwrap();
    let step = world.step(a);
    world.step(Input::SwapUnanswered { op: op_of(&open(&step)) });
    world.now -= 3_600_000;
    world.uptime = world.uptime.map(|u| u + 60_000);
    world.run(Input::Wake);
    assert_eq!(
        world.record()["gen"],
        2,
        "save retried in {} s",
        (world.connection.wake_at(world.now).unwrap() - world.now) / 1000
    );
}

#[test]
fn a_clock_set_back_does_not_make_a_token_fresh_for_ever() {
    let mut world = World::authorized();
    let refused = |generation| Input::ApiAnswered { generation, status: 401, headers: vec![] };
    world.run(refused(1));
    world.now -= 365 * 86_400_000;
    world.advance(7 * 86_400_000);
    let outs = world.run(refused(2));
    assert_eq!(failures(&outs), Vec::<&str>::new());
    assert_eq!(world.server.refreshes, 2);
}

#[test]
fn a_clock_set_back_after_a_disconnect_does_not_forbid_to_connect() {
    let mut world = World::authorized();
    world.run(Input::Revoke);
    world.now -= 3_600_000;
    world.authorize();
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn the_fence_of_a_host_with_a_fast_clock_ends() {
    let mut world = World::authorized();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.now += 500_000; // its clock runs fast
    until_sent(
        &mut world,
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess },
    );
    // it dies; the other's clock is right, and this is ten minutes short of it
    let mut record = world.record();
    let until = record["exchanging"]["until"].as_u64().unwrap();
    record["exchanging"]["until"] = json!(until + 365 * 86_400_000);
    let key = world.connection.store_key().as_str().to_owned();
    world.store.get_mut(&key).unwrap().bytes = serde_json::to_vec(&record).unwrap().into();
    world.restart();
    world.advance(3_600_000);
    let mut outs = world.token_wanted();
    for _ in 0..1000 {
        if !tokens(&outs).is_empty() || !failures(&outs).is_empty() {
            return;
        }
        outs = world.wake();
    }
    panic!("1000 polls, no answer");
}

#[test]
fn backoff_ends_after_clock_set_back() {
    let mut world = World::authorized();
    world.uptime = Some(1);
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::NotSent);
    world.token_wanted();
    world.now -= 30 * 60_000; // token (by this clock) is still valid for 30 min, was judged expired
    world.run(Input::ApiAnswered { generation: 1, status: 401, headers: vec![] });
    world.advance(600_000);
    let outs = world.run(wanted());
    assert_eq!(tokens(&outs).len(), 1, "{:?}", failures(&outs));
}

#[test]
fn a_long_takeover_age_is_no_reason_to_refresh_without_end() {
    let mut config = provider_config();
    config.refresh.timing = Timing {
        send_within: 3_000,
        listen_for: 300_000,
        start_within: 299_000,
        save_within: 12_000,
        takeover_after: 330_000,
    };
    let mut world = World::with(client_of(config, client_config()));
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    for _ in 0..30 {
        world.server.faults.push_back(Fault::Change(json!({"expires_in": 600})));
    }
    world.redirect(&redirect, BrowserProof::SameProcess);
    let start = world.now;
    for _ in 0..20 {
        world.wake();
    }
    assert!(world.now - start > 20 * 100_000, "20 refreshes in {} ms", world.now - start);
}

#[test]
fn a_clock_glitch_does_not_wipe_a_good_grant() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"refresh_token_expires_in": 86400*30})));
    world.redirect(&redirect, BrowserProof::SameProcess);
    world.now += 365 * 86_400_000;
    world.token_wanted();
    world.now -= 365 * 86_400_000;
    assert_eq!(tokens(&world.token_wanted()).len(), 1, "{}", world.record());
}

#[test]
fn tokens_that_live_a_second_are_refreshed_only_when_wanted() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(json!({"expires_in": 1})));
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(world.connection.wake_at(world.now), None);
    world.advance(1_000);
    assert_eq!(tokens(&world.token_wanted()).len(), 1);
}

#[test]
fn when_a_refresh_is_due_goes_by_the_tokens_life() {
    let due = |life: u64| {
        let mut world = World::new();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        world.server.faults.push_back(Fault::Change(json!({"expires_in": life})));
        world.redirect(&redirect, BrowserProof::SameProcess);
        world.connection.wake_at(world.now).map(|at| at - world.now)
    };
    // Not of itself, then at half-life, also where two takeovers would not fit any more.
    assert_eq!(
        [29, 30, 31, 300, 599].map(due),
        [None, Some(15_000), Some(15_500), Some(150_000), Some(299_500)]
    );
    // Then between 70 and 85 %, but two takeovers before the end.
    let two_takeovers = 2 * Timing::STRICT.takeover_after;
    assert_eq!(due(600).unwrap(), 600_000 - two_takeovers);
    let jittered = due(2_000).unwrap();
    assert!((1_400_000..1_700_000).contains(&jittered), "{jittered}");
}

#[test]
fn the_end_of_a_refresh_token_stays_known_while_it_is_the_same_token() {
    for (kept, change) in [(true, json!({"refresh_token": null})), (false, json!({}))] {
        let mut world = World::new();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        let first = json!({"refresh_token_expires_in": 86_400 * 30});
        world.server.faults.push_back(Fault::Change(first));
        world.redirect(&redirect, BrowserProof::SameProcess);
        let end = world.record()["tokens"]["refresh_exp"].clone();
        assert!(end.is_u64());
        world.advance(3_600_000);
        world.server.faults.push_back(Fault::Change(change));
        world.token_wanted();
        let end = if kept { end } else { json!(null) };
        assert_eq!(world.record()["tokens"]["refresh_exp"], end);
    }
}

#[test]
fn a_clock_set_back_does_not_put_off_what_is_owed() {
    let mut world = World::authorized();
    world.server.faults.extend(std::iter::repeat_n(Fault::Answer(503, String::new()), 7));
    world.run(Input::Revoke);
    while !world.server.faults.is_empty() {
        world.wake();
    }
    assert_eq!(world.record()["outbox"].as_array().map(Vec::len), Some(2));
    assert!(world.connection.wake_at(world.now).unwrap() > world.now);
    world.now -= 3 * 86_400_000;
    world.restart();
    assert_eq!(world.connection.wake_at(world.now), Some(world.now));
}

#[test]
fn control_a_disconnect_without_the_jump() {
    let mut world = World::authorized();
    world.run(Input::Revoke);
    world.advance(1);
    world.authorize();
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn control_with_the_strict_row() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    for _ in 0..30 {
        world.server.faults.push_back(Fault::Change(json!({"expires_in": 600})));
    }
    world.redirect(&redirect, BrowserProof::SameProcess);
    let start = world.now;
    for _ in 0..20 {
        world.wake();
    }
    assert!(world.now - start > 20 * 100_000);
}
