//! The machine in a small world, rule by rule: one crate, since each would build the
//! world anew.

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod clocks;
mod codes;
mod companies;
mod counterexamples;
mod end_renewal;
mod endings;
mod found;
mod found_by_model;
mod found_by_review;
mod found_by_simulation;
mod found_of_companies;
mod interleavings;
mod keys;
mod lifecycle;
mod memory;
mod owed;
mod policies;
mod properties;
mod quirks;
mod records;
mod redirects;
mod refresh;
mod registration;
mod revoke;
mod sealed;
mod secret_rotation;
mod secrets;
mod takeover;
mod testing;
mod unsaved;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
