//! Several true processes over one store, and `kill -9` at every point of a
//! refresh: what the server would still honour is never lost, and it sees no
//! request that the protocol does not prescribe.
#![cfg(unix)]

#[path = "../../src/bin/worker/setup.rs"]
mod setup;
#[path = "../support/mod.rs"]
mod support;

mod deaths;
mod relay;
mod together;
mod underway;
mod worker;
mod world;
