//! One connection, one company.

use crate::{
    COMPANY, GROUP, OTHER, answered, asking, common::*, connected, entered, header, key_header,
    redirected, registered, settle, told, world, world_of,
};
use evergrant::*;

fn authorize_with(world: &mut World, input: Input) -> Vec<Output> {
    let url = world.open_browser(input);
    let redirect = world.server.consent(&url);
    world.run(redirected(&redirect))
}

#[test]
fn pleo_36_another_company_is_told_of_and_not_stored() {
    let mut world = connected();
    let mut before = (world.record(), header(&world));
    world.server.subject = Some(OTHER.into());
    let outputs = authorize_with(&mut world, authorize());
    let [(activity, failure)] = &told(&outputs)[..] else { panic!("{outputs:?}") };
    assert_eq!((*activity, failure.code()), ("authorization", "company_mismatch"));
    assert_eq!(failure.company(), Some(OTHER), "for the host to decide");
    assert!(tokens(&outputs).is_empty());
    settle(&mut world);
    before.0["candidate_dropped"] = true.into();
    assert_eq!((world.record(), header(&world)), before, "else as it was");
    assert_eq!(world.connection.company(), Some(COMPANY));
    // Also where the grant before is lost, or was ended: the company is kept.
    for input in [answered(1, 401), Input::Revoke] {
        let mut world = connected();
        world.server.faults.push_back(match input {
            Input::Revoke => crate::Fault::Answer(204, String::new()),
            _ => crate::refused("invalid_grant"),
        });
        world.run(input);
        world.server.subject = Some(OTHER.into());
        let outputs = authorize_with(&mut world, authorize());
        assert_eq!(failures(&outputs), ["company_mismatch"]);
        assert_eq!(header(&world), None);
        world.server.subject = Some(COMPANY.into());
        assert_eq!(failures(&authorize_with(&mut world, authorize())), [""; 0]);
        assert!(header(&world).is_some());
    }
}

#[test]
fn pleo_36_no_parameter_of_the_redirect_says_whose_a_grant_is() {
    let mut world = world();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url);
    let forged = format!("{redirect}&urn_pleo_params_oauth_subject={OTHER}&company_id={OTHER}");
    let outputs = world.run(redirected(&forged));
    assert_eq!((failures(&outputs), world.connection.company()), (vec![], Some(COMPANY)));
}

#[test]
fn pleo_36_an_organisation_is_bound_only_to_a_company_that_was_chosen() {
    let mut world = world();
    world.server.subject = Some(GROUP.into());
    let outputs = authorize_with(&mut world, authorize());
    assert_eq!((failures(&outputs), header(&world)), (vec!["company_choice_needed"], None));
    let choice = |company: &str| asking(|asked| asked.company = Some(company.into()));
    let outputs = authorize_with(&mut world, choice(COMPANY));
    assert_eq!((failures(&outputs), world.connection.company()), (vec![], Some(COMPANY)));
    let outputs = authorize_with(&mut world, choice(OTHER));
    assert_eq!(
        (failures(&outputs), world.connection.company()),
        (vec!["company_mismatch"], Some(COMPANY))
    );
}

#[test]
fn pleo_37_a_company_is_one_tenants_and_its_credentials_serve_nobody_else() {
    // Two tenants over one store and one server.
    let mut first = connected();
    let mut second = world_of(Pleo::Production, registered());
    second.connection = Connection::new(second.client.clone(), "tenant-2").unwrap();
    // Nobody has drawn the same.
    for _ in 0..1_000 {
        second.env();
    }
    second.store = first.store.clone();
    second.server = first.server.clone();
    let outputs = authorize_with(&mut second, authorize());
    assert_eq!((failures(&outputs), header(&second)), (vec!["company_taken"], None));
    assert!(second.server.uninstalled.is_empty(), "the first one's installation lives");
    // With a company of its own it has tokens of its own.
    second.server.subject = Some(OTHER.into());
    assert_eq!(failures(&authorize_with(&mut second, authorize())), [""; 0]);
    assert_ne!((header(&first), header(&second)), (None, None));
    assert_ne!(header(&first), header(&second));
    // A record under another tenant's key is refused, not used.
    let stolen = first.stored();
    let restored = Connection::restore(second.client.clone(), "tenant-2", stolen);
    assert_eq!(restored.map_err(|failure| failure.code()), Err("host_record_foreign"));
    // Nor does a key of another company come into the connection, nor a company's
    // name from the outside.
    first.server.owners.insert(key_header("canary-foreign"), OTHER.into());
    let before = header(&first);
    for company in [None, Some(COMPANY.to_owned()), Some(OTHER.to_owned())] {
        let outputs = first.run(entered("canary-foreign", |key| key.company = company.clone()));
        assert_eq!(failures(&outputs), ["company_mismatch"], "{company:?}");
        assert_eq!(header(&first), before);
    }
    assert_eq!(first.connection.company(), Some(COMPANY));
}
