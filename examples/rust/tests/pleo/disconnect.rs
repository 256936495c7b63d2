//! The end, as the customer's installation sees it.

use std::collections::BTreeMap;

use evergrant::Status;
use evergrant_authority::{BASIC_CLIENT, DEFAULT_USER, Fault, FaultRule, Subject};

use crate::World;

const INSTALLATION: &str = "/v1/installations/me";

#[test]
fn pleo_35_a_disconnect_deletes_the_installation_and_leaves_no_token() {
    for forgotten in [false, true] {
        let (world, mut host) = World::connected();
        let (access, refresh) =
            (world.desk.stored_token("access"), world.desk.stored_token("refresh"));
        if forgotten {
            // There is none any more: Pleo answers 404, and that counts as done.
            let company = Subject::company_of(DEFAULT_USER);
            assert!(world.control().forget_installation(BASIC_CLIENT.id, &company));
        }
        host.disconnect().expect("a disconnect");
        let (line, text) = world.tap.requests().pop().expect("a request");
        assert_eq!(line, format!("DELETE {INSTALLATION} HTTP/1.1"));
        assert!(text.contains(&access));
        assert_eq!(world.stats().installations_deleted, u64::from(!forgotten));
        assert_eq!(host.status(), Status::Disconnected);
        let record = world.desk.record().expect("a tombstone");
        let record = String::from_utf8_lossy(record.expose()).into_owned();
        assert!(!record.contains(&access) && !record.contains(&refresh));
        if !forgotten {
            assert!(!world.control().would_honour(&refresh), "Pleo has revoked it");
        }
        assert!(host.api_get(&world.expenses()).is_err());
    }
}

#[test]
fn pleo_35_a_502_keeps_the_wish_until_pleo_has_heard_it() {
    let (mut world, mut host) = World::connected();
    let (status, headers) = (502, BTreeMap::new());
    let fault = Fault::Answer { status, headers, body: String::new(), handled: false };
    let mut rule = FaultRule::new(INSTALLATION, fault);
    rule.method = Some("DELETE".into());
    world.control().add_faults([rule]).expect("a sound fault");
    host.disconnect().expect("the wish is kept");
    assert_eq!(host.status(), Status::Disconnecting);
    assert!(host.api_get(&world.expenses()).is_err(), "no call goes out meanwhile");
    // Also by the process that comes after this one.
    let mut host = world.desk.host();
    while host.status() == Status::Disconnecting {
        world.desk.advance_to_wake(&mut host);
        host.run().expect("no misuse");
    }
    assert_eq!((host.status(), world.stats().installations_deleted), (Status::Disconnected, 1));
}
