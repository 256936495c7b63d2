//! Each counterexample of the refresh protocol's model as a scenario, driven
//! through real connections over one store and a strict server: with the rule,
//! it holds. Names are those of the protocol's runs.

use crate::common::*;
use evergrant::*;
use serde_json::json;

/// Two workers over one store and one server. A request that a worker has sent
/// stays on its way until it is delivered.
struct Pair {
    world: World,
    other: Connection,
}

impl Pair {
    /// Both have read a grant whose access token has just expired.
    fn new(refresh: RefreshPolicy) -> Self {
        let config = ProviderConfig { refresh, ..provider_config() };
        let mut world = World::with(client_of(config, client_config()));
        world.authorize();
        world.advance(3_600_000);
        let client = world.client.clone();
        let other = Connection::restore(client, TENANT, world.stored()).unwrap();
        Self { world, other }
    }

    fn strict() -> Self {
        Self::new(RefreshPolicy::STRICT)
    }

    fn as_other<T>(&mut self, run: impl FnOnce(&mut World) -> T) -> T {
        std::mem::swap(&mut self.world.connection, &mut self.other);
        let result = run(&mut self.world);
        std::mem::swap(&mut self.world.connection, &mut self.other);
        result
    }

    /// The other wants a token and waits until it has one or is told no.
    fn other_to_the_end(&mut self) -> Vec<Output> {
        self.as_other(|world| {
            let mut outputs = world.token_wanted();
            while tokens(&outputs).is_empty() && failures(&outputs).is_empty() {
                outputs = world.wake();
            }
            outputs
        })
    }

    fn grant_lives(&self) -> bool {
        self.world.server.live.is_some() && self.world.server.replays == 0
    }
}

/// Steps until a request is to leave, and holds it back.
fn held_back(world: &mut World, input: Input) -> Output {
    http(&until_sent(world, input))
}

#[test]
fn b01_b02_intent() {
    // w0 has sent r0; w1 wants a token too.
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let outputs = pair.as_other(World::token_wanted);
    assert!(requests(&outputs).is_empty(), "w1 sees the intent and waits");
    let answer = pair.world.perform(&sent).unwrap();
    pair.world.run(answer);
    assert_eq!(tokens(&pair.as_other(World::wake)).len(), 1);
    assert!(pair.grant_lives());
    assert_eq!(pair.world.server.refreshes, 1);
}

#[test]
fn a10_b04_takeover_age_covers_a_request_in_flight() {
    // w0 sends r0 and is killed; the request reaches the server within W + D.
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let timing = RefreshPolicy::STRICT.timing;
    pair.as_other(World::token_wanted);
    let killed_at = pair.world.now;
    while pair.world.now < killed_at + timing.send_within + timing.start_within {
        let outputs = pair.as_other(World::wake);
        assert!(requests(&outputs).is_empty(), "not while it may still arrive");
    }
    pair.world.perform(&sent);
    // Its answer finds nobody: the best there is is a verdict with its own name.
    let outputs = pair.as_other(|world| {
        let mut outputs = Vec::new();
        while failures(&outputs).is_empty() && tokens(&outputs).is_empty() {
            outputs = world.wake();
        }
        outputs
    });
    assert_eq!(failures(&outputs), ["reauthenticate_lost_reply"]);
    assert!(pair.world.now >= killed_at + timing.takeover_after);
}

#[test]
fn a10_a_request_that_never_arrived_is_rescued_by_the_takeover() {
    let mut pair = Pair::strict();
    held_back(&mut pair.world, wanted());
    let outputs = pair.other_to_the_end();
    assert_eq!(tokens(&outputs).len(), 1);
    assert!(pair.grant_lives());
}

#[test]
fn b05_takeover_age_covers_listening_and_saving() {
    // w0 listens as long as it may, the answer comes last, and is saved.
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let answer = pair.world.perform(&sent).unwrap();
    pair.as_other(World::token_wanted);
    let timing = RefreshPolicy::STRICT.timing;
    let last = pair.world.now + timing.send_within + timing.listen_for + timing.save_within;
    while pair.world.now < last {
        assert!(requests(&pair.as_other(World::wake)).is_empty());
    }
    pair.world.run(answer);
    assert_eq!(tokens(&pair.as_other(World::wake)).len(), 1);
    assert!(pair.grant_lives());
}

#[test]
fn b03_an_observer_counts_by_its_own_clock_from_the_first_sight() {
    // w0's wall clock is two minutes behind: its intent looks old as it comes.
    let mut pair = Pair::strict();
    pair.world.now -= 119_000;
    held_back(&mut pair.world, wanted());
    pair.world.now += 119_000;
    let outputs = pair.as_other(World::token_wanted);
    assert!(requests(&outputs).is_empty());
    let seen = pair.world.now;
    while pair.world.now < seen + 80_000 {
        assert!(requests(&pair.as_other(World::wake)).is_empty(), "{}", pair.world.now - seen);
    }
}

#[test]
fn b14_the_time_is_looked_at_once_more_before_the_bytes_go() {
    // w0 writes its intent, and sleeps before the store's answer is taken in.
    let mut pair = Pair::strict();
    let step = pair.world.step(wanted());
    let answer = pair.world.perform(&step.outputs[0]).unwrap();
    assert_eq!(tokens(&pair.other_to_the_end()).len(), 1, "w1 has taken over");
    let outputs = pair.world.run(answer);
    assert!(requests(&outputs).is_empty(), "w0 wakes up and does not send");
    assert_eq!(tokens(&outputs).len(), 1, "it finds what w1 got");
    assert!(pair.grant_lives());
}

#[test]
fn b10_an_unknown_outcome_is_not_replayed_at_once() {
    // A reset after the send: the request is still on its way.
    let mut pair = Pair::strict();
    let Output::SendHttp { op, .. } = held_back(&mut pair.world, wanted()) else { unreachable!() };
    let outputs = pair.world.run(Input::HttpFailed { op, why: HttpFault::Unknown });
    assert!(requests(&outputs).is_empty());
    assert!(requests(&pair.world.token_wanted()).is_empty(), "nor for a caller");
    assert_eq!(pair.world.connection.wake_at(pair.world.now), Some(pair.world.now + 90_000));
    pair.world.wake();
    assert_eq!(pair.world.status(), Status::Authorized);
    assert!(pair.grant_lives());
}

#[test]
fn b06_a_success_is_merged_by_generation() {
    // w0 has r1 in hand while w1 has taken the intent over and sent.
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let answer = pair.world.perform(&sent).unwrap();
    pair.as_other(World::token_wanted);
    let held = pair.as_other(|world| {
        let mut at = world.connection.wake_at(world.now).unwrap();
        loop {
            world.advance(at - world.now);
            let mut step = world.step(Input::Wake);
            loop {
                let open = |output: &&Output| {
                    matches!(output, Output::Swap { .. } | Output::SendHttp { .. })
                };
                match step.outputs.iter().find(open).cloned() {
                    Some(http @ Output::SendHttp { .. }) => return http,
                    Some(swap) => {
                        let answer = world.perform(&swap).unwrap();
                        step = world.step(answer);
                    }
                    None => break,
                }
            }
            at = world.connection.wake_at(world.now).unwrap();
        }
    });
    let outputs = pair.world.run(answer);
    assert_eq!(tokens(&outputs).len(), 1, "saved though w1 owns the intent");
    assert_eq!(pair.world.record()["tokens"]["refresh"], "canary-refresh-3");
    // w1's request comes to the server late, and what it hears harms nothing here.
    let Output::SendHttp { op, .. } = held else { unreachable!() };
    let refused = server::response(400, vec![], r#"{"error":"invalid_grant"}"#);
    let outputs = pair.as_other(|world| world.run(Input::HttpDone { op, response: refused }));
    assert_eq!(tokens(&outputs).len(), 1, "b07: an owner-only verdict");
    assert_eq!(pair.world.record()["gen"], 2);
}

#[test]
fn b08_a_save_without_an_answer_is_resolved() {
    for applied in [false, true] {
        let mut pair = Pair::strict();
        let sent = held_back(&mut pair.world, wanted());
        let answer = pair.world.perform(&sent).unwrap();
        let step = pair.world.step(answer);
        let [save @ Output::Swap { op, .. }] = &step.outputs[..] else { panic!("{step:?}") };
        if applied {
            pair.world.perform(save);
        }
        pair.world.run(Input::SwapUnanswered { op: *op });
        let outputs = pair.world.wake();
        assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())], "{applied}");
        assert_eq!(pair.world.record()["tokens"]["refresh"], "canary-refresh-3");
    }
}

#[test]
fn b09_a_user_action_raises_the_generation() {
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let late = pair.world.perform(&sent).unwrap();
    pair.as_other(World::authorize);
    let record = pair.world.record();
    let outputs = pair.world.run(late);
    assert_eq!(pair.world.record(), record, "the late reply of the old grant has no place");
    assert_eq!(tokens(&outputs)[0].0, 2, "and its worker finds the new grant");
}

#[test]
fn b12_a_success_heals_a_verdict() {
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let answer = pair.world.perform(&sent).unwrap();
    let live = pair.world.server.live.clone();
    let outputs = pair.other_to_the_end();
    assert_eq!(failures(&outputs), ["reauthenticate_lost_reply"]);
    // A server that only refuses a replay: r1 is alive, and in w0's hands.
    pair.world.server.live = live;
    pair.world.run(answer);
    assert_eq!(pair.world.status(), Status::Authorized);
    let outputs = pair.as_other(World::token_wanted);
    assert_eq!(tokens(&outputs).len(), 1, "w1 learns of it");
}

#[test]
fn b11_bytes_that_have_arrived_beat_a_timer() {
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let answer = pair.world.perform(&sent).unwrap();
    // The machine's own deadline fires first, and then the socket is read.
    pair.world.advance(600_000);
    pair.world.run(Input::Wake);
    let outputs = pair.world.run(answer);
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".into())]);
    assert!(pair.grant_lives());
}

#[test]
fn e1_e2_with_one_family_for_each_user_the_exchange_waits_for_a_refresh_in_flight() {
    let policy = RefreshPolicy { family_per_user: true, ..RefreshPolicy::STRICT };
    for (policy, waits) in [(policy, true), (RefreshPolicy::STRICT, false)] {
        let mut pair = Pair::new(policy);
        held_back(&mut pair.world, wanted());
        let exchanges = pair.world.server.exchanges;
        let begun = pair.world.now;
        pair.as_other(|world| {
            world.authorize();
            while world.server.exchanges == exchanges {
                world.wake();
            }
        });
        let waited = pair.world.now - begun;
        assert_eq!(waited > 0, waits, "{waited}");
        assert!(waited <= 30_000, "never past the life of a code");
        assert_eq!(pair.as_other(|world| world.status()), Status::Authorized);
    }
}

#[test]
fn e5_an_exchange_under_way_keeps_the_generation_and_merges_a_refresh() {
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let answer = pair.world.perform(&sent).unwrap();
    // The other process begins an exchange, which then fails.
    let refused = server::Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into());
    let (op, refused) = pair.as_other(|world| {
        let url = world.open_browser(authorize());
        let url = world.server.consent(&url).as_str().into();
        let input = Input::Redirected { url, proof: BrowserProof::SameProcess };
        let Output::SendHttp { op, .. } = held_back(world, input) else { unreachable!() };
        (op, refused)
    });
    assert!(pair.world.record()["exchanging"].is_object());
    assert_eq!(tokens(&pair.world.run(answer)).len(), 1, "r1 is merged");
    let server::Fault::Answer(status, body) = refused else { unreachable!() };
    let response = server::response(status, vec![], &body);
    let outputs = pair.as_other(|world| world.run(Input::HttpDone { op, response }));
    assert_eq!(failures(&outputs), ["denied_code_rejected"]);
    let record = pair.world.record();
    assert_eq!((&record["gen"], &record["exchanging"]), (&json!(2), &json!(null)));
    assert_eq!(record["tokens"]["refresh"], "canary-refresh-3");
    assert!(pair.grant_lives());
}

#[test]
fn i7_nothing_overwrites_a_disconnect() {
    let mut pair = Pair::strict();
    let sent = held_back(&mut pair.world, wanted());
    let late = pair.world.perform(&sent).unwrap();
    pair.as_other(|world| world.run(Input::Revoke));
    let outputs = pair.world.run(late);
    assert!(tokens(&outputs).is_empty());
    assert_eq!(pair.world.record()["status"], "disconnected");
    // What came late is owed to the server, and done.
    while pair.world.record()["outbox"] != json!(null) {
        pair.world.wake();
    }
    assert_eq!(pair.world.server.live, None);
}

#[test]
fn a_store_that_forgot_an_acknowledged_write_is_told_again() {
    for emptied in [false, true] {
        let mut pair = Pair::strict();
        let key = pair.world.connection.store_key().as_str().to_owned();
        let before = pair.world.stored().unwrap();
        pair.world.token_wanted();
        if emptied {
            pair.world.store.clear();
        } else {
            let revision = Revision::new("failed over");
            pair.world.store.insert(key, Stored { revision, ..before });
        }
        pair.world.advance(3_600_000);
        let outputs = pair.world.token_wanted();
        assert_eq!(tokens(&outputs).len(), 1, "{emptied}");
        assert!(notices(&outputs).contains(&"store_repaired"), "{emptied}");
        assert!(pair.grant_lives());
        assert_eq!(pair.world.record()["gen"], 3);
    }
}

#[test]
fn a_store_that_lags_behind_is_not_argued_with_for_ever() {
    let mut pair = Pair::strict();
    let old = pair.world.stored().unwrap();
    pair.world.token_wanted();
    pair.world.advance(3_600_000);
    let mut step = pair.world.step(wanted());
    let mut asked = 0;
    while let Some(Output::Swap { op, .. }) = step.outputs.last() {
        asked += 1;
        assert!(asked < 10, "a loop");
        let revision = Revision::new(format!("lag {asked}"));
        let current = Some(Stored { revision, bytes: old.bytes.clone(), age: None });
        step = pair.world.step(Input::Swapped { op: *op, current });
    }
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
}
