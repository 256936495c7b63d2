//! The way back, and the exchange.

use crate::{
    TOKEN_ENDPOINT, asking, common::*, headers, in_body, in_url, redirected, registered, told,
    whole_life, world,
};
use evergrant::*;

fn back(state: &str, rest: &str) -> Input {
    redirected(&format!("{REDIRECT_URI}?state={state}&{rest}"))
}

/// The state of an authorization that has just been begun.
fn begun(world: &mut World) -> String {
    let url = world.open_browser(authorize());
    in_url(&url, "state").concat()
}

#[test]
fn pleo_09_a_wrong_missing_or_used_state_sends_nothing() {
    let mut world = world();
    let state = begun(&mut world);
    let mut shorter = state.clone();
    shorter.pop();
    for (rest, code) in [
        ("code=c", "callback_state_missing"),
        ("code=c&state=", "callback_state_missing"),
        ("code=c&state=forged", "callback_state_unknown"),
        (&format!("code=c&state={shorter}"), "callback_state_unknown"),
        (&format!("code=c&state={state}x"), "callback_state_unknown"),
        (&format!("code=c&state={state}&state={state}"), "callback_duplicate_parameter"),
    ] {
        let outputs = world.run(redirected(&format!("{REDIRECT_URI}?{rest}")));
        assert_eq!((failures(&outputs), requests(&outputs).len()), (vec![code], 0), "{rest}");
    }
    // Nothing of this has used it up; once used, it is used in every process.
    let outputs = world.run(back(&state, "code=c"));
    assert_eq!(requests(&outputs).len(), 1);
    for _ in 0..2 {
        let outputs = world.run(back(&state, "code=c"));
        let told = (failures(&outputs), requests(&outputs).len());
        assert_eq!(told, (vec!["callback_state_used"], 0));
        world.restart();
    }
}

#[test]
fn pleo_10_an_error_is_told_with_its_name_and_words_and_nothing_is_exchanged() {
    for (error, code) in [
        ("access_denied", "denied_access"),
        ("invalid_scope", "misconfigured_invalid_scope"),
        ("unauthorized_client", "misconfigured_unauthorized_client"),
        ("temporarily_unavailable", "try_later_unavailable"),
        ("pleo_something_new", "misconfigured_other_error"),
    ] {
        let mut world = world();
        let state = begun(&mut world);
        let words = format!("error={error}&error_description=The+admin+said+no");
        let outputs = world.run(back(&state, &words));
        let [(activity, failure)] = &told(&outputs)[..] else { panic!("{outputs:?}") };
        assert_eq!((*activity, failure.code()), ("authorization", code));
        if !code.starts_with("try_later") {
            let said = failure.said().expect("the server's words");
            let words = (said.error.as_str(), said.description.as_deref());
            assert_eq!(words, (error, Some("The admin said no")));
        }
        // The person is brought back to where he was, and the state is used up.
        assert!(outputs.iter().any(|output| matches!(output, Output::Failed {
            activity: Activity::Authorization { return_context: Some(context), .. }, ..
        } if context == "/settings")));
        assert_eq!(failures(&world.run(back(&state, "code=c"))), ["callback_state_used"]);
        assert!(requests(&world.outputs).is_empty(), "{error}");
        assert_eq!(world.status(), Status::Disconnected);
    }
}

#[test]
fn pleo_10_the_words_of_a_server_in_trouble_are_told_too() {
    for error in ["temporarily_unavailable", "server_error"] {
        let mut world = world();
        let state = begun(&mut world);
        let words = format!("error={error}&error_description=Back+at+noon");
        let outputs = world.run(back(&state, &words));
        let said = told(&outputs)[0].1.said().expect("the server's words").clone();
        assert_eq!(
            (said.error.as_str(), said.description.as_deref()),
            (error, Some("Back at noon"))
        );
    }
}

#[test]
fn pleo_11_a_redirect_with_neither_or_both_is_a_failure() {
    for rest in ["", "foo=bar", "code=", "error=", "code=c&error=access_denied", "CODE=c"] {
        let mut world = world();
        let state = begun(&mut world);
        let outputs = world.run(back(&state, rest));
        let told = (failures(&outputs), requests(&outputs).len());
        assert_eq!(told, (vec!["callback_malformed"], 0), "{rest}");
    }
}

#[test]
fn pleo_12_exchange_and_refresh_are_forms_posted_to_the_token_endpoint() {
    let world = whole_life(Pleo::Production, registered());
    let mut grants = Vec::new();
    for request in requests(&world.outputs) {
        let Some(grant) = in_body(request, "grant_type").pop() else { continue };
        assert_eq!((request.method, request.url.as_str()), (Method::Post, TOKEN_ENDPOINT));
        assert_eq!(headers(request, "content-type"), ["application/x-www-form-urlencoded"]);
        let text = body(request);
        let names: Vec<_> = form_urlencoded::parse(text.as_bytes()).map(|pair| pair.0).collect();
        let expected: &[&str] = match grant.as_str() {
            "authorization_code" => &["grant_type", "code", "redirect_uri", "code_verifier"],
            _ => &["grant_type", "refresh_token"],
        };
        assert_eq!(names, expected);
        grants.push(grant);
    }
    let refresh = "refresh_token";
    assert_eq!(grants, ["authorization_code", refresh, refresh, refresh]);
    // The browser carries what it must: neither secret nor token nor verifier.
    for output in &world.outputs {
        let Output::OpenUrl { url, .. } = output else { continue };
        let url = url.expose();
        let names: Vec<_> = url.split_once('?').unwrap().1.split('&').collect();
        let names: Vec<_> = names.iter().map(|pair| pair.split('=').next().unwrap()).collect();
        let expected = ["response_type", "client_id", "redirect_uri", "scope", "state"];
        assert_eq!(names[..5], expected);
        assert_eq!(names[5..], ["code_challenge", "code_challenge_method"]);
        assert!(!url.contains("canary"));
    }
}

#[test]
fn pleo_12_the_code_is_exchanged_at_once_and_not_by_whoever_has_it_later() {
    let mut world = world();
    let url = world.open_browser(asking(|asked| asked.binding = Binding::Cookie));
    let redirect = world.server.consent(&url);
    // Nobody but the browser that was sent out can have it exchanged.
    let outputs = world.redirect(&redirect, BrowserProof::Missing);
    assert_eq!(failures(&outputs), ["callback_binding_mismatch"]);
    assert!(requests(&outputs).is_empty());
    let cookie = world.outputs.iter().find_map(|output| match output {
        Output::OpenUrl { binding, .. } => binding.clone(),
        _ => None,
    });
    let started = world.now;
    let outputs = world.redirect(&redirect, BrowserProof::Binding(cookie.unwrap()));
    assert_eq!((failures(&outputs), world.now), (vec![], started));
    assert_eq!(world.server.exchanges, 1);
}
