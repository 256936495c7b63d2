//! Connections that nobody uses just now, each authorized with an access token of 900
//! characters and a refresh token of 180, and read from its own record.

use super::{TENANT, World, client, server::Fault};
use evergrant::*;
use std::sync::Arc;

pub const ACCESS: usize = 900;
pub const REFRESH: usize = 180;
/// Bytes of the two.
pub const TOKENS: i64 = (ACCESS + REFRESH) as i64;

pub struct Idle {
    pub client: Arc<Client>,
    record: String,
    pub now: u64,
}

impl Idle {
    pub fn new() -> Self {
        let mut world = World::with(client());
        world.server.faults.push_back(Fault::Change(serde_json::json!({
            "access_token": "a".repeat(ACCESS),
            "refresh_token": "r".repeat(REFRESH),
        })));
        world.authorize();
        let bytes = world.stored().expect("a record").bytes;
        let record = str::from_utf8(bytes.expose()).expect("a record in clear").to_owned();
        Self { client: world.client.clone(), record, now: world.now }
    }

    /// The record of one tenant: written by the machine, but for the tenant in its key.
    pub fn restored(&self, number: usize) -> Connection {
        let tenant = format!("tenant-{number:07}");
        let record = self.record.replace(TENANT, &tenant);
        let stored =
            Stored { revision: Revision::new("1"), bytes: record.into_bytes().into(), age: None };
        Connection::restore(self.client.clone(), &tenant, Some(stored)).expect("its own record")
    }
}
