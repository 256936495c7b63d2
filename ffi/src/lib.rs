//! The C interface of `evergrant`: opaque handles, one function per input, one
//! accessor per field of an output. `include/evergrant.h` is generated from the
//! functions here; its opening comment (in `cbindgen.toml`) has the rules that
//! all of them keep, and the documentation below is written for C's readers.
#![no_std]
#![allow(
    clippy::missing_safety_doc,
    reason = "what C has to promise is the same everywhere, and stands at the top of the header"
)]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(not(any(feature = "std", test)))]
mod bare;
mod boundary;

pub mod authorize;
pub mod client;
pub mod connection;
pub mod handle;
pub mod input;
pub mod key;
pub mod names;
pub mod news;
pub mod owned;
pub mod pace;
pub mod policy;
pub mod process;
pub mod provider;
pub mod registration;
pub mod request;
pub mod result;
pub mod sealing;
pub mod step;
pub mod store;
pub mod tag;
pub mod version;

/// The header promises that these may be used from several threads, and that
/// the others may move between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    const fn moved<T: Send>() {}
    shared::<provider::EvgProvider>();
    shared::<client::EvgClient>();
    shared::<owned::EvgOwned>();
    moved::<provider::EvgProviderConfig>();
    moved::<client::EvgClientConfig>();
    moved::<authorize::EvgAuthorize>();
    moved::<connection::EvgConnection>();
    moved::<step::EvgStep>();
    moved::<pace::EvgPacer>();
    moved::<registration::EvgRegistration>();
    moved::<registration::EvgRegistrationFaults>();
};
