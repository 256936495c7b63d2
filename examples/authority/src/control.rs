mod credentials;
mod endpoints;
mod hostile;
mod installations;
mod keys;
mod tenants;

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    client::{RegisteredClient, RegistrationError},
    config::Consent,
    fault::{FaultRule, InvalidFault},
    server::Shared,
    state::{GrantStatus, Policy, Stats, Subject},
};

pub(crate) use endpoints::routes;

/// What a test does to the authority behind its clients' backs. Each method is also an endpoint
/// under `/control/`, for tests in other languages.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

impl Control {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Moves the authority's clock forward: everything that expires does so by this clock.
    /// `POST /control/advance {"seconds": 900}`, fractions allowed.
    pub fn advance(&self, by: Duration) {
        self.shared.state().clock.advance(by);
    }

    /// Ends every live access token; refresh tokens live on. Answers how many there were.
    /// `POST /control/revoke-access-tokens`.
    pub fn revoke_access_tokens(&self) -> usize {
        let mut state = self.shared.state();
        let now = state.clock.now();
        state.grants.end_access_tokens(now)
    }

    /// Ends every grant, as if all users had revoked everything. Answers how many there were.
    /// `POST /control/revoke-grants`.
    pub fn revoke_grants(&self) -> usize {
        self.revoke_grants_of(None, None)
    }

    /// Ends the grants of this client and of this subject only, as if the customer had revoked
    /// them in Pleo; `None` means any. Answers how many there were.
    /// `POST /control/revoke-grants {"client_id": "...", "subject": "urn:..."}`.
    pub fn revoke_grants_of(&self, client_id: Option<&str>, subject: Option<&Subject>) -> usize {
        self.shared.state().revoke_grants(client_id, subject)
    }

    /// The next authorization request that would be granted automatically is denied instead.
    /// `POST /control/deny-next`.
    pub fn deny_next(&self) {
        self.shared.state().deny_next();
    }

    /// Who decides from now on.
    /// `POST /control/consent {"mode": "page"}` or `{"mode": "automatic", "user": "alice"}`.
    pub fn set_consent(&self, consent: Consent) {
        self.shared.state().set_consent(consent);
    }

    /// What the authority has seen so far. `GET /control/stats`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.state().stats()
    }

    /// Registers one more client. `POST /control/clients` with `id`, `redirect_uris`, `scopes`,
    /// and `method` and `secret` (without both, the client is public).
    ///
    /// # Errors
    /// If the id is taken or the client is unsound.
    pub fn register(&self, client: RegisteredClient) -> Result<(), RegistrationError> {
        self.shared.state().clients.register(client)
    }

    /// Puts faults behind those that wait already.
    /// `POST /control/faults` with a list of rules.
    ///
    /// # Errors
    /// If one of them cannot be done; then none was added.
    pub fn add_faults(
        &self,
        rules: impl IntoIterator<Item = FaultRule>,
    ) -> Result<(), InvalidFault> {
        let rules = rules.into_iter().collect();
        self.shared.state().faults.add(rules)
    }

    /// The faults that still wait. `GET /control/faults`.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultRule> {
        self.shared.state().faults.left().to_vec()
    }

    /// Forgets the faults that still wait. `DELETE /control/faults`.
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// What becomes of refresh tokens from now on, also of those that were used before.
    /// `POST /control/policy {"policy": "grace-same:500"}`, in the text form of [`Policy`].
    pub fn set_policy(&self, policy: Policy) {
        self.shared.state().grants.set_policy(policy);
    }

    /// The policy of now. `GET /control/policy`.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.shared.state().grants.policy()
    }

    /// Whether a refresh ends the grant's earlier access tokens at once from now on.
    /// `POST /control/policy {"old_access_token_dies": false}`.
    pub fn set_old_access_token_dies(&self, dies: bool) {
        self.shared.state().grants.set_old_access_token_dies(dies);
    }

    /// All grants there ever were, with their refresh tokens by hash. `GET /control/grants`.
    #[must_use]
    pub fn grants(&self) -> Vec<GrantStatus> {
        let state = self.shared.state();
        state.grants.list(state.clock.now())
    }

    /// Whether the client of this refresh token would now get tokens for it. Spends nothing.
    /// `POST /control/would-honour {"refresh_token": "..."}`.
    #[must_use]
    pub fn would_honour(&self, refresh_token: &str) -> bool {
        let state = self.shared.state();
        state.grants.would_honour(state.clock.now(), refresh_token)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("base_url", &self.shared.base_url).finish_non_exhaustive()
    }
}
