use std::collections::BTreeMap;

use super::{
    clock::Moment,
    random::{Hash, challenge_of},
    scope::Scope,
    subject::Subject,
    tokens::{GrantId, Owner, Refusal},
};

/// A sound authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: Scope,
    pub(crate) state: String,
    pub(crate) code_challenge: String,
    /// The subject that the client proposes (`urn_pleo_params_oauth_subject`).
    pub(crate) proposed: Option<Subject>,
}

/// Authorization codes. A code is good for one attempt of its client, be the attempt right or wrong.
#[derive(Debug, Default)]
pub(super) struct Codes(BTreeMap<Hash, Code>);

#[derive(Debug)]
struct Code {
    request: AuthorizationRequest,
    owner: Owner,
    expires: Moment,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Fresh,
    /// Tried; the grant that came of it, if the attempt was right. Remembered for as long as the
    /// authority runs, so that a replay finds what it has to end.
    Spent(Option<GrantId>),
}

pub(super) enum Redeemed {
    /// First use and everything fits.
    Fits { request: AuthorizationRequest, owner: Owner },
    /// A replay; the grant of the first use has to end (RFC 6749 §4.1.2).
    Replay(Option<GrantId>),
}

impl Codes {
    pub(super) fn add(
        &mut self,
        code: &str,
        request: AuthorizationRequest,
        owner: Owner,
        expires: Moment,
    ) {
        let code_state = Code { request, owner, expires, stage: Stage::Fresh };
        self.0.insert(Hash::of(code), code_state);
    }

    /// RFC 6749 §4.1.3 and RFC 7636 §4.6.
    pub(super) fn redeem(
        &mut self,
        now: Moment,
        client_id: &str,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Redeemed, Refusal> {
        let Some(code) = self.0.get_mut(&Hash::of(code)) else {
            return Err(Refusal::Grant("this code is unknown"));
        };
        if code.request.client_id != client_id {
            return Err(Refusal::Grant("this code was issued to another client"));
        }
        if let Stage::Spent(grant) = code.stage {
            return Ok(Redeemed::Replay(grant));
        }
        code.stage = Stage::Spent(None);
        if now >= code.expires {
            return Err(Refusal::Grant("this code has expired"));
        }
        if code.request.redirect_uri != redirect_uri {
            return Err(Refusal::Grant("redirect_uri is not the one of the authorization request"));
        }
        if !is_verifier(verifier) || challenge_of(verifier) != code.request.code_challenge {
            return Err(Refusal::Grant("code_verifier does not match the code_challenge"));
        }
        Ok(Redeemed::Fits { request: code.request.clone(), owner: code.owner.clone() })
    }

    pub(super) fn remember_grant(&mut self, code: &str, grant: GrantId) {
        if let Some(code) = self.0.get_mut(&Hash::of(code)) {
            code.stage = Stage::Spent(Some(grant));
        }
    }
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}
