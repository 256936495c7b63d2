//! What a function throws.

/// What a function throws. Its text is the stable code, the same in every
/// language, and never anything else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum Refusal {
    /// A bug of the caller, to be mended by reading code. The connection is as
    /// it was.
    #[error("{0}")]
    Misuse(#[from] evergrant::Misuse),
    /// A record or a redirect that cannot be used, as told by its code.
    #[error("{0}")]
    Failed(#[from] evergrant::Failure),
    /// Bytes that are no packed step: a bug of the driver, or a text of its caller's
    /// that UTF-8 cannot hold. The connection is as it was.
    #[error("misuse_packed_invalid")]
    PackedInvalid,
}
