//! Policies of servers that rotate otherwise than strictly, and the option to
//! serve what the store has not taken.

mod common;

use common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

fn world(policy: RefreshPolicy) -> World {
    let config = ProviderConfig { refresh: policy, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world
}

#[test]
fn every_row_is_sound() {
    let rows = [
        RefreshPolicy::STRICT,
        RefreshPolicy::OKTA,
        RefreshPolicy::SIBLINGS,
        RefreshPolicy::ATLASSIAN,
        RefreshPolicy::SAME_SUCCESSOR,
        RefreshPolicy::NEWEST_WINS,
        RefreshPolicy::CONNECT2ID,
        RefreshPolicy::NO_ROTATION,
        RefreshPolicy::WISE,
    ];
    for refresh in rows {
        Provider::new(ProviderConfig { refresh, ..provider_config() }).unwrap();
    }
    let sound = Timing::STRICT;
    for timing in [
        Timing { listen_for: sound.start_within, ..sound },
        Timing { takeover_after: 75_000, ..sound },
        Timing { send_within: 40_000, ..sound },
        Timing { save_within: 0, ..sound },
        Timing { takeover_after: u64::MAX, ..sound },
    ] {
        let refresh = RefreshPolicy { timing, ..RefreshPolicy::STRICT };
        let refused = Provider::new(ProviderConfig { refresh, ..provider_config() });
        assert_eq!(refused, Err(Misuse::TimingInvalid), "{timing:?}");
    }
}

#[test]
fn where_a_replay_is_harmless_the_owner_replays_after_a_short_pause() {
    for (policy, harmless) in [
        (RefreshPolicy::SIBLINGS, true),
        (RefreshPolicy::SAME_SUCCESSOR, true),
        (RefreshPolicy::NO_ROTATION, true),
        (RefreshPolicy::STRICT, false),
        (RefreshPolicy::NEWEST_WINS, false),
        (RefreshPolicy::CONNECT2ID, false),
    ] {
        let mut world = world(policy);
        world.server.faults.push_back(Fault::RequestLost);
        world.token_wanted();
        let begun = world.now;
        while world.server.refreshes == 0 {
            world.wake();
        }
        let waited = world.now - begun;
        assert_eq!(waited < 1_000, harmless, "{:?}: {waited}", policy.rotation);
        assert!(harmless || waited >= 62_000, "{:?}: {waited}", policy.rotation);
    }
}

/// Two workers refresh one token; the second's answer comes to be stored first.
fn late_sibling(policy: RefreshPolicy) -> World {
    let mut world = world(policy);
    let mut other = World::with(world.client.clone());
    other.connection = Connection::restore(world.client.clone(), TENANT, world.stored()).unwrap();
    let mut step = world.step(Input::TokenWanted { min_validity: 0 });
    let op = loop {
        let next = step.outputs.iter().find_map(|output| match output {
            Output::SendHttp { op, .. } => Some(Err(*op)),
            Output::Swap { .. } => Some(Ok(output.clone())),
            _ => None,
        });
        match next.unwrap() {
            Ok(swap) => {
                let answer = world.perform(&swap).unwrap();
                step = world.step(answer);
            }
            Err(op) => break op,
        }
    };
    std::mem::swap(&mut world.connection, &mut other.connection);
    world.token_wanted();
    while world.server.refreshes == 0 {
        world.wake();
    }
    std::mem::swap(&mut world.connection, &mut other.connection);
    let sibling = r#"{"access_token":"sibling","token_type":"Bearer","expires_in":3600,"refresh_token":"sibling-refresh"}"#;
    world.run(Input::HttpDone { op, response: server::response(200, vec![], sibling) });
    world
}

#[test]
fn a_late_sibling_is_kept_as_a_spare_where_there_can_be_two() {
    for (policy, kept) in [
        (RefreshPolicy::SIBLINGS, true),
        (RefreshPolicy::NEWEST_WINS, true),
        (RefreshPolicy::STRICT, false),
        (RefreshPolicy::SAME_SUCCESSOR, false),
    ] {
        let world = late_sibling(policy);
        let record = world.record();
        assert_eq!(record["gen"], 2, "{:?}", policy.rotation);
        assert_eq!(record["tokens"]["refresh"], "canary-refresh-3");
        let spare = if kept { json!("sibling-refresh") } else { json!(null) };
        assert_eq!(record["spare"]["refresh"], spare, "{:?}", policy.rotation);
    }
}

#[test]
fn a_spare_takes_the_place_of_a_token_that_was_the_dead_one() {
    let mut world = late_sibling(RefreshPolicy::NEWEST_WINS);
    world.advance(3_600_000);
    world.server.live = Some(("sibling-refresh".into(), String::new()));
    let outputs = world.token_wanted();
    assert!(failures(&outputs).is_empty(), "{outputs:?}");
    assert_eq!(world.status(), Status::Authorized);
    let record = world.record();
    assert_eq!(record["spare"], json!(null));
    // Promoted, and refreshed with: its access token had expired as well.
    assert_eq!((&record["gen"], world.server.refreshes), (&json!(4), 2));
}

#[test]
fn what_the_store_does_not_take_may_be_served_if_the_provider_says_so() {
    for release_unsaved in [false, true] {
        let config = ProviderConfig { release_unsaved, ..provider_config() };
        let mut world = World::with(client_of(config, client_config()));
        world.authorize();
        world.advance(3_600_000);
        let mut step = world.step(Input::TokenWanted { min_validity: 0 });
        for _ in 0..2 {
            let open = step
                .outputs
                .iter()
                .find(|output| matches!(output, Output::Swap { .. } | Output::SendHttp { .. }));
            let answer = world.perform(open.unwrap()).unwrap();
            step = world.step(answer);
        }
        let [Output::Swap { op, .. }] = &step.outputs[..] else { panic!("{step:?}") };
        let step = world.step(Input::SwapUnanswered { op: *op });
        assert_eq!(tokens(&step.outputs).len(), usize::from(release_unsaved));
        assert_eq!(step.servable, release_unsaved.then_some(2));
        assert_eq!(world.header().is_some(), release_unsaved);
        // The save is tried until the store has it.
        world.wake();
        assert_eq!(world.record()["gen"], 2);
        assert_eq!(world.connection.servable(world.now), Some(2));
    }
}
