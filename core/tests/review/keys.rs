//! API keys.

use super::*;

#[test]
fn a_key_is_answered_where_the_store_stays_silent() {
    let mut world = world();
    let silent = |_: &mut World, output: &Output| match output {
        Output::Swap { op, key, .. } if key.as_str().starts_with("company/") => {
            Some(Some(Input::SwapUnanswered { op: *op }))
        }
        _ => None,
    };
    let mut outputs = run_with(&mut world, entered("canary-key-1"), silent);
    for _ in 0..50 {
        if let Some(at) = world.connection.wake_at(world.now) {
            world.now = world.now.max(at);
            outputs.extend(run_with(&mut world, Input::Wake, silent));
        }
    }
    assert_eq!(answers(&outputs), ["key try_later_store_slow"]);
    assert!(questions(&outputs) <= 3, "asked {} times", questions(&outputs));
}

#[test]
fn a_key_is_answered_while_somebody_sits_before_the_form() {
    let mut world = world();
    let patience = ("retry-after".into(), "86400".into());
    world.server.faults.push_back(Fault::AnswerWith(429, patience, String::new()));
    let mut outputs = world.run(entered("canary-key-1"));
    while world.connection.wake_at(world.now).is_some_and(|at| at < START + 600_000) {
        outputs.extend(world.wake());
    }
    assert_eq!(answers(&outputs).len(), 1, "nothing is said for {:?} ms", {
        world.connection.wake_at(world.now).map(|at| at - START)
    });
}

#[test]
fn an_authorization_is_answered_though_a_key_is_entered_at_its_end() {
    let mut world = world();
    let input = came_back(&mut world);
    // Its promotion is in the store, the answer on its way, when a key is entered.
    let mut held = None;
    let own = world.connection.store_key().clone();
    let mut asked = false;
    let hold = |world: &mut World, output: &Output| {
        asked |= is_question(output);
        if matches!(output, Output::Swap { key, .. } if asked && *key == own) {
            held = world.perform(output);
            return Some(None);
        }
        None
    };
    let mut outputs = run_with(&mut world, input, hold);
    assert!(world.record()["tokens"].is_object());
    outputs.extend(world.run(entered("canary-key-1")));
    outputs.extend(world.run(held.unwrap()));
    outputs.extend(settle(&mut world));
    let answers = answers(&outputs);
    assert_eq!(answers.len(), 2, "{answers:?}: the authorization's is missing");
}

#[test]
fn a_key_is_not_overwritten_by_a_grant_that_came_before_it() {
    let mut world = world();
    waiting(&mut world);
    world.advance(1_000);
    let outputs = world.run(entered("canary-key-1"));
    assert_eq!(answers(&outputs), ["authorization denied_superseded", "key"]);
    settle(&mut world);
    assert_eq!(world.header(), Some(header("canary-key-1")), "what was entered last");
}

#[test]
fn a_key_needs_no_scopes_where_the_api_tells_of_none() {
    let api_keys = Some(CompanyBinding { scope: None, ..company_binding() });
    let mut world = world_with(ProviderConfig { api_keys, ..config() });
    let outputs = world.run(Input::KeyEntered(ApiKey {
        key: "canary-key-1".into(),
        kind: ApiKeyKind::Standalone,
        company: None,
        scopes: vec!["expenses:read".into()],
    }));
    assert_eq!(answers(&outputs), ["key"], "`where the API tells of them`, says the input");
}

#[test]
fn a_clock_set_back_after_a_disconnect_does_not_forbid_a_key() {
    let mut world = connected();
    world.run(Input::Revoke);
    assert_eq!(world.status(), Status::Disconnected);
    world.connection = Connection::new(world.client.clone(), TENANT).unwrap();
    world.now -= 3_600_000;
    let outputs = world.run(entered("canary-key-1"));
    assert_eq!(answers(&outputs), ["key"]);
}

#[test]
fn a_key_of_another_company_is_a_mismatch_also_in_a_process_that_knows_of_none() {
    let mut world = world();
    world.server.owners.insert(header("canary-key-2"), OTHER.into());
    let mut second = second_worker(&world);
    world.authorize();
    swap_workers(&mut world, &mut second);
    let outputs = world.run(entered("canary-key-2"));
    assert_eq!(answers(&outputs), ["key company_mismatch"]);
    let reserved = world.store.contains_key(StoreKey::company(&world.client, OTHER).as_str());
    assert!(!reserved, "a company that this tenant will never have");
}

#[test]
fn a_short_key_is_not_shown_in_what_the_api_says_of_it() {
    let mut world = world();
    let said = r#"Bearer error="insufficient_scope", error_description="canary-key-1 may not""#;
    let header = ("www-authenticate".into(), said.into());
    world.server.faults.push_back(Fault::AnswerWith(403, header, String::new()));
    let outputs = world.run(entered("canary-key-1"));
    assert_eq!(answers(&outputs), ["key denied_insufficient_scope"]);
    assert!(!format!("{outputs:?}").contains("canary-key-1"), "{outputs:?}");
}
