//! A new grant and its company.

use super::*;

#[test]
fn a_verdict_on_the_old_grant_leaves_the_candidate() {
    let mut world = connected();
    waiting(&mut world);
    // The server has ended the old grant with the new one.
    world.run(Input::ApiAnswered { generation: 1, status: 401, headers: vec![] });
    assert!(world.record()["candidate"].is_object(), "the only copy of the new grant");
    let outputs = settle(&mut world);
    assert_eq!(answers(&outputs), ["authorized"]);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_disconnect_does_not_end_another_tenants_installation() {
    let mut world = world();
    world.server.subject = Some(OTHER.into());
    let write = reserve_company(&world.client, OTHER, "tenant-2").unwrap();
    world.swap(&StoreKey::company(&world.client, OTHER), None, Some(&write));
    waiting(&mut world);
    world.run(Input::Revoke);
    settle(&mut world);
    assert_eq!(world.status(), Status::Disconnected);
    assert_eq!(world.server.uninstalled, [""; 0], "tenant-2's installation is gone");
}

#[test]
fn a_candidate_in_a_record_that_cannot_be_written_is_not_asked_for_without_end() {
    let mut world = world();
    waiting(&mut world);
    // A newer worker has rewritten the record in its own way.
    let key = world.connection.store_key().clone();
    let mut record = world.record();
    record["v"] = 2.into();
    let bytes = SecretBytes::new(record.to_string().into_bytes());
    let there = world.stored().unwrap().revision;
    world.swap(&key, Some(&there), Some(&Write { bytes, due_at: None, purge_at: None }));
    let begun = world.now;
    let mut outputs = Vec::new();
    for _ in 0..60 {
        if world.connection.wake_at(world.now).is_some() {
            outputs.extend(world.wake());
        }
    }
    assert!(answers(&outputs).len() <= 1, "answered {} times", answers(&outputs).len());
    let (asked, ms) = (questions(&outputs), world.now - begun);
    assert!(asked <= 3 || ms > 60_000, "asked {asked} times in {ms} ms");
}

#[test]
fn an_authorization_is_answered_once_where_the_store_is_silent() {
    let mut world = connected();
    world.server.subject = Some(OTHER.into());
    let input = came_back(&mut world);
    let own = world.connection.store_key().clone();
    // From the verdict of the company on, the store does not answer for a while.
    let mut down = false;
    let silent = |_: &mut World, output: &Output| {
        down |= is_question(output);
        match output {
            Output::Swap { op, key, .. } if down && *key == own => {
                Some(Some(Input::SwapUnanswered { op: *op }))
            }
            _ => None,
        }
    };
    let mut outputs = run_with(&mut world, input, silent);
    outputs.extend(settle(&mut world));
    assert_eq!(answers(&outputs), ["authorization company_mismatch"]);
}

#[test]
fn a_worker_whose_grant_another_bound_does_not_deny_it() {
    let mut world = world();
    let input = came_back(&mut world);
    // The first worker's question is answered late.
    let mut late = None;
    let hold = |world: &mut World, output: &Output| {
        if is_question(output) {
            late = world.perform(output);
            return Some(None);
        }
        None
    };
    run_with(&mut world, input, hold);
    let mut second = second_worker(&world);
    swap_workers(&mut world, &mut second);
    let outputs = settle_for(&mut world, 20_000);
    assert_eq!(answers(&outputs), ["authorized"]);
    world.run(Input::ApiAnswered { generation: 1, status: 401, headers: vec![] });
    assert_eq!(world.connection.servable(world.now), Some(2));
    swap_workers(&mut world, &mut second);
    let outputs = world.run(late.unwrap());
    assert!(!answers(&outputs).iter().any(|said| said.contains("denied")), "{outputs:?}");
}

/// Wakes the machine for so many milliseconds.
fn settle_for(world: &mut World, ms: u64) -> Vec<Output> {
    let (until, mut outputs) = (world.now + ms, Vec::new());
    while world.connection.wake_at(world.now).is_some_and(|at| at < until) {
        outputs.extend(world.wake());
    }
    outputs
}

#[test]
fn a_candidate_is_not_lost_at_the_end_of_the_grant_before() {
    let endpoint = "https://as.example/revoke".into();
    let disconnect = Disconnect::Revocation { endpoint };
    let mut world = world_with(ProviderConfig { disconnect, ..config() });
    world.authorize();
    world.server.faults.push_back(Fault::Answer(503, String::new()));
    let mut outputs = world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnecting);
    // The person comes back before the server has been told.
    outputs.extend(waiting(&mut world));
    let token = world.record()["candidate"]["tokens"]["refresh"].as_str().unwrap().to_owned();
    // The API is down until the server has been told of the grant before.
    while world.record()["tokens"].is_object() {
        world.now = world.connection.wake_at(world.now).unwrap().max(world.now);
        outputs.extend(run_with(&mut world, Input::Wake, api_down));
    }
    outputs.extend(settle(&mut world));
    let kept = world.record().to_string().contains(&token);
    let revoked = requests(&outputs)
        .iter()
        .any(|request| request.url.ends_with("/revoke") && body(request).contains(&token));
    assert!(kept || revoked, "{:?}: neither used nor revoked", answers(&outputs));
}

#[test]
fn a_reservation_that_the_store_does_not_take_is_given_up() {
    let mut world = world();
    let ignores = |_: &mut World, output: &Output| match output {
        Output::Swap { op, key, .. } if key.as_str().starts_with("company/") => {
            Some(Some(Input::Swapped { op: *op, current: None }))
        }
        _ => None,
    };
    let outputs = run_with(&mut world, entered("canary-key-1"), ignores);
    let swaps = outputs.iter().filter(|output| matches!(output, Output::Swap { .. })).count();
    assert!(swaps < 20, "{swaps} swaps in one go");
}

#[test]
fn a_reservation_that_cannot_be_read_costs_no_grant() {
    let mut world = world();
    let key = StoreKey::company(&world.client, ACME);
    let write = reserve_company(&world.client, ACME, TENANT).unwrap();
    let text = String::from_utf8(write.bytes.expose().to_vec()).unwrap();
    let bytes = SecretBytes::new(text.replace("\"v\":1", "\"v\":2").into_bytes());
    world.swap(&key, None, Some(&Write { bytes, ..write }));
    world.authorize();
    assert!(world.record()["candidate"].is_object(), "a newer worker could have bound it");
}

#[test]
fn a_store_that_forgets_a_candidate_costs_no_grant() {
    let mut world = connected();
    let before = world.stored().unwrap();
    waiting(&mut world);
    // The store fails over to what it held before.
    let key = world.connection.store_key().as_str().to_owned();
    world.store.insert(key, Stored { revision: Revision::new("restored"), ..before });
    let outputs = settle(&mut world);
    assert_eq!(answers(&outputs), ["authorized"]);
}

#[test]
fn a_company_that_was_chosen_counts_for_a_connection_that_has_one() {
    let mut world = connected();
    let Input::Authorize(asked) = authorize() else { unreachable!() };
    let url =
        world.open_browser(Input::Authorize(Authorize { company: Some(OTHER.into()), ..asked }));
    let redirect = world.server.consent(&url);
    let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
    assert_eq!(answers(&outputs), ["authorization company_mismatch"]);
}

#[test]
fn a_superseded_authorization_is_answered_once() {
    let mut world = world();
    let mut outputs = waiting(&mut world);
    world.advance(11_000);
    let input = came_back(&mut world);
    let own = world.connection.store_key().clone();
    // The store is silent once, when the second grant is to be kept beside the first.
    let mut silent = 1;
    outputs.extend(run_with(&mut world, input, |world, output| match output {
        Output::Swap { op, key, .. } if *key == own && world.server.exchanges == 2 => {
            let now = silent > 0;
            silent = 0;
            now.then(|| Some(Input::SwapUnanswered { op: *op }))
        }
        _ => None,
    }));
    // A wake of the host's own: harmless at any time.
    outputs.extend(world.run(Input::Wake));
    outputs.extend(settle(&mut world));
    let answers = answers(&outputs);
    assert_eq!(answers.len(), 2, "two authorizations, {answers:?}");
}

#[test]
fn a_provider_that_needs_no_company_any_more_costs_no_grant() {
    let mut world = world();
    waiting(&mut world);
    world.client = client_of(ProviderConfig { company: None, ..config() }, client_config());
    world.restart();
    settle(&mut world);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn a_candidate_whose_token_has_run_out_is_answered_for() {
    let mut world = world();
    waiting(&mut world);
    world.restart();
    // The app is opened again the next day. The API knows the token no more.
    world.advance(86_400_000);
    world.server.owners.remove("Bearer canary-access-2");
    let outputs = settle(&mut world);
    // To refresh it without an intent of its own could end it: the person comes again.
    assert_eq!(answers(&outputs), ["authorization outcome_unknown"]);
    assert!(world.record()["candidate"].is_null());
}

#[test]
fn a_clock_glitch_does_not_cost_a_candidate() {
    let mut world = world();
    waiting(&mut world);
    world.now += 86_400_000;
    run_with(&mut world, Input::Wake, api_down);
    world.now -= 86_400_000;
    settle(&mut world);
    assert_eq!(world.status(), Status::Authorized);
}

#[test]
fn an_api_that_asks_for_patience_does_not_cost_a_candidate() {
    let mut world = world();
    let input = came_back(&mut world);
    let mut asked = false;
    run_with(&mut world, input, |_, output| {
        let first = is_question(output) && !asked;
        asked |= first;
        let patience = vec![("retry-after".into(), "3600".into())];
        let response = common::server::response(429, patience, "");
        first.then(|| Some(Input::HttpDone { op: op_of(output), response }))
    });
    world.advance(60_000);
    assert!(world.record()["candidate"].is_object(), "14 minutes before its time is over");
}

#[test]
fn an_authorization_that_waits_in_the_record_is_answered_at_a_disconnect() {
    let mut world = world();
    let mut outputs = waiting(&mut world);
    // A key takes its place in the machine, and is no good.
    outputs.extend(world.run(entered("unknown-key")));
    outputs.extend(world.run(Input::Revoke));
    outputs.extend(settle(&mut world));
    assert_eq!(answers(&outputs), ["key denied_key_invalid", "authorization denied_superseded"]);
}

#[test]
fn a_read_that_is_answered_late_costs_no_candidate() {
    let mut world = world();
    let input = came_back(&mut world);
    let own = world.connection.store_key().clone();
    // A demand reads the record before the candidate is in it, and hears of it after.
    let mut late = None;
    let outputs = run_with(&mut world, input, |world, output| {
        let stages = matches!(output, Output::Swap { key, .. } if *key == own)
            && world.server.exchanges == 1;
        if stages && late.is_none() {
            let read = open(&world.step(wanted()));
            late = world.perform(&read);
        } else if is_question(output) {
            world.step(late.clone().unwrap());
        }
        None
    });
    assert_eq!(answers(&outputs), ["authorized"]);
    assert!(world.record()["candidate"].is_null());
}
