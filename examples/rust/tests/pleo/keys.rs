//! API keys, over HTTP.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use evergrant::{ApiKey, ApiKeyKind, Status};
use evergrant_authority::{
    CreatedApiKey, Fault, FaultRule, KeyKind, KeyState, NORTH_DENMARK, SOUTH, Telling, ToldSubject,
};
use evergrant_example_host::{Host, HostError};

use crate::{World, of, support::failure};

const SCOPES: [&str; 2] = ["expenses:read", "users:read"];

fn made(world: &World, company: &str, scopes: &[&str]) -> CreatedApiKey {
    let new = evergrant_authority::NewApiKey {
        kind: KeyKind::Integrated,
        subject: of(company),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        expires_in: None,
        client_id: Some("the integration".into()),
    };
    world.control().create_api_key(new).expect("a key")
}

fn enter(host: &mut Host, key: &str, company: Option<&str>) -> Result<String, HostError> {
    host.enter_key(ApiKey {
        key: key.into(),
        kind: ApiKeyKind::Integrated,
        company: company.map(str::to_owned),
        scopes: SCOPES.map(String::from).to_vec(),
    })
}

fn works(world: &World, host: &mut Host) -> bool {
    host.api_get(&world.expenses()).is_ok_and(|answer| answer.response.status == 200)
}

#[test]
fn pleo_38_the_api_takes_the_key_as_user_name_with_an_empty_password() {
    let world = World::new();
    let key = made(&world, NORTH_DENMARK, &SCOPES).key;
    let mut host = world.desk.host();
    assert_eq!(enter(&mut host, &key, None).expect("a company"), NORTH_DENMARK);
    assert!(works(&world, &mut host));
    let header = format!("Basic {}", STANDARD.encode(format!("{key}:")));
    for (line, text) in world.tap.requests() {
        assert!(text.contains(&header) && !line.contains(&key), "{line}");
    }
    let stats = world.stats();
    assert_eq!((stats.api_keys_accepted, stats.credentials_in_query), (2, 0));
    assert!(stats.api_keys_refused.is_empty());
}

#[test]
fn pleo_39_no_key_is_active_before_pleo_has_said_whose_it_is() {
    let world = World::new();
    let key = made(&world, NORTH_DENMARK, &SCOPES).key;
    let mut host = world.desk.host();
    for subject in [ToldSubject::Absent, ToldSubject::Malformed] {
        let malformed = subject == ToldSubject::Malformed;
        world.control().set_telling(Telling { subject, ..Telling::default() });
        let told = enter(&mut host, &key, Some(NORTH_DENMARK));
        let code = if malformed { "company_mismatch" } else { "company_unknown" };
        assert_eq!(failure(told).code(), code);
        assert_eq!(host.status(), Status::Disconnected);
        assert!(world.desk.record().is_none(), "nothing is stored");
    }
    world.control().set_telling(Telling::default());
    enter(&mut host, &key, Some(NORTH_DENMARK)).expect("a company");
    // Key and company came with one write, and another process has both.
    let record = world.desk.record().expect("a record");
    let text = String::from_utf8_lossy(record.expose()).into_owned();
    assert!(text.contains(NORTH_DENMARK) && text.contains("\"integrated\""));
    assert!(works(&world, &mut world.desk.host()));
}

#[test]
fn pleo_40_what_is_wrong_with_a_key_is_told_and_the_next_one_is_taken() {
    let world = World::new();
    let control = world.control();
    let good = made(&world, NORTH_DENMARK, &SCOPES).key;
    let foreign = made(&world, SOUTH, &SCOPES).key;
    let poor = made(&world, NORTH_DENMARK, &["expenses:read"]).key;
    let ended = made(&world, NORTH_DENMARK, &SCOPES);
    let disabled = made(&world, NORTH_DENMARK, &SCOPES);
    control.set_api_key_state(ended.id, KeyState::Revoked).expect("a key");
    control.set_api_key_state(disabled.id, KeyState::Disabled).expect("a key");
    let mut host = world.desk.host();
    for (key, code) in [
        ("with a space", "denied_key_malformed"),
        ("plp_unknown", "denied_key_invalid"),
        (&ended.key, "denied_key_invalid"),
        (&disabled.key, "denied_key_invalid"),
        (&poor, "denied_insufficient_scope"),
        (&foreign, "company_mismatch"),
    ] {
        assert_eq!(failure(enter(&mut host, key, Some(NORTH_DENMARK))).code(), code);
        assert!(!works(&world, &mut host));
    }
    for (status, code) in [(403, "denied_forbidden"), (503, "try_later_unavailable")] {
        let headers = BTreeMap::new();
        let fault = Fault::Answer { status, headers, body: String::new(), handled: false };
        let mut rule = FaultRule::new("/v1/introspect", fault);
        rule.times = 3;
        control.add_faults([rule]).expect("a sound fault");
        assert_eq!(failure(enter(&mut host, &good, None)).code(), code);
        control.clear_faults();
    }
    assert_eq!(enter(&mut host, &good, Some(NORTH_DENMARK)).expect("a company"), NORTH_DENMARK);
    assert!(works(&world, &mut host));
}

#[test]
fn pleo_41_the_old_key_serves_until_its_successor_has_proved_itself() {
    let world = World::new();
    let old = made(&world, NORTH_DENMARK, &SCOPES);
    let new = made(&world, NORTH_DENMARK, &SCOPES).key;
    let mut host = world.desk.host();
    enter(&mut host, &old.key, None).expect("a company");
    for bad in [
        made(&world, SOUTH, &SCOPES).key,
        made(&world, NORTH_DENMARK, &["users:read"]).key,
        "plp_unknown".into(),
    ] {
        failure(enter(&mut host, &bad, None));
        assert!(works(&world, &mut host), "with the old one");
    }
    enter(&mut host, &new, None).expect("a company");
    // Now it may be deleted, and nobody notices.
    world.control().set_api_key_state(old.id, KeyState::Revoked).expect("a key");
    assert!(works(&world, &mut host) && works(&world, &mut world.desk.host()));
}
