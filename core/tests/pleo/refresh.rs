//! When a refresh is made, and that there is one at a time.

use crate::{
    HOUR,
    common::{server::Fault, *},
    connected, expired, header, refresh_tokens_sent,
};
use evergrant::*;
use serde_json::json;

#[test]
fn pleo_17_many_who_want_a_token_cause_one_refresh_and_get_one_outcome() {
    for (fault, outcome) in [
        (None, vec![]),
        (Some(crate::refused("invalid_grant")), vec!["reauthenticate_rejected"]),
        (Some(Fault::Answer(503, String::new())), vec!["try_later_unavailable"]),
    ] {
        let mut world = expired();
        let sent = until_sent(&mut world, wanted());
        for _ in 0..50 {
            let step = world.step(wanted());
            assert!(step.outputs.is_empty() && step.servable.is_none(), "{step:?}");
        }
        world.server.faults.extend(fault);
        let answer = world.perform(&http(&sent)).unwrap();
        let outputs = world.run(answer);
        assert_eq!(failures(&outputs), outcome, "one answer, for all of them");
        assert_eq!(tokens(&outputs).len(), 1 - outcome.len());
        // Whoever comes later is told the same without another request.
        let more = world.token_wanted();
        assert_eq!((failures(&more), tokens(&more)), (outcome, tokens(&outputs)));
        assert!(requests(&more).is_empty());
    }
}

#[test]
fn pleo_18_nobody_is_served_while_a_refresh_is_on_its_way() {
    // Before expiry as well: what the server rotates is dead from then on.
    for early in [true, false] {
        let mut world = connected();
        if !early {
            world.advance(HOUR);
        }
        let sent = if early {
            let due = world.connection.wake_at(world.now).unwrap();
            world.advance(due - world.now);
            until_sent(&mut world, Input::Wake)
        } else {
            until_sent(&mut world, wanted())
        };
        assert_eq!((header(&world), sent.servable), (None, None));
        let held = world.step(wanted());
        assert!(held.outputs.is_empty(), "it waits: {held:?}");
        // The server has rotated; the answer is on its way.
        let answer = world.perform(&http(&sent)).unwrap();
        assert_eq!(header(&world), None);
        let outputs = world.run(answer);
        assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".to_owned())]);
        assert_eq!(header(&world).as_deref(), Some("Bearer canary-access-3"));
    }
}

#[test]
fn pleo_19_who_has_waited_reads_again_and_refreshes_nothing_that_is_fresh() {
    // Another has refreshed and is done; and another is still at it.
    for (done, rounds) in [(true, 0), (false, 3)] {
        let mut world = expired();
        let mut other = second_worker(&world);
        let sent = until_sent(&mut world, wanted());
        if done {
            let answer = world.perform(&http(&sent)).unwrap();
            world.run(answer);
        }
        swap_workers(&mut world, &mut other);
        let mut outputs = world.token_wanted();
        for _ in 0..rounds {
            assert!(tokens(&outputs).is_empty() && failures(&outputs).is_empty());
            outputs = world.wake();
        }
        if !done {
            swap_workers(&mut world, &mut other);
            let answer = world.perform(&http(&sent)).unwrap();
            world.run(answer);
            swap_workers(&mut world, &mut other);
            outputs = world.wake();
        }
        assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".to_owned())]);
        assert!(requests(&outputs).is_empty(), "it found it in the store");
        assert_eq!((world.server.refreshes, world.server.replays), (1, 0));
    }
}

#[test]
fn pleo_20_a_refresh_comes_before_expiry_by_the_lead_that_is_asked_for() {
    // Half an hour before its end at the most, for a token that lives an hour.
    for lead in [1_200_000, 1_500_000, 1_799_000] {
        for (left, refreshes) in [(lead + 1, 0), (lead, 1)] {
            let mut world = connected();
            world.advance(HOUR - left);
            let outputs = world.run(Input::TokenWanted { min_validity: lead });
            assert_eq!(world.server.refreshes, refreshes, "{lead}, {left}");
            assert_eq!(tokens(&outputs).len(), 1);
        }
    }
    // And of itself: early enough for two takeovers, and not as soon as it has it.
    for life in [60, 900, 3_600, 86_400] {
        let mut world = connected();
        world.advance(HOUR);
        world.server.faults.push_back(Fault::Change(json!({"expires_in": life})));
        world.token_wanted();
        let left = world.now + life * 1_000 - world.connection.wake_at(world.now).unwrap();
        assert!(left >= (life * 100).min(180_000) && left <= life * 500, "{life}: {left}");
        let outputs = world.wake();
        assert_eq!(tokens(&outputs).len(), 1, "{life}");
    }
    // Expired is expired: without a refresh there is no header to send.
    let mut world = expired();
    assert_eq!(header(&world), None);
    world.server.faults.push_back(Fault::NotSent);
    assert_eq!(failures(&world.token_wanted()), ["try_later_not_sent"]);
    assert_eq!(header(&world), None);
}

#[test]
fn pleo_21_a_refresh_token_that_is_known_to_have_expired_is_not_sent() {
    let life = json!({"refresh_token_expires_in": 7_200});
    for (waited, sent, code) in
        [(7_200_000 - 1, 1, None), (7_200_000, 0, Some("reauthenticate_expired"))]
    {
        let mut world = expired();
        world.server.faults.push_back(Fault::Change(life.clone()));
        world.token_wanted();
        world.advance(waited);
        // Nor when it is woken, nor in another process, nor because of a 401.
        world.restart();
        let mut outputs = world.run(Input::Wake);
        outputs.extend(world.token_wanted());
        outputs.extend(world.run(crate::answered(2, 401)));
        assert_eq!(refresh_tokens_sent(&outputs).len(), sent);
        assert_eq!(failures(&outputs).first().copied(), code);
    }
    // Of one that Pleo has said nothing of nothing is known: 60 days are no rule.
    let mut world = connected();
    world.advance(61 * 24 * HOUR);
    assert_eq!(tokens(&world.token_wanted()).len(), 1);
}
