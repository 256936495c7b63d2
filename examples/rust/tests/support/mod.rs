//! What every test of the host needs: a store on disk, hosts that come and go
//! over it, and somebody at a browser.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of this")]

mod browser;

pub use browser::Browser;

use std::{path::PathBuf, sync::Arc, time::Duration};

use evergrant::{
    Authorize, Binding, BrowserProof, Client, ClientConfig, Failure, Input, Provider,
    ProviderConfig, Sealing, Secret, SecretBytes, StoreKey, TokenEndpointAuthMethod,
};
use evergrant_example_host::{Host, HostError, SqliteStore, Store as _, World};
use ureq::Agent;

pub const TENANT: &str = "tenant 1/ä";

/// Where the browser is sent back to; nobody listens there, the tests read the
/// address from the redirect.
pub const BACK: &str = "http://127.0.0.1:51004/callback";

/// One client and one store, over which any number of hosts may live.
pub struct Desk {
    pub client: Arc<Client>,
    pub world: World,
    /// Parameters for each authorization request.
    pub extra: Vec<(String, String)>,
    pub browser: Browser,
    dir: tempfile::TempDir,
}

impl Desk {
    pub fn new(
        provider: ProviderConfig,
        id: &str,
        secret: Option<&str>,
        method: Option<TokenEndpointAuthMethod>,
        scopes: &[&str],
    ) -> Self {
        let provider = Arc::new(Provider::new(provider).expect("a sound provider"));
        let config = ClientConfig {
            client_id: id.to_owned(),
            client_secret: secret.map(Secret::from),
            previous_client_secret: None,
            token_endpoint_auth_method: method,
            redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            sealing: Sealing::Plain,
        };
        Self::of(Arc::new(Client::new(provider, config).expect("a sound client")))
    }

    /// An empty store for this client.
    pub fn of(client: Arc<Client>) -> Self {
        Self {
            client,
            world: World::new(),
            extra: Vec::new(),
            browser: Browser::new(),
            dir: tempfile::tempdir().expect("a directory"),
        }
    }

    /// A process that has just started.
    pub fn host(&self) -> Host {
        self.host_over(Box::new(self.store()))
    }

    pub fn host_over(&self, store: Box<dyn evergrant_example_host::Store>) -> Host {
        Host::open(&self.client, TENANT, store, self.world.clone()).expect("a readable store")
    }

    pub fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.path()).expect("a database")
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("records.sqlite")
    }

    pub fn asking(&self) -> Authorize {
        Authorize {
            redirect_uri: BACK.to_owned(),
            scopes: vec![],
            extra: self.extra.clone(),
            binding: Binding::SameProcess,
            return_context: None,
            company: None,
        }
    }

    /// Goes through the browser; yields what it comes back with.
    pub fn consent(&self, host: &mut Host) -> Secret {
        let (url, _) = host.authorize(self.asking()).expect("a URL to open");
        self.browser.visit(&url)
    }

    /// The whole way to a grant; yields the granted scopes.
    pub fn connect(&self, host: &mut Host) -> String {
        let back = self.consent(host);
        host.redirected(back, BrowserProof::SameProcess).expect("a grant")
    }

    /// The connection's record as the store has it.
    pub fn record(&self) -> Option<SecretBytes> {
        let key = StoreKey::connection(&self.client, TENANT).expect("a key");
        Some(self.store().swap(&key, None, None).expect("an answer")?.bytes)
    }

    /// A token out of the record: what only a test may look into.
    pub fn stored_token(&self, name: &str) -> String {
        let bytes = self.record().expect("a record");
        let json: serde_json::Value = serde_json::from_slice(bytes.expose()).expect("JSON");
        json["tokens"][name].as_str().expect("a token").to_owned()
    }

    /// Sets this desk's clocks, and a host's, forward.
    pub fn advance(&mut self, host: &mut Host, by: Duration) {
        self.world.advance(by);
        host.world().advance(by);
    }

    /// Sets them forward to when the machine wants to be woken; says how far.
    pub fn advance_to_wake(&mut self, host: &mut Host) -> Duration {
        let at = host.wake_at().expect("something to wake for");
        let by = Duration::from_millis(at.saturating_sub(self.world.now()) + 1);
        self.advance(host, by);
        by
    }
}

/// A client of the tests' own, that keeps nothing and follows nothing.
pub fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .proxy(None)
        .build()
        .into()
}

/// The failure that a host reports, and nothing else.
#[track_caller]
pub fn failure<T: std::fmt::Debug>(result: Result<T, HostError>) -> Failure {
    match result {
        Err(HostError::Failure(failure)) => failure,
        other => panic!("no failure but {other:?}"),
    }
}

/// Takes a host through so many turns, as a process that dies after the last;
/// says whether it got to the end of what there was to do.
pub fn turns(host: &mut Host, input: Input, budget: &mut usize) -> bool {
    host.queue(input);
    while *budget > 0 {
        *budget -= 1;
        if !host.turn().expect("no misuse") {
            return true;
        }
    }
    false
}
