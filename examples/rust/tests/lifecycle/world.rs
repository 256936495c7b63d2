//! An authority and a desk at it.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use evergrant::{Disconnect, IssPolicy, ProviderConfig, TokenEndpointAuthMethod};
use evergrant_authority::{
    Authority, BASIC_CLIENT, Config, Control, KnownClient, POST_CLIENT, PUBLIC_CLIENT, Stats,
};
use evergrant_example_host::Host;

use crate::support::Desk;

pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) desk: Desk,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(BASIC_CLIENT)
    }

    pub(crate) fn of(client: KnownClient) -> Self {
        let authority = Authority::start(Config::default()).expect("a free port");
        let method = (client == POST_CLIENT).then_some(TokenEndpointAuthMethod::ClientSecretPost);
        let scopes = ["expenses:read", "users:read"];
        let desk = Desk::new(provider(&authority), client.id, client.secret, method, &scopes);
        Self { authority, desk }
    }

    pub(crate) fn control(&self) -> Control {
        self.authority.control()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.control().stats()
    }

    pub(crate) fn expenses(&self) -> String {
        format!("{}/v1/expenses?page=1", self.authority.base_url())
    }

    /// Moves everybody's clock.
    pub(crate) fn pass(&mut self, host: &mut Host, by: Duration) {
        self.desk.advance(host, by);
        self.authority.control().advance(by);
    }
}

impl Deref for World {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }
}

pub(crate) fn clients() -> [KnownClient; 3] {
    [BASIC_CLIENT, POST_CLIENT, PUBLIC_CLIENT]
}

pub(crate) fn provider(authority: &Authority) -> ProviderConfig {
    let base = authority.base_url();
    ProviderConfig {
        environment: "authority".into(),
        issuer: Some(authority.issuer().to_owned()),
        iss: IssPolicy::Required,
        authorization_endpoint: format!("{base}/oauth/authorize"),
        token_endpoint: format!("{base}/oauth/token"),
        disconnect: Disconnect::Revocation { endpoint: format!("{base}/oauth/revoke") },
        api_origin: base.to_owned(),
        loopback_http: true,
        ..ProviderConfig::default()
    }
}
