//! Answers that are not as they should be.

use std::collections::BTreeMap;

use evergrant_authority::{BASIC_CLIENT, Fault, FaultRule, InvalidFault, RetryAfter};
use serde_json::{Value, json};

use crate::client::*;

/// How far ahead of real time the authority is.
const AHEAD: u64 = 1_000_000;

/// A refresh that the fault strikes, and whether the token it came with is still good.
fn struck(fault: Fault) -> (Reply, bool) {
    let world = World::new();
    world.advance(AHEAD);
    let tokens = world.connect(BASIC_CLIENT);
    world.fault(fault);
    let reply = world.refresh(BASIC_CLIENT, &tokens.refresh);
    (reply, world.would_honour(&tokens.refresh))
}

fn members(set: Value, remove: &[&str]) -> Fault {
    let set = serde_json::from_value(set).unwrap();
    let remove = remove.iter().map(|name| (*name).to_owned()).collect();
    Fault::Members { set, remove, status: None }
}

#[test]
fn an_answer_of_somebody_else() {
    for (handled, still_good) in [(false, true), (true, false)] {
        let headers = [("content-type", "text/plain"), ("retry-after", "soon")];
        let (reply, good) = struck(Fault::Answer {
            status: 502,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: "bad gateway".into(),
            handled,
        });
        assert_eq!((reply.status, reply.body.as_str()), (502, "bad gateway"));
        assert_eq!(reply.header("retry-after"), "soon");
        assert_eq!(good, still_good);
    }
}

#[test]
fn try_later_in_both_forms() {
    let later = |status, retry_after| struck(Fault::TryLater { status, retry_after });
    let (reply, good) = later(503, RetryAfter::Seconds(3));
    assert_eq!((reply.status, reply.header("retry-after"), good), (503, "3", true));

    let (reply, good) = later(429, RetryAfter::HttpDateIn(90));
    assert_eq!((reply.status, good), (429, true));
    let date = |name: &str| httpdate::parse_http_date(reply.header(name)).unwrap();
    let wait = date("retry-after").duration_since(date("date")).unwrap();
    assert_eq!(wait.as_secs(), 90);
    let ahead = date("date").duration_since(std::time::SystemTime::now()).unwrap();
    assert!(ahead.as_secs().abs_diff(AHEAD) < 10, "Date is by the authority's clock");

    let (reply, _) = later(429, RetryAfter::HttpDateIn(u64::MAX));
    assert_eq!(reply.header("retry-after"), "Fri, 31 Dec 9999 23:59:59 GMT");
}

#[test]
fn a_wall_in_front() {
    let (reply, good) = struck(Fault::Blocked);
    assert_eq!((reply.status, good), (403, true));
    assert!(reply.header("content-type").starts_with("text/html"));
    assert!(reply.body.contains("<h1>"));
}

#[test]
fn members_of_every_kind() {
    for expires_in in [json!("900"), json!(-1), json!(u64::MAX), json!(1e300), json!(null)] {
        let (reply, good) = struck(members(json!({ "expires_in": expires_in }), &[]));
        assert_eq!((reply.status, good), (200, false));
        assert_eq!(reply.json()["expires_in"], expires_in);
        assert!(reply.json()["refresh_token"].is_string());
    }
    for name in ["expires_in", "token_type", "refresh_token"] {
        let (reply, good) = struck(members(json!({}), &[name]));
        assert!(reply.json().get(name).is_none() && !good);
        assert!(reply.json()["access_token"].is_string());
    }
    for changed in [json!({ "token_type": "mac" }), json!({ "refresh_token": "" })] {
        let (reply, _) = struck(members(changed.clone(), &[]));
        for (name, value) in changed.as_object().unwrap() {
            assert_eq!(&reply.json()[name], value);
        }
    }
    let fault = members(
        json!({ "error": "bad_refresh_token" }),
        &["access_token", "refresh_token", "expires_in", "scope", "token_type"],
    );
    let (reply, _) = struck(fault);
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"error":"bad_refresh_token"}"#));
}

#[test]
fn a_refusal_under_another_status() {
    let world = World::new();
    for status in [200, 401, 403] {
        let fault = Fault::Members { set: BTreeMap::new(), remove: vec![], status: Some(status) };
        world.fault(fault);
        world.refresh(BASIC_CLIENT, "unknown").refuses(status, "invalid_grant");
    }
    let fault = Fault::Members { set: BTreeMap::new(), remove: vec![], status: Some(7) };
    let refused = world.authority.control().add_faults([FaultRule::refresh(fault)]);
    assert_eq!(refused, Err(InvalidFault::Status(7)));
}

#[test]
fn a_form_where_json_should_be() {
    let (reply, _) = struck(Fault::FormEncoded);
    assert_eq!(reply.header("content-type"), "application/x-www-form-urlencoded");
    let pairs: BTreeMap<_, _> = form_urlencoded::parse(reply.body.as_bytes()).collect();
    assert_eq!(pairs["expires_in"], "900");
    assert_eq!(pairs["scope"], "expenses:read users:read");
    assert_eq!(pairs["refresh_token"].len(), 43);
}

#[test]
fn a_body_too_short_and_one_too_long() {
    let (reply, good) = struck(Fault::Truncate { bytes: 30 });
    assert_eq!((reply.header("content-length"), reply.body.len(), good), ("30", 30, false));
    assert!(reply.body.starts_with('{') && serde_json::from_str::<Value>(&reply.body).is_err());

    let (reply, good) = struck(Fault::Pad { bytes: 3_000_000 });
    assert!(reply.body.len() > 3_000_000 && !good);
    reply.tokens();
}

#[test]
fn a_redirect_with_another_issuer() {
    let world = World::new();
    let callback = |set: &[(&str, &str)], remove: &[&str]| {
        let set = set.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let remove = remove.iter().map(|name| (*name).into()).collect();
        let fault = Fault::Redirect { set, remove };
        let rule = FaultRule::new("/oauth/authorize", fault);
        world.authority.control().add_faults([rule]).unwrap();
        world.authorize(&authorization(BASIC_CLIENT))
    };
    let wrong = callback(&[("iss", "https://evil.example")], &[]);
    assert_eq!(wrong.callback("iss").as_deref(), Some("https://evil.example"));
    assert_eq!(wrong.header("location").matches("iss=").count(), 1);
    assert_eq!(wrong.callback("state").as_deref(), Some(STATE));
    world.exchange(BASIC_CLIENT, &wrong.callback("code").unwrap()).tokens();

    let missing = callback(&[], &["iss"]);
    assert_eq!((missing.status, missing.callback("iss")), (302, None));
    assert!(missing.callback("code").is_some());
}

#[test]
fn what_does_not_fit_the_answer_leaves_it_alone() {
    let world = World::new();
    let form = [("grant_type", "refresh_token")];
    for fault in [
        Fault::Redirect { set: [("iss".into(), "x".into())].into(), remove: vec![] },
        Fault::FormEncoded,
        members(json!({ "a": 1 }), &[]),
    ] {
        let rule = FaultRule::new("/nowhere", fault);
        world.authority.control().add_faults([rule]).unwrap();
        let reply = world.form("/nowhere", None, &form);
        assert_eq!((reply.status, reply.body.as_str(), reply.header("location")), (404, "", ""));
    }
}
