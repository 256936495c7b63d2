//! An OAuth 2.0 client as a deterministic, sans-IO state machine.
//!
//! evergrant keeps an OAuth grant good for ever: it authorizes, exchanges, uses,
//! refreshes, revokes and reauthenticates. It opens no socket, reads no clock,
//! draws no entropy and takes no lock. It is told what happened ([`Input`]) and
//! answers with what the host must do ([`Output`]): send this HTTP request, swap
//! this record in the store, open this URL, wake me then.
//!
//! ```
//! use evergrant::*;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Misuse> {
//! let provider = Arc::new(Provider::pleo(Pleo::Staging)?);
//! let client = Arc::new(Client::new(provider, ClientConfig {
//!     client_id: "00000000-0000-4000-8000-000000000000".into(),
//!     client_secret: Some("from your vault".into()),
//!     previous_client_secret: None,
//!     token_endpoint_auth_method: None,
//!     redirect_uris: vec!["https://erp.example/callback".into()],
//!     scopes: vec!["users:read".into()],
//!     sealing: Sealing::Plain,
//! })?);
//! let mut connection = Connection::new(client, "tenant-42")?;
//!
//! // The host makes a fresh `Env` for every step: clocks, and 32 random bytes.
//! let env = Env { now: 1_700_000_000_000, uptime: None, boot_id: None, entropy: [7; 32] };
//! let step = connection.step(&env, Input::Authorize(Authorize {
//!     redirect_uri: "https://erp.example/callback".into(),
//!     scopes: vec![],
//!     extra: vec![],
//!     binding: Binding::Cookie,
//!     return_context: None,
//!     company: None,
//! }))?;
//!
//! // First of all the pending authorization goes into the store.
//! assert!(matches!(step.outputs[..], [Output::Swap { .. }]));
//! assert_eq!(step.status, Status::Authorizing);
//! # Ok(())
//! # }
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::string_slice,
        clippy::disallowed_types
    )
)]

/// What the README shows is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}

extern crate alloc;
#[cfg(test)]
extern crate std;

mod answer;
mod basic;
mod bytes;
mod challenge;
mod client;
mod company;
mod connection;
mod entropy;
mod env;
mod failure;
mod flow;
mod http;
mod http_date;
mod input;
mod json;
mod member;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod operations;
mod output;
mod pace;
mod pleo;
mod policy;
mod provider;
mod reason;
mod record;
mod registration;
mod requests;
mod rules;
mod said;
mod scope;
mod sealing;
mod secret;
mod state;
#[cfg(feature = "testing")]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "a simulation's counters stay small, and a fuzzer wants to be stopped"
)]
pub mod testing;
mod token;
mod uri;

pub use answer::Deviation;
pub use client::{Client, ClientConfig};
pub use company::CompanyBinding;
pub use connection::{Connection, Credential};
pub use env::Env;
pub use failure::{
    CallbackFault, Cause, CompanyFault, ConfigurationFault, Delay, Denial, Failure, HostFault,
    Misuse, ServerFault,
};
pub use http::{HttpFault, HttpRequest, HttpResponse, Method};
pub use input::{ApiKey, ApiKeyKind, Authorize, Input};
pub use output::{Activity, Notice, NoticeFields, Op, Output, Status, Step};
pub use pace::{Pace, Pacer};
pub use pleo::Pleo;
pub use policy::{RefreshPolicy, Rotation, Timing};
pub use provider::{
    Disconnect, IssPolicy, Provider, ProviderConfig, Quirks, RedirectRules, TokenEndpointAuthMethod,
};
pub use record::{
    AuthorizationId, Binding, BrowserProof, Revision, StoreKey, Stored, Write, company_tenant,
    pending_key, pending_tenant, release_company, reserve_company,
};
pub use registration::{LogoSize, Registration, RegistrationFault, RegistrationRule};
#[cfg(evergrant_model)]
pub use rules::{Rule, turn_off};
pub use said::ServerSaid;
#[cfg(feature = "sealed")]
pub use sealing::{KeyRing, SealingKey};
pub use sealing::{Sealing, sealing_key_id};
pub use secret::{Secret, SecretBytes};
