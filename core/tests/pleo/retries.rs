//! What is tried again, how often, and what is not; and who is asked when.

use crate::{
    HOUR,
    common::{server::Fault, *},
    connected, expired, header, refreshed, refused,
};
use evergrant::*;

/// The next failure of a refresh, and when another try is said to make sense.
fn failed(outputs: &[Output]) -> Option<(String, Option<u64>)> {
    outputs.iter().find_map(|output| match output {
        Output::Notice(Notice::RefreshFailed { failure, .. }) => {
            Some((failure.code().to_owned(), failure.retry_at()))
        }
        _ => None,
    })
}

fn attempts(outputs: &[Output]) -> Vec<u16> {
    let attempts = outputs.iter().filter_map(|output| match output {
        Output::Notice(notice) if notice.code() == "refresh_started" => notice.fields().attempt,
        _ => None,
    });
    attempts.collect()
}

#[test]
fn pleo_22_transient_failures_are_retried_ever_more_slowly_up_to_a_bound() {
    // A request that never left: the pause doubles, its upper half by lot.
    let mut world = expired();
    world.server.faults.extend(std::iter::repeat_n(Fault::NotSent, 14));
    let mut outputs = world.token_wanted();
    let mut pauses = Vec::new();
    for tries in 1..=14 {
        let (code, at) = failed(&outputs).expect("a failure that is told of");
        assert_eq!((code.as_str(), attempts(&outputs)), ("try_later_not_sent", vec![1]));
        let pause = at.unwrap() - world.now;
        let full = (500_u64 << (tries - 1)).min(300_000);
        assert!((full / 2..=full).contains(&pause), "{tries}: {pause}");
        assert_eq!(world.connection.wake_at(world.now), at, "and it is kept");
        // Whoever asks before that is told so, and nothing is sent.
        let told = world.token_wanted();
        assert_eq!((failures(&told), requests(&told).len()), (vec!["try_later_not_sent"], 0));
        pauses.push(pause);
        outputs = world.wake();
    }
    assert!(pauses.iter().any(|pause| pause % 1_000 != 0), "not all workers at once");
    assert_eq!(tokens(&outputs).len() + usize::from(header(&world).is_some()), 2);
}

#[test]
fn pleo_22_each_try_after_an_unknown_outcome_is_numbered_and_waits_for_the_one_before() {
    let faults = [
        Fault::Answer(500, String::new()),
        Fault::Answer(502, String::new()),
        Fault::Answer(503, String::new()),
        Fault::RequestLost,
    ];
    let mut world = expired();
    let mut all = Vec::new();
    // Those of the token endpoint; the introspection in between is answered.
    let mut faults = faults.into_iter();
    world.server.faults.extend(faults.next());
    all.extend(world.token_wanted());
    while header(&world).is_none() {
        let at = world.connection.wake_at(world.now).expect("another try");
        assert!(at - world.now <= 300_000, "bounded");
        world.advance(at - world.now);
        let mut queue = vec![Input::Wake];
        while let Some(input) = queue.pop() {
            for output in world.step(input).outputs {
                if let Output::SendHttp { request, .. } = &output
                    && request.url == crate::TOKEN_ENDPOINT
                {
                    world.server.faults.extend(faults.next());
                }
                queue.extend(world.perform(&output));
                all.push(output);
            }
        }
    }
    assert_eq!(attempts(&all), [1, 2, 3, 4, 5]);
    assert_eq!(world.server.replays, 0);
    // A server that asks for patience gets it.
    let patience = ("retry-after".to_owned(), "120".to_owned());
    let (world, outputs) = refreshed(Fault::AnswerWith(429, patience, String::new()));
    let (code, at) = failed(&outputs).unwrap();
    assert_eq!((code.as_str(), at), ("try_later_rate_limited", Some(world.now + 120_000)));
}

#[test]
fn pleo_23_an_answer_that_ends_the_grant_is_not_asked_for_twice() {
    for error in ["invalid_grant", "invalid_token"] {
        for status in [400, 401] {
            let body = format!(r#"{{"error":"{error}"}}"#);
            let (mut world, outputs) = refreshed(Fault::Answer(status, body));
            assert_eq!(failures(&outputs), ["reauthenticate_rejected"], "{error}");
            assert_eq!(requests(&outputs).len(), 1);
            let from = world.outputs.len();
            assert_eq!(world.connection.wake_at(world.now), None, "nothing is planned");
            for _ in 0..3 {
                world.advance(24 * HOUR);
                world.run(Input::Wake);
                assert_eq!(failures(&world.token_wanted()), ["reauthenticate_rejected"]);
                world.run(crate::answered(1, 401));
                world.restart();
            }
            assert!(requests(&world.outputs[from..]).is_empty(), "{error}");
        }
    }
}

#[test]
fn pleo_23_unknown_client_credentials_are_the_operators_matter() {
    for status in [400, 401] {
        let body = r#"{"error":"invalid_client"}"#;
        let (mut world, outputs) = refreshed(Fault::Answer(status, body.into()));
        assert_eq!(failures(&outputs), ["misconfigured_invalid_client"]);
        assert_eq!(requests(&outputs).len(), 1);
        let from = world.outputs.len();
        // Whoever asks, and however often: no storm.
        for _ in 0..9 {
            world.advance(60_000);
            world.run(Input::Wake);
            assert_eq!(failures(&world.token_wanted()), ["misconfigured_invalid_client"]);
        }
        assert!(requests(&world.outputs[from..]).is_empty());
        // The customer need not come back: what he granted is kept.
        assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2");
        assert_eq!(world.server.replays, 0);
    }
}

#[test]
fn pleo_23_unknown_client_credentials_are_never_tried_again_of_themselves() {
    let (mut world, _) = refreshed(refused("invalid_client"));
    let from = world.outputs.len();
    for _ in 0..24 {
        world.advance(HOUR);
        world.run(Input::Wake);
    }
    assert!(requests(&world.outputs[from..]).is_empty());
}

#[test]
fn pleo_27_expiry_and_passing_trouble_ask_nobody_for_anything() {
    let mut world = connected();
    let from = world.outputs.len();
    let faults = [
        None,
        Some(Fault::NotSent),
        Some(Fault::Answer(503, String::new())),
        Some(Fault::Answer(429, String::new())),
        Some(Fault::Answer(403, "<html>".into())),
        Some(refused("invalid_client")),
        Some(refused("temporarily_unavailable")),
    ];
    for fault in faults {
        // The pause of the one before is over.
        world.advance(HOUR);
        world.server.faults.extend(fault);
        world.token_wanted();
        while header(&world).is_none() {
            let status = world.status();
            assert!(matches!(status, Status::Authorized | Status::Refreshing), "{status:?}");
            if world.connection.wake_at(world.now).is_some() {
                world.wake();
            } else {
                // Configuration: nothing is tried of itself, but whoever asks later is let.
                world.advance(600_000);
                world.token_wanted();
            }
        }
        world.run(crate::answered(1, 401));
        world.run(crate::answered(1, 403));
    }
    let asked = world.outputs[from..].iter().any(|output| {
        matches!(output, Output::OpenUrl { .. } | Output::Notice(Notice::GrantLost(_)))
            || matches!(output, Output::Failed { failure, .. }
                if failure.kind() == "reauthentication_required")
    });
    assert!(!asked);
    // And then it has really failed.
    world.advance(HOUR);
    world.server.faults.push_back(refused("invalid_grant"));
    assert_eq!(failures(&world.token_wanted()), ["reauthenticate_rejected"]);
    assert_eq!(world.status(), Status::ReauthenticationRequired(Cause::Rejected));
}

#[test]
fn pleo_28_every_try_and_what_came_of_it_is_a_line_for_the_log() {
    type Line = (&'static str, Option<&'static str>);
    let lost: [Line; 5] = [
        ("calls_stopped", None),
        ("refresh_failed", Some("reauthenticate_rejected")),
        ("unauthenticated", None),
        ("tokens_wiped", None),
        ("grant_lost", Some("reauthenticate_rejected")),
    ];
    let failed = |code| vec![("refresh_failed", Some(code))];
    let echo = r#"{"error":"invalid_grant","error_description":"canary-refresh-2"}"#;
    for (fault, expected) in [
        (None, vec![("refreshed", Some("rotated"))]),
        (Some(Fault::NotSent), failed("try_later_not_sent")),
        (Some(Fault::RequestLost), failed("try_later_unavailable")),
        (Some(Fault::Answer(500, "canary-refresh-2".into())), failed("try_later_unavailable")),
        (Some(Fault::Answer(429, String::new())), failed("try_later_rate_limited")),
        (Some(refused("invalid_client")), failed("misconfigured_invalid_client")),
        (Some(Fault::Answer(400, echo.into())), lost.to_vec()),
        (Some(refused("invalid_token")), lost.to_vec()),
    ] {
        let mut world = expired();
        world.server.faults.extend(fault.clone());
        let outputs = world.token_wanted();
        let mut lines = Vec::new();
        for output in &outputs {
            let Output::Notice(notice) = output else { continue };
            let shown = format!("{notice:?} {:?}", notice.fields());
            assert!(!shown.contains("canary"), "{shown}");
            lines.push((notice.code(), notice.fields().detail.map(str::to_owned)));
        }
        let expected = expected.into_iter().map(|(code, detail)| (code, detail.map(str::to_owned)));
        let mut all = vec![("refresh_started", None)];
        all.extend(expected);
        assert_eq!(lines, all, "{fault:?}");
    }
    // As many tries told of as requests made, over whatever happens.
    let mut world = expired();
    world.server.faults.extend([Fault::NotSent, Fault::NotSent, Fault::Answer(429, "".into())]);
    world.token_wanted();
    while header(&world).is_none() {
        world.wake();
    }
    let made = crate::refresh_tokens_sent(&world.outputs).len();
    let started = notices(&world.outputs).iter().filter(|code| **code == "refresh_started").count();
    assert_eq!((made, started), (4, 4));
}
