//! What hosts are given to test with: the faults do what they say, and the oracles find
//! what they are for.

use crate::common::*;
use evergrant::{
    testing::{
        Callback, Store, StoreFault, Unanswered,
        arbitrary::{Arbitrary, Unstructured},
        is_lost, leak,
    },
    *,
};
use proptest::prelude::*;

fn write(text: &str) -> Write {
    Write { bytes: SecretBytes::new(text), due_at: None, purge_at: None }
}

fn text(stored: Result<Option<Stored>, Unanswered>) -> Option<String> {
    let stored = stored.expect("an answer")?;
    Some(String::from_utf8(stored.bytes.expose().to_vec()).unwrap())
}

#[test]
fn the_store_swaps_and_fails_as_it_is_told_to() {
    let key = StoreKey::connection(&client(), TENANT).unwrap();
    let mut store = Store::default();
    assert_eq!(text(store.swap(&key, None, None)), None);
    let first = store.swap(&key, None, Some(&write("one"))).unwrap().unwrap().revision;
    // Nothing may be there, but something is.
    assert_eq!(text(store.swap(&key, None, Some(&write("two")))).as_deref(), Some("one"));
    assert_eq!(text(store.swap(&key, Some(&first), Some(&write("two")))).as_deref(), Some("two"));
    assert_eq!(text(store.swap(&key, Some(&first), Some(&write("old")))).as_deref(), Some("two"));

    let now = store.read(&key).unwrap().revision;
    store.faults.extend([StoreFault::Lost, StoreFault::Stale, StoreFault::Unanswered]);
    assert_eq!(store.swap(&key, Some(&now), Some(&write("three"))), Err(Unanswered));
    assert_eq!(text(store.swap(&key, None, None)).as_deref(), Some("one"), "behind by one write");
    assert_eq!(text(Ok(store.read(&key))).as_deref(), Some("two"), "the lost one took no place");
    assert_eq!(store.swap(&key, Some(&now), Some(&write("three"))), Err(Unanswered));
    assert_eq!(text(Ok(store.read(&key))).as_deref(), Some("three"), "but it took place");

    assert_eq!(["one", "two", "three"].map(|it| store.was_told(it)), [true, true, false]);
}

#[test]
fn two_stores_for_one_grant_are_found() {
    let mut world = World::authorized();
    let mut other = second_worker(&world);
    let elsewhere = world.store.clone();
    world.advance(3_600_000);
    world.token_wanted();
    assert_eq!(world.server.settled_again(), 0);
    // A driver that keeps records of its own, and not in the store that the others have.
    swap_workers(&mut world, &mut other);
    world.store = elsewhere;
    world.token_wanted();
    assert_eq!(world.server.settled_again(), 1);
}

#[test]
fn a_token_that_comes_again_for_good_reason_is_no_find() {
    let mut world = World::authorized();
    world.advance(3_600_000);
    world.server.faults.push_back(server::Fault::ReplyLost);
    world.token_wanted();
    while world.server.replays == 0 {
        world.wake();
    }
    assert_eq!(world.server.settled_again(), 0, "its answer was lost");

    // The process had the answer, and died before the store had it.
    let mut world = World::authorized();
    world.advance(3_600_000);
    let (mut before, store) = (second_worker(&world), world.store.clone());
    world.token_wanted();
    swap_workers(&mut world, &mut before);
    world.store = store;
    world.server.answers_lost();
    world.token_wanted();
    assert_eq!(world.server.settled_again(), 0);
}

#[test]
fn a_grant_that_was_stored_and_is_good_is_not_to_be_given_up() {
    let world = World::authorized();
    let mut store = Store::default();
    let key = world.connection.store_key();
    let over = Status::ReauthenticationRequired(Cause::Rejected);
    assert!(!is_lost(&world.server, &store, over), "the store was never told");
    let bytes = world.stored().unwrap().bytes;
    store.swap(key, None, Some(&Write { bytes, due_at: None, purge_at: None })).unwrap();
    assert!(is_lost(&world.server, &store, over));
    assert!(!is_lost(&world.server, &store, Status::Authorized));
    assert!(!is_lost(&world.server, &store, Status::Disconnected), "a person wished it");

    let mut world = world;
    let lie = server::Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into());
    world.server.faults.push_back(lie);
    world.advance(3_600_000);
    world.token_wanted();
    assert_eq!(world.status(), over);
    assert!(!is_lost(&world.server, &store, over), "the server itself has said so");
}

/// Found by the fuzzer: the API had refused the fresh token of the new grant, which ended
/// the one before at this server.
#[test]
fn a_candidate_that_was_not_taken_is_no_grant_that_was_given_up() {
    let over = Status::ReauthenticationRequired(Cause::Rejected);
    for taken in [false, true] {
        let config = ProviderConfig { company: Some(company_binding()), ..provider_config() };
        let mut world = World::with(client_of(config, client_config()));
        world.server.subject = taken.then(|| "urn:company:1".into());
        world.authorize();
        let mut store = Store::default();
        for output in &world.outputs {
            if let Output::Swap { key, write, .. } = output {
                let there = store.read(key).map(|stored| stored.revision);
                store.swap(key, there.as_ref(), write.as_ref()).unwrap();
            }
        }
        assert!(store.was_told("canary-refresh"), "it was written as a candidate");
        assert_eq!(is_lost(&world.server, &store, over), taken);
    }
}

#[test]
fn secrets_are_known_by_their_looks() {
    assert_eq!(leak("token canary-access-1."), Some("canary-access-1."));
    assert_eq!(leak("a canary"), None);
}

#[test]
fn redirects_are_believed_if_they_are_of_the_person() {
    for (callback, expected) in [
        (Callback::Consent, None),
        (Callback::Denial, Some("denied_access")),
        (Callback::Forged, Some("callback_state_unknown")),
        (Callback::Mixed, Some("callback_issuer_mismatch")),
        (Callback::With("&state=other".into()), Some("callback_duplicate_parameter")),
        (Callback::Text("no query".into()), Some("callback_unreadable")),
    ] {
        let mut world = World::new();
        let opened = world.open_browser(authorize());
        let url = callback.url(&mut world.server, &opened);
        let outputs = world.redirect(&url, BrowserProof::SameProcess);
        assert_eq!(failures(&outputs).first().copied(), expected, "{callback:?}");
    }
}

proptest! {
    /// Whatever bytes a fuzzer has, a machine that is told what is made of them goes on.
    #[test]
    fn inputs_are_made_of_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut u = Unstructured::new(&bytes);
        let mut world = World::authorized();
        let mut told = 0;
        while !u.is_empty() {
            let Ok(input) = Input::arbitrary(&mut u) else { break };
            let env = world.env();
            let before = world.connection.clone();
            if world.connection.step(&env, input).is_err() {
                prop_assert_eq!(&before, &world.connection);
            }
            told += 1;
        }
        prop_assert!(told > 0 || bytes.len() < 40);
    }
}
