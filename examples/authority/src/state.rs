//! What the authority remembers and the rules by which it changes. No HTTP in here, and no waiting:
//! every method takes what it needs and answers at once.

mod clients;
mod clock;
mod codes;
mod directory;
mod grants;
mod installations;
mod keys;
mod pace;
mod policy;
mod random;
mod scope;
mod stats;
mod subject;
mod telling;
mod tokens;

use std::collections::BTreeMap;

use crate::{
    config::{Config, Consent, DEFAULT_USER},
    fault::Faults,
    server::StartError,
};
use clock::Clock;
use grants::fits;
use random::Hash;

pub(crate) use clients::Clients;
pub use clients::SecretError;
pub(crate) use clock::Moment;
pub(crate) use codes::AuthorizationRequest;
pub(crate) use directory::Directory;
pub use directory::{Entity, EntityError};
pub use grants::GrantStatus;
pub(crate) use grants::Grants;
pub(crate) use installations::Installations;
pub use installations::{
    Installation, InstallationError, InstallationStatus, ListedInstallation, Reach,
};
pub use keys::{
    ApiKeyError, ApiKeyStatus, CreatedApiKey, KeyKind, KeyRefusal, KeyState, NewApiKey,
};
pub(crate) use keys::{Key, Keys};
pub(crate) use pace::Pace;
pub use pace::{RateLimit, RetryForm};
pub use policy::{Policy, UnknownPolicy};
pub(crate) use scope::Scope;
pub use stats::Stats;
pub use subject::{InvalidSubject, Subject};
pub use telling::{Aud, Telling, ToldSubject};
pub(crate) use tokens::{GrantId, Issued, Owner, Refusal};

/// How long a consent page waits for its answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) clients: Clients,
    pub(crate) directory: Directory,
    pub(crate) grants: Grants,
    pub(crate) installations: Installations,
    pub(crate) keys: Keys,
    pub(crate) telling: Telling,
    pub(crate) pace: Pace,
    pub(crate) stats: Stats,
    pub(crate) faults: Faults,
    consent: Consent,
    deny_next: bool,
    /// Requests that wait for a person, by the hash of their transaction id.
    waiting: BTreeMap<Hash, (Moment, AuthorizationRequest)>,
}

/// What becomes of a sound authorization request.
pub(crate) enum Decision {
    Granted { code: String },
    Denied,
    Ask { transaction: String },
}

/// What a person says on the consent page.
pub(crate) enum Answer {
    Allow(Option<Subject>),
    Deny,
}

impl State {
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        let mut state = Self {
            clock: Clock::new(),
            clients: Clients::default(),
            directory: Directory::new(config)?,
            grants: Grants::new(config),
            installations: Installations::new(config.installation_needs_activation, config.reach),
            keys: Keys::default(),
            telling: config.telling.clone(),
            pace: Pace::new(config.rate_limit.clone()),
            stats: Stats::default(),
            faults: Faults::default(),
            consent: config.consent.clone(),
            deny_next: false,
            waiting: BTreeMap::new(),
        };
        for client in &config.clients {
            state.clients.register(client.clone())?;
        }
        Ok(state)
    }

    /// What was counted, and what is alive now.
    pub(crate) fn stats(&self) -> Stats {
        let now = self.clock.now();
        let live_tokens = self.grants.live_refresh_tokens(now);
        Stats {
            grants_alive: self.grants.alive() as u64,
            grants_alive_by_subject: self.grants.alive_by_subject(),
            refresh_tokens_alive: live_tokens as u64,
            installations_made: self.installations.made(),
            installations_alive: self.installations.len() as u64,
            rate_limited: self.pace.refused(),
            busiest_window: self.pace.busiest(),
            api_keys_active: self.keys.active(now) as u64,
            ..self.stats.clone()
        }
    }

    pub(crate) fn set_consent(&mut self, consent: Consent) {
        self.consent = consent;
    }

    pub(crate) fn deny_next(&mut self) {
        self.deny_next = true;
    }

    pub(crate) fn decide(&mut self, request: AuthorizationRequest) -> Decision {
        let now = self.clock.now();
        match &self.consent {
            Consent::Automatic { .. } if std::mem::take(&mut self.deny_next) => {
                self.stats.authorizations_denied += 1;
                Decision::Denied
            }
            Consent::Automatic { user } => {
                self.stats.authorizations_granted += 1;
                let subject = self.directory.picked(user, request.proposed.as_ref());
                let owner = Owner { user: user.clone(), subject };
                let code = self.grants.issue_code(now, request, owner);
                Decision::Granted { code }
            }
            Consent::Page => {
                self.waiting.retain(|_, (until, _)| now < *until);
                let transaction = random::token();
                let entry = (now.plus(PATIENCE), request);
                self.waiting.insert(Hash::of(&transaction), entry);
                Decision::Ask { transaction }
            }
        }
    }

    /// RFC 6749 §4.1.3. A grant makes the installation, if there is none.
    pub(crate) fn exchange(
        &mut self,
        now: Moment,
        client_id: &str,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Issued, Refusal> {
        let issued = self.grants.exchange(now, client_id, code, redirect_uri, verifier)?;
        if let Some((client_id, subject)) = self.grants.whose(issued.grant) {
            self.installations.authorized(now, client_id, subject);
        }
        Ok(issued)
    }

    /// An integrated key is made when its integration is installed.
    pub(crate) fn create_api_key(
        &mut self,
        now: Moment,
        new: NewApiKey,
    ) -> Result<CreatedApiKey, ApiKeyError> {
        let (created, key) = self.keys.create(now, new)?;
        if key.kind == KeyKind::Integrated {
            let status = InstallationStatus::PendingIntegration;
            let metadata = serde_json::Map::new();
            self.installations.create(now, &key.client_id, &key.subject, status, metadata);
        }
        Ok(created)
    }

    /// What customers do who revoke: the grants of this client and this subject, or of any, and
    /// their installations. Answers how many grants there were.
    pub(crate) fn revoke_grants(
        &mut self,
        client_id: Option<&str>,
        subject: Option<&Subject>,
    ) -> usize {
        self.installations.retain(|client, whose| !fits(client, whose, client_id, subject));
        self.grants.end_all(client_id, subject)
    }

    /// Deletes the installation, and ends what ends with it. `false` if there is none.
    pub(crate) fn uninstall(
        &mut self,
        client_id: &str,
        subject: &Subject,
        asking: Option<GrantId>,
    ) -> bool {
        if !self.installations.remove(client_id, subject) {
            return false;
        }
        self.stats.installations_deleted += 1;
        self.keys.end_integrated(client_id, subject);
        match self.installations.reach {
            Reach::Grant => asking.map_or(0, |grant| self.grants.end(grant)),
            Reach::Company => self.grants.end_all(Some(client_id), Some(subject)),
            Reach::Client => self.grants.end_all(Some(client_id), None),
        };
        true
    }

    /// The answer of the consent page: works once, and only while the page is fresh. Where
    /// it names no subject, the one is taken that would be selected on the page now.
    pub(crate) fn answer(
        &mut self,
        transaction: &str,
        answer: Answer,
    ) -> Option<(AuthorizationRequest, Decision)> {
        let now = self.clock.now();
        let (until, request) = self.waiting.remove(&Hash::of(transaction))?;
        if now >= until {
            return None;
        }
        let Answer::Allow(subject) = answer else {
            self.stats.authorizations_denied += 1;
            return Some((request, Decision::Denied));
        };
        self.stats.authorizations_granted += 1;
        let subject = subject
            .unwrap_or_else(|| self.directory.picked(DEFAULT_USER, request.proposed.as_ref()));
        let owner = Owner { user: DEFAULT_USER.into(), subject };
        let code = self.grants.issue_code(now, request.clone(), owner);
        Some((request, Decision::Granted { code }))
    }
}
