//! API keys: entered, tried, bound, replaced.

use crate::{
    API, COMPANY, GROUP, OTHER, answered,
    common::{server::Fault, *},
    entered, header, headers, key_header, world_of,
};
use evergrant::*;

const SCOPES: [&str; 2] = ["users:read", "accounts:read"];

/// A world whose API knows these keys.
fn world() -> World {
    let mut world = world_of(Pleo::Production, crate::registered());
    for (key, owner) in [
        ("canary-key-1", COMPANY),
        ("canary-key-2", COMPANY),
        ("canary-foreign", OTHER),
        ("canary-group", GROUP),
    ] {
        world.server.owners.insert(key_header(key), owner.into());
    }
    world
}

fn scopes(key: &mut ApiKey) {
    key.scopes = SCOPES.map(String::from).to_vec();
}

fn active() -> World {
    let mut world = world();
    assert_eq!(failures(&world.run(entered("canary-key-1", scopes))), [""; 0]);
    world
}

fn last_activity(outputs: &[Output]) -> Option<&'static str> {
    crate::told(outputs).last().map(|(activity, _)| *activity)
}

#[test]
fn pleo_38_a_key_is_a_user_name_without_password_and_stands_in_no_url() {
    for key in ["canary-key-1", "plp_A-z09+/=~!\"#$%&'()*,;<>?@[]^`{|}"] {
        let mut world = world();
        world.server.owners.insert(key_header(key), COMPANY.into());
        let outputs = world.run(entered(&format!("\t {key} \r\n"), |_| ()));
        let [request] = requests(&outputs)[..] else { panic!("one question") };
        assert_eq!((request.method, request.body.is_empty()), (Method::Get, true));
        assert_eq!(request.url, "https://external.pleo.io/v1/introspect");
        assert_eq!(headers(request, "authorization"), [key_header(key)]);
        assert_eq!(header(&world), Some(key_header(key)));
        // Nowhere but to the API; at the end too.
        for url in ["https://auth.pleo.io/oauth/token", "https://openapi.pleo.io/v1/x"] {
            assert!(world.connection.authorization(world.now, url, 0).is_none());
        }
        world.run(Input::Revoke);
        for request in requests(&world.outputs) {
            assert!(request.url.starts_with("https://external.pleo.io/v1/"));
            assert!(!request.url.contains(['?', '#', '@']) && !request.url.contains("canary"));
        }
        assert_eq!(world.server.uninstalled, [key_header(key)]);
    }
}

#[test]
fn pleo_39_a_key_is_active_when_it_was_tried_and_stored_together_with_its_company() {
    // Whenever the process dies: both or nothing.
    for deaths in 0..20 {
        let mut world = world();
        let (mut queue, mut left) = (vec![entered("canary-key-1", scopes)], deaths);
        let mut asked = false;
        'life: while let Some(input) = queue.pop() {
            for output in world.step(input).outputs {
                if left == 0 {
                    break 'life;
                }
                left -= 1;
                asked |= matches!(output, Output::SendHttp { .. });
                queue.extend(world.perform(&output));
                let record = world.record_or_null();
                assert_eq!(record["tokens"].is_object(), record["company"] == COMPANY);
                assert!(asked || !record["tokens"].is_object());
                assert!(world.status() == Status::Authorized || header(&world).is_none());
            }
        }
        if left > 0 {
            let accepted = world.outputs.iter().any(|output| {
                matches!(output,
                Output::KeyAccepted { company, generation: 1, .. } if company == COMPANY)
            });
            assert!(accepted && deaths > 3);
            assert_eq!(
                (world.connection.company(), header(&world)),
                (Some(COMPANY), Some(key_header("canary-key-1")))
            );
            return;
        }
    }
    panic!("it never ends");
}

#[test]
fn pleo_39_an_answer_that_says_less_makes_no_key_active() {
    for (status, body) in [
        (200, "{}"),
        (200, r#"{"data":{"authMethod":"API_KEY","scope":"users:read"}}"#),
        (200, r#"{"data":{"subjectURN":"urn:pleo:user:1"}}"#),
        (204, ""),
        (302, ""),
        (400, ""),
        (401, ""),
        (403, ""),
        (500, ""),
        (503, ""),
    ] {
        let mut world = world();
        // A key is tried three times where Pleo is down.
        world.server.faults.extend(std::iter::repeat_n(Fault::Answer(status, body.into()), 3));
        let mut outputs = world.run(entered("canary-key-1", |_| ()));
        while failures(&outputs).is_empty() {
            outputs.extend(world.wake());
        }
        assert_eq!((header(&world), world.status()), (None, Status::Disconnected), "{status}");
        assert!(!world.record_or_null().to_string().contains("tokens\":{"), "{status}");
        assert!(world.connection.company().is_none(), "{status}");
    }
}

#[test]
fn pleo_40_what_is_wrong_with_a_key_is_told_apart_and_another_may_be_entered() {
    let forbidden = || Fault::Answer(403, String::new());
    let mut codes = Vec::new();
    for (key, expected, faults, code) in [
        ("two words", None, vec![], "denied_key_malformed"),
        ("unknown", None, vec![], "denied_key_invalid"),
        ("canary-key-1", None, vec![forbidden()], "denied_forbidden"),
        ("canary-key-1", Some(OTHER), vec![], "company_mismatch"),
        ("canary-group", None, vec![], "company_choice_needed"),
        ("canary-key-1", None, vec![Fault::NotSent; 3], "try_later_unavailable"),
        ("canary-key-1", None, vec![Fault::Answer(503, "".into()); 3], "try_later_unavailable"),
        ("canary-key-1", None, vec![Fault::Answer(429, "".into()); 3], "try_later_rate_limited"),
    ] {
        let mut world = world();
        world.server.faults.extend(faults);
        let mut outputs = world.run(entered(key, |key| key.company = expected.map(String::from)));
        while failures(&outputs).is_empty() {
            outputs.extend(world.wake());
        }
        assert_eq!((failures(&outputs), last_activity(&outputs)), (vec![code], Some("key")));
        let kind = crate::told(&outputs)[0].1.kind();
        codes.push((code, kind));
        // Re-entry, in the same machine and at once.
        let outputs = world.run(entered("canary-key-2", |_| ()));
        assert_eq!(
            (failures(&outputs), header(&world)),
            (vec![], Some(key_header("canary-key-2")))
        );
    }
    let mut world = world();
    world.server.scope = "users:read";
    let outputs = world.run(entered("canary-key-1", scopes));
    assert_eq!(failures(&outputs), ["denied_insufficient_scope"]);
    // Invalid, forbidden, wrong company, unavailable: four things to say.
    let kinds: std::collections::BTreeSet<_> = codes.iter().map(|(_, kind)| *kind).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["company_mismatch", "denied", "try_later"]);

    // An active key that the API refuses one day: the same, and no refresh.
    let mut world = active();
    let outputs = world.run(answered(1, 401));
    assert_eq!(failures(&outputs), ["reauthenticate_key_rejected"]);
    assert!(requests(&outputs).is_empty());
    assert_eq!(world.status(), Status::ReauthenticationRequired(Cause::KeyRejected));
    world.run(entered("canary-key-2", scopes));
    assert_eq!((world.status(), world.connection.company()), (Status::Authorized, Some(COMPANY)));
}

#[test]
fn pleo_41_a_replacement_proves_company_and_permissions_before_the_old_key_goes() {
    for (key, scope, code) in [
        ("unknown", "users:read accounts:read", "denied_key_invalid"),
        ("canary-foreign", "users:read accounts:read", "company_mismatch"),
        ("canary-key-2", "users:read", "denied_insufficient_scope"),
        ("canary-key-2", "", "denied_insufficient_scope"),
    ] {
        let mut world = active();
        let record = world.record();
        world.server.scope = scope;
        assert_eq!(failures(&world.run(entered(key, scopes))), [code]);
        assert_eq!((header(&world), world.record()), (Some(key_header("canary-key-1")), record));
    }
    let mut world = active();
    let step = until_sent(&mut world, entered("canary-key-2", scopes));
    assert_eq!(header(&world), Some(key_header("canary-key-1")), "until it is found good");
    assert!(world.record().to_string().contains(&key_header("canary-key-1")));
    let answer = world.perform(&http(&step)).unwrap();
    let outputs = world.run(answer);
    assert_eq!(tokens(&outputs), [(2, key_header("canary-key-2"))]);
    assert_eq!(header(&world), Some(key_header("canary-key-2")));
    assert!(!world.record().to_string().contains(&key_header("canary-key-1")), "and is gone");
    let credential = world.connection.authorization(world.now, API, 0).unwrap();
    assert_eq!(credential.generation, 2, "a late 401 of the old one speaks of generation 1");
}

#[test]
fn pleo_41_a_replacement_must_be_able_to_do_what_the_key_before_could() {
    let mut world = active();
    world.server.scope = "users:read";
    let outputs = world.run(entered("canary-key-2", |_| ()));
    assert_eq!(failures(&outputs), ["denied_insufficient_scope"]);
    assert_eq!(header(&world), Some(key_header("canary-key-1")));
    // Also one that comes after a key that was refused, and of which nothing is left.
    world.run(answered(1, 401));
    let outputs = world.run(entered("canary-key-2", |_| ()));
    assert_eq!(failures(&outputs), ["denied_insufficient_scope"]);
    // Less is enough if the host says so.
    let fewer = entered("canary-key-2", |key| key.scopes = vec!["users:read".into()]);
    assert_eq!(failures(&world.run(fewer)), [""; 0]);
    // Where nothing was asked of the key before, all that it had.
    let mut world = self::world();
    world.server.scope = "users:read vendors:read";
    assert_eq!(failures(&world.run(entered("canary-key-1", |_| ()))), [""; 0]);
    world.server.scope = "users:read";
    let outputs = world.run(entered("canary-key-2", |_| ()));
    assert_eq!(failures(&outputs), ["denied_insufficient_scope"]);
}

#[test]
fn pleo_42_a_key_that_was_entered_is_shown_to_nobody() {
    let encoded = key_header("canary-key-1");
    let encoded = encoded.strip_prefix("Basic ").unwrap();
    let hidden = |shown: &str| !shown.contains("canary-key") && !shown.contains(encoded);
    for faults in [vec![], vec![Fault::Answer(401, "canary-key-1".into())]] {
        let mut world = world();
        world.server.faults.extend(faults);
        let input = entered("canary-key-1", scopes);
        assert!(hidden(&format!("{input:?} {input:#?}")));
        world.run(input);
        world.run(answered(1, 401));
        assert!(hidden(&format!("{:?} {:#?}", world.connection, world.outputs)));
        assert!(hidden(&format!("{:?} {:?}", world.lines, world.store)));
        for output in &world.outputs {
            let text = match output {
                Output::Failed { failure, .. } => {
                    format!("{failure} {failure:?} {:?}", failure.said())
                }
                Output::Notice(notice) => format!("{:?}", notice.fields()),
                Output::KeyAccepted { company, scope, .. } => format!("{company} {scope}"),
                _ => String::new(),
            };
            assert!(hidden(&text), "{text}");
        }
    }
    // Masked whatever its length; what shows is that there is one.
    let shown = |key: &str| format!("{:?}", entered(key, |_| ()));
    assert_eq!(shown("a"), shown("canary-key-1"));
}
