//! The examples of docs/pleo.md: they stand there as they stand here, and run.

use std::{sync::Arc, thread, time::Duration};

use evergrant::{
    ApiKey, ApiKeyKind, Authorize, Binding, BrowserProof, Client, ClientConfig, Delay, Failure,
    LogoSize, Misuse, Pace, Pacer, Pleo, Provider, ProviderConfig, Registration, Sealing, Secret,
    Status,
};
use evergrant_authority::{
    BASIC_CLIENT, Fault, FaultRule, KeyKind, NORTH_DENMARK, NewApiKey, RetryAfter,
};
use evergrant_example_host::{Host, HostError, Store, tenant_of};

use crate::{World, of, pleo, support::BACK};

const CALLBACK: &str = BACK;
const CLIENT_ID: &str = BASIC_CLIENT.id;

fn form(environment: Pleo) -> Result<String, Vec<String>> {
    let registration = Registration {
        client_name: "Example ERP".into(),
        client_uri: "https://erp.example".into(),
        logo_uri: None,
        logo_size: Some(LogoSize { width: 512, height: 512 }),
        tos_uri: "https://erp.example/terms".into(),
        policy_uri: "https://erp.example/privacy".into(),
        contacts: vec!["api@erp.example".into()],
        initiation_uri: "https://erp.example/connect/pleo".into(),
        settings_uri: "https://erp.example/settings/pleo".into(),
        redirect_uris: vec!["https://erp.example/callback".into()],
        scopes: vec!["expenses:read".into(), "users:read".into()],
        pkce: true,
        subject_type: None,
    };
    match registration.check(environment) {
        Ok(()) => Ok(registration.form()),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

fn client(
    provider: ProviderConfig, // Pleo::Staging.config() or Pleo::Production.config()
    secret: Secret,
    secret_before: Option<Secret>, // only while a secret is being replaced
) -> Result<Arc<Client>, Misuse> {
    let config = ClientConfig {
        client_id: CLIENT_ID.into(),
        client_secret: Some(secret),
        previous_client_secret: secret_before,
        token_endpoint_auth_method: None, // Basic
        redirect_uris: vec![CALLBACK.into()],
        scopes: vec!["expenses:read".into(), "users:read".into()],
        sealing: Sealing::Plain, // the database is encrypted
    };
    Ok(Arc::new(Client::new(Arc::new(Provider::new(provider)?), config)?))
}

/// Connect was pressed: where to send the browser, and the cookie to give it.
fn connect(host: &mut Host, page: &str) -> Result<(Secret, Option<Secret>), HostError> {
    host.authorize(Authorize {
        redirect_uri: CALLBACK.into(),
        scopes: vec![], // those of the last time, or else all registered ones
        extra: vec![],
        binding: Binding::Cookie,
        return_context: Some(page.into()),
        company: None, // or the one that was chosen, for an organisation
    })
}

/// The browser came back to the redirect URI, one for all customers.
fn callback(
    client: &Client,
    mut store: Box<dyn Store>,
    open: impl Fn(&str) -> Host,
    url: Secret,
    cookie: Option<Secret>,
) -> Result<String, HostError> {
    let tenant = tenant_of(client, &mut *store, &url)?;
    let proof = cookie.map_or(BrowserProof::Missing, BrowserProof::Binding);
    open(&tenant).redirected(url, proof)
}

/// A call: paced, with a token that is good, replayed once after a 401.
fn get(host: &mut Host, pacer: &mut Pacer, url: &str) -> Result<Vec<u8>, HostError> {
    while let Pace::At(at) = pacer.ask(host.world().now()) {
        let wait = at.saturating_sub(host.world().now());
        thread::sleep(Duration::from_millis(wait));
    }
    let answered = host.api_get(url);
    if let Err(HostError::Failure(Failure::TryLater { at, reason: Delay::RateLimited, .. })) =
        &answered
    {
        pacer.slow_down(host.world().now(), *at); // both are UNIX time
    }
    Ok(answered?.response.body.expose().to_vec())
}

/// What to tell whom, whatever has failed.
fn advice(failure: &Failure) -> &'static str {
    match failure {
        Failure::ReauthenticationRequired(_) => "customer: connect again; nothing else is lost",
        Failure::TryLater { .. } => "nobody: try again at `retry_at`",
        Failure::OutcomeUnknown => "customer: press Connect once more",
        Failure::Denied { .. } => "customer: what was refused, by its code",
        Failure::CallbackRefused(_) => "nobody: the true redirect may still come",
        Failure::Misconfigured { .. } => "operator: client id, secret or scopes are wrong",
        Failure::CompanyMismatch { .. } => "customer: that is another company",
        Failure::ServerMisbehaved(_) => "Pleo: its answer broke the protocol",
        Failure::HostFailed(_) => "operator: the store",
        Failure::SealingKeyMissing { .. } => "operator: a sealing key is missing",
    }
}

/// A key was pasted; answers with the company, to be shown.
fn enter(host: &mut Host, pasted: String, company: Option<String>) -> Result<String, HostError> {
    host.enter_key(ApiKey {
        key: Secret::new(pasted),
        kind: ApiKeyKind::Integrated,
        company, // the one that it must be of; of a replacement it is known
        scopes: vec!["expenses:read".into()], // what it must be able to do
    })
}

#[test]
fn the_guides_examples_run() {
    let form = form(Pleo::Production).expect("a form to hand in");
    assert!(form.contains("Example ERP"));
    for preset in [Pleo::Staging, Pleo::Production] {
        let https = ["https://erp.example/callback".to_owned()];
        let provider = Arc::new(Provider::pleo(preset).expect("sound data"));
        let config = ClientConfig {
            client_id: "00000000-0000-4000-8000-000000000000".into(),
            client_secret: Some("from your vault".into()),
            previous_client_secret: None,
            token_endpoint_auth_method: None,
            redirect_uris: https.to_vec(),
            scopes: vec!["users:read".into()],
            sealing: Sealing::Plain,
        };
        Client::new(provider, config).expect("a sound client");
    }

    let mut world = World::new();
    let secret = Secret::from(BASIC_CLIENT.secret.expect("a secret"));
    let provider = pleo(&world.authority, &world.tap);
    world.desk.client = client(provider, secret.clone(), Some(secret)).expect("a client");
    world.pick(NORTH_DENMARK);
    let mut host = world.host_of("tenant-42");
    let (url, cookie) = connect(&mut host, "/settings/pleo").expect("a URL");
    let back = world.desk.browser.visit(&url);
    let open = |tenant: &str| world.host_of(tenant);
    let store = || Box::new(world.desk.store());
    let refused = callback(&world.desk.client, store(), open, back.clone(), None);
    let Err(HostError::Failure(failure)) = refused else { panic!("without the cookie") };
    assert_eq!(advice(&failure), "nobody: the true redirect may still come");
    let scope = callback(&world.desk.client, store(), open, back, cookie).expect("a grant");
    assert_eq!(scope, "expenses:read users:read");

    let mut host = world.host_of("tenant-42");
    let mut pacer = Pacer::default();
    let body = get(&mut host, &mut pacer, &world.expenses()).expect("an answer");
    assert!(String::from_utf8_lossy(&body).contains(NORTH_DENMARK));
    let retry_after = RetryAfter::Seconds(3_600);
    let later = Fault::TryLater { status: 429, retry_after };
    let limit = FaultRule::new("/v1/expenses", later);
    world.control().add_faults([limit]).expect("a sound rule");
    let Err(HostError::Failure(failure)) = get(&mut host, &mut pacer, &world.expenses()) else {
        panic!("too many requests")
    };
    assert_eq!(advice(&failure), "nobody: try again at `retry_at`");
    let at = failure.retry_at().expect("a time");
    assert_eq!(pacer.ask(host.world().now()), Pace::At(at), "for every caller");

    let mut pacer = Pacer::default();
    host.disconnect().expect("a disconnect");
    assert_eq!(host.status(), Status::Disconnected);

    let new = NewApiKey {
        kind: KeyKind::Integrated,
        subject: of(NORTH_DENMARK),
        scopes: vec!["expenses:read".into()],
        expires_in: None,
        client_id: None,
    };
    let key = world.control().create_api_key(new).expect("a key").key;
    let Err(HostError::Failure(failure)) = enter(&mut host, "mistyped".into(), None) else {
        panic!("no such key")
    };
    assert_eq!(advice(&failure), "customer: what was refused, by its code");
    let company = Some(NORTH_DENMARK.to_owned());
    assert_eq!(enter(&mut host, key, company).expect("a company"), NORTH_DENMARK);
    get(&mut host, &mut pacer, &world.expenses()).expect("an answer");
}

#[test]
fn what_the_guide_shows_is_what_runs() {
    let here = include_str!("guide.rs");
    let guide = include_str!("../../../../docs/pleo.md");
    let blocks: Vec<&str> = guide
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("an end"))
        .collect();
    assert!(blocks.len() >= 5, "they can be found");
    for block in blocks {
        assert!(here.contains(block), "not in guide.rs:\n{block}");
    }
}
