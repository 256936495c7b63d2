//! Directing users: what the authorization request is made of.

use crate::{asking, common::*, in_body, in_url, redirected, registered, world, world_of};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use evergrant::*;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

fn with_extra(name: &str, value: &str) -> Input {
    asking(|asked| asked.extra = vec![(name.into(), value.into())])
}

/// A production client with these redirect URIs.
fn client_with(environment: Pleo, redirect_uris: &[&str]) -> Result<Client, Misuse> {
    let redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
    let provider = std::sync::Arc::new(Provider::pleo(environment).unwrap());
    Client::new(provider, ClientConfig { redirect_uris, ..registered() })
}

#[test]
fn pleo_02_a_code_is_all_that_is_ever_asked_for() {
    let mut world = world();
    let url = world.open_browser(authorize());
    assert_eq!(in_url(&url, "response_type"), ["code"]);
    for (name, value) in
        [("response_type", "token"), ("response_mode", "fragment"), ("request", "x")]
    {
        assert_eq!(world.misuse(with_extra(name, value)), Misuse::ParameterReserved);
        let config = ProviderConfig {
            authorize_parameters: vec![(name.into(), value.into())],
            ..Pleo::Production.config()
        };
        assert_eq!(Provider::new(config), Err(Misuse::ParameterReserved));
    }
    // Pleo's own parameter goes through as it is, and is sent once.
    let subject = ("urn_pleo_params_oauth_subject", crate::COMPANY);
    let url = world.open_browser(with_extra(subject.0, subject.1));
    assert_eq!(in_url(&url, subject.0), [subject.1]);
    assert_eq!(in_url(&url, "response_type"), ["code"]);
}

#[test]
fn pleo_03_each_request_has_a_state_a_verifier_and_an_s256_challenge_of_its_own() {
    let mut world = world();
    let (mut states, mut verifiers) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..20 {
        let url = world.open_browser(authorize());
        assert_eq!(in_url(&url, "code_challenge_method"), ["S256"]);
        let [state] = &in_url(&url, "state")[..] else { panic!("one state") };
        assert!(state.len() >= 22, "128 bits at least");
        states.insert(state.clone());
        let redirect = world.server.consent(&url);
        let outputs = world.run(redirected(&redirect));
        let verifier = in_body(requests(&outputs)[0], "code_verifier").concat();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        assert_eq!(in_url(&url, "code_challenge"), [challenge]);
        verifiers.insert(verifier);
    }
    assert_eq!((states.len(), verifiers.len()), (20, 20));
    assert!(states.is_disjoint(&verifiers));

    for name in ["code_challenge_method", "code_challenge", "state", "code_verifier"] {
        assert_eq!(world.misuse(with_extra(name, "plain")), Misuse::ParameterReserved, "{name}");
        let mut config = Pleo::Production.config();
        config.authorization_endpoint += &format!("?{name}=plain");
        assert_eq!(Provider::new(config), Err(Misuse::ParameterReserved), "{name}");
    }
}

#[test]
fn pleo_04_the_verifier_is_as_rfc_7636_has_it_and_in_no_url() {
    let mut world = world();
    for _ in 0..20 {
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        let outputs = world.run(redirected(&redirect));
        let verifier = in_body(requests(&outputs)[0], "code_verifier").concat();
        assert!((43..=128).contains(&verifier.len()), "{}", verifier.len());
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        assert!(verifier.bytes().all(unreserved));
        assert!(!url.contains(&verifier) && in_url(&url, "code_verifier").is_empty());
        for request in requests(&outputs) {
            assert!(!request.url.contains(&verifier));
        }
    }
}

#[test]
fn pleo_05_the_redirect_uri_is_a_registered_one_byte_for_byte_also_at_the_exchange() {
    let uris = [
        "https://client.example/callback",
        "https://client.example/other?a=b",
        "https://client.example/Caf%c3%A9/%2Fx;y=1?q=a%20b+c",
        "https://client.example/*",
    ];
    let client = ClientConfig {
        redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        ..registered()
    };
    let mut world = world_of(Pleo::Production, client);
    for uri in uris {
        let url = world.open_browser(asking(|asked| asked.redirect_uri = uri.into()));
        assert_eq!(in_url(&url, "redirect_uri"), [uri]);
        let code = format!(
            "{uri}{}code=c&state={}",
            if uri.contains('?') { '&' } else { '?' },
            in_url(&url, "state")[0]
        );
        let outputs = world.run(redirected(&code));
        assert_eq!(in_body(requests(&outputs)[0], "redirect_uri"), [uri]);
    }
    for near in [
        "https://client.example/callback/",
        "https://client.example/Callback",
        "https://client.example/callback?",
        "https://client.example/callback?a=b",
        "https://client.example/callback#",
        "https://client.example/callbac%6B",
        "https://client.example/./callback",
        "https://client.example/x/../callback",
        "https://client.example//callback",
        "https://client.example:443/callback",
        "https://Client.example/callback",
        "HTTPS://client.example/callback",
        "https://client.example./callback",
        "https://user@client.example/callback",
        "https://sub.client.example/callback",
        "https://client.example/other",
        "https://client.example/other?a=b&c=d",
        "https://client.example/Caf%C3%A9/%2Fx;y=1?q=a%20b+c",
        "https://client.example/anything",
        "https://client.example",
        " https://client.example/callback",
        "https://client.example/callback ",
        "",
    ] {
        let asked = asking(|asked| asked.redirect_uri = near.into());
        assert_eq!(world.misuse(asked), Misuse::RedirectUriNotRegistered, "{near}");
    }
}

#[test]
fn pleo_05_no_port_is_free_either() {
    let client =
        ClientConfig { redirect_uris: vec!["http://127.0.0.1/callback".into()], ..registered() };
    let mut world = world_of(Pleo::Staging, client);
    let asked = asking(|asked| asked.redirect_uri = "http://127.0.0.1:51004/callback".into());
    assert_eq!(world.misuse(asked), Misuse::RedirectUriNotRegistered);
}

#[test]
fn pleo_06_redirects_are_https_but_for_localhost_in_development() {
    for (uri, staging, production) in [
        ("https://client.example/callback", true, true),
        ("http://localhost:8080/callback", true, false),
        ("http://localhost/callback", true, false),
        ("http://client.example/callback", false, false),
        ("http://localhost.client.example/callback", false, false),
        ("http://localhost@client.example/callback", false, false),
        ("http://10.0.0.1/callback", false, false),
        ("http://[fe80::1]/callback", false, false),
        ("ftp://client.example/callback", false, false),
        ("javascript:alert(1)", false, false),
        ("/callback", false, false),
    ] {
        for (environment, good) in [(Pleo::Staging, staging), (Pleo::Production, production)] {
            // Beside a good one too: one bad one spoils the registration.
            for others in [&[][..], &[REDIRECT_URI][..]] {
                let client = client_with(environment, &[others, &[uri]].concat());
                let refused = client.err();
                assert_eq!(refused, (!good).then_some(Misuse::RedirectUriInvalid), "{uri}");
            }
        }
    }
}

#[test]
fn pleo_06_production_has_no_loopback_and_no_scheme_but_https() {
    for uri in ["http://127.0.0.1/callback", "http://[::1]:80/callback", "com.client.app:/callback"]
    {
        let client = client_with(Pleo::Production, &[uri]);
        assert_eq!(client.err(), Some(Misuse::RedirectUriInvalid), "{uri}");
    }
}

#[test]
fn pleo_06_a_registration_with_such_a_redirect_is_not_handed_in() {
    let rules = |uri: &str, environment| {
        let registration =
            Registration { redirect_uris: vec![uri.into()], ..Registration::default() };
        let faults = registration.check(environment).unwrap_err();
        let of = faults.into_iter().filter(|fault| fault.field == "redirect_uris");
        of.map(|fault| fault.rule.code()).collect::<Vec<_>>()
    };
    for (uri, staging, production) in [
        ("https://client.example/callback", "", ""),
        ("http://localhost:8080/callback", "", "registration_not_https"),
        ("http://127.0.0.1/callback", "", "registration_not_https"),
        ("https://localhost/callback", "", "registration_local"),
        ("http://client.example/callback", "registration_not_https", "registration_not_https"),
        ("https://client.example/*", "registration_wildcard", "registration_wildcard"),
        ("com.client.app:/callback", "registration_not_https", "registration_not_https"),
    ] {
        assert_eq!(rules(uri, Pleo::Staging).concat(), staging, "{uri}");
        assert_eq!(rules(uri, Pleo::Production).concat(), production, "{uri}");
    }
}

#[test]
fn pleo_07_scopes_are_registered_ones_joined_by_single_spaces() {
    let mut world = world();
    let url = world.open_browser(authorize());
    assert_eq!(in_url(&url, "scope"), ["users:read accounts:read accounts:write"]);
    let some = asking(|asked| asked.scopes = vec!["accounts:read".into(), "users:read".into()]);
    let url = world.open_browser(some);
    assert_eq!(in_url(&url, "scope"), ["accounts:read users:read"]);
    assert!(url.contains("scope=accounts%3Aread%20users%3Aread&"), "every decoder reads %20");
    let sent = world.outputs.len();
    for (scopes, why) in [
        (vec!["vendors:read"], Misuse::ScopeNotRegistered),
        (vec!["users:read", "vendors:read"], Misuse::ScopeNotRegistered),
        (vec!["Users:read"], Misuse::ScopeNotRegistered),
        (vec!["users:write"], Misuse::ScopeNotRegistered),
        (vec!["users:read accounts:read"], Misuse::ScopeInvalid),
        (vec![""], Misuse::ScopeInvalid),
    ] {
        let asked = asking(|asked| asked.scopes = scopes.iter().map(|s| (*s).into()).collect());
        assert_eq!(world.misuse(asked), why, "{scopes:?}");
    }
    assert_eq!(world.outputs.len(), sent, "before anybody is sent anywhere");
}
