//! The C interface of `evergrant`: opaque handles, one function per input, one
//! accessor per field of an output. `include/evergrant.h` is generated from the
//! functions here; its opening comment (in `cbindgen.toml`) has the rules that
//! all of them keep, and the documentation below is written for C's readers.
#![allow(
    clippy::missing_safety_doc,
    reason = "what C has to promise is the same everywhere, and stands at the top of the header"
)]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod boundary;

pub mod authorize;
pub mod client;
pub mod connection;
pub mod handle;
pub mod input;
pub mod key;
pub mod names;
pub mod news;
pub mod provider;
pub mod request;
pub mod result;
pub mod sealing;
pub mod step;
pub mod tag;

/// The header promises that these may be used from several threads, and that
/// the others may move between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    const fn moved<T: Send>() {}
    shared::<provider::EvgProvider>();
    shared::<client::EvgClient>();
    moved::<provider::EvgProviderConfig>();
    moved::<client::EvgClientConfig>();
    moved::<authorize::EvgAuthorize>();
    moved::<connection::EvgConnection>();
    moved::<step::EvgStep>();
};
