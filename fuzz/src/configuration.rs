//! Providers, clients and registrations of any content: a misuse, or data of which
//! every request and URL that is made of them is sound.

use crate::world::World;
use evergrant::{
    testing::{
        arbitrary::{Result, Unstructured},
        leak,
    },
    *,
};
use std::sync::Arc;
use url::Url;

pub(crate) fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let choices: [u8; 8] = u.arbitrary()?;
    let text = String::from_utf8_lossy(u.take_rest()).into_owned();
    // One text for each line, in the order in which they are asked for.
    let mut lines = text.split('\n').map(str::to_owned);
    let mut next = || lines.next().unwrap_or_default();
    let config = provider(&choices, &mut next);
    let client = client(&choices, &mut next);
    registration(&choices, &mut next);

    let Ok(provider) = Provider::new(config) else { return Ok(()) };
    assert_eq!(Provider::new(provider.config().clone()).as_ref(), Ok(&provider), "checked again");
    assert!(provider.is_api_url(format!("{}/", provider.config().api_origin)));
    let provider = Arc::new(provider);
    let redirect_uri = client.redirect_uris.first().cloned().unwrap_or_default();
    let Ok(client) = Client::new(provider, client) else { return Ok(()) };
    // Unless a text that may be seen looks like a secret.
    if leak(&text).is_none() {
        assert_eq!(leak(&format!("{client:?}")), None);
    }
    requests(Arc::new(client), redirect_uri);
    Ok(())
}

fn provider(choices: &[u8; 8], next: &mut impl FnMut() -> String) -> ProviderConfig {
    let [first, second, third, fourth, ..] = *choices;
    let some = |text: String| (!text.is_empty()).then_some(text);
    let environment = next();
    let issuer = some(next());
    let [authorization_endpoint, token_endpoint] = [next(), next()];
    let introspection_endpoint = some(next());
    let disconnect_url = next();
    let api_origin = next();
    let resource = some(next());
    let (name, value) = (next(), next());
    let invalid_grant_errors = some(next()).into_iter().collect();
    let [url, subject, company_prefix] = [next(), next(), next()];
    let company = (!url.is_empty()).then_some(CompanyBinding {
        url,
        subject,
        scope: None,
        company_prefix,
        organisation_prefix: None,
    });
    let timing = if fourth & 1 == 0 { Timing::STRICT } else { Timing::GRACE_30_S };
    ProviderConfig {
        environment,
        issuer,
        iss: [IssPolicy::Required, IssPolicy::IfPresent, IssPolicy::Ignored]
            [usize::from(first % 3)],
        authorization_endpoint,
        token_endpoint,
        introspection_endpoint,
        disconnect: match second % 3 {
            0 => Disconnect::Forget,
            1 => Disconnect::Revocation { endpoint: disconnect_url },
            _ => Disconnect::ApiRequest {
                method: Method::Delete,
                url: disconnect_url,
                spares_others: second & 16 != 0,
            },
        },
        api_origin,
        company,
        authorize_parameters: some(name).map(|name| (name, value)).into_iter().collect(),
        resource,
        token_endpoint_auth_method: [
            TokenEndpointAuthMethod::ClientSecretBasic,
            TokenEndpointAuthMethod::ClientSecretPost,
            TokenEndpointAuthMethod::None,
        ][usize::from(third % 3)],
        quirks: Quirks { invalid_grant_errors, ..Quirks::default() },
        redirects: [
            RedirectRules::NativeApps,
            RedirectRules::NativeAppsOrLocalhost,
            RedirectRules::Https,
            RedirectRules::HttpsOrOwnMachine,
        ][usize::from(third >> 6)],
        loopback_http: fourth & 2 != 0,
        refresh: RefreshPolicy {
            timing: Timing {
                takeover_after: timing.takeover_after.wrapping_sub(u64::from(fourth >> 4)),
                ..timing
            },
            ..RefreshPolicy::STRICT
        },
        answer_limit: 1_000 + u32::from(choices[4]),
        ..ProviderConfig::default()
    }
}

fn client(choices: &[u8; 8], next: &mut impl FnMut() -> String) -> ClientConfig {
    let secret = |text: String| (!text.is_empty()).then(|| Secret::new(format!("canary-{text}")));
    let client_id = next();
    let client_secret = secret(next());
    let redirect_uris = [next(), next()].into_iter().filter(|uri| !uri.is_empty()).collect();
    let scopes = next().split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    ClientConfig {
        client_id,
        previous_client_secret: client_secret.clone().filter(|_| choices[5] & 1 != 0),
        client_secret,
        token_endpoint_auth_method: None,
        redirect_uris,
        scopes,
        sealing: if choices[5] & 2 == 0 { Sealing::Plain } else { crate::client::ring() },
    }
}

/// What Pleo would say of it names members that there are.
fn registration(choices: &[u8; 8], next: &mut impl FnMut() -> String) {
    let registration = Registration {
        client_name: next(),
        client_uri: next(),
        logo_uri: Some(next()),
        logo_size: None,
        tos_uri: next(),
        policy_uri: next(),
        contacts: vec![next()],
        initiation_uri: next(),
        settings_uri: next(),
        redirect_uris: vec![next()],
        scopes: vec![next()],
        pkce: choices[6] & 1 == 0,
        subject_type: None,
    };
    let pleo = if choices[6] & 2 == 0 { Pleo::Staging } else { Pleo::Production };
    for fault in registration.check(pleo).err().unwrap_or_default() {
        assert!(fault.rule.code().starts_with("registration_"));
        assert!(fault.item.is_none_or(|item| item == 0), "{fault:?}");
    }
}

/// A person is sent to the authorization endpoint and the code to the token endpoint,
/// with what RFC 6749 §4.1 has in them, each once.
fn requests(client: Arc<Client>, redirect_uri: String) {
    let config = client.provider().config().clone();
    let client_id = client.client_id().to_owned();
    let mut world = World::new(client);
    // A fuzzer may put a secret's text where it is seen.
    world.has_canaries = false;
    let input = Input::Authorize(Authorize {
        redirect_uri: redirect_uri.clone(),
        scopes: vec![],
        extra: vec![],
        binding: Binding::SameProcess,
        return_context: None,
        company: None,
    });
    if world.tell(0, input).is_none() {
        return;
    }
    world.settle();
    let Some(opened) = world.opened.last().cloned() else { return };
    let url = Url::parse(&opened).expect("a URL");
    let endpoint = Url::parse(&config.authorization_endpoint).expect("a URL");
    assert_eq!((url.origin(), url.path()), (endpoint.origin(), endpoint.path()));
    let once = |name: &str| {
        let mut found = url.query_pairs().filter(|(key, _)| key == name);
        let (_, value) = found.next()?;
        assert!(found.next().is_none(), "{name} stands twice in {url}");
        Some(value.into_owned())
    };
    assert_eq!(once("response_type").as_deref(), Some("code"));
    assert_eq!(once("client_id"), Some(client_id));
    assert_eq!(once("redirect_uri"), Some(redirect_uri));
    assert_eq!(once("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(once("code_challenge").map(|it| it.len()), Some(43));
    let state = once("state").expect("a state");

    let iss = config.issuer.map(|it| format!("&iss={}", percent(&it))).unwrap_or_default();
    let back = format!("?code=canary-code&state={state}{iss}");
    world.tell(0, Input::Redirected { url: back.into(), proof: BrowserProof::SameProcess });
    for request in world.settle().iter().take(1) {
        assert_eq!(request.url, config.token_endpoint);
        assert_eq!(request.method, Method::Post);
        let named = request.headers.iter().filter(|(name, _)| *name == "authorization").count();
        let body = String::from_utf8_lossy(request.body.expose()).into_owned();
        let secrets = url::form_urlencoded::parse(body.as_bytes())
            .filter(|(name, _)| name == "client_secret");
        assert!(named + secrets.count() <= 1, "authenticated twice");
        for (_, value) in &request.headers {
            assert!(value.expose().bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
        }
    }
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
