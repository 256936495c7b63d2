//! Answers that stray from the RFC: which are believed of any server, which only
//! of one whose data say so, and that each is told of.

use crate::common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

fn world(quirks: Quirks) -> World {
    let provider = ProviderConfig { quirks, ..provider_config() };
    let mut world = World::with(client_of(provider, client_config()));
    world.authorize();
    world.advance(3_600_000);
    world
}

/// All quirks at once.
fn tolerant() -> Quirks {
    Quirks {
        token_type_optional: true,
        form_encoded_answers: true,
        comma_separated_scopes: true,
        invalid_grant_errors: vec!["bad_refresh_token".into()],
    }
}

/// What a refresh says when the server answers so.
fn refreshed(world: &mut World, media: &str, body: &str) -> Vec<Output> {
    let header = ("Content-Type".into(), media.into());
    world.server.faults.push_back(Fault::AnswerWith(200, header, body.into()));
    world.token_wanted()
}

fn deviations(outputs: &[Output]) -> Vec<Deviation> {
    let deviation = |output: &Output| match output {
        Output::Notice(Notice::AnswerDeviates(deviation)) => Some(*deviation),
        _ => None,
    };
    outputs.iter().filter_map(deviation).collect()
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A good answer with one member changed.
fn with(change: serde_json::Value) -> String {
    let mut body = json!({
        "access_token": "canary-access-9", "token_type": "Bearer",
        "refresh_token": "canary-refresh-9", "expires_in": 3600, "scope": "expenses:read",
    });
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

#[test]
fn every_deviation_is_told_of_and_believed() {
    let good = with(json!({}));
    let form = "access_token=a&token_type=bearer&refresh_token=r&expires_in=3600&scope=x";
    let cases: Vec<(Deviation, &str, String)> = vec![
        (Deviation::ExpiresInNotInteger, JSON, with(json!({"expires_in": "3600"}))),
        (Deviation::ExpiresInUnreadable, JSON, with(json!({"expires_in": "soon"}))),
        (Deviation::ExpiresInHuge, JSON, with(json!({"expires_in": u64::MAX}))),
        (Deviation::TokenTypeMissing, JSON, with(json!({"token_type": null}))),
        (Deviation::RefreshTokenEmpty, JSON, with(json!({"refresh_token": ""}))),
        (Deviation::ScopeNotSpaced, JSON, with(json!({"scope": "a,b"}))),
        (Deviation::ScopeNotSpaced, JSON, with(json!({"scope": ["a", "b"]}))),
        (Deviation::ScopeUnreadable, JSON, with(json!({"scope": {"a": true}}))),
        (Deviation::ErrorWithSuccess, JSON, with(json!({"error": "none"}))),
        (Deviation::FormEncoded, FORM, form.into()),
        (Deviation::ContentTypeUnexpected, "text/html", good.clone()),
        (Deviation::ByteOrderMark, JSON, format!("\u{feff}{good}")),
        (Deviation::MemberRepeated, JSON, good.replacen('{', r#"{"scope":"z","#, 1)),
    ];
    let mut seen: Vec<Deviation> = Vec::new();
    for (deviation, media, body) in cases {
        let mut world = world(tolerant());
        let outputs = refreshed(&mut world, media, &body);
        assert_eq!(deviations(&outputs), [deviation], "{body}");
        assert_eq!(tokens(&outputs).len(), 1, "{body}");
        seen.push(deviation);
    }
    // Told of, but of no use: a token that is expired as it comes.
    let mut expired = world(tolerant());
    let outputs = refreshed(&mut expired, JSON, &with(json!({"expires_in": 0})));
    assert_eq!(deviations(&outputs), [Deviation::ExpiresInNotPositive]);
    assert_eq!(failures(&outputs), ["server_token_unusable"]);
    // And one that this harness, whose bodies are text, shows at the reader itself.
    seen.extend([Deviation::ExpiresInNotPositive, Deviation::NotUtf8]);
    let missing: Vec<_> = Deviation::ALL.iter().filter(|it| !seen.contains(it)).collect();
    assert_eq!(missing, [] as [&Deviation; 0]);
}

#[test]
fn what_has_to_be_meant_is_stored_and_not_served_where_the_data_do_not_say_so() {
    let form = "access_token=a&token_type=bearer&refresh_token=canary-refresh-3&expires_in=3600";
    let untyped = with(json!({"token_type": null, "refresh_token": "canary-refresh-3"}));
    for (media, body, failure) in [
        (FORM, form, "server_answer_form_encoded"),
        (JSON, untyped.as_str(), "server_token_type_unknown"),
    ] {
        let mut world = world(Quirks::default());
        let outputs = refreshed(&mut world, media, body);
        assert_eq!(failures(&outputs), [failure]);
        assert_eq!((tokens(&outputs), world.header()), (vec![], None));
        assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-3", "not lost");

        // The operator sets the data right, and the grant goes on.
        let provider = ProviderConfig { quirks: tolerant(), ..provider_config() };
        world.client = client_of(provider, client_config());
        world.restart();
        world.advance(700_000);
        let outputs = world.token_wanted();
        assert!(body_of(&outputs).contains("refresh_token=canary-refresh-3"));
    }
}

fn body_of(outputs: &[Output]) -> String {
    body(requests(outputs).first().expect("a refresh"))
}

#[test]
fn a_comma_is_a_character_of_a_scope_unless_the_data_say_otherwise() {
    for (quirks, scope) in [(Quirks::default(), "a,b"), (tolerant(), "a b")] {
        for said in [json!("a,b"), json!(["a,b"])] {
            let mut world = world(quirks.clone());
            refreshed(&mut world, JSON, &with(json!({"scope": said})));
            assert_eq!(world.record()["tokens"]["scope"], scope);
        }
    }
}

#[test]
fn an_error_is_an_error_whatever_its_status_and_its_name_means_what_the_data_say() {
    for (quirks, error, failure) in [
        (Quirks::default(), "invalid_grant", "reauthenticate_rejected"),
        (Quirks::default(), "bad_refresh_token", "misconfigured_other_error"),
        (tolerant(), "bad_refresh_token", "reauthenticate_rejected"),
    ] {
        let mut world = world(quirks);
        let outputs = refreshed(&mut world, JSON, &json!({"error": error}).to_string());
        assert_eq!(deviations(&outputs), [Deviation::ErrorWithSuccess]);
        assert_eq!(failures(&outputs), [failure], "{error}");
        let kept = world.record()["tokens"]["refresh"] == "canary-refresh-2";
        assert_eq!(kept, failure == "misconfigured_other_error");
    }
    // A form's error is believed only where forms are.
    for (quirks, failure) in
        [(Quirks::default(), "try_later_unavailable"), (tolerant(), "reauthenticate_rejected")]
    {
        let mut world = world(quirks);
        let outputs = refreshed(&mut world, FORM, "error=bad_refresh_token");
        assert_eq!(failures(&outputs), [failure]);
    }
}

#[test]
fn extra_members_are_none() {
    let mut world = world(Quirks::default());
    let odd = json!({"id_token": "x", "deep": [{"a": [1, null]}], "expires_at": -1});
    let outputs = refreshed(&mut world, JSON, &with(odd));
    assert_eq!((deviations(&outputs), tokens(&outputs).len()), (vec![], 1));
}

#[test]
fn quirks_and_limits_are_checked() {
    let refuse = |quirks: Quirks, answer_limit| {
        Provider::new(ProviderConfig { quirks, answer_limit, ..provider_config() }).err()
    };
    let errors = |names: &[&str]| Quirks {
        invalid_grant_errors: names.iter().map(|name| (*name).into()).collect(),
        ..Quirks::default()
    };
    assert_eq!(refuse(tolerant(), 1_024), None);
    assert_eq!(refuse(tolerant(), 1_023), Some(Misuse::AnswerLimitInvalid));
    for bad in [&[""][..], &["a b"], &["é"], &["x"; 17], &[&"x".repeat(65)]] {
        assert_eq!(refuse(errors(bad), 65_536), Some(Misuse::QuirkInvalid), "{bad:?}");
    }
}

#[test]
fn row_37_a_challenge_is_read_whatever_stands_beside_it() {
    let mut world = World::authorized();
    let mut forbidden = |challenges: &[&str]| {
        let header = |value: &&str| ("WWW-Authenticate".to_owned(), (*value).to_owned());
        let headers = challenges.iter().map(header).collect();
        let outputs = world.run(Input::ApiAnswered { generation: 1, status: 403, headers });
        let said = outputs.iter().find_map(|output| match output {
            Output::Failed { failure, .. } => failure.said().cloned(),
            _ => None,
        });
        assert!(requests(&outputs).is_empty(), "no refresh mends a 403");
        (failures(&outputs), said.map(|said| (said.error, said.description.unwrap_or_default())))
    };
    let lacking = (
        vec!["denied_insufficient_scope"],
        Some(("insufficient_scope".to_owned(), "needs a, \"b\"".to_owned())),
    );
    let bearer = r#"bEaReR realm="x, y=z", ERROR="insufficient_scope", error_description="needs a, \"b\"", scope="a b""#;
    for challenges in [
        &[bearer][..],
        &["Basic realm=\"a, Bearer error=no\"", bearer],
        &["Negotiate YWJj=="],
        &[&format!("Negotiate YWJj==, {bearer}")],
        &[&format!("{bearer}, Basic realm=q")],
        &[&format!(", ,Newauth t=1,,{bearer},")],
    ] {
        let expected = match challenges {
            ["Negotiate YWJj=="] => (vec!["denied_forbidden"], None),
            _ => lacking.clone(),
        };
        assert_eq!(forbidden(challenges), expected, "{challenges:?}");
    }
    let (codes, said) = forbidden(&[r#"Bearer error="invalid_token""#]);
    assert_eq!(codes, ["denied_forbidden"]);
    assert_eq!(said.unwrap().0, "invalid_token");
    // What is echoed there goes through redaction too.
    let echoed = "Bearer error=x, error_description=\"token abcdefghijklmnopqrstuvwxyz\"";
    assert_eq!(forbidden(&[echoed]).1.unwrap().1, "token [redacted]");
}
