//! The host against the loopback authority: what must work, and what must not.

#[path = "../support/mod.rs"]
mod support;

mod browser;
mod faults;
mod lifecycle;
mod restart;
mod world;
