//! One life for each preset: what a refresh, a lost reply and a second worker come to.

use crate::common::{server::*, *};
use crate::script::*;
use evergrant::*;

/// Every preset, by the name of its constant in lower case.
pub const PRESETS: &[(&str, RefreshPolicy)] = &[
    ("strict", RefreshPolicy::STRICT),
    ("oidc_provider", RefreshPolicy::OIDC_PROVIDER),
    ("single_use", RefreshPolicy::SINGLE_USE),
    ("okta", RefreshPolicy::OKTA),
    ("siblings", RefreshPolicy::SIBLINGS),
    ("atlassian", RefreshPolicy::ATLASSIAN),
    ("same_successor", RefreshPolicy::SAME_SUCCESSOR),
    ("newest_wins", RefreshPolicy::NEWEST_WINS),
    ("connect2id", RefreshPolicy::CONNECT2ID),
    ("no_rotation", RefreshPolicy::NO_ROTATION),
    ("wise", RefreshPolicy::WISE),
];

fn life_of(name: &str) -> Life {
    let (_, refresh) = *PRESETS.iter().find(|(known, _)| *known == name).unwrap();
    let mut life = Life::of(ProviderConfig { refresh, ..provider_config() });
    life.authorize();
    // Before the token expires: the one before may serve meanwhile.
    life.until_due();
    let sent = http(&until_sent(&mut life, Input::Wake));
    life.token_wanted();
    life.go_on(&sent);
    // The reply is lost, and the token asked with once more.
    life.expire();
    life.meets([Fault::ReplyLost]);
    life.token_wanted();
    life.wake();
    if life.connection.servable(life.now).is_none() {
        life.authorize();
    }
    // A second worker finds the refresh of one that has died, and takes it over.
    life.expire();
    until_sent(&mut life, wanted());
    life.restart();
    life.token_wanted();
    life.wake_after(refresh.timing.takeover_after);
    life
}

macro_rules! policies {
    ($($life:ident $name:literal)*) => { $(pub fn $life() -> Life { life_of($name) })* };
}

policies! {
    policy_strict "strict"
    policy_oidc_provider "oidc_provider"
    policy_single_use "single_use"
    policy_okta "okta"
    policy_siblings "siblings"
    policy_atlassian "atlassian"
    policy_same_successor "same_successor"
    policy_newest_wins "newest_wins"
    policy_connect2id "connect2id"
    policy_no_rotation "no_rotation"
    policy_wise "wise"
}
