//! Authorize and redirect: what is asked for, and the one order in which a
//! redirect is judged.

use crate::common::{
    server::{Server, query},
    *,
};
use evergrant::*;

#[test]
fn the_authorization_request_is_as_the_rfcs_have_it() {
    let mut config = provider_config();
    config.authorize_parameters = vec![("prompt".into(), "consent".into())];
    config.resource = Some("https://api.example/".into());
    let mut world = World::with(client_of(config, client_config()));
    let url = world.open_browser(Input::Authorize(Authorize {
        redirect_uri: "http://127.0.0.1:8123/callback".into(),
        scopes: vec!["accounts:read".into()],
        extra: vec![("b".into(), "é &".into()), ("a".into(), "1".into())],
        binding: Binding::Cookie,
        return_context: None,
        company: None,
    }));
    let (state, challenge) =
        (query(&url, "state").unwrap(), query(&url, "code_challenge").unwrap());
    assert_eq!((state.len(), challenge.len()), (43, 43));
    assert_eq!(
        url,
        format!(
            "https://as.example/authorize?response_type=code&client_id=client%201\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A8123%2Fcallback&scope=accounts%3Aread\
             &state={state}&code_challenge={challenge}&code_challenge_method=S256\
             &resource=https%3A%2F%2Fapi.example%2F&prompt=consent&b=%C3%A9%20%26&a=1"
        )
    );
    let other = world.open_browser(authorize());
    assert_ne!(query(&other, "state"), query(&url, "state"), "fresh for each");
}

#[test]
fn several_authorizations_are_pending_and_each_redirect_completes_its_own() {
    let mut world = World::new();
    let first = world.open_browser(authorize());
    let second = world.open_browser(authorize());
    let redirect = world.server.consent(&second);
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!((world.status(), world.server.exchanges), (Status::Authorized, 1));
    // The other one still can, and the same one cannot twice.
    assert_eq!(
        failures(&world.redirect(&redirect, BrowserProof::SameProcess)),
        ["callback_state_used"]
    );
    let redirect = world.server.consent(&first);
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(tokens(&outputs).len(), 1);
    assert_eq!(world.connection.servable(world.now), Some(2));
}

#[test]
fn a_bad_redirect_changes_nothing() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let good = world.server.consent(&url);
    let state = query(&url, "state").unwrap();
    let base = format!("{REDIRECT_URI}?state={state}");
    let iss = "iss=https%3A%2F%2Fas.example";
    let cases: [(String, BrowserProof, &str); 11] = [
        (REDIRECT_URI.into(), BrowserProof::SameProcess, "callback_unreadable"),
        (format!("{REDIRECT_URI}?code=x"), BrowserProof::SameProcess, "callback_state_missing"),
        (
            format!("{REDIRECT_URI}?code=x&state=f"),
            BrowserProof::SameProcess,
            "callback_state_unknown",
        ),
        (format!("{good}&code=y"), BrowserProof::SameProcess, "callback_duplicate_parameter"),
        (
            format!("{good}&state={state}"),
            BrowserProof::SameProcess,
            "callback_duplicate_parameter",
        ),
        (good.clone(), BrowserProof::Missing, "callback_binding_mismatch"),
        (good.clone(), BrowserProof::Binding("x".into()), "callback_binding_mismatch"),
        (format!("{base}&code=x"), BrowserProof::SameProcess, "callback_issuer_missing"),
        (
            format!("{base}&code=x&iss=https%3A%2F%2Fas.example%2F"),
            BrowserProof::SameProcess,
            "callback_issuer_mismatch",
        ),
        (format!("{base}&{iss}"), BrowserProof::SameProcess, "callback_malformed"),
        (format!("{base}&{iss}&code=x&error=y"), BrowserProof::SameProcess, "callback_malformed"),
    ];
    let before = world.store.clone();
    for (url, proof, code) in cases {
        assert_eq!(failures(&world.redirect(&url, proof)), [code], "{url}");
        assert_eq!(world.store, before, "{url}");
        assert_eq!(world.status(), Status::Authorizing);
    }
    assert_eq!(world.server.exchanges, 0);
    // The true one still completes.
    world.redirect(&good, BrowserProof::SameProcess);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_denial_is_reported_with_its_return_context() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let outputs = world.redirect(&Server::deny(&url), BrowserProof::SameProcess);
    let Some(Output::Failed { activity, failure }) = outputs.last() else { panic!("a failure") };
    assert_eq!(failure.code(), "denied_access");
    assert_eq!(failure.said().unwrap().description.as_deref(), Some("The person said no"));
    assert!(matches!(activity, Activity::Authorization { return_context: Some(context), .. }
        if context == "/settings"));
    assert_eq!((world.status(), world.server.exchanges), (Status::Disconnected, 0));
}

/// A worker that remembered the grant from before the disconnect sent the person out
/// in vain: the redirect was `denied_superseded`.
#[test]
fn who_connects_after_a_disconnect_is_connected_at_any_worker() {
    let mut world = World::authorized();
    let mut stale = second_worker(&world);
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnected);
    world.advance(1_000);
    swap_workers(&mut world, &mut stale);
    world.authorize();
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn nobody_is_sent_out_by_a_worker_that_cannot_look() {
    // The store is silent, three times.
    let mut world = World::authorized();
    let mut step = world.step(authorize());
    for _ in 0..3 {
        let [Output::Swap { op, key, write: None, .. }] = &step.outputs[..] else {
            panic!("{step:?}")
        };
        assert_eq!(key, world.connection.store_key());
        step = world.step(Input::SwapUnanswered { op: *op });
    }
    assert_eq!(failures(&step.outputs), ["try_later_store_slow"]);
    assert_eq!(world.status(), Status::Authorized);
    // It holds what a newer version wrote.
    let mut world = World::authorized();
    let newer = br#"{"v":2,"kind":"connection"}"#.to_vec().into();
    let key = world.connection.store_key().as_str().to_owned();
    let stored = Stored { revision: Revision::new("9"), bytes: newer, age: None };
    world.store.insert(key, stored);
    assert_eq!(failures(&world.run(authorize())), ["host_record_newer"]);
    // And whoever changes his mind meanwhile is not sent out either.
    let mut world = World::authorized();
    let step = world.step(authorize());
    let outputs = world.run(Input::Cancel { authorization: None });
    assert_eq!(notices(&outputs), ["authorization_cancelled"]);
    let answer = world.perform(&step.outputs[0]).unwrap();
    assert!(world.run(answer).is_empty());
}

#[test]
fn a_pending_authorization_expires_and_can_be_cancelled() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let outputs = world.wake();
    assert_eq!(failures(&outputs), ["denied_authorization_expired"]);
    assert_eq!(world.status(), Status::Disconnected);
    let redirect = world.server.consent(&url);
    assert_eq!(
        failures(&world.redirect(&redirect, BrowserProof::SameProcess)),
        ["callback_expired"]
    );

    let url = world.open_browser(authorize());
    let outputs = world.run(Input::Cancel { authorization: None });
    assert_eq!(notices(&outputs), ["authorization_cancelled"]);
    let redirect = world.server.consent(&url);
    assert_eq!(
        failures(&world.redirect(&redirect, BrowserProof::SameProcess)),
        ["callback_state_used"]
    );
    assert_eq!(world.server.exchanges, 0);
    assert!(world.run(Input::Cancel { authorization: None }).is_empty());
}

#[test]
fn the_redirect_may_come_to_another_process() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.restart();
    let key = pending_key(&redirect.as_str().into()).unwrap();
    let stored = world.store[key.as_str()].clone();
    assert_eq!(
        pending_tenant(&world.client, &redirect.as_str().into(), &stored.bytes).unwrap(),
        TENANT
    );
    world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_disconnect_beats_the_redirect_of_an_earlier_authorization() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let mut other = World::new();
    std::mem::swap(&mut other.store, &mut world.store);
    other.advance(1_000);
    other.run(Input::Revoke);
    std::mem::swap(&mut other.store, &mut world.store);
    world.advance(2_000);
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(failures(&outputs), ["denied_superseded"]);
    assert_eq!((world.status(), world.server.exchanges), (Status::Disconnected, 0));
}

#[test]
fn an_authorization_completed_by_another_process_does_not_expire_here() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let mut other = World::new();
    let redirect = world.server.consent(&url);
    std::mem::swap(&mut world.connection, &mut other.connection);
    world.redirect(&redirect, BrowserProof::SameProcess);
    std::mem::swap(&mut world.connection, &mut other.connection);
    assert_eq!(world.status(), Status::Authorizing);
    let outputs = world.wake();
    assert!(failures(&outputs).is_empty() && notices(&outputs).is_empty(), "{outputs:?}");
    assert_eq!(tokens(&world.token_wanted()).len(), 1);
}

#[test]
fn a_pending_write_that_did_not_take_place_is_made_again() {
    for applied in [false, true] {
        let mut world = World::new();
        let step = world.step(authorize());
        let [swap @ Output::Swap { op, .. }] = &step.outputs[..] else { panic!("{step:?}") };
        if applied {
            world.perform(swap);
        }
        let outputs = world.run(Input::SwapUnanswered { op: *op });
        let opened = outputs.iter().any(|output| matches!(output, Output::OpenUrl { .. }));
        assert!(opened, "applied {applied}: {outputs:?}");
    }
}

#[test]
fn nobody_is_sent_to_a_url_whose_record_is_not_in_the_store() {
    let mut world = World::new();
    let step = world.step(authorize());
    let foreign =
        Stored { revision: Revision::new("1"), bytes: SecretBytes::new(*b"{}"), age: None };
    let input = Input::Swapped { op: op_of(&open(&step)), current: Some(foreign) };
    assert_eq!(failures(&world.step(input).outputs), ["host_store_unanswered"]);
    assert_eq!(world.status(), Status::Disconnected);
}

#[test]
fn the_scopes_of_the_last_time_are_asked_for_again_while_the_client_has_them() {
    let mut world = World::new();
    let Input::Authorize(asked) = authorize() else { unreachable!() };
    let url = world.open_browser(Input::Authorize(Authorize {
        scopes: vec!["accounts:read".into()],
        ..asked
    }));
    let redirect = world.server.consent(&url);
    world.redirect(&redirect, BrowserProof::SameProcess);
    let url = world.open_browser(authorize());
    assert_eq!(query(&url, "scope").as_deref(), Some("accounts:read"));
    // Another registration of the client knows that scope no more.
    let narrower = ClientConfig { scopes: vec!["expenses:read".into()], ..client_config() };
    world.client = client_of(provider_config(), narrower);
    world.restart();
    let url = world.open_browser(authorize());
    assert_eq!(query(&url, "scope").as_deref(), Some("expenses:read"));
}
