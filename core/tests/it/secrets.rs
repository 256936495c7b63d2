//! Canaries: no secret is ever formatted, whatever is formatted.

use crate::common::{server::Fault, *};
use evergrant::*;
use serde_json::json;

/// Every secret that a world has seen: those given to it, and those drawn.
fn canaries(world: &World) -> Vec<String> {
    let mut found: Vec<String> = vec!["canary-".into()];
    for output in &world.outputs {
        match output {
            Output::OpenUrl { url, binding, .. } => {
                found.push(server::query(url.expose(), "state").unwrap());
                found.extend(binding.as_ref().map(|secret| secret.expose().to_owned()));
            }
            Output::SendHttp { request, .. } => {
                let body = format!("?{}", body(request));
                found.extend(server::query(&body, "code_verifier"));
                let values = request.headers.iter().map(|(_, value)| value.expose().to_owned());
                found.extend(values.filter(|value| value.starts_with("B")));
            }
            _ => {}
        }
    }
    found
}

fn assert_clean(what: &str, text: &str, canaries: &[String]) {
    for canary in canaries {
        assert!(!text.contains(canary.as_str()), "{what} shows a secret: {text}");
    }
}

#[test]
fn nothing_formatted_shows_a_secret() {
    let mut world = World::new();
    let Input::Authorize(mut asked) = authorize() else { unreachable!() };
    asked.binding = Binding::Cookie;
    let url = world.open_browser(Input::Authorize(asked));
    let cookie = world.outputs.iter().find_map(|output| match output {
        Output::OpenUrl { binding, .. } => binding.clone(),
        _ => None,
    });
    let redirect = world.server.consent(&url);
    world.redirect(&redirect, BrowserProof::Binding("canary-forged-cookie".into()));
    let echo = Fault::Answer(
        400,
        json!({"error": "invalid_grant", "error_description": format!("code {redirect} canary-code-1 canary-client-secret")}).to_string(),
    );
    world.server.faults.push_back(echo);
    world.redirect(&redirect, BrowserProof::Binding(cookie.unwrap()));
    world.authorize();
    world.restart();
    world.advance(3_600_000);
    for echo in [
        json!({"error": "canary-refresh-3", "error_description": "canary-refresh-3"}),
        json!({"error": "invalid_grant", "error_description": "spent: canary-refresh-3"}),
    ] {
        world.server.faults.push_back(Fault::Answer(400, echo.to_string()));
        world.token_wanted();
        world.advance(700_000);
    }
    let deny = format!(
        "{REDIRECT_URI}?state={}&error=canary-error-0123456789-0123&error_description=canary-abcdefghij-0123456789&iss=https://as.example",
        server::query(&world.open_browser(authorize()), "state").unwrap()
    );
    world.redirect(&deny, BrowserProof::SameProcess);
    world.authorize();
    world.run(Input::Revoke);

    let canaries = canaries(&world);
    assert!(canaries.len() > 10, "the hunt has something to find");
    let mut failures = 0;
    for line in world.lines.clone() {
        assert_clean("a line", &format!("{line:?} {line:#?}"), &canaries);
        let Line::Step(env, input, result) = line else { continue };
        assert_clean("env", &format!("{env:?}"), &canaries);
        assert!(!format!("{env:?}").contains("90, 90"), "entropy is a secret");
        assert_clean("input", &format!("{input:?}"), &canaries);
        for output in result.unwrap().outputs {
            assert_clean("output", &format!("{output:?}"), &canaries);
            match output {
                Output::Failed { failure, .. } => {
                    failures += 1;
                    assert_clean("failure", &format!("{failure} {:?}", failure.said()), &canaries);
                }
                Output::Notice(notice) => {
                    assert_clean("notice", &format!("{:?}", notice.fields()), &canaries);
                }
                _ => {}
            }
        }
    }
    assert!(failures >= 5, "failures that echo secrets were met: {failures}");
    assert_clean("connection", &format!("{:?}", world.connection), &canaries);
    assert_clean("client", &format!("{:?} {:?}", world.client, client_config()), &canaries);
    for row in states::all() {
        assert_clean(row.name, &format!("{:?}", row.world.connection), &canaries);
    }
    assert_clean("stored", &format!("{:?}", world.store.values()), &canaries);
}

/// Found by fuzzing: whoever writes the redirect may put its code and `state` there.
#[test]
fn what_a_redirect_names_as_its_issuer_is_not_shown() {
    let mut world = World::new();
    let url = world.open_browser(authorize());
    let redirect = world.server.consent(&url).replace("iss=", "iss=canary-code-1");
    world.step(Input::Redirected { url: redirect.into(), proof: BrowserProof::SameProcess });
    assert_clean("connection", &format!("{:?}", world.connection), &["canary-".into()]);
}

#[test]
fn the_hunt_can_find_what_it_hunts() {
    let secret = Secret::new("canary-1");
    let found = std::panic::catch_unwind(|| {
        assert_clean("exposed", secret.expose(), &["canary-".into()]);
    });
    assert!(found.is_err());
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    assert_eq!(format!("{:?}", SecretBytes::new("canary-1")), "SecretBytes(8 bytes)");
}

#[test]
fn what_is_no_secret_is_shown() {
    let world = World::authorized();
    let credential = world.connection.authorization(world.now, API, 0).unwrap();
    assert_eq!(format!("{credential:?}"), "Credential { generation: 1, .. }");
    let env = Env { now: 7, uptime: Some(8), boot_id: None, entropy: [9; 32] };
    assert_eq!(format!("{env:?}"), "Env { now: 7, uptime: Some(8), boot_id: None, .. }");
}
