//! API keys: tried against the API before they are stored, stored together with
//! their company, replaced only by a good one of the same company.

use crate::common::{server::Fault, *};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use evergrant::*;
use serde_json::json;

const ACME: &str = "urn:company:acme";
const OTHER: &str = "urn:company:other";

fn config() -> ProviderConfig {
    ProviderConfig {
        api_keys: Some(company_binding()),
        disconnect: by_api_request(),
        ..provider_config()
    }
}

fn header(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

/// A world whose API knows these keys.
fn world(keys: &[(&str, &str)]) -> World {
    let mut world = World::with(client_of(config(), client_config()));
    for (key, company) in keys {
        world.server.owners.insert(header(key), (*company).into());
    }
    world
}

fn entered(key: &str) -> Input {
    Input::KeyEntered(ApiKey {
        key: key.into(),
        kind: ApiKeyKind::Standalone,
        company: None,
        scopes: vec![],
    })
}

fn with(change: impl FnOnce(&mut ApiKey)) -> Input {
    let Input::KeyEntered(mut key) = entered("canary-key-1") else { unreachable!() };
    change(&mut key);
    Input::KeyEntered(key)
}

#[test]
fn a_key_is_active_once_it_is_found_good_and_stored_with_its_company() {
    let mut world = world(&[("canary-key-1", ACME)]);
    let outputs = world.run(entered(" canary-key-1\n"));
    let asked = requests(&outputs);
    assert_eq!(
        (asked.len(), asked[0].method, asked[0].url.as_str()),
        (1, Method::Get, "https://api.example/v1/introspect")
    );
    assert_eq!(asked[0].headers[0].1.expose(), header("canary-key-1"), "user name, no password");
    let accepted =
        Output::KeyAccepted { generation: 1, company: ACME.into(), scope: "expenses:read".into() };
    assert!(outputs.contains(&accepted));
    assert_eq!(world.connection.missing_scopes("expenses:read users:read"), "users:read");
    assert_eq!(tokens(&outputs), [(1, header("canary-key-1"))]);
    assert_eq!(
        (world.status(), world.header()),
        (Status::Authorized, Some(header("canary-key-1")))
    );
    let record = world.record();
    assert_eq!(
        (&record["company"], &record["tokens"]["key"]),
        (&json!(ACME), &json!("standalone"))
    );

    // It has no expiry and is never refreshed, and it outlives the process.
    world.restart();
    world.advance(365 * 86_400_000);
    assert_eq!(world.header(), Some(header("canary-key-1")));
    assert_eq!(world.connection.wake_at(world.now), None);
    assert!(world.connection.authorization(world.now, "https://elsewhere.example/", 0).is_none());
}

#[test]
fn what_is_wrong_with_a_key_is_told_apart_and_nothing_is_stored() {
    let mut world = world(&[("canary-key-1", ACME), ("group-key", "urn:organisation:g")]);
    for (input, faults, code, asked) in [
        (entered("  "), vec![], "denied_key_malformed", 0),
        (entered("a b"), vec![], "denied_key_malformed", 0),
        (entered("a:b"), vec![], "denied_key_malformed", 0),
        (entered("k\u{e9}y"), vec![], "denied_key_malformed", 0),
        (entered(&"k".repeat(513)), vec![], "denied_key_malformed", 0),
        (entered("unknown-key"), vec![], "denied_key_invalid", 1),
        (entered("canary-key-1"), vec![Fault::Answer(403, String::new())], "denied_forbidden", 1),
        (
            with(|key| key.scopes = vec!["expenses:read".into(), "accounts:read".into()]),
            vec![],
            "denied_insufficient_scope",
            1,
        ),
        (with(|key| key.company = Some(OTHER.into())), vec![], "company_mismatch", 1),
        (entered("group-key"), vec![], "company_choice_needed", 1),
        (entered("canary-key-1"), vec![Fault::Answer(200, "{}".into())], "company_unknown", 1),
    ] {
        world.server.faults.extend(faults);
        let outputs = world.run(input);
        assert_eq!(failures(&outputs), [code]);
        let activity = outputs.iter().find_map(|output| match output {
            Output::Failed { activity, .. } => Some(activity.code()),
            _ => None,
        });
        assert_eq!((activity, requests(&outputs).len()), (Some("key"), asked), "{code}");
        assert_eq!((world.record_or_null(), world.status()), (json!(null), Status::Disconnected));
    }
    // Entered again, it is good.
    assert_eq!(failures(&world.run(entered("canary-key-1"))), [""; 0]);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn an_api_that_is_down_is_asked_three_times() {
    let mut world = world(&[("canary-key-1", ACME)]);
    world.server.faults.extend(std::iter::repeat_n(Fault::Answer(503, String::new()), 3));
    let mut outputs = world.run(entered("canary-key-1"));
    while failures(&outputs).is_empty() {
        outputs.extend(world.wake());
    }
    assert_eq!((failures(&outputs), requests(&outputs).len()), (vec!["try_later_unavailable"], 3));
    world.server.faults.extend([Fault::RequestLost, Fault::NotSent]);
    let mut outputs = world.run(entered("canary-key-1"));
    while tokens(&outputs).is_empty() {
        outputs.extend(world.wake());
    }
    assert_eq!(requests(&outputs).len(), 3);
}

#[test]
fn a_refused_key_asks_for_another_and_only_one_of_the_same_company_will_do() {
    let keys = [("canary-key-1", ACME), ("canary-key-2", ACME), ("foreign-key", OTHER)];
    let mut world = world(&keys);
    world.run(entered("canary-key-1"));
    let outputs = world.run(Input::ApiAnswered { generation: 1, status: 401, headers: vec![] });
    assert!(requests(&outputs).is_empty(), "there is nothing to refresh");
    assert_eq!(failures(&outputs), ["reauthenticate_key_rejected"]);
    assert_eq!(
        notices(&outputs),
        ["calls_stopped", "unauthenticated", "tokens_wiped", "grant_lost"]
    );
    assert_eq!(world.header(), None);
    let rejected = Status::ReauthenticationRequired(Cause::KeyRejected);
    assert_eq!(world.status(), rejected);
    assert_eq!(world.record()["company"], ACME, "kept");
    assert_eq!(failures(&world.token_wanted()), ["reauthenticate_key_rejected"]);

    assert_eq!(failures(&world.run(entered("foreign-key"))), ["company_mismatch"]);
    assert_eq!(world.status(), rejected);
    assert_eq!(failures(&world.run(entered("canary-key-2"))), [""; 0]);
    assert_eq!(
        (world.status(), world.header()),
        (Status::Authorized, Some(header("canary-key-2")))
    );
}

#[test]
fn a_replacement_is_tried_before_the_old_key_is_dropped() {
    let keys = [("canary-key-1", ACME), ("canary-key-2", ACME), ("foreign-key", OTHER)];
    let mut world = world(&keys);
    world.run(entered("canary-key-1"));
    for bad in ["unknown-key", "foreign-key", "a b"] {
        assert_eq!(failures(&world.run(entered(bad))).len(), 1);
        assert_eq!(world.header(), Some(header("canary-key-1")), "{bad}");
    }
    let step = until_sent(&mut world, entered("canary-key-2"));
    assert_eq!(world.header(), Some(header("canary-key-1")), "it goes on serving");
    let answer = world.perform(&http(&step)).unwrap();
    let outputs = world.run(answer);
    assert_eq!(tokens(&outputs), [(2, header("canary-key-2"))]);
    // A late 401 of the old key says nothing of the new one.
    world.run(Input::ApiAnswered { generation: 1, status: 401, headers: vec![] });
    assert_eq!(world.header(), Some(header("canary-key-2")));
    // The foreign company was not taken from anybody.
    assert!(!world.store.contains_key(StoreKey::company(&world.client, OTHER).as_str()));
}

#[test]
fn a_key_is_disconnected_like_a_grant() {
    let mut world = world(&[("canary-key-1", ACME)]);
    world.run(entered("canary-key-1"));
    world.run(Input::Revoke);
    assert_eq!(world.server.uninstalled, [header("canary-key-1")]);
    assert_eq!((world.status(), world.header()), (Status::Disconnected, None));
    assert!(world.record()["tokens"].is_null());
    // An RFC 7009 endpoint knows no keys.
    let disconnect = Disconnect::Revocation { endpoint: "https://as.example/revoke".into() };
    let config = ProviderConfig { disconnect, ..config() };
    let mut world = World::with(client_of(config, client_config()));
    world.server.owners.insert(header("canary-key-1"), ACME.into());
    world.run(entered("canary-key-1"));
    let outputs = world.run(Input::Revoke);
    assert!(requests(&outputs).is_empty());
    assert_eq!(world.status(), Status::Disconnected);
}

#[test]
fn whoever_enters_another_key_means_that_one() {
    let mut world = world(&[("canary-key-1", ACME), ("canary-key-2", ACME)]);
    let first = until_sent(&mut world, entered("canary-key-1"));
    let outputs = world.run(entered("canary-key-2"));
    assert_eq!(failures(&outputs), ["denied_superseded"]);
    let late = world.perform(&http(&first)).unwrap();
    assert!(world.run(late).is_empty(), "too late");
    assert_eq!(world.header(), Some(header("canary-key-2")));
}

#[test]
fn a_disconnect_beats_a_key_under_way() {
    let mut world = world(&[("canary-key-1", ACME)]);
    let sent = until_sent(&mut world, entered("canary-key-1"));
    let outputs = world.run(Input::Revoke);
    assert_eq!(failures(&outputs), ["denied_superseded"]);
    let late = world.perform(&http(&sent)).unwrap();
    world.run(late);
    assert_eq!((world.status(), world.header()), (Status::Disconnected, None));
}

#[test]
fn a_key_is_nowhere_to_be_read() {
    let mut world = world(&[("canary-key-1", ACME)]);
    let input = entered("canary-key-1");
    let shown = format!("{input:?}");
    world.run(input);
    let shown = format!("{shown} {:?} {:?}", world.connection, world.outputs);
    let encoded = STANDARD.encode("canary-key-1:");
    assert!(!shown.contains("canary-key") && !shown.contains(&encoded));
    // And goes to one place only.
    for request in requests(&world.outputs) {
        assert!(request.url.starts_with("https://api.example/") && !request.url.contains("canary"));
    }
}

#[test]
fn keys_and_companies_are_the_providers_data() {
    let mut world = World::new();
    assert_eq!(world.misuse(entered("canary-key-1")), Misuse::ApiKeysUnsupported);
    let mut world = self::world(&[]);
    let bad = with(|key| key.company = Some(String::new()));
    assert_eq!(world.misuse(bad), Misuse::CompanyInvalid);
    let bad = with(|key| key.scopes = vec!["a b".into()]);
    assert_eq!(world.misuse(bad), Misuse::ScopeInvalid);
}

#[test]
fn how_a_company_is_learnt_is_checked() {
    let good = config().api_keys.unwrap();
    let cases = [
        CompanyBinding { url: "https://elsewhere.example/who".into(), ..good.clone() },
        CompanyBinding { url: "http://api.example/who".into(), ..good.clone() },
        CompanyBinding { subject: "data".into(), ..good.clone() },
        CompanyBinding { scope: Some(String::new()), ..good.clone() },
        CompanyBinding { company_prefix: String::new(), ..good.clone() },
        CompanyBinding { organisation_prefix: Some(String::new()), ..good.clone() },
    ];
    for bad in cases {
        for keys in [false, true] {
            let bad = Some(bad.clone());
            let (company, api_keys) = if keys { (None, bad) } else { (bad, None) };
            let refused = Provider::new(ProviderConfig { company, api_keys, ..config() });
            assert_eq!(refused, Err(Misuse::CompanyBindingInvalid));
        }
    }
}

#[test]
fn a_key_may_be_512_bytes_long_and_no_longer() {
    for (length, expected) in [(512, vec![]), (513, vec!["denied_key_malformed"])] {
        let key = "k".repeat(length);
        let mut world = world(&[(&key, ACME)]);
        assert_eq!(failures(&world.run(entered(&key))), expected);
    }
}

#[test]
fn a_server_that_asks_for_more_patience_than_a_person_has_ends_the_key() {
    for (after, ends) in [("10", false), ("11", true)] {
        let mut world = world(&[("canary-key-1", ACME)]);
        let wait = ("Retry-After".into(), after.into());
        world.server.faults.push_back(Fault::AnswerWith(503, wait, String::new()));
        let outputs = world.run(entered("canary-key-1"));
        assert_eq!(!failures(&outputs).is_empty(), ends, "{after}");
    }
}

#[test]
fn a_store_that_does_not_answer_is_asked_three_times() {
    let mut world = world(&[("canary-key-1", ACME)]);
    let mut step = world.step(entered("canary-key-1"));
    for _ in 0..2 {
        step = world.step(Input::SwapUnanswered { op: op_of(&open(&step)) });
        assert_eq!(failures(&step.outputs), [""; 0]);
    }
    step = world.step(Input::SwapUnanswered { op: op_of(&open(&step)) });
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
}

#[test]
fn a_reservation_that_cannot_be_read_fails_the_key_at_once() {
    let mut world = world(&[("canary-key-1", ACME)]);
    let unreadable =
        Stored { revision: Revision::new("0"), bytes: SecretBytes::new(*b"{"), age: None };
    world.store.insert(StoreKey::company(&world.client, ACME).as_str().into(), unreadable);
    assert_eq!(failures(&world.run(entered("canary-key-1"))), ["host_record_unreadable"]);
    assert_eq!(world.connection.wake_at(world.now), None);
}
