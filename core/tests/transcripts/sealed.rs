//! Sealed records: found under an older key, written under the active one, and refused
//! where they are not what was sealed.

use crate::common::*;
use crate::script::Life;
use evergrant::*;
use std::sync::Arc;

pub fn sealed() -> Life {
    let mut life =
        Life::with(provider_config(), ClientConfig { sealing: fixture_ring(), ..client_config() });
    authorized_under_the_older_key(&mut life);
    life.restart();
    life.expire();
    life.token_wanted();
    life.restart();
    life.refused_by_api(2);

    let moved = reserve_company(&life.client, "urn:company:1", TENANT).unwrap().bytes;
    let moved = String::from_utf8(moved.expose().to_vec()).unwrap();
    let missing = "evergrant 1 fixture-0\nAAAA";
    for record in [&moved, missing, "evergrant 2 fixture-2\nAAAA", r#"{"v":1}"#] {
        life.expire();
        let swap = life.up_to(Input::TokenWanted { min_validity: 0 }, 1);
        life.finds(&swap, record);
    }
    life.restart();
    life.run(Input::Revoke);
    life.authorize();
    life
}

/// What came before the transcript begins.
fn authorized_under_the_older_key(life: &mut Life) {
    let [_, (id, byte)] = FIXTURE_KEYS;
    let key = SealingKey::new(id, SecretBytes::new([byte; 32])).unwrap();
    let sealing = Sealing::Sealed(KeyRing::new(key, vec![]).unwrap());
    let old = client_of(provider_config(), ClientConfig { sealing, ..client_config() });
    let client = std::mem::replace(&mut life.client, Arc::clone(&old));
    life.connection = Connection::new(old, TENANT).unwrap();
    life.authorize();
    life.client = client;
    life.lines.clear();
}
