use std::collections::BTreeMap;

use serde::Serialize;

use super::{Grants, Moment, Subject};

/// A grant as the authority sees it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GrantStatus {
    /// Counted from 0 in the order of the code exchanges.
    pub id: usize,
    /// The `client_id`.
    pub client_id: String,
    /// The user who consented.
    pub user: String,
    /// The company or organisation that it was granted for.
    pub subject: Subject,
    /// Not revoked. A grant that is alive may still have no live refresh token: all expired, say.
    pub alive: bool,
    /// Access tokens that the API would take now.
    pub access_tokens_alive: usize,
    /// All refresh tokens that the grant ever had, by SHA-256 in lower-case hex, and whether each
    /// would be honoured now.
    pub refresh_tokens: BTreeMap<String, bool>,
}

impl Grants {
    pub(crate) fn list(&self, now: Moment) -> Vec<GrantStatus> {
        let status = self.grants.iter().map(|(id, grant)| {
            let refresh = self.refresh.iter().filter(|(_, token)| token.grant == *id);
            let access = self.access.values().filter(|token| token.grant == *id);
            GrantStatus {
                id: id.0,
                client_id: grant.client_id.clone(),
                user: grant.owner.user.clone(),
                subject: grant.owner.subject.clone(),
                alive: !grant.ended,
                access_tokens_alive: access.filter(|token| now < token.expires).count(),
                refresh_tokens: refresh
                    .map(|(hash, token)| (hash.hex(), self.is_live(now, token, grant)))
                    .collect(),
            }
        });
        status.collect()
    }

    pub(crate) fn alive(&self) -> usize {
        self.grants.values().filter(|grant| !grant.ended).count()
    }

    pub(crate) fn alive_by_subject(&self) -> BTreeMap<Subject, u64> {
        let mut alive = BTreeMap::new();
        for grant in self.grants.values().filter(|grant| !grant.ended) {
            *alive.entry(grant.owner.subject.clone()).or_default() += 1;
        }
        alive
    }

    pub(crate) fn live_refresh_tokens(&self, now: Moment) -> usize {
        let live = self.refresh.values().filter(|token| {
            let grant = self.grants.get(&token.grant);
            grant.is_some_and(|grant| self.is_live(now, token, grant))
        });
        live.count()
    }
}
