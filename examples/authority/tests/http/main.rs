//! The authority over real HTTP, one file for each part of its rules.

mod client;
mod consent;
mod control;
mod lifecycle;
mod refusals;
mod resources;
mod server;
mod token_endpoint;
