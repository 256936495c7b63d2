//! The shipped machine, explored: several real connections over one store and one
//! authorization server, with everything that may go wrong between them, in every
//! order. Run by `scripts/model`; without its flag there is nothing here.
#![cfg(evergrant_model)]
#![allow(unreachable_pub, reason = "a test has no dependants")]

mod actions;
mod bisimulation;
mod calls;
mod canonical;
mod counterexamples;
mod model;
mod network;
mod parts;
mod properties;
mod record;
mod runs;
mod server;
mod setup;
mod store;
mod time;
mod world;
