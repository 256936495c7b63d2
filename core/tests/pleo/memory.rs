//! What is wiped is wiped from memory too.

#![cfg(target_os = "linux")]

use crate::{
    API, HOUR,
    common::{server::Fault, *},
    connected, refused,
};
use serde_json::json;
use std::{fs::File, os::unix::fs::FileExt as _};

/// What is at this place in the memory of this process, wherever it belongs by now.
fn memory(at: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, at).unwrap();
    bytes
}

/// What the test itself has kept of it.
fn forget(world: &mut World) {
    world.outputs.clear();
    world.lines.clear();
    world.last = None;
}

#[test]
fn pleo_30_a_token_that_is_wiped_leaves_nothing_where_it_was() {
    let access = "canary-".repeat(400);
    let mut world = connected();
    world.server.owners.insert(format!("Bearer {access}"), crate::COMPANY.into());
    world.advance(HOUR);
    world.server.faults.push_back(Fault::Change(json!({"access_token": access})));
    world.token_wanted();
    forget(&mut world);
    let credential = world.connection.authorization(world.now, API, 0).unwrap();
    let (header, length) = (credential.header.as_ptr() as u64, credential.header.len());
    let stored = world.stored().unwrap().bytes;
    let (record, size) = (stored.expose().as_ptr() as u64, stored.len());
    drop(stored);
    let found = |at, length| {
        let bytes = memory(at, length);
        bytes.windows(21).filter(|window| *window == "canary-canary-canary-".as_bytes()).count()
    };
    assert!(found(header, length) > 100 && found(record, size) > 100, "it can be found");

    world.advance(HOUR);
    world.server.faults.push_back(refused("invalid_grant"));
    assert_eq!(failures(&world.token_wanted()), ["reauthenticate_rejected"]);
    forget(&mut world);
    assert_eq!((found(header, length), found(record, size)), (0, 0));
}
