//! A loopback OAuth 2.0 authorization server and a small resource API, with the rules of Pleo,
//! for demos and for tests in any language.
//!
//! It keeps everything in memory, serves plain HTTP on a loopback address only, and forgets all
//! when it stops. Its clock can be moved and its grants revoked from outside (see [`Control`] and
//! the `/control/` endpoints), so that a test need not wait for anything to expire.
//!
//! ```no_run
//! use evergrant_authority::{Authority, Config};
//!
//! let authority = Authority::start(Config::default())?;
//! println!("{}/oauth/authorize", authority.base_url());
//! authority.control().advance(std::time::Duration::from_secs(900));
//! # Ok::<(), evergrant_authority::StartError>(())
//! ```
//!
//! It is hostile on request: a [`Policy`] says what becomes of used refresh tokens, and a [`Fault`]
//! is something that goes wrong with one request and its answer.
//!
//! ```no_run
//! # use evergrant_authority::{Authority, Config, Policy};
//! use evergrant_authority::{Fault, FaultRule};
//!
//! # let authority = Authority::start(Config { policy: Policy::NewestWins, ..Config::default() })?;
//! let lost_reply = Fault::DropReply { reset: true };
//! authority.control().add_faults([FaultRule::refresh(lost_reply)])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A grant speaks for a company or an organisation ([`Subject`]), which a person picks when he
//! consents; API keys ([`NewApiKey`]) and installations ([`Installation`]) belong to one as well.
//! The README has all endpoints and knobs.
//!
//! Where things are: `state` holds the rules of grants and knows no HTTP; `authorize`, `token`,
//! `introspect` and `api` each speak HTTP for one endpoint or family of endpoints; `around` is the
//! one layer that every request and answer passes through, where the faults of `fault` strike:
//! `distort` makes other answers, and `wire` breaks connections.

#![forbid(unsafe_code)]

mod answer;
mod api;
mod around;
mod authorize;
mod client;
mod client_auth;
mod config;
mod control;
mod distort;
mod fault;
mod form;
mod introspect;
mod metadata;
mod page;
mod server;
mod state;
mod token;
mod wire;

pub use client::{ClientAuth, RegisteredClient, RegistrationError};
pub use config::{
    BASIC_CLIENT, Config, Consent, DEFAULT_SCOPES, DEFAULT_USER, KnownClient, NORTH_DENMARK,
    NORTH_GROUP, NORTH_SWEDEN, POST_CLIENT, PUBLIC_CLIENT, SOUTH,
};
pub use control::Control;
pub use fault::{Fault, FaultRule, InvalidFault, Part, RetryAfter, Which};
pub use server::{Authority, StartError};
pub use state::{
    ApiKeyError, ApiKeyStatus, Aud, CreatedApiKey, Entity, EntityError, GrantStatus, Installation,
    InstallationError, InstallationStatus, InvalidSubject, KeyKind, KeyRefusal, KeyState,
    ListedInstallation, NewApiKey, Policy, RateLimit, Reach, RetryForm, SecretError, Stats,
    Subject, Telling, ToldSubject, UnknownPolicy,
};
