//! The record holds the token, memory holds the header.

use crate::{basic, json, secret::Secret};
use alloc::string::String;

const PREFIX: &str = "Bearer ";

/// The header's value (RFC 6750 §2.1).
pub(crate) fn header(token: &str) -> Secret {
    let mut header = String::with_capacity(PREFIX.len().saturating_add(token.len()));
    header.push_str(PREFIX);
    header.push_str(token);
    Secret::new(header)
}

pub(super) fn token(header: &Secret) -> &str {
    // An API key is not a bearer token: its header is kept as it is.
    header.expose().strip_prefix(PREFIX).unwrap_or(header.expose())
}

pub(super) fn read(value: &str) -> Option<Secret> {
    let token = json::secret(value)?;
    // No bearer token has a space in it.
    if token.expose().starts_with(basic::PREFIX) {
        Some(token)
    } else {
        Some(header(token.expose()))
    }
}
