//! Why a host could not do what it was asked.

use std::io;

use evergrant::{Failure, HttpFault, Misuse};

use crate::StoreError;

/// Why the host could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The machine says what to do about it.
    #[error("{0}")]
    Failure(#[from] Failure),
    /// A bug of this program.
    #[error("{0}")]
    Misuse(#[from] Misuse),
    /// The store could not even be read at the start.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No entropy, or no socket.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The API did not answer; the grant has nothing to do with it.
    #[error("the API did not answer: {0:?}")]
    Api(HttpFault),
    /// The URL is not of the API's origin: no token goes there.
    #[error("not a URL of the API")]
    ForeignUrl,
    /// Another process is refreshing, and takes longer than a caller waits.
    #[error("no token yet, and no failure either: try again")]
    StillWaiting,
}
