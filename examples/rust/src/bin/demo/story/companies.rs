//! Two companies of a provider that has them: one connected by OAuth, one by an API
//! key, and what happens when they are mixed up.

use std::sync::{Arc, Mutex};

use evergrant::{
    ApiKey, ApiKeyKind, Client, CompanyBinding, CompanyFault, Denial, Disconnect, Failure, Method,
    ProviderConfig, RefreshPolicy, Status,
};
use evergrant_authority::{
    Authority, Config, KeyKind, NORTH_DENMARK, NORTH_SWEDEN, NewApiKey, SOUTH,
};
use evergrant_example_host::{Host, HostError, SqliteStore};

use super::{Outcome, Show, Story, client, ensure, locked};

/// A server and a store of its own, so that the summary counts the others alone.
pub(super) fn tell(before: &Story, directory: &std::path::Path) -> Outcome {
    let authority = Authority::start(Config::default())?;
    let show = Show::after(&before.show());
    let story = Story {
        client: client(&authority, &before.sealing, RefreshPolicy::STRICT, with_companies)?,
        sealing: before.sealing.clone(),
        authority,
        path: directory.join("companies.sqlite"),
        show: Arc::new(Mutex::new(show)),
        world: before.world.clone(),
        with_browser: false,
        done: Mutex::default(),
    };
    let mut south = story.tenant("south", &story.client)?;
    story.by_grant(&mut south)?;
    story.by_key()?;
    story.mixed_up(&mut south)
}

/// Pleo's way: the API tells whose a credential is, and ends an installation.
fn with_companies(config: &mut ProviderConfig) {
    let api = config.api_origin.clone();
    let binding = CompanyBinding {
        url: format!("{api}/v1/introspect"),
        subject: "/data/subjectURN".into(),
        scope: Some("/data/scope".into()),
        company_prefix: "urn:pleo:company:".into(),
        organisation_prefix: Some("urn:pleo:organisation:".into()),
    };
    config.company = Some(binding.clone());
    config.api_keys = Some(binding);
    config.disconnect = Disconnect::ApiRequest {
        method: Method::Delete,
        url: format!("{api}/v1/installations/me"),
        // The authority ends one company's installation and no other's.
        spares_others: true,
    };
}

impl Story {
    fn by_grant(&self, host: &mut Host) -> Outcome {
        self.chapter(
            "One company, by OAuth",
            "Another provider: a grant is for one company. It is asked whose it is, the company\n\
             is reserved for this tenant, and only then is the token used.",
        );
        self.authority.control().pick(Some(SOUTH.parse()?));
        let (listener, back) = self.consent(host)?;
        self.complete(host, &listener, back)?;
        self.call(host, false)
    }

    fn by_key(&self) -> Outcome {
        self.chapter(
            "Another company, by an API key",
            "Another tenant pastes a key, mistyped at first. A key is tried before it is stored,\n\
             and stored together with its company.",
        );
        let made = self.authority.control().create_api_key(NewApiKey {
            kind: KeyKind::Standalone,
            subject: NORTH_DENMARK.parse()?,
            scopes: vec!["expenses:read".into()],
            expires_in: None,
            client_id: None,
        })?;
        let mut host = self.tenant("north", &self.client)?;
        let entered = |key: &str| ApiKey {
            key: key.into(),
            kind: ApiKeyKind::Standalone,
            company: None,
            scopes: vec!["expenses:read".into()],
        };
        let unknown = Failure::Denied { reason: Denial::KeyInvalid, said: None };
        match host.enter_key(entered("a-key-of-nobody")) {
            Err(HostError::Failure(failure)) if failure == unknown => {}
            other => return Err(format!("a mistyped key came to {other:?}").into()),
        }
        let company = host.enter_key(entered(&made.key))?;
        ensure(company == NORTH_DENMARK, "the key is of the company that it was made for")?;
        self.call(&mut host, false)
    }

    fn mixed_up(&self, host: &mut Host) -> Outcome {
        self.chapter(
            "Another company is picked by mistake",
            "The first tenant authorizes again, and picks the wrong company. Nothing is\n\
             overwritten: the grant before serves on, the unwanted one is ended at the server.",
        );
        self.authority.control().pick(Some(NORTH_SWEDEN.parse()?));
        let (_listener, back) = self.consent(host)?;
        let mismatch = Failure::CompanyMismatch {
            reason: CompanyFault::Mismatch,
            company: Some(NORTH_SWEDEN.into()),
        };
        match host.redirected(back, evergrant::BrowserProof::SameProcess) {
            Err(HostError::Failure(failure)) if failure == mismatch => {}
            other => return Err(format!("another company came to {other:?}").into()),
        }
        ensure(host.status() == Status::Authorized, "the grant before is as it was")?;
        self.call(host, false)?;
        let alive = self.authority.control().stats().grants_alive_by_subject;
        ensure(alive.len() == 1, "the unwanted grant is ended")
    }

    /// A host of one tenant.
    fn tenant(&self, tenant: &'static str, client: &Arc<Client>) -> Outcome<Host> {
        let store = Box::new(SqliteStore::open(&self.path)?);
        let mut host = Host::open(client, tenant, store, self.world.clone())?;
        let show = Arc::clone(&self.show);
        host.watch(move |seen| locked(&show).seen("", seen));
        Ok(host)
    }
}
