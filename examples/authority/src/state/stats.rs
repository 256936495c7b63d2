use std::collections::BTreeMap;

use serde::Serialize;

use super::{KeyRefusal, Subject};

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
    /// Refresh requests that arrived, whatever then became of them: one that a fault dropped
    /// counts, and one that a fault delivers twice counts once.
    pub refreshes_received: u64,
    /// Refresh requests that were handled: one that is delivered twice counts twice. The sum of
    /// the next two.
    pub refreshes_handled: u64,
    /// Token requests that got tokens for a refresh token.
    pub refreshes_ok: u64,
    /// Token requests with a refresh token that were refused.
    pub refreshes_refused: u64,
    /// Refresh tokens that came back after they had been used, and were refused for that.
    pub replayed_refresh_tokens: u64,
    /// Grants that such a replay ended.
    pub grants_revoked_by_replay: u64,
    /// Grants that are not revoked, now.
    pub grants_alive: u64,
    /// The same by company or organisation; those without any are left out.
    pub grants_alive_by_subject: BTreeMap<Subject, u64>,
    /// Refresh tokens that would be honoured, now.
    pub refresh_tokens_alive: u64,
    /// Requests whose client proved itself by a secret, by the number of the secret: 0 is the one
    /// that it was registered with.
    pub client_secrets_used: BTreeMap<u64, u64>,
    /// Requests beyond the rate limit.
    pub rate_limited: u64,
    /// The most requests that came in one window of a rate limit, refused ones too.
    pub busiest_window: u64,
    /// Revocation requests (RFC 7009) answered with 200.
    pub revocations: u64,
    /// Installations that were made, by a grant, an integrated API key, or over the API.
    pub installations_made: u64,
    /// Installations that there are, now.
    pub installations_alive: u64,
    /// Calls of `:activate` that were honoured.
    pub installations_activated: u64,
    /// Installations that were deleted over the API.
    pub installations_deleted: u64,
    /// Introspections at the authorization server (RFC 7662), whatever came of them.
    pub introspections: u64,
    /// Introspections in the API, whatever came of them.
    pub api_introspections: u64,
    /// API keys that are good, now.
    pub api_keys_active: u64,
    /// API calls with a good API key; it may still have lacked a scope.
    pub api_keys_accepted: u64,
    /// API calls with an API key that opened nothing, by the reason.
    pub api_keys_refused: BTreeMap<KeyRefusal, u64>,
    /// API calls with a token or an API key in the address. All of them were refused.
    pub credentials_in_query: u64,
    /// API calls by the status of their answer.
    pub api_calls: BTreeMap<u16, u64>,
}
