//! Defects of companies and keys, most of which the simulation found, each as a scenario of its
//! own. The seeds that showed them are in `simulation/seeds.rs`.

use crate::common::{
    server::{Fault, response},
    *,
};
use evergrant::*;

fn world() -> World {
    let config = ProviderConfig {
        company: Some(company_binding()),
        api_keys: Some(company_binding()),
        ..provider_config()
    };
    let mut world = World::with(client_of(config, client_config()));
    world.server.subject = Some("urn:company:acme".into());
    world
}

fn asks_whose(output: &Output) -> bool {
    matches!(output, Output::SendHttp { request, .. } if request.method == Method::Get)
}

/// A new grant waits in the record: the API is down when it is asked whose it is.
fn waiting() -> World {
    let mut world = world();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let proof = BrowserProof::SameProcess;
    let mut queue = vec![Input::Redirected { url: redirect.as_str().into(), proof }];
    while let Some(input) = queue.pop() {
        for output in world.step(input).outputs {
            if asks_whose(&output) {
                let response = response(503, vec![], "");
                queue.push(Input::HttpDone { op: op_of(&output), response });
            } else {
                queue.extend(world.perform(&output));
            }
        }
    }
    assert!(world.record()["candidate"].is_object());
    world
}

/// The API names somebody who is no company.
fn nobody_knows(world: &mut World) {
    world.server.owners.values_mut().for_each(|owner| *owner = "urn:person:1".into());
}

/// Wakes the machine for an hour.
fn settle(world: &mut World) -> Vec<Output> {
    let (until, mut outputs) = (world.now + 3_600_000, Vec::new());
    for _ in 0..100 {
        if world.connection.wake_at(world.now).is_none_or(|at| at > until) {
            return outputs;
        }
        outputs.extend(world.wake());
    }
    panic!("it is woken without end: {outputs:?}");
}

/// A candidate that had been dropped, and that a store brought back which had forgotten
/// its end, stayed in the record, and the connection was exchanging for ever.
#[test]
fn a_candidate_that_a_store_brings_back_is_taken_out_again() {
    let mut world = waiting();
    let before = world.stored().unwrap();
    nobody_knows(&mut world);
    assert_eq!(failures(&settle(&mut world)), ["company_unknown"]);
    assert_eq!(world.status(), Status::Disconnected);
    let key = world.connection.store_key().as_str().to_owned();
    world.store.insert(key, Stored { revision: Revision::new("restored"), ..before });
    assert_eq!(failures(&world.token_wanted()), ["denied_not_connected"]);
    assert_eq!(failures(&settle(&mut world)), [""; 0], "the person has been told");
    assert!(world.record()["candidate"].is_null());
    assert_eq!(world.status(), Status::Disconnected);
}

/// So did one whose end a silent store had not taken, until the process ended.
#[test]
fn a_candidate_that_a_silent_store_keeps_is_taken_out_later() {
    let mut world = waiting();
    nobody_knows(&mut world);
    let at = world.connection.wake_at(world.now).unwrap();
    world.advance(at - world.now);
    let (mut queue, mut told) = (vec![Input::Wake], Vec::new());
    while let Some(input) = queue.pop() {
        for output in world.step(input).outputs {
            match &output {
                Output::Swap { op, .. } => queue.push(Input::SwapUnanswered { op: *op }),
                output => queue.extend(world.perform(output)),
            }
            told.push(output);
        }
    }
    assert_eq!(failures(&told), ["company_unknown"]);
    assert!(world.record()["candidate"].is_object());
    assert_eq!(failures(&settle(&mut world)), [""; 0], "the person has been told");
    assert!(world.record()["candidate"].is_null());
    assert_eq!(world.status(), Status::Disconnected);
}

/// A worker that had slept while another one dropped the candidate, and had it revoked,
/// took it into use: a person who had been told that it came to nothing was connected.
#[test]
fn a_candidate_that_another_worker_has_dropped_is_not_taken_into_use() {
    let mut world = world();
    world.token_wanted();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let proof = BrowserProof::SameProcess;
    let mut queue = vec![Input::Redirected { url: redirect.as_str().into(), proof }];
    let mut late = None;
    while let Some(input) = queue.pop() {
        for output in world.step(input).outputs {
            let answer = world.perform(&output);
            match asks_whose(&output) {
                true => late = answer,
                false => queue.extend(answer),
            }
        }
    }
    let mut second = second_worker(&world);
    swap_workers(&mut world, &mut second);
    nobody_knows(&mut world);
    assert_eq!(failures(&settle(&mut world)), ["company_unknown"]);
    assert!(world.record()["candidate"].is_null());
    swap_workers(&mut world, &mut second);
    let outputs = world.run(late.unwrap());
    assert_eq!((tokens(&outputs), failures(&outputs)), (vec![], vec!["denied_superseded"]));
    assert_eq!(world.status(), Status::Disconnected);
}

/// A key whose scopes the API does not tell was said to lack all that were asked of it.
#[test]
fn a_key_lacks_nothing_where_the_api_tells_of_no_scopes() {
    let mut world = world();
    let silent = Some(CompanyBinding { scope: None, ..company_binding() });
    let config = ProviderConfig { api_keys: silent, ..world.client.provider().config().clone() };
    world.client = client_of(config, client_config());
    world.restart();
    world.server.owners.insert("Basic a2V5Og==".into(), "urn:company:acme".into());
    let outputs = world.run(Input::KeyEntered(ApiKey {
        key: "key".into(),
        kind: ApiKeyKind::Standalone,
        company: None,
        scopes: vec!["expenses:read".into()],
    }));
    assert_eq!(notices(&outputs), ["grant_obtained", "company_bound"]);
    assert_eq!(world.connection.missing_scopes("users:read"), "");
}

#[test]
fn a_candidate_of_a_worker_that_lives_is_not_taken_up_at_once() {
    let mut world = waiting();
    let begun = world.now;
    world.advance(1);
    assert_eq!(second_worker(&world).wake_at(world.now), Some(begun + 10_000));
}

/// The store falls silent when a company has been reserved, before its credential is taken
/// into use.
fn silent_before_the_promotion(world: &mut World, input: Input) -> Vec<Output> {
    let (mut queue, mut said, mut silent) = (vec![input], Vec::new(), false);
    while let Some(input) = queue.pop() {
        for output in world.step(input).outputs {
            match &output {
                Output::Swap { op, .. } if silent => {
                    queue.push(Input::SwapUnanswered { op: *op });
                }
                Output::Swap { key, write, .. } => {
                    silent = key.as_str().starts_with("company/") && write.is_some();
                    queue.extend(world.perform(&output));
                }
                _ => queue.extend(world.perform(&output)),
            }
            said.push(output);
        }
    }
    assert!(silent);
    said
}

#[test]
fn who_enters_a_key_is_told_of_a_silent_store_and_an_authorization_goes_on_later() {
    let mut world = world();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let proof = BrowserProof::SameProcess;
    let redirected = Input::Redirected { url: redirect.as_str().into(), proof };
    let said = silent_before_the_promotion(&mut world, redirected);
    assert!(failures(&said).is_empty(), "{said:?}");
    world.wake();
    assert_eq!(world.status(), Status::Authorized);

    let mut world = self::world();
    world.server.owners.insert("Basic a2V5Og==".into(), "urn:company:acme".into());
    let entered = Input::KeyEntered(ApiKey {
        key: "key".into(),
        kind: ApiKeyKind::Standalone,
        company: None,
        scopes: vec![],
    });
    let said = silent_before_the_promotion(&mut world, entered);
    assert_eq!(failures(&said), ["try_later_store_slow"]);
}

#[test]
fn fewer_scopes_than_were_asked_for_are_told_of_also_where_the_api_tells_of_none() {
    let company = Some(CompanyBinding { scope: None, ..company_binding() });
    let config = ProviderConfig { company, ..provider_config() };
    let mut world = World::with(client_of(config, client_config()));
    world.server.subject = Some("urn:company:acme".into());
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    world.server.faults.push_back(Fault::Change(serde_json::json!({"scope": "b"})));
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    assert!(notices(&outputs).contains(&"scope_narrowed"), "{outputs:?}");
}
