//! The redirect: whom it is believed from, and in which order it is judged.

use crate::{
    asking,
    common::{server::Server, *},
    in_body, in_url, redirected,
};
use evergrant::*;

const ISS: &str = "iss=https%3A%2F%2Fas.example";

/// The state of an authorization that has just been begun.
fn begun(world: &mut World, binding: Binding) -> (String, Option<Secret>) {
    let url = world.open_browser(asking(|asked| asked.binding = binding));
    let cookie = world.outputs.iter().rev().find_map(|output| match output {
        Output::OpenUrl { binding, .. } => Some(binding.clone()),
        _ => None,
    });
    (in_url(&url, "state").concat(), cookie.unwrap())
}

fn callback(state: &str, rest: &str) -> String {
    format!("{REDIRECT_URI}?state={state}&{rest}")
}

/// What a redirect is refused with; and that nothing came of it.
#[track_caller]
fn refused(world: &mut World, url: &str, proof: BrowserProof) -> &'static str {
    let before = (world.store.clone(), world.status(), requests(&world.outputs).len());
    let outputs = world.redirect(url, proof);
    let after = (world.store.clone(), world.status(), requests(&world.outputs).len());
    assert_eq!(before, after, "{url}");
    let codes = failures(&outputs);
    assert_eq!((codes.len(), tokens(&outputs).len()), (1, 0), "{url}");
    codes[0]
}

#[test]
fn row_04_a_state_is_bound_to_its_browser_good_once_and_for_a_time() {
    let mut world = World::new();
    let (state, cookie) = begun(&mut world, Binding::Cookie);
    let good = callback(&state, &format!("code=c&{ISS}"));
    let same = BrowserProof::SameProcess;
    assert_eq!(
        refused(&mut world, &callback("forged", "code=c"), same.clone()),
        "callback_state_unknown"
    );
    let (_, other) = begun(&mut world, Binding::Cookie);
    for proof in [same, BrowserProof::Missing, BrowserProof::Binding(other.unwrap())] {
        assert_eq!(refused(&mut world, &good, proof), "callback_binding_mismatch");
    }
    let proof = BrowserProof::Binding(cookie.unwrap());
    let outputs = world.redirect(&good, proof.clone());
    assert_eq!(requests(&outputs).len(), 1);
    // Used: in this process, in another, and long after.
    assert_eq!(refused(&mut world, &good, proof.clone()), "callback_state_used");
    world.restart();
    world.advance(1_000_000);
    assert_eq!(refused(&mut world, &good, proof), "callback_state_used");

    // Up to the last millisecond of its life, and not beyond.
    for (late, code) in [(0, None), (1, Some("callback_expired"))] {
        let mut world = World::new();
        let (state, _) = begun(&mut world, Binding::SameProcess);
        world.advance(world.client.provider().config().authorization_lifetime - 1 + late);
        let outputs = world.run(redirected(&callback(&state, &format!("code=c&{ISS}"))));
        let refusal = failures(&outputs).into_iter().find(|code| code.starts_with("callback"));
        assert_eq!((refusal, requests(&outputs).len()), (code, 1 - late as usize));
    }
}

#[test]
fn row_05_a_redirect_completes_its_own_authorization_and_no_other() {
    let mut world = World::new();
    let ports = ["http://127.0.0.1:1001/callback", "http://127.0.0.1:1002/callback"];
    let urls =
        ports.map(|port| world.open_browser(asking(|asked| asked.redirect_uri = port.into())));
    // The second comes back first, each with what belongs to it.
    for (url, port) in urls.iter().zip(ports).rev() {
        let redirect = world.server.consent(url);
        let outputs = world.redirect(&redirect, BrowserProof::SameProcess);
        let [sent] = requests(&outputs)[..] else { panic!("one exchange") };
        assert_eq!(in_body(sent, "redirect_uri"), [port]);
        assert_eq!(in_body(sent, "code"), in_url(&redirect, "code"));
        let ids: Vec<_> = outputs
            .iter()
            .filter_map(|output| match output {
                Output::Authorized { authorization, .. } => Some(authorization.clone()),
                _ => None,
            })
            .collect();
        let begun = world.outputs.iter().find_map(|output| match output {
            Output::OpenUrl { authorization, url: opened, .. } if opened.expose() == url => {
                Some(authorization.clone())
            }
            _ => None,
        });
        assert_eq!(ids, [begun.unwrap()]);
    }
    let exchanges = requests(&world.outputs);
    assert_ne!(in_body(exchanges[0], "code_verifier"), in_body(exchanges[1], "code_verifier"));

    // Nor does one tenant's redirect complete another tenant's connection.
    let (state, _) = begun(&mut world, Binding::SameProcess);
    world.connection = Connection::new(world.client.clone(), "tenant-2").unwrap();
    let foreign = callback(&state, &format!("code=c&{ISS}"));
    let code = refused(&mut world, &foreign, BrowserProof::SameProcess);
    assert_eq!(code, "callback_foreign_connection");
}

#[test]
fn row_06_the_issuer_is_compared_as_text_before_the_answer_is_looked_at() {
    let mut world = World::new();
    let (state, _) = begun(&mut world, Binding::SameProcess);
    let same = BrowserProof::SameProcess;
    // Each of these has every fault of those below it: the first one is named.
    let wrong_iss = "iss=https%3A%2F%2Fevil.example";
    let twice = callback(&state, &format!("{wrong_iss}&code=c&code=d"));
    assert_eq!(refused(&mut world, &twice, BrowserProof::Missing), "callback_duplicate_parameter");
    let unknown = callback("forged", &format!("{wrong_iss}&error=access_denied&code=c"));
    assert_eq!(refused(&mut world, &unknown, BrowserProof::Missing), "callback_state_unknown");
    let both = callback(&state, &format!("{wrong_iss}&error=access_denied&code=c"));
    assert_eq!(refused(&mut world, &both, BrowserProof::Missing), "callback_binding_mismatch");
    assert_eq!(refused(&mut world, &both, same.clone()), "callback_issuer_mismatch");
    let both = callback(&state, &format!("{ISS}&error=access_denied&code=c"));
    assert_eq!(refused(&mut world, &both, same.clone()), "callback_malformed");
    // Nothing is made equal: not a slash, a port, a letter's case or an escape.
    for iss in [
        "https://as.example/",
        "https://as.example:443",
        "https://AS.example",
        "HTTPS://as.example",
        "https://as.example%2F",
        "https://as.example ",
        "",
    ] {
        let mut url = callback(&state, "code=canary-code");
        url.extend(["&iss=".to_owned(), form_urlencoded::byte_serialize(iss.as_bytes()).collect()]);
        assert_eq!(refused(&mut world, &url, same.clone()), "callback_issuer_mismatch", "{iss}");
    }
    assert!(requests(&world.outputs).is_empty(), "the code went nowhere");
    assert_eq!(tokens(&world.authorize()).len(), 1);
}

#[test]
fn row_07_a_required_issuer_is_required_of_an_error_too() {
    for answer in ["code=c", "error=access_denied"] {
        let mut world = World::new();
        let (state, _) = begun(&mut world, Binding::SameProcess);
        for (iss, code) in [
            ("x=1", "callback_issuer_missing"),
            ("iss=https%3A%2F%2Fevil.example", "callback_issuer_mismatch"),
        ] {
            let url = callback(&state, &format!("{answer}&{iss}"));
            assert_eq!(refused(&mut world, &url, BrowserProof::SameProcess), code, "{answer}");
        }
        world.run(redirected(&callback(&state, &format!("{answer}&{ISS}"))));
        assert_ne!(world.status(), Status::Authorizing, "the true one is believed");
    }
    // To require what cannot be compared is a mistake in the provider's data.
    let config = ProviderConfig { issuer: None, ..provider_config() };
    assert_eq!(Provider::new(config), Err(Misuse::IssuerMissing));
}

#[test]
fn row_08_an_issuer_that_was_not_announced_must_still_be_the_providers() {
    assert_eq!(ProviderConfig::default().iss, IssPolicy::IfPresent);
    let known = |iss| ProviderConfig {
        issuer: Some("https://as.example".into()),
        iss,
        ..provider_config()
    };
    let unknown = |iss| ProviderConfig { issuer: None, ..known(iss) };
    let mismatch = Some("callback_issuer_mismatch");
    for answer in ["code=c", "error=access_denied"] {
        for (config, iss, code) in [
            (known(IssPolicy::IfPresent), "iss=https%3A%2F%2Fevil.example", mismatch),
            (known(IssPolicy::IfPresent), "iss=", mismatch),
            (known(IssPolicy::IfPresent), ISS, None),
            (known(IssPolicy::IfPresent), "x=1", None),
            // With nothing to compare it with it is refused.
            (unknown(IssPolicy::IfPresent), ISS, mismatch),
            (unknown(IssPolicy::IfPresent), "iss=", mismatch),
            (unknown(IssPolicy::IfPresent), "x=1", None),
            // Unless the provider's data say otherwise.
            (unknown(IssPolicy::Ignored), ISS, None),
            (known(IssPolicy::Ignored), "iss=https%3A%2F%2Fevil.example", None),
            (known(IssPolicy::Ignored), "x=1", None),
        ] {
            let mut world = World::with(client_of(config.clone(), client_config()));
            let (state, _) = begun(&mut world, Binding::SameProcess);
            let url = callback(&state, &format!("{answer}&{iss}"));
            match code {
                Some(code) => {
                    assert_eq!(refused(&mut world, &url, BrowserProof::SameProcess), code);
                }
                None => {
                    world.run(redirected(&url));
                    assert_ne!(world.status(), Status::Authorizing, "{url}");
                }
            }
        }
    }
}

#[test]
fn row_10_a_bad_redirect_leaves_the_pending_authorization_to_the_true_one() {
    let bad: [(&str, BrowserProof); 7] = [
        ("code=c", BrowserProof::SameProcess),
        ("code=c&iss=x", BrowserProof::SameProcess),
        ("code=c&iss=https%3A%2F%2Fas.example", BrowserProof::Missing),
        ("code=c&iss=https%3A%2F%2Fas.example", BrowserProof::Binding("x".into())),
        ("code=c&code=d&iss=https%3A%2F%2Fas.example", BrowserProof::SameProcess),
        ("iss=https%3A%2F%2Fas.example", BrowserProof::SameProcess),
        ("error=access_denied", BrowserProof::SameProcess),
    ];
    for denied in [false, true] {
        let mut world = World::new();
        let url = world.open_browser(authorize());
        let state = in_url(&url, "state").concat();
        for (rest, proof) in bad.clone() {
            refused(&mut world, &callback(&state, rest), proof.clone());
            // Nor in a process that knows of it from the store only.
            world.restart();
            refused(&mut world, &callback(&state, rest), proof);
        }
        if denied {
            let outputs = world.run(redirected(&Server::deny(&url)));
            assert_eq!(failures(&outputs), ["denied_access"]);
        } else {
            let redirect = world.server.consent(&url);
            assert_eq!(tokens(&world.run(redirected(&redirect))).len(), 1);
        }
    }
}

#[test]
fn row_13_a_parameter_of_the_protocol_stands_once_and_unknown_ones_are_nothing() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let good = world.server.consent(&url);
    for name in ["state", "code", "iss", "error", "error_description", "error_uri"] {
        // Also where the second says the same, or nothing, or is written otherwise.
        let value = in_url(&good, name).concat();
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for again in [format!("{name}={value}&{name}={value}"), format!("{escaped}=&{name}=")] {
            let kept: Vec<String> = ["state", "code", "iss"]
                .into_iter()
                .filter(|known| *known != name)
                .map(|known| format!("{known}={}", in_url(&good, known).concat()))
                .collect();
            let url = format!("{REDIRECT_URI}?{}&{again}", kept.join("&"));
            let code = refused(&mut world, &url, BrowserProof::SameProcess);
            assert_eq!(code, "callback_duplicate_parameter", "{url}");
        }
    }
    let odd =
        format!("{good}&session_state=1&session_state=2&STATE=x&Code=y&access_token=z&&=&%ff");
    let outputs = world.run(redirected(&odd));
    assert_eq!(tokens(&outputs).len(), 1);
    let sent = requests(&outputs)[0];
    assert_eq!(in_body(sent, "code"), in_url(&good, "code"));
}
