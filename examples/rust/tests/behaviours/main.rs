//! Rows of docs/behaviours.md that are the host's to keep, at a true authority
//! and with what is on the wire looked at.

#[path = "../support/mod.rs"]
mod support;
#[path = "../lifecycle/world.rs"]
#[allow(dead_code, reason = "the lifecycle's tests use all of it")]
mod world;

mod grant;
mod tap;
mod wire;

use evergrant::{Disconnect, ProviderConfig};
use evergrant_authority::{Authority, BASIC_CLIENT, Config, Fault, FaultRule};

use crate::{
    support::Desk,
    tap::Tap,
    world::{World, provider},
};

/// A desk whose token, revocation and API requests go through a tap.
fn tapped() -> (World, Tap) {
    let authority = Authority::start(Config::default()).expect("a free port");
    let tap = Tap::before(&authority);
    let config = ProviderConfig {
        token_endpoint: format!("{}/oauth/token", tap.url),
        disconnect: Disconnect::Revocation { endpoint: format!("{}/oauth/revoke", tap.url) },
        api_origin: tap.url.clone(),
        ..provider(&authority)
    };
    let desk = desk(config);
    (World { authority, desk }, tap)
}

fn desk(config: ProviderConfig) -> Desk {
    let scopes = ["expenses:read", "users:read"];
    Desk::new(config, BASIC_CLIENT.id, BASIC_CLIENT.secret, None, &scopes)
}

/// The next exchange of a code.
fn exchange(fault: Fault) -> FaultRule {
    let mut rule = FaultRule::new("/oauth/token", fault);
    rule.grant_type = Some("authorization_code".into());
    rule
}
