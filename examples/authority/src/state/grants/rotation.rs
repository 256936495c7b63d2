use super::{AccessToken, GrantId, Grants, Hash, Issued, Moment, RefreshToken, Refusal, Scope};
use crate::state::{
    policy::{Policy, Rotation, Verdict},
    random,
    tokens::Grant,
};

impl Grants {
    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// Counts for the next refresh, also of tokens that were issued or used before.
    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    pub(crate) fn old_access_token_dies(&self) -> bool {
        self.old_access_token_dies
    }

    pub(crate) fn set_old_access_token_dies(&mut self, dies: bool) {
        self.old_access_token_dies = dies;
    }

    /// RFC 6749 §6. `scope` narrows the access token; the grant itself keeps its scope.
    pub(crate) fn refresh(
        &mut self,
        now: Moment,
        client_id: &str,
        refresh_token: &str,
        scope: Option<Scope>,
    ) -> Result<Issued, Refusal> {
        let hash = Hash::of(refresh_token);
        let Some((token, grant)) = self.refresh_token(&hash) else {
            return Err(Refusal::Grant("this refresh token is unknown"));
        };
        let id = token.grant;
        if grant.client_id != client_id {
            return Err(Refusal::Grant("this refresh token was issued to another client"));
        }
        let rotation = match self.policy.verdict(token, now) {
            Verdict::Honour(rotation) => rotation,
            Verdict::Refuse => return Err(Refusal::Replay { ended: 0 }),
            Verdict::EndGrant => return Err(Refusal::Replay { ended: self.end(id) }),
            Verdict::EndUser => return Err(Refusal::Replay { ended: self.end_user_of(id) }),
        };
        if grant.ended {
            return Err(Refusal::Grant("this grant was revoked"));
        }
        if token.is_expired(now) {
            if self.policy.has_families() {
                self.end(id);
            }
            return Err(Refusal::Grant("this refresh token has expired"));
        }
        let scope = scope.unwrap_or_else(|| grant.scope.clone());
        if !scope.is_within(grant.scope.tokens()) {
            return Err(Refusal::Scope("wider than what was granted"));
        }
        Ok(self.rotate(now, refresh_token, id, scope, rotation))
    }

    /// Whether the client of this refresh token would now get tokens for it.
    pub(crate) fn would_honour(&self, now: Moment, refresh_token: &str) -> bool {
        let found = self.refresh_token(&Hash::of(refresh_token));
        found.is_some_and(|(token, grant)| self.is_live(now, token, grant))
    }

    pub(super) fn is_live(&self, now: Moment, token: &RefreshToken, grant: &Grant) -> bool {
        let honoured = matches!(self.policy.verdict(token, now), Verdict::Honour(_));
        honoured && !grant.ended && !token.is_expired(now)
    }

    fn rotate(
        &mut self,
        now: Moment,
        old: &str,
        id: GrantId,
        scope: Scope,
        rotation: Rotation,
    ) -> Issued {
        let hash = Hash::of(old);
        // A second answer to the same token must not spoil the first.
        let again = matches!(rotation, Rotation::Beside | Rotation::Same);
        if self.old_access_token_dies && !again {
            self.access.retain(|_, access| access.grant != id);
        }
        let successor = self.secret.successor_of(old);
        let refresh_token = match rotation {
            Rotation::New => successor,
            Rotation::Instead => {
                self.close_successors_of(&hash);
                random::token()
            }
            Rotation::Beside => random::token(),
            Rotation::Same => successor,
            Rotation::Keep => old.to_owned(),
        };
        if !matches!(rotation, Rotation::Keep) {
            self.close_parent_of(&hash);
            if let Some(token) = self.refresh.get_mut(&hash) {
                token.used.get_or_insert(now);
            }
            let next = Hash::of(&refresh_token);
            let expires = self.refresh_token_lifetime.map(|life| now.plus(life));
            // The same successor may be there, and even in use: then it stays as it is.
            let token = RefreshToken::first(id, now, expires).following(hash);
            self.refresh.entry(next).or_insert(token);
        }
        self.issue(now, id, scope, refresh_token)
    }

    fn close_parent_of(&mut self, hash: &Hash) {
        let parent = self.refresh.get(hash).and_then(|token| token.parent);
        if let Some(parent) = parent.and_then(|parent| self.refresh.get_mut(&parent)) {
            parent.closed = true;
        }
    }

    fn close_successors_of(&mut self, hash: &Hash) {
        for token in self.refresh.values_mut().filter(|token| token.parent == Some(*hash)) {
            token.closed = true;
        }
    }

    /// All grants of the same user and client, newer ones too.
    fn end_user_of(&mut self, id: GrantId) -> usize {
        let Some(grant) = self.grants.get(&id) else {
            return 0;
        };
        let whose = (grant.client_id.clone(), grant.owner.user.clone());
        let all = self.grants.iter().filter(|(_, other)| {
            (other.client_id.as_str(), other.owner.user.as_str())
                == (whose.0.as_str(), whose.1.as_str())
        });
        let all: Vec<GrantId> = all.map(|(id, _)| *id).collect();
        all.into_iter().map(|id| self.end(id)).sum()
    }

    pub(super) fn issue(
        &mut self,
        now: Moment,
        grant: GrantId,
        scope: Scope,
        refresh_token: String,
    ) -> Issued {
        let access_token = random::token();
        let access = AccessToken {
            grant,
            scope: scope.clone(),
            issued: now,
            expires: now.plus(self.access_token_lifetime),
        };
        self.access.insert(Hash::of(&access_token), access);
        Issued {
            grant,
            access_token,
            refresh_token,
            expires_in: self.access_token_lifetime.as_secs(),
            scope,
        }
    }
}
