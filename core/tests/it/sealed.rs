//! Sealed records: nobody without the key reads one, changes one, or passes one off
//! as another's; keys are rotated by use.
#![cfg(feature = "sealed")]

use crate::common::*;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use evergrant::*;
use proptest::prelude::*;
use std::sync::Arc;

fn key(id: &str, byte: u8) -> SealingKey {
    SealingKey::new(id, SecretBytes::new([byte; 32])).unwrap()
}

fn ring(active: SealingKey, older: Vec<SealingKey>) -> KeyRing {
    KeyRing::new(active, older).unwrap()
}

fn sealed_by(ring: KeyRing) -> Arc<Client> {
    client_of(provider_config(), ClientConfig { sealing: Sealing::Sealed(ring), ..client_config() })
}

/// A client whose ring has nothing but this key.
fn with_key(id: &str, byte: u8) -> Arc<Client> {
    sealed_by(ring(key(id, byte), vec![]))
}

fn restore(client: &Arc<Client>, tenant: &str, stored: &Stored) -> Result<Connection, Failure> {
    Connection::restore(client.clone(), tenant, Some(stored.clone()))
}

fn ids(world: &World) -> Vec<Option<String>> {
    let id = |stored: &Stored| sealing_key_id(stored.bytes.expose()).map(str::to_owned);
    world.store.values().map(id).collect()
}

/// Everything that ends up in the store in a life with all kinds of record.
fn live(client: Arc<Client>) -> World {
    let mut world = World::with(client);
    let url = world.open_browser(authorize());
    world.restart();
    let redirect = world.server.consent(&url);
    world.redirect(&redirect, BrowserProof::SameProcess);
    world.advance(3_600_000);
    world.token_wanted();
    world.restart();
    world.run(Input::ApiAnswered { generation: 2, status: 401, headers: vec![] });
    world
}

#[test]
fn a_life_is_the_same_sealed_or_not_but_for_the_records() {
    let outputs = |world: &World| -> Vec<Output> {
        let mut outputs = world.outputs.clone();
        for output in &mut outputs {
            if let Output::Swap { write: Some(write), .. } = output {
                write.bytes = SecretBytes::new("");
            }
        }
        outputs
    };
    let (plain, sealed) = (live(client()), live(with_key("k1", 1)));
    assert_eq!(plain.status(), Status::Authorized);
    assert_eq!(outputs(&plain), outputs(&sealed));
    assert_eq!(ids(&sealed), vec![Some("k1".to_owned()); 2]);
    assert_eq!(ids(&plain), [None, None]);
}

#[test]
fn no_record_shows_a_secret() {
    let world = live(with_key("k1", 1));
    let written = world.outputs.iter().filter_map(|output| match output {
        Output::Swap { write: Some(write), .. } => Some(write.bytes.expose()),
        _ => None,
    });
    let mut records = 0;
    for record in written {
        records += 1;
        let text = std::str::from_utf8(record).expect("records are text");
        let (head, body) = text.split_once('\n').unwrap();
        assert_eq!(head, "evergrant 1 k1");
        let body = URL_SAFE_NO_PAD.decode(body).unwrap();
        for shown in [record, &body] {
            let shown = String::from_utf8_lossy(shown);
            for secret in ["canary", "\"refresh\"", TENANT] {
                assert!(!shown.contains(secret), "{secret}");
            }
        }
    }
    assert!(records >= 6, "{records} records");
    let shown = format!("{:?} {:#?}", world.client, world.connection);
    assert!(shown.contains("SealingKey { id: \"k1\", .. }"), "{shown}");
    assert!(!shown.contains("1, 1, 1"), "a key is shown");
}

#[test]
fn a_key_is_rotated_by_use() {
    let mut world = live(with_key("k1", 1));
    world.client = sealed_by(ring(key("k2", 2), vec![key("k1", 1)]));
    world.restart();
    world.token_wanted();
    assert_eq!(ids(&world)[0].as_deref(), Some("k1"), "reading rewrites nothing");
    world.advance(3_600_000);
    world.token_wanted();
    world.authorize();
    assert_eq!(ids(&world).iter().flatten().filter(|id| *id == "k1").count(), 1);
    assert_eq!(ids(&world)[0].as_deref(), Some("k2"));
    // Nobody needs the old key for this connection any more.
    world.client = with_key("k2", 2);
    world.restart();
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn workers_with_different_active_keys_read_each_other() {
    let mut world = live(sealed_by(ring(key("k1", 1), vec![key("k2", 2)])));
    for (active, older) in [(key("k2", 2), key("k1", 1)), (key("k1", 1), key("k2", 2))] {
        world.client = sealed_by(ring(active, vec![older]));
        world.restart();
        world.advance(3_600_000);
        assert!(world.token_wanted().iter().any(|o| matches!(o, Output::TokenReady { .. })));
    }
}

#[test]
fn a_missing_key_is_named_by_its_id() {
    let mut world = live(with_key("k.old-1", 1));
    let (connection, stored) = (world.connection.store_key().clone(), world.stored().unwrap());
    let client = with_key("k2", 2);
    let missing = Failure::SealingKeyMissing { id: "k.old-1".into() };
    assert_eq!(restore(&client, TENANT, &stored).unwrap_err(), missing);
    assert_eq!(missing.sealing_key(), Some("k.old-1"));
    assert_eq!((missing.kind(), missing.number()), ("host_failed", 707));
    // A machine that had read nothing says the same, and leaves the record alone.
    world.connection = Connection::new(client, TENANT).unwrap();
    for input in [Input::TokenWanted { min_validity: 0 }, Input::Revoke] {
        let outputs = world.run(input);
        let named = outputs
            .iter()
            .any(|output| matches!(output, Output::Failed { failure, .. } if *failure == missing));
        assert!(named, "{outputs:?}");
    }
    assert_eq!(world.store[connection.as_str()], stored);
}

#[test]
fn another_tenants_record_is_refused_reported_and_left_alone() {
    let mut world = live(with_key("k1", 1));
    let stored = world.stored().unwrap();
    let client = world.client.clone();
    assert_eq!(restore(&client, "tenant-2", &stored).unwrap_err().code(), "host_record_forged");
    let other = StoreKey::connection(&client, "tenant-2").unwrap();
    world.store.insert(other.as_str().into(), stored.clone());
    world.connection = Connection::new(client, "tenant-2").unwrap();
    for input in [Input::TokenWanted { min_validity: 0 }, Input::Revoke] {
        assert_eq!(failures(&world.run(input)), ["host_record_forged"]);
    }
    assert_eq!(world.store[other.as_str()], stored);
    // Nor is another key of the same id the same key.
    let code = restore(&with_key("k1", 9), TENANT, &stored).unwrap_err().code();
    assert_eq!(code, "host_record_forged");
}

#[test]
fn pending_and_company_records_are_sealed_too() {
    let (client, other) = (with_key("k1", 1), with_key("k2", 2));
    let mut world = World::with(client.clone());
    let urls = [(); 2].map(|()| world.open_browser(authorize()));
    let [redirect, second] = urls.map(|url| Secret::from(world.server.consent(&url)));
    let record = |url: &Secret| world.store[pending_key(url).unwrap().as_str()].bytes.clone();
    assert_eq!(pending_tenant(&client, &redirect, &record(&redirect)).unwrap(), TENANT);
    let code = |client, of| pending_tenant(client, &redirect, &record(of)).unwrap_err().code();
    assert_eq!(code(&client, &second), "host_record_forged");
    assert_eq!(code(&other, &redirect), "host_sealing_key_missing");

    let reserved = reserve_company(&client, "urn:company:1", TENANT).unwrap().bytes;
    assert_eq!(sealing_key_id(reserved.expose()), Some("k1"));
    assert_eq!(
        company_tenant(&client, "urn:company:1", &reserved).unwrap().as_deref(),
        Some(TENANT)
    );
    let code = |client, company| company_tenant(client, company, &reserved).unwrap_err().code();
    assert_eq!(code(&client, "urn:company:2"), "host_record_forged");
    assert_eq!(code(&other, "urn:company:1"), "host_sealing_key_missing");
    let released = release_company(&client, "urn:company:1").bytes;
    assert_eq!(company_tenant(&client, "urn:company:1", &released).unwrap(), None);
    // The same again is the same bytes: whoever looks finds his own.
    assert_eq!(reserve_company(&client, "urn:company:1", TENANT).unwrap().bytes, reserved);
}

#[test]
fn a_record_in_clear_is_taken_only_where_that_was_said() {
    let mut world = live(client());
    let stored = world.stored().unwrap();
    let sealing = with_key("k1", 1);
    assert_eq!(restore(&sealing, TENANT, &stored).unwrap_err().code(), "host_record_sealing");
    world.client = sealed_by(ring(key("k1", 1), vec![]).accepting_plain());
    world.restart();
    world.advance(3_600_000);
    world.token_wanted();
    let sealed = world.stored().unwrap();
    assert_eq!(sealing_key_id(sealed.bytes.expose()), Some("k1"));
    assert!(restore(&sealing, TENANT, &sealed).is_ok());
    assert_eq!(restore(&client(), TENANT, &sealed).unwrap_err().code(), "host_record_sealing");
}

#[test]
fn what_is_no_envelope_is_a_typed_failure() {
    for (record, code) in [
        ("evergrant 2 k1\nAAAA", "host_record_newer"),
        ("evergrant 10 k9\nAAAA", "host_record_newer"),
        ("evergrant x k1\nAAAA", "host_record_unreadable"),
        ("evergrant 1 k 1\nAAAA", "host_record_unreadable"),
        ("evergrant 1 \nAAAA", "host_record_unreadable"),
        ("evergrant 1 k1", "host_record_unreadable"),
        ("evergrant ", "host_record_unreadable"),
        ("evergrant 1 k1\n", "host_record_forged"),
        ("evergrant 1 k1\nAAAA", "host_record_forged"),
        ("evergrant 1 k1\n{\"v\":1}", "host_record_forged"),
        ("evergrant 1 k2\nAAAA", "host_sealing_key_missing"),
        ("", "host_record_sealing"),
        ("{\"v\":1}", "host_record_sealing"),
    ] {
        let bytes = SecretBytes::new(record);
        let stored = Stored { revision: Revision::new("1"), bytes, age: None };
        let failure = restore(&with_key("k1", 1), TENANT, &stored).unwrap_err();
        assert_eq!(failure.code(), code, "{record:?}");
    }
}

#[test]
fn keys_are_checked() {
    let new = |id: &str, key: &[u8]| SealingKey::new(id, SecretBytes::new(key)).map(|_| ());
    let long = "k".repeat(65);
    for id in ["", "a b", "a\n", "k\u{e9}", "a/b", &long] {
        assert_eq!(new(id, &[1; 32]), Err(Misuse::SealingKeyInvalid), "{id:?}");
    }
    assert_eq!(new("2026-01_A.b", &[1; 32]), Ok(()));
    for key in [&[1; 31][..], &[1; 33], &[], &[0; 32]] {
        assert_eq!(new("k", key), Err(Misuse::SealingKeyInvalid));
    }
    for older in [vec![key("k1", 2)], vec![key("k2", 2), key("k3", 3), key("k2", 2)]] {
        assert_eq!(KeyRing::new(key("k1", 1), older), Err(Misuse::SealingKeyDuplicate));
    }
    assert_ne!(key("k1", 1), key("k1", 2));
    assert_eq!(key("k1", 1), key("k1", 1));
}

proptest! {
    #[test]
    fn what_is_sealed_is_opened(company in ".{0,40}", tenant in ".{1,60}", byte in 1_u8..) {
        prop_assume!(tenant.len() <= 256);
        let client = with_key("k1", byte);
        let sealed = reserve_company(&client, &company, &tenant).unwrap().bytes;
        prop_assert_eq!(company_tenant(&client, &company, &sealed).unwrap(), Some(tenant));
    }

    #[test]
    fn any_flipped_bit_is_refused(place in any::<prop::sample::Index>(), bit in 0..8_u8, accepting: bool) {
        let client = match accepting {
            true => sealed_by(ring(key("k1", 1), vec![]).accepting_plain()),
            false => with_key("k1", 1),
        };
        let sealed = reserve_company(&client, "urn:company:1", TENANT).unwrap().bytes;
        let mut bytes = sealed.expose().to_vec();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let failure = company_tenant(&client, "urn:company:1", &bytes.into()).unwrap_err();
        prop_assert_eq!(failure.kind(), "host_failed");
    }

    #[test]
    fn any_cut_or_longer_record_is_refused(at in any::<prop::sample::Index>(), more in "[ -~\n]{1,8}") {
        let client = with_key("k1", 1);
        let sealed = reserve_company(&client, "urn:company:1", TENANT).unwrap().bytes;
        let cut = &sealed.expose()[..at.index(sealed.len())];
        let longer = [sealed.expose(), more.as_bytes()].concat();
        for bytes in [cut, &longer] {
            prop_assert!(company_tenant(&client, "urn:company:1", &SecretBytes::new(bytes)).is_err());
        }
    }

    #[test]
    fn a_record_of_any_other_key_is_refused(from in ".{0,20}", to in ".{0,20}") {
        prop_assume!(from != to);
        let client = with_key("k1", 1);
        let sealed = reserve_company(&client, &from, TENANT).unwrap().bytes;
        let failure = company_tenant(&client, &to, &sealed).unwrap_err();
        prop_assert_eq!(failure.code(), "host_record_forged");
    }
}
