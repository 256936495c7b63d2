//! (k) What must hold of companies and API keys after every step.

use crate::{
    companies::Subject,
    server::Token,
    store::{Standing, View},
    world::{World, tenant_name},
};
use evergrant::*;

impl World {
    /// A served credential has been in the record, and is of the connection's own
    /// company: else one customer's data would be shown to another.
    pub fn check_served(&mut self, worker: usize, token: Token) {
        let tenant = self.workers[worker].tenant;
        let (theirs, saved) = match token {
            Token::Access(number) => {
                let Some(access) = self.server.access.get(number as usize) else {
                    return self.fail("f: served", format!("a{number} was never issued"));
                };
                let grant = &self.server.grants[access.grant as usize];
                // What a refresh brought may be served unsaved; a candidate never.
                let refreshed = access.refreshed && self.plan.provider.release_unsaved;
                (grant.tenant == tenant, access.saved || refreshed)
            }
            Token::Key(number) => {
                let Some(key) = self.server.keys.get(number as usize) else {
                    return self.fail("f: served", format!("k{number} was never made"));
                };
                (key.entered.iter().any(|(other, _)| *other == tenant), key.saved)
            }
            Token::Refresh(_) => (false, false),
        };
        if !theirs || !saved {
            let detail = format!("{token:?}: this tenant's {theirs}, saved {saved}");
            return self.fail("f: served", detail);
        }
        let bound = self.store.slots[usize::from(tenant)].view.company;
        if !self.is_own(tenant, token, bound) {
            self.fail("k: another company's token served", format!("w{worker}: {token:?}"));
        }
    }

    /// Whether a credential may be used by this tenant's connection, bound to `bound`.
    fn is_own(&self, tenant: u8, token: Token, bound: Option<u8>) -> bool {
        let binds = match token {
            Token::Key(_) => true,
            Token::Access(_) | Token::Refresh(_) => self.plan.features.company,
        };
        let reserved = |company: u8| self.reserved[usize::from(company)] == Some(tenant);
        match self.server.subject(token).filter(|_| binds) {
            None => !binds,
            Some(Subject::Company(company)) => {
                reserved(company) && (self.forgot || bound == Some(company))
            }
            Some(Subject::Organisation) => self.forgot || bound.is_some_and(reserved),
        }
    }

    /// What a write may do to a connection that belongs to a company.
    pub fn check_belonging(&mut self, worker: usize, before: &View, after: &View) {
        let tenant = self.workers[worker].tenant;
        let detail = || format!("w{worker}: {before:?} -> {after:?}");
        let held = |view: &View| view.access.map(Token::Access).or(view.key.map(Token::Key));
        let (old, new) = (held(before), held(after));
        // The reservation goes first: a record never holds what somebody else may get.
        if let Some(token) = new
            && !self.is_own(tenant, token, after.company)
        {
            return self.fail("k: tokens without a company of its own", detail());
        }
        if self.forgot {
            return;
        }
        // A connection stays its customer's, whoever logs in at the provider.
        if before.company.is_some() && after.company != before.company {
            return self.fail("k: the company has changed", detail());
        }
        let raised = after.generation > before.generation;
        if new.is_some() && new != old && !raised {
            return self.fail("e: a credential without a generation", detail());
        }
        // A credential that is not to be used leaves what is there as it was.
        let dropped = before.candidate.is_some() && after.candidate.is_none() && !raised;
        if dropped && (old, before.refresh, before.status) != (new, after.refresh, after.status) {
            return self.fail("k: a candidate's end has changed the grant", detail());
        }
        match new.filter(|_| new != old) {
            Some(Token::Access(number)) if self.plan.features.company => {
                let access = &self.server.access[number as usize];
                let refused = self.server.grants[access.grant as usize].refused;
                // Nothing comes into its place but what was known to be beside it.
                if !access.refreshed && before.candidate != Some(number) {
                    self.fail("k: a grant that was no candidate", detail());
                }
                if refused {
                    self.fail("k: a grant refused is used", detail());
                }
            }
            Some(Token::Key(_)) if matches!(before.status, Standing::Disconnected) => {
                let asked_in = self.workers[worker].key_asked_in;
                let ended_in = self.ended_at[usize::from(tenant)].0;
                // The person has disconnected after he entered the key.
                if asked_in.is_some_and(|asked| asked < ended_in) {
                    self.fail("d: a disconnect overwritten by an older key", detail());
                }
            }
            _ => {}
        }
    }

    /// A company's record has been written: it is one tenant's, and stays so.
    pub fn observe_company(&mut self, company: u8) {
        let name = crate::companies::name(company);
        let key = StoreKey::company(self.reader(), &name);
        let Some(stored) = self.store.read(&key, self.now) else { return };
        let tenant = match company_tenant(self.reader(), &name, &stored.bytes) {
            Ok(tenant) => tenant,
            Err(failure) => {
                return self.fail("k: a reservation that cannot be read", format!("{failure}"));
            }
        };
        let is = |tenant: &String| (0..self.plan.tenants).find(|it| tenant_name(*it) == *tenant);
        let now = tenant.as_ref().and_then(is);
        let before = std::mem::replace(&mut self.reserved[usize::from(company)], now);
        if before.is_some() && before != now {
            self.fail("k: a company taken", format!("{name}: {before:?} -> {now:?}"));
        }
    }

    /// A key goes on serving until the store has another one, or the person, the API
    /// or the store has said that it is over.
    pub fn check_goes_on(&mut self, worker: usize, told: &Ends, step: &Step) {
        let host = &mut self.workers[worker];
        let before = std::mem::replace(&mut host.servable, step.servable);
        let view = &self.store.slots[usize::from(host.tenant)].view;
        let (Some(before), None, Some(key)) = (before, step.servable, view.key) else { return };
        // By this worker too: of the same generation it may have tokens that it was given
        // leave to serve before they are stored.
        let known = host.knows >= Some(before);
        let stands = view.status == Standing::Active && view.generation == before && known;
        let ending = told.0 || step.status == Status::Disconnecting || host.owed.ended;
        let refused = self.told_dead[usize::from(host.tenant)] >= before;
        if stands && !ending && !refused && !self.forgot {
            self.fail("k: a key that is not replaced serves no more", format!("w{worker}: k{key}"));
        }
    }

    /// (b) A key's end is never wrong: the API has refused it.
    pub fn check_key_verdict(&mut self, tenant: u8, before: &View) {
        let Some(number) = before.key else { return };
        let told = self.told_dead[usize::from(tenant)] >= before.generation;
        if !self.server.keys[number as usize].dead && !told {
            self.fail("b: verdict on a live key", format!("k{number}"));
        }
    }

    /// The person was told that a grant is another company's, or another tenant's: that
    /// never changes.
    pub fn note_mismatch(&mut self, activity: &Activity, failure: &Failure) {
        let Activity::Authorization { authorization, .. } = activity else { return };
        if failure.company().is_none() {
            return;
        }
        let visit = self.visits.iter().find(|visit| visit.id == *authorization);
        let code = visit.and_then(|visit| visit.code);
        let grant = code.and_then(|code| self.server.codes[code as usize].grant);
        if let Some(grant) = grant {
            self.server.grants[grant as usize].refused = true;
        }
    }

    /// Whether a key was entered after somebody had asked for the end.
    pub fn key_entered_at(&self, tenant: u8, key: u32) -> Option<u64> {
        let entered = &self.server.keys.get(key as usize)?.entered;
        entered.iter().find(|(other, _)| *other == tenant).map(|(_, at)| *at)
    }
}

/// Whether an input itself takes the token away.
pub struct Ends(bool);

impl Ends {
    pub fn of(input: &Input) -> Self {
        Self(matches!(input, Input::Revoke))
    }
}
