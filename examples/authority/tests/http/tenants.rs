//! Companies and organisations: who is picked, what a grant is bound to, and whose data is served.

use evergrant_authority::{
    BASIC_CLIENT, Config, Consent, Entity, EntityError, NORTH_DENMARK, NORTH_GROUP, NORTH_SWEDEN,
    SOUTH, Subject,
};
use serde_json::json;

use crate::client::*;

const PROPOSED: &str = "urn_pleo_params_oauth_subject";

fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

fn id(text: &str) -> String {
    subject(text).id().into()
}

fn pick(world: &World, text: Option<&str>) {
    let body = json!({ "subject": text }).to_string();
    assert_eq!(world.post("/control/subject", &[], &body).status, 200);
}

fn connect_for(world: &World, text: &str) -> Tokens {
    pick(world, Some(text));
    world.connect(BASIC_CLIENT)
}

#[test]
fn the_known_entities_are_there() {
    let world = World::new();
    let listed = world.get("/control/entities", &[]).json();
    let subjects: Vec<_> = listed.as_array().unwrap().iter().map(|e| &e["subject"]).collect();
    assert_eq!(subjects, [NORTH_GROUP, NORTH_DENMARK, NORTH_SWEDEN, SOUTH]);
    assert_eq!(listed[1]["organisation"], NORTH_GROUP);
    assert_eq!(serde_json::to_value(world.authority.control().entities()).unwrap(), listed);
}

#[test]
fn entities_are_added_once_and_sound() {
    let world = World::new();
    let add =
        |body: &serde_json::Value| world.post("/control/entities", &[], &body.to_string()).status;
    let new = "urn:pleo:company:00000000-0000-8000-8000-0000000000ff";
    let entity = json!({ "subject": new, "name": "New", "organisation": NORTH_GROUP });
    assert_eq!(add(&entity), 201);
    assert_eq!(add(&entity), 409);
    for bad in [
        json!({ "subject": "urn:pleo:company:1", "name": "x" }),
        json!({ "subject": SOUTH.replace("0c", "0d"), "name": "x", "organisation": SOUTH }),
        json!({
            "subject": NORTH_GROUP.replace("01", "02"),
            "name": "x",
            "organisation": NORTH_GROUP,
        }),
        json!({ "subject": SOUTH.replace("0c", "0d") }),
    ] {
        assert_eq!(add(&bad), 400, "{bad}");
    }
    let taken = Entity { subject: subject(new), name: "New".into(), organisation: None };
    assert_eq!(world.authority.control().add_entity(taken), Err(EntityError::Taken));

    let group = connect_for(&world, NORTH_GROUP);
    let expenses = world.api(&format!("/v1/expenses?company_id={}", id(new)), &group.access);
    assert_eq!(expenses.json()["data"][0]["company"], new);
}

#[test]
fn a_grant_is_bound_to_what_was_picked() {
    let world = World::new();
    let own = Subject::company_of("alice").to_string();
    for picked in [None, Some(SOUTH), Some(NORTH_GROUP), None] {
        pick(&world, picked);
        let tokens = world.connect(BASIC_CLIENT);
        // Picking something else now changes nothing for what was granted.
        pick(&world, Some(NORTH_SWEDEN));
        let tokens = world.refresh(BASIC_CLIENT, &tokens.refresh).tokens();
        let bound = picked.unwrap_or(&own);
        let told = world.introspect(BASIC_CLIENT, &tokens.access);
        assert_eq!(told["urn:pleo:params:oauth:subject_urn"], bound);
        assert_eq!(world.api("/v1/introspect", &tokens.access).json()["data"]["subjectURN"], bound);
        assert_eq!(world.authority.control().grants().last().unwrap().subject, subject(bound));
    }
    let alive = serde_json::to_value(world.stats()).unwrap();
    assert_eq!(alive["grants_alive_by_subject"], json!({ (own): 2, (SOUTH): 1, (NORTH_GROUP): 1 }));
    for body in ["{\"subject\":\"urn:pleo:company:x\"}", "{\"subject\":1}", ""] {
        assert_eq!(world.post("/control/subject", &[], body).status, 400, "{body}");
    }
}

#[test]
fn a_configuration_picks_too() {
    let world = World::with(Config { subject: Some(subject(SOUTH)), ..Config::default() });
    let tokens = world.connect(BASIC_CLIENT);
    assert_eq!(world.api("/v1/introspect", &tokens.access).json()["data"]["subjectURN"], SOUTH);
}

#[test]
fn each_company_has_data_of_its_own() {
    let world = World::new();
    let (denmark, sweden) = (connect_for(&world, NORTH_DENMARK), connect_for(&world, NORTH_SWEDEN));
    let expenses = |token: &str| world.api("/v1/expenses", token).json()["data"][0].clone();
    let (danish, swedish) = (expenses(&denmark.access), expenses(&sweden.access));
    assert_eq!(
        (&danish["company"], &swedish["company"]),
        (&json!(NORTH_DENMARK), &json!(NORTH_SWEDEN))
    );
    assert_ne!(danish["id"], swedish["id"]);
}

#[test]
fn company_id_is_for_organisations() {
    let world = World::new();
    let group = connect_for(&world, NORTH_GROUP).access;
    let south = connect_for(&world, SOUTH).access;
    let query = |company: &str| format!("?company_id={}", id(company));
    for (token, query, status, code) in [
        (&group, String::new(), 400, "INVALID_COMPANY"),
        (&group, "?company_id=".into(), 400, "INVALID_COMPANY"),
        (&group, query(NORTH_DENMARK), 200, ""),
        (&group, query(NORTH_SWEDEN), 200, ""),
        (&group, query(SOUTH), 403, "OTHER_COMPANY"),
        (&group, query(NORTH_GROUP), 403, "OTHER_COMPANY"),
        (&group, "?company_id=1".into(), 400, "INVALID_COMPANY"),
        (&group, format!("{}&company_id=1", query(NORTH_SWEDEN)), 400, "INVALID_COMPANY"),
        (&south, String::new(), 200, ""),
        (&south, query(SOUTH), 200, ""),
        (&south, query(NORTH_DENMARK), 403, "OTHER_COMPANY"),
    ] {
        let reply = world.api(&format!("/v1/expenses{query}"), token);
        assert_eq!(reply.status, status, "{query}: {reply:?}");
        if status != 200 {
            assert_eq!(reply.json()["type"], code, "{query}");
            assert_eq!(reply.header("www-authenticate"), "", "not a matter of the token");
        }
    }
}

#[test]
fn a_customer_revokes_for_one_company() {
    let world = World::new();
    let (south, sweden) = (connect_for(&world, SOUTH), connect_for(&world, NORTH_SWEDEN));
    let revoke =
        |body: serde_json::Value| world.post("/control/revoke-grants", &[], &body.to_string());
    let none = json!({ "subject": SOUTH, "client_id": "somebody else" });
    assert_eq!(revoke(none).json()["revoked"], 0);
    assert_eq!(revoke(json!({ "subject": SOUTH })).json()["revoked"], 1);
    assert!(!world.serves(&south.access) && world.serves(&sweden.access));
    world.refresh(BASIC_CLIENT, &south.refresh).refuses(400, "invalid_grant");
    assert_eq!(revoke(json!({ "subject": "x" })).status, 400);
    assert_eq!(revoke(json!({ "client_id": BASIC_CLIENT.id })).json()["revoked"], 1);
}

#[test]
fn a_client_may_propose_a_subject() {
    let world = World::new();
    let own = Subject::company_of("alice").to_string();
    let bound = |proposed: &str| {
        let mut pairs = authorization(BASIC_CLIENT);
        pairs.push((PROPOSED, proposed));
        let code = world.authorize(&pairs).callback("code").unwrap();
        let tokens = world.exchange(BASIC_CLIENT, &code).tokens();
        let told = world.introspect(BASIC_CLIENT, &tokens.access);
        told["urn:pleo:params:oauth:subject_urn"].as_str().unwrap().to_owned()
    };
    assert_eq!(bound(SOUTH), SOUTH);
    assert_eq!(bound("nonsense"), own);
    assert_eq!(bound(&SOUTH.replace("0c", "0d")), own, "nobody knows this one");
    pick(&world, Some(NORTH_DENMARK));
    assert_eq!(bound(SOUTH), NORTH_DENMARK, "the person picks, not the client");
}

#[test]
fn a_person_picks_on_the_page() {
    let world = World::with(Config { consent: Consent::Page, ..Config::default() });
    let own = Subject::company_of("alice").to_string();
    let transaction = |page: &Reply| {
        let (_, rest) = page.body.split_once("name=\"transaction\" value=\"").expect("a form");
        rest.split_once('"').expect("a value").0.to_owned()
    };
    let answer = |transaction: &str, picked: &str| {
        let pairs = [("transaction", transaction), ("decision", "allow"), ("subject", picked)];
        world.form("/oauth/consent", None, &pairs)
    };

    let page = world.authorize(&authorization(BASIC_CLIENT));
    let option = |subject: &str| format!("<option value=\"{subject}\"");
    for offered in [&own, NORTH_GROUP, NORTH_DENMARK, NORTH_SWEDEN, SOUTH] {
        assert!(page.body.contains(&option(offered)), "{offered}");
    }
    assert!(page.body.contains(&format!("{} selected>", option(&own))));
    assert!(page.body.contains(">North Group (organisation)</option>"));

    let transaction_id = transaction(&page);
    for wrong in ["nonsense", &SOUTH.replace("0c", "0d")] {
        assert_eq!(answer(&transaction_id, wrong).status, 400, "{wrong}");
    }
    let code = answer(&transaction_id, NORTH_GROUP).callback("code").unwrap();
    world.exchange(BASIC_CLIENT, &code).tokens();
    assert_eq!(world.authority.control().grants()[0].subject, subject(NORTH_GROUP));

    let mut pairs = authorization(BASIC_CLIENT);
    pairs.push((PROPOSED, SOUTH));
    let page = world.authorize(&pairs);
    assert!(page.body.contains(&format!("{} selected>", option(SOUTH))));
    // Who is proposed one company may pick another: the client has to look.
    let code = answer(&transaction(&page), &own).callback("code").unwrap();
    world.exchange(BASIC_CLIENT, &code).tokens();
    assert_eq!(world.authority.control().grants()[1].subject, subject(&own));
}
