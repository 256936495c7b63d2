use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{clock::Moment, random::uuid_of, subject::Subject};

/// An application at work for a company or an organisation, with the members that Pleo's API has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Installation {
    /// A UUID, another one for each installation.
    pub id: String,
    /// A UUID, the same for all installations of a client.
    pub application_id: String,
    /// Whom it is for.
    pub resource: Subject,
    /// Where it stands.
    pub status: InstallationStatus,
    /// What the application keeps there. It means nothing to the authority.
    pub metadata: Map<String, Value>,
    /// RFC 3339, by the authority's clock.
    pub created_at: String,
    /// RFC 3339, by the authority's clock.
    pub updated_at: String,
    /// Why it is `INACTIVE` or in `ERROR`, if it is and somebody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<InstallationError>,
}

/// An installation, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListedInstallation {
    /// The OAuth client, or the application of an API key.
    pub client_id: String,
    /// The installation, its members beside `client_id`.
    #[serde(flatten)]
    pub installation: Installation,
}

/// Where an installation stands. In JSON as Pleo writes it: `PENDING_INTEGRATION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InstallationStatus {
    /// A person has authorized it, and it is not ready for use.
    Authorized,
    /// It is being set up.
    PendingIntegration,
    /// It works.
    Activated,
    /// It is not in use.
    Inactive,
    /// It does not work.
    Error,
}

/// Why an installation does not work. In JSON as Pleo writes it: `NOT_ENTITLED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InstallationError {
    /// The customer has not paid for it.
    NotEntitled,
    /// The credentials of the other side do not work.
    AuthError,
    /// Anything else; in older pages only.
    IntegrationError,
}

/// What the end of an installation ends with it. Pleo's words, "all tokens for the client", can be
/// read as `Company` and as `Client`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The grant whose token asked, and no other: as at servers that know no installations.
    Grant,
    /// All grants of the client for this company or organisation.
    #[default]
    Company,
    /// All grants of the client, also for other companies.
    Client,
}

#[derive(Debug)]
pub(crate) struct Installations {
    /// By client and subject: one installation, however many grants lead to it.
    installations: BTreeMap<(String, Subject), Installation>,
    made: u64,
    pub(crate) needs_activation: bool,
    pub(crate) reach: Reach,
}

impl Installations {
    pub(crate) fn new(needs_activation: bool, reach: Reach) -> Self {
        Self { installations: BTreeMap::new(), made: 0, needs_activation, reach }
    }

    /// How an installation begins that says nothing of its own.
    pub(crate) fn first_status(&self) -> InstallationStatus {
        use InstallationStatus::{Activated, Authorized};
        if self.needs_activation { Authorized } else { Activated }
    }

    pub(crate) fn find(&self, client_id: &str, subject: &Subject) -> Option<&Installation> {
        self.installations.get(&(client_id.into(), subject.clone()))
    }

    /// `None` if there is one already.
    pub(crate) fn create(
        &mut self,
        now: Moment,
        client_id: &str,
        subject: &Subject,
        status: InstallationStatus,
        metadata: Map<String, Value>,
    ) -> Option<&Installation> {
        if self.find(client_id, subject).is_some() {
            return None;
        }
        self.made += 1;
        let made = Installation {
            id: uuid_of(&format!("installation {} of {client_id} for {subject}", self.made)),
            application_id: uuid_of(&format!("application {client_id}")),
            resource: subject.clone(),
            status,
            metadata,
            created_at: now.rfc_3339(),
            updated_at: now.rfc_3339(),
            error_code: None,
        };
        Some(self.installations.entry((client_id.into(), subject.clone())).or_insert(made))
    }

    /// What a new grant does: it makes the installation, or mends one that had stopped.
    pub(crate) fn authorized(&mut self, now: Moment, client_id: &str, subject: &Subject) {
        use InstallationStatus::{Error, Inactive};
        let first = self.first_status();
        match self.find(client_id, subject).map(|found| found.status) {
            None => {
                self.create(now, client_id, subject, first, Map::new());
            }
            Some(Inactive | Error) => {
                self.update(now, client_id, subject, first, None, None);
            }
            Some(_) => {}
        }
    }

    /// Without metadata, those that are there stay. `None` if there is no installation.
    pub(crate) fn update(
        &mut self,
        now: Moment,
        client_id: &str,
        subject: &Subject,
        status: InstallationStatus,
        error_code: Option<InstallationError>,
        metadata: Option<Map<String, Value>>,
    ) -> Option<&Installation> {
        use InstallationStatus::{Error, Inactive};
        let found = self.installations.get_mut(&(client_id.into(), subject.clone()))?;
        found.status = status;
        found.error_code = error_code.filter(|_| matches!(status, Inactive | Error));
        if let Some(metadata) = metadata {
            found.metadata = metadata;
        }
        found.updated_at = now.rfc_3339();
        Some(found)
    }

    /// `false` if there was none.
    pub(crate) fn remove(&mut self, client_id: &str, subject: &Subject) -> bool {
        self.installations.remove(&(client_id.into(), subject.clone())).is_some()
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&str, &Subject) -> bool) {
        self.installations.retain(|(client_id, subject), _| keep(client_id, subject));
    }

    pub(crate) fn list(&self) -> Vec<ListedInstallation> {
        let listed = self.installations.iter().map(|((client_id, _), installation)| {
            ListedInstallation { client_id: client_id.clone(), installation: installation.clone() }
        });
        listed.collect()
    }

    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    pub(crate) fn len(&self) -> usize {
        self.installations.len()
    }
}
