//! The authorization request, and the requests that follow from it.

use crate::{
    METHODS, asking, authenticating, authorization, common::*, in_body, in_url, redirected,
    whole_life,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use evergrant::*;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

fn exchange(world: &World) -> &HttpRequest {
    let all = requests(&world.outputs);
    let exchange =
        all.iter().find(|request| in_body(request, "grant_type") == ["authorization_code"]);
    exchange.expect("an exchange")
}

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[test]
fn row_01_the_challenge_is_the_s256_of_the_verifier_that_is_sent_and_plain_cannot_be_had() {
    for method in METHODS {
        let mut world = World::with(client_of(provider_config(), authenticating(method)));
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        world.redirect(&redirect, BrowserProof::SameProcess);
        assert_eq!(in_url(&url, "code_challenge_method"), ["S256"]);
        let verifier = in_body(exchange(&world), "code_verifier");
        assert_eq!(verifier.len(), 1);
        assert_eq!(in_url(&url, "code_challenge"), [challenge_of(&verifier[0])], "{method:?}");
    }
    for name in ["code_challenge_method", "code_challenge", "code_verifier"] {
        let plain = vec![(name.to_owned(), "plain".to_owned())];
        let asked = asking(|asked| asked.extra = plain.clone());
        assert_eq!(World::new().misuse(asked), Misuse::ParameterReserved);
        let fixed = ProviderConfig { authorize_parameters: plain, ..provider_config() };
        assert_eq!(Provider::new(fixed), Err(Misuse::ParameterReserved));
        let authorization_endpoint = format!("https://as.example/authorize?{name}=plain");
        let in_endpoint = ProviderConfig { authorization_endpoint, ..provider_config() };
        assert_eq!(Provider::new(in_endpoint), Err(Misuse::ParameterReserved));
    }
}

/// The verifier that an authorization begun with this entropy has.
fn verifier_from(entropy: [u8; 32]) -> String {
    let mut connection = Connection::new(client(), TENANT).unwrap();
    let env = Env { now: START, uptime: None, boot_id: None, entropy };
    let step = connection.step(&env, authorize()).unwrap();
    let [Output::Swap { write: Some(write), .. }] = &step.outputs[..] else { panic!("{step:?}") };
    let pending: serde_json::Value = serde_json::from_slice(write.bytes.expose()).unwrap();
    pending["verifier"].as_str().unwrap().to_owned()
}

#[test]
fn row_02_each_verifier_is_drawn_from_256_fresh_bits_and_never_shown() {
    // Every one of the 256 bits makes another verifier.
    let entropy = [0x5a; 32];
    let mut seen = BTreeSet::from([verifier_from(entropy)]);
    for bit in 0..256 {
        let mut flipped = entropy;
        flipped[bit / 8] ^= 1 << (bit % 8);
        seen.insert(verifier_from(flipped));
    }
    assert_eq!(seen.len(), 257);
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    for verifier in &seen {
        assert!((43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved));
    }
    // Nothing is drawn from no entropy, or twice from the same.
    let mut connection = Connection::new(client(), TENANT).unwrap();
    let mut env = Env { now: START, uptime: None, boot_id: None, entropy: [0; 32] };
    assert_eq!(connection.step(&env, authorize()), Err(Misuse::EntropyMissing));
    env.entropy = entropy;
    connection.step(&env, authorize()).unwrap();
    assert_eq!(connection.step(&env, authorize()), Err(Misuse::EntropyReused));

    let mut world = World::new();
    let mut drawn = BTreeSet::new();
    for _ in 0..3 {
        let url = world.open_browser(asking(|asked| asked.binding = Binding::Cookie));
        drawn.extend(in_url(&url, "state"));
        world.authorize();
    }
    for output in &world.outputs {
        match output {
            Output::OpenUrl { url, binding, .. } => {
                drawn.extend(in_url(url.expose(), "state"));
                drawn.extend(binding.iter().map(|secret| secret.expose().to_owned()));
            }
            Output::SendHttp { request, .. } => drawn.extend(in_body(request, "code_verifier")),
            _ => {}
        }
    }
    // Six states, three cookies, three verifiers, and no two of them alike.
    assert_eq!(drawn.len(), 12);
    let shown = format!("{:?} {:?} {:?}", world.lines, world.outputs, world.connection);
    assert!(shown.contains("OpenUrl") && drawn.iter().all(|secret| !shown.contains(secret)));
}

#[test]
fn row_15_the_exchange_repeats_the_redirect_uri_and_only_a_loopback_port_is_free() {
    let config = || ClientConfig {
        redirect_uris: vec![
            REDIRECT_URI.into(),
            "http://127.0.0.1/callback".into(),
            "http://[::1]:81/callback?x=1".into(),
        ],
        ..client_config()
    };
    for (asked, registered) in [
        (REDIRECT_URI, true),
        ("http://127.0.0.1/callback", true),
        ("http://127.0.0.1:51004/callback", true),
        ("http://[::1]:51004/callback?x=1", true),
        ("https://client.example:8443/callback", false),
        ("https://client.example/callback/", false),
        ("https://CLIENT.example/callback", false),
        ("http://127.0.0.2:51004/callback", false),
        ("http://127.0.0.1:51004/callback?x=1", false),
        ("https://127.0.0.1:51004/callback", false),
        ("http://localhost:51004/callback", false),
        ("http://127.0.0.1.evil.test/callback", false),
    ] {
        let mut world = World::with(client_of(provider_config(), config()));
        let input = asking(|authorize| authorize.redirect_uri = asked.into());
        if !registered {
            assert_eq!(world.misuse(input), Misuse::RedirectUriNotRegistered, "{asked}");
            continue;
        }
        let url = world.open_browser(input);
        assert_eq!(in_url(&url, "redirect_uri"), [asked]);
        let state = in_url(&url, "state").concat();
        // Whatever address the browser came back to: behind a proxy it is another.
        let back = format!("/proxied?code=c&state={state}&iss=https%3A%2F%2Fas.example");
        world.redirect(&back, BrowserProof::SameProcess);
        assert_eq!(in_body(exchange(&world), "redirect_uri"), [asked]);
    }
    // A name can be resolved to anywhere: only where the provider's data allow it.
    for (redirects, allowed) in [
        (RedirectRules::NativeApps, false),
        (RedirectRules::NativeAppsOrLocalhost, true),
        (RedirectRules::Https, false),
        (RedirectRules::HttpsOrOwnMachine, true),
    ] {
        let provider = ProviderConfig { redirects, ..provider_config() };
        let redirect_uris = vec!["http://localhost:51004/callback".into()];
        let config = ClientConfig { redirect_uris, ..client_config() };
        let client = Client::new(Provider::new(provider).unwrap().into(), config);
        assert_eq!(client.err(), (!allowed).then_some(Misuse::RedirectUriInvalid));
    }
    // Even then its port is not free.
    let redirects = RedirectRules::NativeAppsOrLocalhost;
    let provider = ProviderConfig { redirects, ..provider_config() };
    let redirect_uris = vec!["http://localhost:51004/callback".into()];
    let mut world =
        World::with(client_of(provider, ClientConfig { redirect_uris, ..client_config() }));
    let other = asking(|asked| asked.redirect_uri = "http://localhost:51005/callback".into());
    assert_eq!(world.misuse(other), Misuse::RedirectUriNotRegistered);
}

#[test]
fn row_16_native_redirects_come_with_pkce_and_the_browser_is_the_systems() {
    for redirect_uri in [
        "com.example.app:/callback",
        "http://127.0.0.1:51004/callback",
        "http://[::1]:51004/callback",
    ] {
        let config = ClientConfig {
            redirect_uris: vec![redirect_uri.into()],
            ..authenticating(TokenEndpointAuthMethod::None)
        };
        let mut world = World::with(client_of(provider_config(), config));
        let url = world.open_browser(asking(|asked| asked.redirect_uri = redirect_uri.into()));
        // The person's part is a URL to open, never a request of the host's own.
        assert!(requests(&world.outputs).is_empty());
        assert!(url.starts_with("https://as.example/authorize?"));
        let redirect = world.server.consent(&url);
        world.redirect(&redirect, BrowserProof::SameProcess);
        assert_eq!(world.status(), Status::Authorized);
        assert!(requests(&world.outputs).iter().all(|sent| !sent.url.contains("/authorize")));
        let verifier = in_body(exchange(&world), "code_verifier").concat();
        assert_eq!(in_url(&url, "code_challenge"), [challenge_of(&verifier)]);
        assert_eq!(in_url(&url, "code_challenge_method"), ["S256"]);
    }
    // A scheme that anybody can claim is no redirect URI, nor is plain http.
    for redirect_uri in [
        "myapp:/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://client.example/callback",
        "com.example.app:/callback#fragment",
    ] {
        let config = ClientConfig { redirect_uris: vec![redirect_uri.into()], ..client_config() };
        let provider = Provider::new(provider_config()).unwrap();
        assert_eq!(Client::new(provider.into(), config).err(), Some(Misuse::RedirectUriInvalid));
    }
}

#[test]
fn row_17_no_request_of_a_whole_life_is_an_implicit_or_a_password_grant() {
    let world = whole_life(client_config());
    for output in &world.outputs {
        if let Output::OpenUrl { url, .. } = output {
            assert_eq!(in_url(url.expose(), "response_type"), ["code"]);
            assert!(in_url(url.expose(), "response_mode").is_empty());
        }
    }
    let mut grants = BTreeSet::new();
    for request in requests(&world.outputs) {
        grants.extend(in_body(request, "grant_type"));
        for name in ["username", "password", "assertion", "response_type"] {
            assert!(in_body(request, name).is_empty(), "{name}");
        }
    }
    assert_eq!(grants, ["authorization_code", "refresh_token"].map(String::from).into());

    for name in ["response_type", "response_mode"] {
        let asked = asking(|asked| asked.extra = vec![(name.into(), "token".into())]);
        assert_eq!(World::new().misuse(asked), Misuse::ParameterReserved);
    }
    // A token that comes with the redirect is nothing.
    let mut world = World::new();
    let state = in_url(&world.open_browser(authorize()), "state").concat();
    let token =
        format!("state={state}&iss=https%3A%2F%2Fas.example&access_token=a&token_type=bearer");
    for (mark, code) in [('?', "callback_malformed"), ('#', "callback_unreadable")] {
        let outputs = world.run(redirected(&format!("{REDIRECT_URI}{mark}{token}")));
        assert_eq!(failures(&outputs), [code]);
        assert_eq!((world.status(), world.header()), (Status::Authorizing, None));
    }
}

#[test]
fn row_18_each_request_authenticates_the_client_in_exactly_one_way() {
    use TokenEndpointAuthMethod as Method;
    for method in METHODS {
        let world = whole_life(authenticating(method));
        for request in requests(&world.outputs) {
            let found = (
                authorization(request).len(),
                in_body(request, "client_secret").len(),
                in_body(request, "client_id").len(),
            );
            let expected = match method {
                Method::ClientSecretBasic => (1, 0, 0),
                Method::ClientSecretPost => (0, 1, 1),
                Method::None => (0, 0, 1),
            };
            assert_eq!(found, expected, "{method:?} {}", request.url);
            for name in ["client_assertion", "client_assertion_type"] {
                assert!(in_body(request, name).is_empty());
            }
        }
    }
}

#[test]
fn row_19_basic_credentials_are_form_encoded_first() {
    // Made by another hand, of "id%201%2B%2F%3A%25%C3%A9:s3cret%20%2B%2F%3A%25%C3%A9~%2A".
    let header =
        "Basic aWQlMjAxJTJCJTJGJTNBJTI1JUMzJUE5OnMzY3JldCUyMCUyQiUyRiUzQSUyNSVDMyVBOX4lMkE=";
    let world = whole_life(ClientConfig {
        client_id: "id 1+/:%é".into(),
        client_secret: Some("s3cret +/:%é~*".into()),
        ..authenticating(TokenEndpointAuthMethod::ClientSecretBasic)
    });
    for request in requests(&world.outputs) {
        assert_eq!(authorization(request), [header], "{}", request.url);
    }
}
