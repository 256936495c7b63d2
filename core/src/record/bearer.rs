//! The record holds the token, memory holds the header.

use crate::secret::Secret;
use alloc::{format, string::String};
use serde::{Deserialize, Deserializer, Serializer};
use zeroize::Zeroizing;

const PREFIX: &str = "Bearer ";

pub(super) fn token(header: &Secret) -> &str {
    // An API key is not a bearer token: its header is kept as it is.
    header.expose().strip_prefix(PREFIX).unwrap_or(header.expose())
}

pub(super) fn serialize<S: Serializer>(header: &Secret, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(token(header))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    let token = Zeroizing::new(String::deserialize(from)?);
    // No bearer token has a space in it.
    let prefix = if token.starts_with("Basic ") { "" } else { PREFIX };
    Ok(Secret::new(format!("{prefix}{}", *token)))
}
