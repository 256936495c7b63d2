//! Real machines over one store and one server, in virtual time, with faults drawn
//! from a seed. See README.md beside this file.
#![allow(unreachable_pub, reason = "a test is a crate of its own")]

mod acts;
mod answers;
mod belonging;
mod check;
#[path = "../common/mod.rs"]
mod common;
mod companies;
mod coverage;
mod dice;
mod event;
mod expected;
mod fault;
mod features;
mod host;
mod hunt;
mod keep;
mod live;
mod net;
mod phone;
mod plan;
mod rotate;
mod seal;
mod seeds;
mod server;
mod shrink;
mod stage;
mod store;
mod trace;
mod user;
mod world;

/// Runs as many seeds as `SEEDS` says, or for as long as `SECONDS` says.
#[test]
fn hunt() {
    hunt::hunt();
}

#[test]
fn a_phone_that_is_killed_after_each_output_comes_to_the_end_of_every_flow() {
    phone::killed_after_each_output();
}

#[test]
fn a_phone_that_never_lives_for_long_loses_nothing() {
    phone::never_lives_for_long();
}
