use std::collections::BTreeMap;

use serde::Serialize;

/// What the authority has seen since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Requests to the authorization endpoint, sound or not.
    pub authorize: u64,
    /// Authorization requests that ended in a code.
    pub authorizations_granted: u64,
    /// Authorization requests that ended in `access_denied`.
    pub authorizations_denied: u64,
    /// Token requests that exchanged a code for tokens.
    pub code_exchanges_ok: u64,
    /// Token requests with a code that were refused. A body that is no sound form counts nowhere.
    pub code_exchanges_refused: u64,
    /// Token requests that rotated a refresh token.
    pub refreshes_ok: u64,
    /// Token requests with a refresh token that were refused.
    pub refreshes_refused: u64,
    /// Refresh tokens that came back after they had been used.
    pub replayed_refresh_tokens: u64,
    /// Revocation requests (RFC 7009) answered with 200.
    pub revocations: u64,
    /// Installations that were deleted over the API.
    pub installations_deleted: u64,
    /// API calls by the status of their answer.
    pub api_calls: BTreeMap<u16, u64>,
}
