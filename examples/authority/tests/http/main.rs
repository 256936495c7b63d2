//! The authority over real HTTP, one file for each part of its rules.

mod client;
mod consent;
mod control;
mod credentials;
mod distortions;
mod faults;
mod grants;
mod installations;
mod introspection;
mod keys;
mod lifecycle;
mod policies;
mod refusals;
mod resources;
mod server;
mod tenants;
mod token_endpoint;
