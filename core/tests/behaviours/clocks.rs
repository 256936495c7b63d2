//! Clocks that jump, hosts that sleep, and servers whose clock is wrong.

use crate::{
    asked,
    common::{
        server::{Fault, response},
        *,
    },
    expired, in_url, refreshed,
};
use evergrant::*;

const DAY: i64 = 86_400_000;

/// Sets the wall clock, and no other.
fn jump(world: &mut World, by: i64) {
    world.now = world.now.checked_add_signed(by).unwrap();
}

/// Goes on until a token is served or there is none to be had; says which, and
/// for how long it took.
fn ending(row: &mut states::Row) -> (bool, Status, u64) {
    let world = &mut row.world;
    let begun = world.now;
    if let Some(answer) = row.open.as_ref().and_then(|open| world.perform(open)) {
        world.run(answer);
    }
    for _ in 0..1_000 {
        let outputs = world.token_wanted();
        let status = world.status();
        let served = !tokens(&outputs).is_empty();
        let later = failures(&outputs).iter().all(|code| code.starts_with("try_later_"));
        let ending = matches!(status, Status::Disconnecting | Status::Exchanging);
        if served || !(later || ending) {
            return (served, status, world.now - begun);
        }
        world.wake();
    }
    panic!("{}: it never ends", row.name);
}

#[test]
fn row_48_a_wall_clock_that_jumps_costs_time_and_no_grant() {
    let still: Vec<_> = states::all().iter_mut().map(ending).collect();
    for by in [-365 * DAY, -DAY, -3_600_000, -60_000, 60_000, 3_600_000, DAY, 365 * DAY] {
        for (mut row, still) in states::all().into_iter().zip(&still) {
            jump(&mut row.world, by);
            let (served, status, took) = ending(&mut row);
            // The one thing that a clock ends: a person's time in the browser.
            if row.name == "exchange: looking" && by >= 600_000 {
                assert!(!served && still.0, "{by}: {status:?}");
                continue;
            }
            assert_eq!((served, status), (still.0, still.1), "{}, {by}", row.name);
            // At worst an attempt of one's own is waited out once more.
            let longest = RefreshPolicy::STRICT.timing.takeover_after + 120_000;
            assert!(took <= longest, "{}, {by}: {took}", row.name);
            assert_eq!(row.world.server.replays, 0, "{}, {by}", row.name);
            if served {
                let live = row.world.server.live.clone().unwrap();
                assert_eq!(row.world.record()["tokens"]["refresh"], live.0.as_str());
            }
        }
    }
}

#[test]
fn row_48_a_clock_set_back_does_not_put_off_a_disconnect() {
    for by in [-60_000, -3_600_000, -365 * DAY] {
        let mut world = World::authorized();
        let marking = open(&world.step(Input::Revoke));
        let marked = world.perform(&marking).unwrap();
        jump(&mut world, by);
        world.run(marked);
        assert_eq!(world.status(), Status::Disconnected, "{by}");
    }
}

/// Everything that follows from an input on a host that knows its boot; requests
/// are not performed.
fn on_a_known_boot(world: &mut World, input: Input) -> Vec<Output> {
    let (mut queue, mut all) = (vec![input], Vec::new());
    while let Some(input) = queue.pop() {
        let env = Env { boot_id: Some([1; 16]), ..world.env() };
        let step = world.connection.step(&env, input).unwrap();
        for output in step.outputs {
            if matches!(output, Output::Swap { .. }) {
                queue.extend(world.perform(&output));
            }
            all.push(output);
        }
    }
    all
}

#[test]
fn row_48_only_a_clock_that_runs_through_suspend_ends_anothers_lease() {
    for by in [-365 * DAY, -60_000, 60_000, 365 * DAY] {
        let mut world = World::authorized();
        world.uptime = Some(1_000_000);
        world.advance(3_600_000);
        let sent = on_a_known_boot(&mut world, wanted());
        let sent = sent.iter().find(|output| matches!(output, Output::SendHttp { .. })).unwrap();
        let mut second = second_worker(&world);
        swap_workers(&mut world, &mut second);
        // The old token is of no use to it, whatever the clock says.
        let refused = Input::ApiAnswered { generation: 1, status: 401, headers: vec![] };
        assert!(requests(&on_a_known_boot(&mut world, refused)).is_empty());
        // The wall clock alone jumps under the one that waits.
        jump(&mut world, by);
        for _ in 0..100 {
            world.advance(500);
            assert!(requests(&on_a_known_boot(&mut world, Input::Wake)).is_empty(), "{by}");
        }
        swap_workers(&mut world, &mut second);
        let answer = world.perform(sent).unwrap();
        assert_eq!(tokens(&on_a_known_boot(&mut world, answer)).len(), 1);
        swap_workers(&mut world, &mut second);
        world.advance(500);
        let adopted = tokens(&on_a_known_boot(&mut world, Input::Wake));
        assert_eq!(adopted, [(2, "Bearer canary-access-3".to_owned())], "{by}");
        assert_eq!((world.server.refreshes, world.server.replays), (1, 0));
    }
}

#[test]
fn row_48_a_host_that_sleeps_sends_nothing_stale_and_loses_no_answer() {
    // Asleep with the intent written: what others may have taken over is not sent.
    let mut world = expired(RefreshPolicy::STRICT);
    let claim = open(&world.step(wanted()));
    let claimed = world.perform(&claim).unwrap();
    world.advance(8 * 3_600_000);
    let step = world.step(claimed);
    assert!(requests(&step.outputs).is_empty(), "W has passed: {step:?}");
    let again = world.perform(&open(&step)).unwrap();
    assert_eq!(tokens(&world.run(again)).len(), 1);

    // Asleep with the answer in the socket: it is saved, however late.
    let mut world = expired(RefreshPolicy::STRICT);
    let sent = until_sent(&mut world, wanted());
    let answer = world.perform(&http(&sent)).unwrap();
    world.advance(8 * 3_600_000);
    world.run(Input::Wake);
    world.run(answer);
    assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
    assert_eq!(world.server.replays, 0);

    // Asleep with a person in the browser: it has run out, and a new one is begun.
    let mut world = World::new();
    let url = world.open_browser(authorize());
    world.advance(8 * 3_600_000);
    assert_eq!(failures(&world.run(Input::Wake)), ["denied_authorization_expired"]);
    assert!(!in_url(&url, "state").is_empty());
    assert_eq!(tokens(&world.authorize()).len(), 1);
}

#[test]
fn row_48_the_servers_date_header_means_nothing() {
    let body =
        r#"{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"r"}"#;
    for kind in ["exchange", "refresh"] {
        for status in [200, 503] {
            let mut seen = Vec::new();
            for date in [
                None,
                Some("Tue, 14 Nov 2023 22:13:20 GMT"),
                Some("Thu, 01 Jan 1970 00:00:00 GMT"),
                Some("Fri, 31 Dec 9999 23:59:59 GMT"),
                Some("yesterday"),
            ] {
                let (mut world, sent) = asked(kind);
                let headers = date.map(|date| ("Date".into(), date.into())).into_iter().collect();
                let response = response(status, headers, body);
                let outputs = world.run(Input::HttpDone { op: op_of(&sent), response });
                seen.push((outputs, world.record().to_string(), world.connection.clone()));
            }
            assert!(seen.iter().all(|one| *one == seen[0]), "{kind} {status}");
        }
    }
    // A date to come back at is read by the host's own clock.
    let at = ("Retry-After".to_owned(), "Tue, 14 Nov 2023 23:23:20 GMT".to_owned());
    let (world, outputs) = refreshed(Fault::AnswerWith(503, at, String::new()));
    let [.., Output::Failed { failure, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(failure.retry_at(), Some(world.now + 600_000));
}
