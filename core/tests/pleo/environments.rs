//! Where requests go, and which credentials go with them.

use crate::{
    ENVIRONMENTS, common::*, headers, in_body, redirected, registered, whole_life, world_of,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use evergrant::*;

#[test]
fn pleo_01_the_presets_have_the_urls_that_pleo_documents() {
    for (environment, auth, api) in ENVIRONMENTS {
        let config = environment.config();
        assert_eq!(config.authorization_endpoint, format!("{auth}/oauth/authorize"));
        assert_eq!(config.token_endpoint, format!("{auth}/oauth/token"));
        let introspection = format!("{auth}/oauth/token/introspect");
        assert_eq!(config.introspection_endpoint, Some(introspection));
        assert_eq!(config.api_origin, api);
        let url = format!("{api}/v1/installations/me");
        // Whose grants it ends is not said clearly enough to send it unasked.
        let (method, spares_others) = (Method::Delete, false);
        assert_eq!(config.disconnect, Disconnect::ApiRequest { method, url, spares_others });
        for binding in [config.company, config.api_keys] {
            assert_eq!(binding.unwrap().url, format!("{api}/v1/introspect"));
        }
        let activation = format!("{api}/v1/installations/me:activate");
        assert_eq!(environment.activation_url(), activation);

        // And over a whole life nothing goes anywhere else.
        let world = whole_life(environment, registered());
        for output in &world.outputs {
            match output {
                Output::OpenUrl { url, .. } => {
                    assert!(url.expose().starts_with(&format!("{auth}/oauth/authorize?")));
                }
                Output::SendHttp { request, .. } => {
                    let home = if headers(request, "authorization")[0].starts_with("Bearer ") {
                        api
                    } else {
                        auth
                    };
                    assert!(request.url.starts_with(&format!("{home}/")), "{}", request.url);
                }
                Output::TokenReady { origin, .. } => assert_eq!(origin, api),
                _ => {}
            }
        }
    }
}

#[test]
fn pleo_01_what_one_environment_gave_is_never_sent_to_the_other() {
    for (at, (environment, _, api)) in ENVIRONMENTS.into_iter().enumerate() {
        let (elsewhere, _, other_api) = ENVIRONMENTS[1 - at];
        let mut world = world_of(environment, registered());
        world.authorize();
        let url = |api: &str| format!("{api}/v1/employees");
        let may = |url: &str| world.connection.authorization(world.now, url, 0).is_some();
        assert_eq!((may(&url(api)), may(&url(other_api))), (true, false));

        // The same client id and tenant: another record, and this one is refused.
        let mut there = world_of(elsewhere, registered());
        assert_ne!(world.connection.store_key(), there.connection.store_key());
        let restored = Connection::restore(there.client.clone(), TENANT, world.stored());
        assert_eq!(restored.map_err(|failure| failure.code()), Err("host_record_foreign"));

        // A redirect of the one is none of the other's, even where they share a store.
        let opened = world.open_browser(authorize());
        let redirect = world.server.consent(&opened);
        there.store = world.store.clone();
        let outputs = there.run(redirected(&redirect));
        assert!(requests(&outputs).is_empty());
        assert_eq!(failures(&outputs), ["callback_foreign_connection"]);
    }
}

#[test]
fn pleo_08_the_client_proves_itself_by_basic_or_where_set_in_the_body_and_never_by_both() {
    let (id, secret) = ("id with:colon", "canary secret/%+:");
    let basic =
        format!("Basic {}", STANDARD.encode("id%20with%3Acolon:canary%20secret%2F%25%2B%3A"));
    for (set, in_header) in [
        (None, true),
        (Some(TokenEndpointAuthMethod::ClientSecretBasic), true),
        (Some(TokenEndpointAuthMethod::ClientSecretPost), false),
    ] {
        let client = ClientConfig {
            client_id: id.into(),
            client_secret: Some(secret.into()),
            token_endpoint_auth_method: set,
            ..registered()
        };
        let world = whole_life(Pleo::Staging, client);
        let mut seen = 0;
        for request in requests(&world.outputs) {
            if !request.url.starts_with("https://auth.") {
                // The secret is no credential of the API (page "Testing and environments").
                assert!(headers(request, "authorization")[0].starts_with("Bearer canary-access-"));
                continue;
            }
            seen += 1;
            let in_its_body = (in_body(request, "client_id"), in_body(request, "client_secret"));
            if in_header {
                assert_eq!(headers(request, "authorization"), [basic.as_str()]);
                assert_eq!(in_its_body, (vec![], vec![]));
            } else {
                assert!(headers(request, "authorization").is_empty());
                assert_eq!(in_its_body, (vec![id.into()], vec![secret.into()]));
            }
            assert!(!request.url.contains("canary"));
        }
        assert_eq!(seen, 5, "exchange, three refreshes, introspection");
    }
}
