//! The record holds the token, memory holds the header.

use crate::{json, secret::Secret};
use alloc::format;

const PREFIX: &str = "Bearer ";

pub(super) fn token(header: &Secret) -> &str {
    // An API key is not a bearer token: its header is kept as it is.
    header.expose().strip_prefix(PREFIX).unwrap_or(header.expose())
}

pub(super) fn read(value: &str) -> Option<Secret> {
    let token = json::secret(value)?;
    // No bearer token has a space in it.
    let prefix = if token.expose().starts_with("Basic ") { "" } else { PREFIX };
    Some(Secret::new(format!("{prefix}{}", token.expose())))
}
