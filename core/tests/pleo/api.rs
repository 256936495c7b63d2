//! Calls of the API, and what its answers mean.

use crate::{
    API, HOUR, INTROSPECTION, answered,
    common::{server::Fault, *},
    connected, expired, header, headers, in_body,
};
use evergrant::*;
use serde_json::{Value, json};

#[test]
fn pleo_31_calls_carry_the_bearer_token_over_https_to_pleos_api_alone() {
    let world = connected();
    let carries = |url: &str| {
        let credential = world.connection.authorization(world.now, url, 0);
        credential.map(|credential| credential.header.to_owned())
    };
    let bearer = Some("Bearer canary-access-2".to_owned());
    for url in [API, "https://external.pleo.io", "https://EXTERNAL.pleo.io:443/v1/x?y=z"] {
        assert_eq!(carries(url), bearer, "{url}");
    }
    for url in [
        "http://external.pleo.io/v1/employees",
        "https://external.pleo.io:8443/v1/employees",
        "https://external.staging.pleo.io/v1/employees",
        "https://openapi.pleo.io/v1/employees",
        "https://auth.pleo.io/oauth/token",
        "https://app.pleo.io/",
        "https://pleo.io/",
        "https://mcp.pleo.io/mcp",
        "https://sub.external.pleo.io/",
        "https://external.pleo.io.evil.example/",
        "https://external.pleo.io@evil.example/",
        "https://evil.example/https://external.pleo.io/",
        "https://external.pleo.io\\.evil.example/",
        "//external.pleo.io/v1",
        "/v1/employees",
    ] {
        assert_eq!(carries(url), None, "{url}");
    }
    let ready = world.outputs.iter().find_map(|output| match output {
        Output::TokenReady { origin, header, .. } => Some((origin.clone(), header.clone())),
        _ => None,
    });
    assert_eq!(ready, Some(("https://external.pleo.io".into(), "Bearer canary-access-2".into())));
    // No data may say otherwise.
    let api_origin = "http://external.pleo.io".to_owned();
    let config = ProviderConfig { api_origin, ..Pleo::Production.config() };
    assert_eq!(Provider::new(config), Err(Misuse::EndpointInvalid));
}

#[test]
fn pleo_32_a_401_is_one_refresh_and_one_replay_and_a_403_is_neither() {
    let mut world = connected();
    let outputs = world.run(answered(1, 401));
    assert_eq!(tokens(&outputs), [(2, "Bearer canary-access-3".to_owned())]);
    // The second one, with the fresh token: it surfaces.
    let outputs = world.run(answered(2, 401));
    assert_eq!(failures(&outputs), ["server_fresh_token_refused"]);
    assert!(requests(&outputs).is_empty() && tokens(&outputs).is_empty());
    assert_eq!(world.server.refreshes, 1);

    let mut world = connected();
    let before = (world.record(), header(&world));
    for (value, code) in [
        (None, "denied_forbidden"),
        (Some("Bearer error=\"insufficient_scope\""), "denied_insufficient_scope"),
    ] {
        let headers = value.map(|value: &str| ("WWW-Authenticate".to_owned(), value.to_owned()));
        let headers = headers.into_iter().collect();
        let outputs = world.run(Input::ApiAnswered { generation: 1, status: 403, headers });
        assert_eq!(failures(&outputs), [code]);
        assert!(requests(&outputs).is_empty() && tokens(&outputs).is_empty());
    }
    assert_eq!((world.record(), header(&world)), before);
    // A refresh that ends the grant ends the replay.
    world.server.faults.push_back(crate::refused("invalid_grant"));
    let outputs = world.run(answered(1, 401));
    assert_eq!(failures(&outputs), ["reauthenticate_rejected"]);
    assert_eq!((tokens(&outputs).len(), header(&world)), (0, None));
}

#[test]
fn pleo_33_trouble_at_the_api_says_nothing_of_the_tokens() {
    for expired in [false, true] {
        let mut world = connected();
        world.advance(if expired { HOUR } else { 0 });
        let before = (world.record(), header(&world), world.status(), world.connection.clone());
        for status in [400, 404, 409, 413, 422, 429, 500, 502, 503, 504, 599] {
            let headers = vec![("Retry-After".to_owned(), "7".to_owned())];
            let outputs = world.run(Input::ApiAnswered { generation: 1, status, headers });
            let later = match status {
                429 => Some("try_later_rate_limited"),
                500.. => Some("try_later_unavailable"),
                _ => None,
            };
            assert_eq!(failures(&outputs).first().copied(), later, "{status}");
            let at = outputs.iter().find_map(|output| match output {
                Output::Failed { activity, failure } => {
                    assert_eq!(*activity, Activity::ApiCall);
                    failure.retry_at()
                }
                _ => None,
            });
            assert_eq!(at, later.map(|_| world.now + 7_000), "as long as it asks for");
            assert!(requests(&outputs).is_empty(), "{status}");
            assert_eq!(
                (world.record(), header(&world), world.status()),
                (before.0.clone(), before.1.clone(), before.2)
            );
        }
    }
}

/// The requests to the introspection endpoint.
fn asked(outputs: &[Output]) -> Vec<&HttpRequest> {
    requests(outputs).into_iter().filter(|request| request.url == INTROSPECTION).collect()
}

#[test]
fn pleo_34_a_refresh_token_is_asked_after_by_form_and_basic_and_only_in_doubt() {
    // The normal path, for a long time: never.
    let mut world = connected();
    for _ in 0..5 {
        world.wake();
        world.run(answered(1, 401));
        world.advance(2 * HOUR);
        world.token_wanted();
    }
    world.server.faults.push_back(Fault::NotSent);
    world.advance(2 * HOUR);
    world.token_wanted();
    world.wake();
    assert_eq!((asked(&world.outputs).len(), world.server.introspections), (0, 0));
    assert!(header(&world).is_some());

    let about = |aud: Value, active: bool| {
        json!({"active": active, "sub": "s", "exp": 1, "iat": 1, "client_id": "c", "aud": aud,
            "iss": "pleo.production", "jti": "j", "token_type": "at+JWT",
            "urn:pleo:params:oauth:subject_urn": crate::COMPANY})
    };
    for aud in [json!("https://external.pleo.io"), json!(["a", "b"]), json!([]), Value::Null] {
        for active in [true, false] {
            let mut world = expired();
            world.server.faults.push_back(Fault::RequestLost);
            world.token_wanted();
            let answer = Fault::Answer(200, about(aud.clone(), active).to_string());
            world.server.faults.push_back(answer);
            let outputs = world.wake();
            let [request] = asked(&outputs)[..] else { panic!("one question") };
            assert_eq!(request.method, Method::Post);
            let form = ["application/x-www-form-urlencoded"];
            assert_eq!(headers(request, "content-type"), form);
            assert!(headers(request, "authorization")[0].starts_with("Basic "));
            assert_eq!(in_body(request, "token"), ["canary-refresh-2"]);
            assert_eq!(in_body(request, "token_type_hint"), ["refresh_token"]);
            // Believed either way: live is sent again, used up is not.
            assert_eq!(world.server.refreshes, u64::from(active), "{aud}");
            assert_eq!(header(&world).is_some(), active, "{aud}");
        }
    }
}
