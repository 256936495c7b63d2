//! What Pleo asks that is the host's to keep: Pleo's preset at the embedded
//! authority, over HTTP, with what is on the wire looked at. The requirements are in
//! docs/pleo-requirements.md.

#[path = "../support/mod.rs"]
mod support;
#[path = "../behaviours/tap.rs"]
mod tap;

mod companies;
mod disconnect;
mod guide;
mod keys;
mod pacing;
mod together;
mod wire;

use std::{sync::Arc, time::Duration};

use evergrant::{
    Client, ClientConfig, CompanyBinding, Disconnect, Pleo, Provider, ProviderConfig, Sealing,
    Secret,
};
use evergrant_authority::{Authority, BASIC_CLIENT, Config, Control, Stats, Subject};
use evergrant_example_host::{Host, World as Clocks};

use crate::{
    support::{BACK, Desk},
    tap::Tap,
};

/// Longer than an access token lives.
const HOUR: Duration = Duration::from_secs(3600);

/// Pleo at the authority, everything but the person's browser through a tap.
struct World {
    authority: Authority,
    tap: Tap,
    desk: Desk,
}

impl World {
    fn new() -> Self {
        Self::with(|_| ())
    }

    /// The same, its data changed by this.
    fn with(change: impl FnOnce(&mut ProviderConfig)) -> Self {
        let authority = Authority::start(Config::default()).expect("a free port");
        let tap = Tap::before(&authority);
        let mut provider = pleo(&authority, &tap);
        change(&mut provider);
        let desk = Desk::of(client(provider));
        Self { authority, tap, desk }
    }

    /// The same, and somebody has connected his company.
    fn connected() -> (Self, Host) {
        let world = Self::new();
        let mut host = world.desk.host();
        world.desk.connect(&mut host);
        (world, host)
    }

    fn control(&self) -> Control {
        self.authority.control()
    }

    fn stats(&self) -> Stats {
        self.control().stats()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.tap.url)
    }

    fn expenses(&self) -> String {
        self.url("/v1/expenses")
    }

    /// Moves everybody's clock until no access token is good any more.
    fn expire<'a>(&mut self, hosts: impl IntoIterator<Item = &'a mut Host>) {
        self.control().advance(HOUR);
        self.desk.world.advance(HOUR);
        hosts.into_iter().for_each(|host| host.world().advance(HOUR));
    }

    /// What the person picks from now on.
    fn pick(&self, subject: &str) {
        self.control().pick(Some(of(subject)));
    }

    fn host_of(&self, tenant: &str) -> Host {
        let (store, clocks): (_, Clocks) = (self.desk.store(), self.desk.world.clone());
        Host::open(&self.desk.client, tenant, Box::new(store), clocks).expect("a readable store")
    }
}

fn of(subject: &str) -> Subject {
    subject.parse().expect("a subject")
}

/// Pleo's own data, but for where its servers are.
fn pleo(authority: &Authority, tap: &Tap) -> ProviderConfig {
    let preset = Pleo::Staging.config();
    let moved = |url: &str| {
        let path = url.split("pleo.io").nth(1).expect("one of Pleo's");
        format!("{}{path}", tap.url)
    };
    let binding = |how: CompanyBinding| CompanyBinding { url: moved(&how.url), ..how };
    let Disconnect::ApiRequest { method, url, spares_others } = &preset.disconnect else {
        panic!("a request of Pleo's own")
    };
    ProviderConfig {
        // The authority names itself in its redirects; Pleo does not.
        issuer: Some(authority.issuer().to_owned()),
        authorization_endpoint: format!("{}/oauth/authorize", authority.base_url()),
        token_endpoint: moved(&preset.token_endpoint),
        introspection_endpoint: preset.introspection_endpoint.as_deref().map(moved),
        disconnect: Disconnect::ApiRequest {
            method: *method,
            url: moved(url),
            spares_others: *spares_others,
        },
        api_origin: moved(&preset.api_origin),
        company: preset.company.clone().map(binding),
        api_keys: preset.api_keys.clone().map(binding),
        loopback_http: true,
        ..preset
    }
}

fn client(provider: ProviderConfig) -> Arc<Client> {
    let provider = Arc::new(Provider::new(provider).expect("a sound provider"));
    let config = ClientConfig {
        client_id: BASIC_CLIENT.id.into(),
        client_secret: BASIC_CLIENT.secret.map(Secret::from),
        previous_client_secret: None,
        token_endpoint_auth_method: None,
        redirect_uris: vec![BACK.into()],
        scopes: vec!["expenses:read".into(), "users:read".into()],
        sealing: Sealing::Plain,
    };
    Arc::new(Client::new(provider, config).expect("a sound client"))
}
