//! One connection belongs to one company, and one company to one tenant: a new
//! credential is used only when it is known whose it is.

use crate::common::{server::Fault, *};
use evergrant::*;

const ACME: &str = "urn:company:acme";
const OTHER: &str = "urn:company:other";
const GROUP: &str = "urn:organisation:group";

fn config() -> ProviderConfig {
    ProviderConfig {
        company: Some(company_binding()),
        disconnect: by_api_request(),
        ..provider_config()
    }
}

fn world_with(config: ProviderConfig) -> World {
    let mut world = World::with(client_of(config, client_config()));
    world.server.subject = Some(ACME.into());
    world
}

fn world() -> World {
    world_with(config())
}

/// Connected to a company.
fn connected() -> World {
    let mut world = world();
    world.authorize();
    assert_eq!(
        (world.status(), world.record()["company"].as_str()),
        (Status::Authorized, Some(ACME))
    );
    world
}

fn choosing(company: &str) -> Input {
    let Input::Authorize(asked) = authorize() else { unreachable!() };
    Input::Authorize(Authorize { company: Some(company.into()), ..asked })
}

fn authorize_with(world: &mut World, input: Input) -> Vec<Output> {
    let url = world.open_browser(input);
    let redirect = world.server.consent(&url);
    world.redirect(&redirect, BrowserProof::SameProcess)
}

/// Wakes the machine until it has nothing to do for a while.
fn settle(world: &mut World) -> Vec<Output> {
    let mut outputs = Vec::new();
    while world.connection.wake_at(world.now).is_some_and(|at| at < world.now + 600_000) {
        outputs.extend(world.wake());
    }
    outputs
}

fn whose(outputs: &[Output]) -> Option<String> {
    outputs.iter().find_map(|output| match output {
        Output::Failed { failure, .. } => failure.company().map(str::to_owned),
        _ => None,
    })
}

#[test]
fn a_grant_is_used_only_when_its_company_is_known_and_reserved() {
    let mut world = world();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    let order: Vec<&str> = notices(&outputs);
    assert_eq!(order, ["redirect_accepted", "grant_obtained", "company_bound", "scope_narrowed"]);
    // The API's own word on the scopes is what counts.
    assert!(outputs.iter().any(|output| matches!(
        output, Output::Authorized { scope, .. } if scope == "expenses:read"
    )));
    let record = world.record();
    assert_eq!(record["tokens"]["scope"], "expenses:read");
    assert_eq!((record["gen"].as_u64(), &record["candidate"]), (Some(1), &serde_json::Value::Null));
    let reserved = &world.store[StoreKey::company(&world.client, ACME).as_str()];
    assert_eq!(
        company_tenant(&world.client, ACME, &reserved.bytes).unwrap().as_deref(),
        Some(TENANT)
    );
}

#[test]
fn a_crash_after_any_output_leaves_nothing_wrong_active_and_is_finished() {
    for deaths in 0..40 {
        let mut world = world();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        let mut queue = vec![Input::Redirected {
            url: redirect.as_str().into(),
            proof: BrowserProof::SameProcess,
        }];
        let mut left = deaths;
        'life: while let Some(input) = queue.pop() {
            for output in world.step(input).outputs {
                if left == 0 {
                    break 'life;
                }
                left -= 1;
                queue.extend(world.perform(&output));
            }
        }
        let through = left > 0;
        let exchanged = world.record_or_null()["candidate"].is_object()
            || world.record_or_null()["tokens"].is_object();
        world.restart();
        assert!(world.header().is_none() || world.record()["company"] == ACME, "{deaths}");
        settle(&mut world);
        if exchanged {
            assert_eq!(world.status(), Status::Authorized, "{deaths}");
            assert_eq!(world.record()["company"], ACME);
            assert_eq!(world.token_wanted().len(), 1);
        }
        if through {
            assert!(deaths > 10);
            return;
        }
    }
    panic!("it never ends");
}

#[test]
fn another_company_is_told_and_nothing_is_overwritten() {
    for (reserved_by_another, uninstalled) in [(false, 1), (true, 0)] {
        let mut world = connected();
        let header = world.header();
        let mut before = world.record();
        if reserved_by_another {
            let write = reserve_company(&world.client, OTHER, "tenant-2").unwrap();
            world.swap(&StoreKey::company(&world.client, OTHER), None, Some(&write));
        }
        world.server.subject = Some(OTHER.into());
        let outputs = authorize_with(&mut world, authorize());
        assert_eq!(failures(&outputs), ["company_mismatch"]);
        assert_eq!(whose(&outputs).as_deref(), Some(OTHER));
        before["candidate_dropped"] = true.into();
        assert_eq!((world.header(), world.record()), (header, before), "else as it was");
        // What nobody wants is ended, unless it is somebody's.
        assert_eq!(world.server.uninstalled.len(), uninstalled);
        assert_eq!(world.connection.servable(world.now), Some(1));
    }
}

#[test]
fn a_company_of_another_tenant_is_not_taken_from_it() {
    let mut world = world();
    let write = reserve_company(&world.client, ACME, "tenant-2").unwrap();
    world.swap(&StoreKey::company(&world.client, ACME), None, Some(&write));
    let outputs = world.authorize();
    assert_eq!(failures(&outputs), ["company_taken"]);
    assert_eq!((world.header(), world.status()), (None, Status::Disconnected));
    assert!(world.server.uninstalled.is_empty(), "the other tenant's grant lives");
    assert!(world.record()["candidate"].is_null());
}

#[test]
fn a_company_that_was_released_may_be_another_tenants() {
    let mut world = world();
    let key = StoreKey::company(&world.client, ACME);
    let theirs = reserve_company(&world.client, ACME, "tenant-2").unwrap();
    let stored = world.swap(&key, None, Some(&theirs)).unwrap();
    let released = release_company(&world.client, ACME);
    let stored = world.swap(&key, Some(&stored.revision), Some(&released)).unwrap();
    assert_eq!(company_tenant(&world.client, ACME, &stored.bytes).unwrap(), None);
    assert_eq!(failures(&world.authorize()), [""; 0]);
    let owner = company_tenant(&world.client, ACME, &world.store[key.as_str()].bytes);
    assert_eq!(owner.unwrap().as_deref(), Some(TENANT));
}

#[test]
fn two_workers_that_bind_one_grant_come_to_the_same() {
    let mut world = world();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let input =
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess };
    asked_and_answered(&mut world, input, &[(503, "")]);
    let mut other = second_worker(&world);
    world.advance(20_000);
    // Both ask, and answer in turns.
    let mut open: Vec<(usize, Input)> = vec![(0, Input::Wake), (1, Input::Wake)];
    let mut authorized = 0;
    while !open.is_empty() {
        let (worker, input) = open.remove(0);
        if worker == 1 {
            swap_workers(&mut world, &mut other);
        }
        for output in world.step(input).outputs {
            authorized += usize::from(matches!(output, Output::Authorized { .. }));
            open.extend(world.perform(&output).map(|answer| (worker, answer)));
        }
        if worker == 1 {
            swap_workers(&mut world, &mut other);
        }
    }
    assert!(authorized >= 1);
    let record = world.record();
    assert_eq!((&record["gen"], &record["company"]), (&1.into(), &ACME.into()));
    assert!(record["candidate"].is_null());
    assert_eq!(other.servable(world.now), world.connection.servable(world.now));
}

#[test]
fn where_tokens_can_be_revoked_one_by_one_both_are() {
    let disconnect = Disconnect::Revocation { endpoint: "https://as.example/revoke".into() };
    let mut world = world_with(ProviderConfig { disconnect, ..config() });
    world.authorize();
    world.server.subject = Some(OTHER.into());
    let mut outputs = authorize_with(&mut world, authorize());
    assert_eq!(failures(&outputs), ["company_mismatch"]);
    outputs.extend(settle(&mut world));
    let revoked: Vec<String> = requests(&outputs).into_iter().map(body).collect();
    let tokens = revoked.iter().filter_map(|body| server::query(&format!("?{body}"), "token"));
    let tokens: Vec<String> = tokens.collect();
    assert_eq!(tokens, ["canary-refresh-4", "canary-access-4"]);
}

#[test]
fn an_organisation_needs_a_company_to_be_chosen() {
    let mut world = world();
    world.server.subject = Some(GROUP.into());
    assert_eq!(failures(&world.authorize()), ["company_choice_needed"]);
    let outputs = authorize_with(&mut world, choosing(ACME));
    assert_eq!((failures(&outputs), world.status()), (vec![], Status::Authorized));
    assert_eq!(world.record()["company"], ACME);
    // Once bound it is not asked again, and cannot be moved.
    assert_eq!(failures(&authorize_with(&mut world, authorize())), [""; 0]);
    assert_eq!(failures(&authorize_with(&mut world, choosing(OTHER))), ["company_mismatch"]);
    assert_eq!(world.record()["company"], ACME);
}

#[test]
fn a_company_that_was_chosen_must_be_the_one() {
    let mut world = world();
    let outputs = authorize_with(&mut world, choosing(OTHER));
    assert_eq!(failures(&outputs), ["company_mismatch"]);
    assert_eq!(whose(&outputs).as_deref(), Some(ACME));
    assert_eq!(world.misuse(choosing("a b")), Misuse::CompanyInvalid);
}

#[test]
fn what_the_api_does_not_say_is_not_guessed() {
    for (status, body, code) in [
        (200, r#"{"data":{"scope":"a"}}"#, "company_unknown"),
        (200, r#"{"data":{"subjectURN":"urn:person:1"}}"#, "company_unknown"),
        (404, "", "company_unknown"),
        (401, "", "server_fresh_token_refused"),
        (403, "", "denied_forbidden"),
    ] {
        let mut world = world();
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        let input =
            Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess };
        let outputs = asked_and_answered(&mut world, input, &[(status, body)]);
        assert_eq!(failures(&outputs), [code], "{body}");
        assert_eq!((world.header(), world.status()), (None, Status::Disconnected));
        assert!(world.record()["candidate"].is_null() && world.record()["company"].is_null());
    }
}

/// Runs an input to its end; questions to the API are answered so, the others well.
fn asked_and_answered(world: &mut World, input: Input, answers: &[(u16, &str)]) -> Vec<Output> {
    let mut answers = answers.iter();
    let (mut queue, mut all) = (vec![input], Vec::new());
    while let Some(input) = queue.pop() {
        for output in world.step(input).outputs {
            if let Output::SendHttp { request, .. } = &output
                && request.method == Method::Get
                && let Some((status, body)) = answers.next()
            {
                world.server.faults.push_back(Fault::Answer(*status, (*body).into()));
            }
            queue.extend(world.perform(&output));
            all.push(output);
        }
    }
    all
}

#[test]
fn an_api_that_is_down_is_asked_again_and_the_grant_before_serves_meanwhile() {
    let mut world = connected();
    let header = world.header();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let input =
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess };
    let outputs = asked_and_answered(&mut world, input, &[(503, "")]);
    assert_eq!((failures(&outputs), world.header()), (vec![], header));
    assert_eq!(world.status(), Status::Exchanging);
    let outputs = settle(&mut world);
    assert!(outputs.iter().any(|output| matches!(output, Output::Authorized { .. })));
    assert_eq!(world.connection.servable(world.now), Some(2));

    // Not for ever: then nothing has changed, and the person may come again.
    world.server.owners.clear();
    world.server.faults.extend([]);
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let input =
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess };
    let begun = world.now;
    let mut outputs = asked_and_answered(&mut world, input, &[(503, "")]);
    while world.record()["candidate"].is_object() {
        world.server.faults.push_back(Fault::Answer(503, String::new()));
        outputs.extend(world.wake());
        world.server.faults.clear();
    }
    assert_eq!(failures(&outputs), ["try_later_unavailable"]);
    assert!(world.now - begun >= 900_000, "a quarter of an hour");
    assert_eq!(world.connection.servable(world.now), Some(2));
}

#[test]
fn a_disconnect_ends_a_candidate_too() {
    let mut world = world();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let input =
        Input::Redirected { url: redirect.as_str().into(), proof: BrowserProof::SameProcess };
    asked_and_answered(&mut world, input, &[(503, "")]);
    assert!(world.record()["candidate"].is_object());
    // An index claims it when somebody else may take it up.
    let due = world.outputs.iter().rev().find_map(|output| match output {
        Output::Swap { write: Some(write), .. } => Some(write.due_at),
        _ => None,
    });
    assert_eq!(due, Some(Some(START + 10_000)));
    let outputs = world.run(Input::Revoke);
    assert_eq!(failures(&outputs), ["denied_superseded"]);
    assert!(world.server.uninstalled.is_empty(), "nobody knows whose it is");
    assert_eq!(world.status(), Status::Disconnected);
    assert!(world.record()["candidate"].is_null() && world.record()["tokens"].is_null());
}

#[test]
fn a_store_that_does_not_answer_loses_no_candidate() {
    for swap in 0..12 {
        for applied in [false, true] {
            let mut world = world();
            let url = world.open_browser(authorize());
            let redirect = world.server.consent(&url);
            let (mut queue, mut count) = (
                vec![Input::Redirected {
                    url: redirect.as_str().into(),
                    proof: BrowserProof::SameProcess,
                }],
                0,
            );
            while let Some(input) = queue.pop() {
                for output in world.step(input).outputs {
                    if let Output::Swap { op, .. } = &output {
                        count += 1;
                        if count == swap + 1 {
                            if applied {
                                world.perform(&output);
                            }
                            queue.push(Input::SwapUnanswered { op: *op });
                            continue;
                        }
                    }
                    queue.extend(world.perform(&output));
                }
            }
            settle(&mut world);
            assert_eq!(world.status(), Status::Authorized, "{swap}, {applied}");
            assert_eq!(world.record()["company"], ACME);
            assert_eq!(world.server.exchanges, 1);
        }
    }
}

#[test]
fn a_reservation_that_cannot_be_read_is_looked_at_again_until_the_end() {
    for mended in [true, false] {
        let mut world = world();
        let unreadable =
            Stored { revision: Revision::new("0"), bytes: SecretBytes::new(*b"{"), age: None };
        let company = StoreKey::company(&world.client, ACME).as_str().to_owned();
        world.store.insert(company.clone(), unreadable);
        assert_eq!((failures(&world.authorize()), world.status()), (vec![], Status::Exchanging));
        if mended {
            world.store.remove(&company);
        }
        let outputs = settle(&mut world);
        let expected = if mended { vec![] } else { vec!["host_record_unreadable"] };
        assert_eq!((failures(&outputs), world.header().is_some()), (expected, mended));
        assert_eq!(world.now - START, if mended { 300_000 } else { 900_000 });
    }
}
