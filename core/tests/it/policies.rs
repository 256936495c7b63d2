//! Policies of servers that rotate otherwise than strictly, and the option to
//! serve what the store has not taken.

use crate::common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

fn world(policy: RefreshPolicy) -> World {
    let config = ProviderConfig { refresh: policy, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world
}

/// As the servers were seen or document themselves: how they rotate, whether the access
/// token before dies, whether a person's grants are one family, and the times.
const ROWS: [(RefreshPolicy, Rotation, bool, bool, Timing); 11] = {
    use Rotation::{NewestWins, None, SameSuccessor, Siblings, SingleUse, Strict};
    let (slow, quick) = (Timing::STRICT, Timing::GRACE_30_S);
    [
        (RefreshPolicy::STRICT, Strict, true, false, slow),
        (RefreshPolicy::OIDC_PROVIDER, Strict, false, true, slow),
        (RefreshPolicy::SINGLE_USE, SingleUse, true, false, slow),
        (RefreshPolicy::OKTA, Siblings, false, false, quick),
        (RefreshPolicy::SIBLINGS, Siblings, false, false, quick),
        (RefreshPolicy::ATLASSIAN, Siblings, false, false, slow),
        (RefreshPolicy::SAME_SUCCESSOR, SameSuccessor, false, false, quick),
        (RefreshPolicy::NEWEST_WINS, NewestWins, false, false, slow),
        (RefreshPolicy::CONNECT2ID, SingleUse, true, false, slow),
        (RefreshPolicy::NO_ROTATION, None, false, false, slow),
        (RefreshPolicy::WISE, None, true, false, slow),
    ]
};

#[test]
fn every_row_says_what_its_servers_do() {
    for (at, (row, rotation, access_dies, family_per_user, timing)) in ROWS.into_iter().enumerate()
    {
        assert_eq!(row, RefreshPolicy { rotation, access_dies, family_per_user, timing }, "{at}");
    }
}

#[test]
fn every_row_is_sound() {
    for (refresh, ..) in ROWS {
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
    late_sibling_after(policy, |_| ())
}

/// As the last, after what befalls the second worker meanwhile.
fn late_sibling_after(policy: RefreshPolicy, meanwhile: fn(&mut World)) -> World {
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
    meanwhile(&mut world);
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
fn a_late_sibling_heals_a_verdict_on_the_one_that_was_stored() {
    let world = late_sibling_after(RefreshPolicy::SIBLINGS, |world| {
        world.server.live = None;
        world.advance(3_600_000);
        world.token_wanted();
        assert!(matches!(world.status(), Status::ReauthenticationRequired(_)));
    });
    assert_eq!(world.record()["tokens"]["refresh"], "sibling-refresh");
    assert_eq!(world.status(), Status::Authorized);
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

/// The simulation found it: of two answers the first came to be stored, and the second, for
/// which the server had put it aside, was lost.
#[test]
fn tokens_that_another_request_may_have_put_aside_have_their_parent_for_a_spare() {
    for (policy, kept) in [
        (RefreshPolicy::NEWEST_WINS, true),
        (RefreshPolicy::SIBLINGS, false),
        (RefreshPolicy::STRICT, false),
    ] {
        let mut world = world(policy);
        world.server.rotation = policy.rotation;
        let sent = http(&until_sent(&mut world, wanted()));
        let answer = world.perform(&sent).unwrap();
        let mut other = second_worker(&world);
        swap_workers(&mut world, &mut other);
        world.server.faults.push_back(Fault::ReplyLost);
        world.token_wanted();
        while world.server.refreshes + world.server.replays < 2 {
            world.wake();
        }
        swap_workers(&mut world, &mut other);
        world.run(answer);
        assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3");
        let spare = if kept { json!("canary-refresh-2") } else { json!(null) };
        assert_eq!(world.record()["spare"]["refresh"], spare, "{:?}", policy.rotation);
        if kept {
            world.advance(3_600_000);
            assert_eq!(tokens(&world.token_wanted()).len(), 1);
            assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-5");
        }
    }
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
        let end = world.now + 3_600_000;
        assert_eq!(world.connection.servable(end - 1), release_unsaved.then_some(2));
        assert_eq!(world.connection.servable(end), None);
        // The save is tried until the store has it.
        world.wake();
        assert_eq!(world.record()["gen"], 2);
        assert_eq!(world.connection.servable(world.now), Some(2));
    }
}

fn with_oracle() -> World {
    let endpoint = Some("https://as.example/introspect".to_owned());
    let config = ProviderConfig { introspection_endpoint: endpoint, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world
}

#[test]
fn an_oracle_is_asked_only_where_a_token_may_have_been_used_up() {
    let mut world = with_oracle();
    world.token_wanted();
    assert_eq!((world.server.refreshes, world.server.introspections), (1, 0));
    // Lost on its way there: the oracle says that it is live, and it is sent.
    world.advance(3_600_000);
    world.server.faults.push_back(Fault::RequestLost);
    world.token_wanted();
    let outputs = world.wake();
    let asked = requests(&outputs)[0];
    assert_eq!(asked.url, "https://as.example/introspect");
    assert_eq!(body(asked), "token=canary-refresh-3&token_type_hint=refresh_token");
    assert_eq!((world.server.refreshes, world.server.introspections), (2, 1));
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn what_an_oracle_calls_used_up_is_not_sent_and_the_owner_is_given_time() {
    for saved in [false, true] {
        let mut world = with_oracle();
        let mut step = world.step(Input::TokenWanted { min_validity: 0 });
        let swap = step.outputs[0].clone();
        let answer = world.perform(&swap).unwrap();
        step = world.step(answer);
        let sent = step.outputs.last().unwrap().clone();
        let late = world.perform(&sent).unwrap();
        // Another worker takes over after A, and asks.
        let mut owner = World::with(world.client.clone());
        owner.connection =
            Connection::restore(world.client.clone(), TENANT, world.stored()).unwrap();
        std::mem::swap(&mut world.connection, &mut owner.connection);
        world.token_wanted();
        while world.server.introspections == 0 {
            world.wake();
        }
        assert_eq!(world.server.replays, 0);
        assert_eq!(failures(&world.token_wanted()), ["try_later_busy"]);
        if saved {
            std::mem::swap(&mut world.connection, &mut owner.connection);
            world.run(late);
            std::mem::swap(&mut world.connection, &mut owner.connection);
        }
        world.wake();
        assert_eq!(world.server.replays, 0, "never sent");
        let expected = if saved {
            Status::Authorized
        } else {
            Status::ReauthenticationRequired(Cause::LostReply)
        };
        assert_eq!(world.status(), expected, "saved {saved}");
    }
}

#[test]
fn an_oracle_that_does_not_answer_is_as_none() {
    for fault in [
        Fault::NotSent,
        Fault::RequestLost,
        Fault::Answer(500, String::new()),
        Fault::Answer(200, "{}".into()),
        Fault::Answer(401, r#"{"error":"invalid_client"}"#.into()),
    ] {
        let mut world = with_oracle();
        world.server.faults.extend([Fault::RequestLost, fault]);
        world.token_wanted();
        world.wake();
        assert_eq!((world.status(), world.server.refreshes), (Status::Authorized, 1));
    }
}

/// Where the reference's rule for servers with grace is kept: A + W + D within it.
#[test]
fn a_takeover_is_within_the_grace_that_a_preset_speaks_of() {
    for (policy, grace) in [
        (RefreshPolicy::OKTA, 30_000),
        (RefreshPolicy::SIBLINGS, 30_000),
        (RefreshPolicy::SAME_SUCCESSOR, 30_000),
        (RefreshPolicy::ATLASSIAN, 600_000),
    ] {
        let Timing { send_within, start_within, takeover_after, .. } = policy.timing;
        assert!(takeover_after + send_within + start_within <= grace, "{policy:?}");
    }
}

#[test]
fn what_an_oracle_says_counts_up_to_the_limit_of_an_answer() {
    for (more, sent) in [(0, 0), (1, 1)] {
        let mut world = with_oracle();
        let length = provider_config().answer_limit as usize + more;
        let used_up = server::padded(r#"{"active":false}"#, length);
        world.server.faults.extend([Fault::RequestLost, Fault::Answer(200, used_up)]);
        world.token_wanted();
        world.wake();
        assert_eq!(world.server.refreshes, sent);
    }
}
