//! One company a connection, over HTTP.

use evergrant::{Authorize, BrowserProof, CompanyFault, Disconnect, Failure, SecretBytes};
use evergrant_authority::{NORTH_DENMARK, NORTH_GROUP, NORTH_SWEDEN, Reach, SOUTH};
use evergrant_example_host::{Host, HostError};

use crate::{World, of, support::failure};

fn connect(world: &World, host: &mut Host, company: Option<&str>) -> Result<String, HostError> {
    let company = company.map(str::to_owned);
    let (url, _) = host.authorize(Authorize { company, ..world.desk.asking() })?;
    host.redirected(world.desk.browser.visit(&url), BrowserProof::SameProcess)
}

fn seen(world: &World, host: &mut Host) -> String {
    let answer = host.api_get(&world.expenses()).expect("an answer");
    assert_eq!(answer.response.status, 200);
    String::from_utf8(answer.response.body.expose().to_vec()).expect("text")
}

fn json(record: &Option<SecretBytes>) -> serde_json::Value {
    serde_json::from_slice(record.as_ref().expect("a record").expose()).expect("in clear")
}

#[test]
fn pleo_36_a_person_who_picks_another_company_changes_nothing() {
    let world = World::new();
    let mut host = world.desk.host();
    world.pick(NORTH_DENMARK);
    connect(&world, &mut host, None).expect("a grant");
    let record = world.desk.record();
    world.pick(SOUTH);
    let mismatch = failure(connect(&world, &mut host, None));
    assert_eq!(mismatch.company(), Some(SOUTH));
    assert_eq!(mismatch.code(), "company_mismatch");
    // But for the mark that a new grant has been dropped.
    let (mut before, mut after) = (json(&record), json(&world.desk.record()));
    assert_eq!(after["candidate_dropped"], true);
    for record in [&mut before, &mut after] {
        record.as_object_mut().expect("an object").remove("candidate_dropped");
    }
    assert_eq!(after, before);
    assert!(seen(&world, &mut host).contains(NORTH_DENMARK));
    assert!(!world.tap.requests().iter().any(|(line, _)| line.starts_with("DELETE")));
}

#[test]
fn pleo_36_what_nobody_wants_does_not_live_on_once_staging_has_shown_whom_delete_ends() {
    let world = World::with(|provider| {
        if let Disconnect::ApiRequest { spares_others, .. } = &mut provider.disconnect {
            *spares_others = true;
        }
    });
    let mut host = world.desk.host();
    world.pick(NORTH_DENMARK);
    connect(&world, &mut host, None).expect("a grant");
    world.pick(SOUTH);
    assert_eq!(failure(connect(&world, &mut host, None)).code(), "company_mismatch");
    let alive = world.stats().grants_alive_by_subject;
    assert_eq!(alive.into_iter().collect::<Vec<_>>(), [(of(NORTH_DENMARK), 1)]);
}

#[test]
fn pleo_36_an_organisation_works_for_the_company_that_was_chosen() {
    let world = World::new();
    let mut host = world.desk.host();
    world.pick(NORTH_GROUP);
    let undecided = failure(connect(&world, &mut host, None));
    let reason = CompanyFault::ChoiceNeeded;
    assert_eq!(undecided, Failure::CompanyMismatch { reason, company: None });
    connect(&world, &mut host, Some(NORTH_SWEDEN)).expect("a grant");
    let id = of(NORTH_SWEDEN).id().to_owned();
    let answer = host.api_get(&world.url(&format!("/v1/expenses?company_id={id}")));
    let answer = answer.expect("an answer").response;
    assert!(String::from_utf8_lossy(answer.body.expose()).contains(NORTH_SWEDEN));
}

#[test]
fn pleo_37_each_tenant_sees_its_own_company_and_none_another_ones() {
    let world = World::new();
    let (mut denmark, mut south) = (world.host_of("tenant-d"), world.host_of("tenant-s"));
    world.pick(NORTH_DENMARK);
    connect(&world, &mut denmark, None).expect("a grant");
    world.pick(SOUTH);
    connect(&world, &mut south, None).expect("a grant");
    world.control().revoke_access_tokens();
    for (host, own, other) in
        [(&mut denmark, NORTH_DENMARK, SOUTH), (&mut south, SOUTH, NORTH_DENMARK)]
    {
        let text = seen(&world, host);
        assert!(text.contains(own) && !text.contains(other));
    }
    // The company of one is not to be had by another.
    world.pick(NORTH_DENMARK);
    let mut third = world.host_of("tenant-x");
    let taken = failure(connect(&world, &mut third, None));
    assert_eq!(taken.code(), "company_taken");
    assert!(third.api_get(&world.expenses()).is_err());
    assert!(seen(&world, &mut denmark).contains(NORTH_DENMARK), "nor is it ended for it");
}

#[test]
fn pleo_36_an_unwanted_grant_is_not_ended_at_everybodys_cost() {
    // One reading of Pleo's reference: all tokens "for the client" are revoked.
    let world = World::new();
    world.control().set_reach(Reach::Client);
    let mut host = world.desk.host();
    world.pick(NORTH_DENMARK);
    connect(&world, &mut host, None).expect("a grant");
    world.pick(SOUTH);
    failure(connect(&world, &mut host, None));
    let alive = world.stats().grants_alive_by_subject;
    assert_eq!(alive.get(&of(NORTH_DENMARK)), Some(&1));
}
