//! The smallest honest host of an [`evergrant`] connection, to be read as a
//! lesson in sans-IO: the machine decides, the host does.
//!
//! The whole of it is one loop in [`Host`]: step the machine, perform each
//! output, feed each answer back as an input. Around it stand four small parts
//! that a host of any kind needs, and that know nothing of each other: a clock
//! and entropy ([`World`]), an HTTP client ([`Http`]), a store with one
//! primitive ([`Store`], here [`SqliteStore`]) and a way for the browser to come
//! back ([`RedirectListener`]).
//!
//! It blocks and drives one connection on one thread. A server would drive many
//! of them with the same four parts, a thread pool or a runtime, and one timer
//! for each `wake_at`.

#![forbid(unsafe_code)]

mod error;
mod host;
mod http;
mod redirect;
mod store;
mod watch;
mod world;

pub use error::HostError;
pub use host::{ApiAnswer, Host, tenant_of};
pub use http::Http;
pub use redirect::RedirectListener;
pub use store::{SqliteStore, Store, StoreError};
pub use watch::{Counters, Seen};
pub use world::World;
