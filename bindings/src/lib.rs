//! evergrant for Python, Kotlin and Swift, by UniFFI.
//!
//! A thin mirror of the crate `evergrant`: the same inputs, outputs and names.
//! There are no callbacks, no foreign traits and no async; who talks to the
//! network, the store and the clock is a driver in the host's own language.
//!
//! Secrets, HTTP bodies, headers, URLs that carry secrets, and records cross as
//! objects ([`Secret`], [`SecretBytes`]): generated records print all of their
//! fields, objects print what Rust says. Every function in which anything could
//! panic returns a `Result`, since a panic elsewhere ends a Swift process.
#![forbid(unsafe_code)]

mod callback;
mod client;
mod company;
mod connection;
mod env;
mod failure;
mod headers;
mod input;
mod mirror;
mod output;
mod pace;
mod packed;
mod pleo;
mod policy;
mod provider;
mod quirks;
mod refusal;
mod registration;
mod sealing;
mod secret;

pub use callback::{pending_key, pending_tenant};
pub use client::{Client, ClientConfig};
pub use company::{ApiKeyKind, CompanyBinding};
pub use connection::{Connection, Credential, store_key};
pub use env::Env;
pub use failure::{Failure, FailureKind};
pub use input::{Binding, BrowserProof, HttpFault, Input, Stored};
pub use output::{Activity, Cause, Output, Status, Step, Write};
pub use pace::{Pace, Pacer};
pub use pleo::{Pleo, pleo_activation_url, pleo_config};
pub use policy::{RefreshPolicy, Rotation, Timing};
pub use provider::{
    Disconnect, IssPolicy, Method, Parameter, Provider, ProviderConfig, RedirectRules,
    TokenEndpointAuthMethod,
};
pub use quirks::Quirks;
pub use refusal::Refusal;
pub use registration::{LogoSize, Registration, RegistrationFault};
pub use sealing::{Sealing, SealingKey, sealing_key_id};
pub use secret::{Secret, SecretBytes};

uniffi::setup_scaffolding!("evergrant");
