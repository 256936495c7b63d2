//! Records: frozen ones are read for ever, newer ones never overwritten,
//! unknown members survive, and anything else is a typed failure.

use crate::common::*;
use evergrant::*;
use serde_json::{Value, json};

// Never change these files: see frozen/README.md.
const CONNECTION: &str = include_str!("../frozen/v1/connection-refreshing.json");
const DISCONNECTING: &str = include_str!("../frozen/v1/connection-disconnecting.json");
const REAUTHENTICATE: &str = include_str!("../frozen/v1/connection-reauthenticate-lost-reply.json");
const PENDING_STATE: &str = "frozen-state";
const PENDING: &str = include_str!("../frozen/v1/pending.json");
const COMPANY: &str = include_str!("../frozen/v1/company.json");

fn restore(json: &str) -> Result<Connection, Failure> {
    Connection::restore(client(), TENANT, Some(stored(json)))
}

fn stored(json: &str) -> Stored {
    Stored { revision: Revision::new("7"), bytes: json.as_bytes().to_vec().into(), age: None }
}

fn code(json: &str) -> &'static str {
    restore(json).expect_err("a failure").code()
}

#[test]
fn frozen_records_are_read() {
    let connection = restore(CONNECTION).unwrap();
    assert_eq!(connection.status(START), Status::Authorized);
    assert_eq!(connection.servable(START), Some(3));
    assert_eq!(connection.servable(1_700_003_600_000), None);
    let connection = restore(DISCONNECTING).unwrap();
    assert_eq!(connection.status(START), Status::Disconnecting);
    assert_eq!(connection.wake_at(START), Some(1_700_000_000_500));
    let connection = restore(REAUTHENTICATE).unwrap();
    assert_eq!(connection.status(START), Status::Exchanging);
    let lost = Status::ReauthenticationRequired(Cause::LostReply);
    assert_eq!(connection.status(1_700_000_075_000), lost);

    let url = format!("{REDIRECT_URI}?code=x&state={PENDING_STATE}").as_str().into();
    let pending = pending_tenant(&client(), &url, &SecretBytes::new(PENDING.as_bytes()));
    assert_eq!(pending.unwrap(), TENANT);
    let company = company_tenant(&client(), "urn:company:1", &SecretBytes::new(COMPANY.as_bytes()));
    assert_eq!(company.unwrap().as_deref(), Some(TENANT));
    let write = reserve_company(&client(), "urn:company:1", TENANT).unwrap();
    assert_eq!(std::str::from_utf8(write.bytes.expose()).unwrap(), COMPANY.trim_end());
}

#[test]
fn a_frozen_record_is_written_back_as_it_was() {
    // A fence that comes and goes keeps everything, unknown members too.
    let mut record: Value = serde_json::from_str(CONNECTION).unwrap();
    record["from_the_future"] = json!({"a": [1, "two", null]});
    let mut world = World::new();
    let bytes = SecretBytes::new(record.to_string().into_bytes());
    let key = world.connection.store_key().as_str().to_owned();
    world.store.insert(key, Stored { revision: Revision::new("7"), bytes, age: None });
    world.restart();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let fault = server::Fault::Answer(400, r#"{"error":"invalid_grant"}"#.into());
    world.server.faults.push_back(fault);
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(world.record(), record);
}

#[test]
fn a_newer_record_is_never_overwritten() {
    let newer = CONNECTION.replacen("\"v\":1", "\"v\":2", 1);
    let stranger = r#"{"v":2,"kind":"grant","shape":"unknown"}"#;
    for newer in [newer.as_str(), stranger] {
        assert_eq!(code(newer), "host_record_newer");
        let mut world = World::new();
        let key = world.connection.store_key().as_str().to_owned();
        let stored = Stored {
            revision: Revision::new("9"),
            bytes: newer.as_bytes().to_vec().into(),
            age: None,
        };
        world.store.insert(key, stored.clone());
        for input in [Input::TokenWanted { min_validity: 0 }, Input::Revoke] {
            assert_eq!(failures(&world.run(input)), ["host_record_newer"]);
        }
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
        assert_eq!(failures(&outputs), ["host_record_newer"]);
        assert_eq!(world.stored(), Some(stored));
        assert_eq!(world.server.exchanges, 0);
    }
}

#[test]
fn a_record_of_another_connection_is_refused() {
    for key in ["connection/other/client%201/tenant-1", "connection/test/client%201/tenant-2"] {
        let foreign = CONNECTION.replacen("connection/test/client%201/tenant-1", key, 1);
        assert_eq!(code(&foreign), "host_record_foreign");
    }
    // Names that look alike once joined are kept apart.
    let a = StoreKey::connection(&client(), "a/b").unwrap();
    assert_eq!(a.as_str(), "connection/test/client%201/a%2Fb");
}

#[test]
fn anything_else_is_a_typed_failure() {
    for (json, expected) in [
        ("", "host_record_unreadable"),
        ("{", "host_record_unreadable"),
        ("[]", "host_record_unreadable"),
        ("null", "host_record_unreadable"),
        (r#"{"v":1}"#, "host_record_unreadable"),
        ("evergrant sealed k1\n\u{1}\u{2}", "host_record_sealing"),
        (PENDING, "host_record_unreadable"),
        (COMPANY, "host_record_unreadable"),
    ] {
        assert_eq!(code(json), expected, "{json}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(code(&deep), "host_record_unreadable");
    let bad = CONNECTION.replacen("\"gen\":3", "\"gen\":-3", 1);
    assert_eq!(code(&bad), "host_record_unreadable");
    let bad = CONNECTION.replacen("AAECAwQFBgcICQoLDA0ODw", "short", 1);
    assert_eq!(code(&bad), "host_record_unreadable");
    let long = "t".repeat(257);
    let connection = Connection::restore(client(), &long, Some(stored(CONNECTION)));
    assert_eq!(connection.expect_err("a failure").code(), "host_record_foreign");
}
