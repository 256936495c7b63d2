mod listing;
mod rotation;

use std::{collections::BTreeMap, time::Duration};

use super::{
    clock::Moment,
    codes::{AuthorizationRequest, Codes, Redeemed},
    policy::Policy,
    random::{self, Hash, Secret},
    scope::Scope,
    subject::Subject,
    tokens::{
        AccessToken, Allowed, Description, Grant, GrantId, Issued, Owner, RefreshToken, Refusal,
        RevokeRefused,
    },
};
use crate::config::Config;

pub use listing::GrantStatus;

/// Everything that was granted, and the tokens that speak for it.
#[derive(Debug)]
pub(crate) struct Grants {
    policy: Policy,
    old_access_token_dies: bool,
    /// What makes the first successor of a refresh token, so that it can be made again and need
    /// not be kept.
    secret: Secret,
    access_token_lifetime: Duration,
    refresh_token_lifetime: Option<Duration>,
    code_lifetime: Duration,
    codes: Codes,
    grants: BTreeMap<GrantId, Grant>,
    /// Live or expired ones; a token that was ended is forgotten.
    access: BTreeMap<Hash, AccessToken>,
    /// All that ever were: a replay is seen only by who remembers.
    refresh: BTreeMap<Hash, RefreshToken>,
}

impl Grants {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            policy: config.policy,
            old_access_token_dies: config.old_access_token_dies,
            secret: Secret::new(),
            access_token_lifetime: config.access_token_lifetime,
            refresh_token_lifetime: config.refresh_token_lifetime,
            code_lifetime: config.code_lifetime,
            codes: Codes::default(),
            grants: BTreeMap::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
        }
    }

    pub(crate) fn issue_code(
        &mut self,
        now: Moment,
        request: AuthorizationRequest,
        owner: Owner,
    ) -> String {
        let code = random::token();
        let expires = now.plus(self.code_lifetime);
        self.codes.add(&code, request, owner, expires);
        code
    }

    /// RFC 6749 §4.1.3.
    pub(crate) fn exchange(
        &mut self,
        now: Moment,
        client_id: &str,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Issued, Refusal> {
        let redeemed = self.codes.redeem(now, client_id, code, redirect_uri, verifier)?;
        let (request, owner) = match redeemed {
            Redeemed::Fits { request, owner } => (request, owner),
            Redeemed::Replay(grant) => {
                if let Some(grant) = grant {
                    self.end(grant);
                }
                return Err(Refusal::Grant("this code was used before"));
            }
        };
        let id = GrantId(self.grants.len());
        self.codes.remember_grant(code, id);
        let grant = Grant {
            client_id: request.client_id,
            owner,
            scope: request.scope.clone(),
            ended: false,
        };
        self.grants.insert(id, grant);
        let refresh_token = random::token();
        let expires = self.refresh_token_lifetime.map(|life| now.plus(life));
        let first = RefreshToken::first(id, now, expires);
        self.refresh.insert(Hash::of(&refresh_token), first);
        Ok(self.issue(now, id, request.scope, refresh_token))
    }

    /// The client that has this grant, and whom it speaks for.
    pub(crate) fn whose(&self, id: GrantId) -> Option<(&str, &Subject)> {
        let grant = self.grants.get(&id)?;
        Some((&grant.client_id, &grant.owner.subject))
    }

    pub(crate) fn allowed(&self, now: Moment, access_token: &str) -> Option<Allowed<'_>> {
        let token = self.access.get(&Hash::of(access_token))?;
        let grant = self.grants.get(&token.grant)?;
        (now < token.expires && !grant.ended).then(|| Allowed {
            grant: token.grant,
            client_id: &grant.client_id,
            subject: &grant.owner.subject,
            scope: &token.scope,
        })
    }

    /// Whether this text is an access token that was not ended, or ever was a refresh token.
    pub(crate) fn knows(&self, text: &str) -> bool {
        let hash = Hash::of(text);
        self.access.contains_key(&hash) || self.refresh.contains_key(&hash)
    }

    /// RFC 7662 §2.2, for tokens of this client only: `None` is `"active": false`.
    pub(crate) fn describe(
        &self,
        now: Moment,
        client_id: &str,
        token: &str,
    ) -> Option<Description<'_>> {
        let hash = Hash::of(token);
        let (id, issued, expires, good) = match (self.access.get(&hash), self.refresh_token(&hash))
        {
            (Some(token), _) => {
                (token.grant, token.issued, Some(token.expires), now < token.expires)
            }
            (None, Some((token, grant))) => {
                (token.grant, token.issued, token.expires, self.is_live(now, token, grant))
            }
            (None, None) => return None,
        };
        let grant = self.grants.get(&id)?;
        let live = grant.client_id == client_id && !grant.ended && good;
        live.then(|| Description { owner: &grant.owner, issued, expires, name: hash.short_name() })
    }

    /// RFC 7009 §2.1. An access token ends alone; a refresh token, also a spent one, ends its
    /// grant: who revokes wants it gone, and a spent token may be all that he has left.
    pub(crate) fn revoke(&mut self, client_id: &str, token: &str) -> Result<(), RevokeRefused> {
        let hash = Hash::of(token);
        let access = self.access.get(&hash).map(|token| token.grant);
        let refresh = self.refresh.get(&hash).map(|token| token.grant);
        let Some(id) = access.or(refresh) else {
            return Ok(());
        };
        if self.grants.get(&id).is_none_or(|grant| grant.client_id != client_id) {
            return Err(RevokeRefused);
        }
        if access.is_some() {
            self.access.remove(&hash);
        } else {
            self.end(id);
        }
        Ok(())
    }

    /// Ends every access token and no refresh token; answers how many there were.
    pub(crate) fn end_access_tokens(&mut self, now: Moment) -> usize {
        let live = self.access.values().filter(|token| now < token.expires).count();
        self.access.clear();
        live
    }

    /// Ends all grants of this client and this subject, or of any. Answers how many there were.
    pub(crate) fn end_all(&mut self, client_id: Option<&str>, subject: Option<&Subject>) -> usize {
        let found = self
            .grants
            .iter()
            .filter(|(_, grant)| fits(&grant.client_id, &grant.owner.subject, client_id, subject));
        let found: Vec<GrantId> = found.map(|(id, _)| *id).collect();
        found.into_iter().map(|id| self.end(id)).sum()
    }

    /// Answers how many grants that ended: one, or none if it had ended before.
    pub(crate) fn end(&mut self, id: GrantId) -> usize {
        self.access.retain(|_, access| access.grant != id);
        let live = self.grants.get_mut(&id).filter(|grant| !grant.ended);
        live.map_or(0, |grant| {
            grant.ended = true;
            1
        })
    }

    fn refresh_token(&self, hash: &Hash) -> Option<(&RefreshToken, &Grant)> {
        let token = self.refresh.get(hash)?;
        Some((token, self.grants.get(&token.grant)?))
    }
}

/// No wish is a wish that all fulfil.
pub(super) fn fits(
    client_id: &str,
    subject: &Subject,
    wanted_client: Option<&str>,
    wanted_subject: Option<&Subject>,
) -> bool {
    wanted_client.is_none_or(|wanted| wanted == client_id)
        && wanted_subject.is_none_or(|wanted| wanted == subject)
}

#[cfg(test)]
#[path = "grants_tests.rs"]
mod tests;
