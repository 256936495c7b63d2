//! The whole lifecycle, a valid token and a token answer, beside the `oauth2`
//! crate on the same inputs in the same run: three scopes, a code of 43
//! characters, token answers of about 1.2 KB with an access token of 900.
//!
//! evergrant's lifecycle writes every record to a store in memory; the peer
//! keeps nothing. Allocations are counted once, before the times are taken.
#![allow(missing_docs, reason = "a bench has no readers of its API")]

use criterion::{Criterion, criterion_group, criterion_main};
use evergrant::*;
use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CODE: &str = "SplxlOBeZQQYbYS6WxSbIASplxlOBeZQQYbYS6WxSbI";
const REDIRECT_URI: &str = "https://client.example/callback";
const API: &str = "https://api.example/v1/expenses";
const SCOPES: [&str; 3] = ["expenses:read", "accounts:read", "users:read"];
const START: u64 = 1_700_000_000_000;

fn token_body() -> Vec<u8> {
    let (access, refresh) = ("a".repeat(900), "r".repeat(180));
    format!(
        r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":3600,"refresh_token":"{refresh}","scope":"{}"}}"#,
        SCOPES.join(" ")
    )
    .into_bytes()
}

fn client(sealing: Sealing) -> Arc<Client> {
    let provider = Provider::new(ProviderConfig {
        environment: "bench".into(),
        authorization_endpoint: "https://as.example/authorize".into(),
        token_endpoint: "https://as.example/token".into(),
        disconnect: Disconnect::Revocation { endpoint: "https://as.example/revoke".into() },
        api_origin: "https://api.example".into(),
        ..ProviderConfig::default()
    });
    let client = Client::new(
        Arc::new(provider.unwrap()),
        ClientConfig {
            client_id: "client".into(),
            client_secret: Some("secret".into()),
            previous_client_secret: None,
            token_endpoint_auth_method: None,
            redirect_uris: vec![REDIRECT_URI.into()],
            scopes: SCOPES.map(String::from).to_vec(),
            sealing,
        },
    );
    Arc::new(client.unwrap())
}

fn sealed() -> Sealing {
    let key = SealingKey::new("2026-01", SecretBytes::new([7; 32])).unwrap();
    Sealing::Sealed(KeyRing::new(key, Vec::new()).unwrap())
}

/// A host that answers everything at once.
struct Host {
    connection: Connection,
    now: u64,
    seed: u64,
    revision: u64,
    /// Connection and pending authorization: all that one life needs.
    store: [Option<Stored>; 2],
    body: SecretBytes,
    state: String,
    steps: u64,
}

impl Host {
    fn new(client: Arc<Client>, body: &SecretBytes) -> Self {
        Self {
            connection: Connection::new(client, "tenant").unwrap(),
            now: START,
            seed: 0,
            revision: 0,
            store: [None, None],
            body: body.clone(),
            state: String::new(),
            steps: 0,
        }
    }

    fn env(&mut self) -> Env {
        self.seed += 1;
        let mut entropy = [7; 32];
        entropy[..8].copy_from_slice(&self.seed.to_be_bytes());
        Env { now: self.now, uptime: None, boot_id: None, entropy }
    }

    fn run(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            self.steps += 1;
            let env = self.env();
            for output in self.connection.step(&env, input).unwrap().outputs {
                if let Some(answer) = self.perform(output) {
                    next = Some(answer);
                }
            }
        }
    }

    fn perform(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::SendHttp { op, request, .. } => {
                let revocation = request.url.ends_with("revoke");
                let body = if revocation { SecretBytes::new([]) } else { self.body.clone() };
                let response = HttpResponse { status: 200, headers: Vec::new(), body };
                Some(Input::HttpDone { op, response })
            }
            Output::Swap { op, key, expected, write } => {
                let slot = &mut self.store[usize::from(key.as_str().starts_with('p'))];
                if let Some(write) = write
                    && slot.as_ref().map(|stored| &stored.revision) == expected.as_ref()
                {
                    self.revision += 1;
                    let revision = Revision::new(self.revision.to_string());
                    *slot = Some(Stored { revision, bytes: write.bytes, age: None });
                }
                Some(Input::Swapped { op, current: slot.clone() })
            }
            Output::OpenUrl { url, .. } => {
                let (_, rest) = url.expose().split_once("&state=").unwrap();
                self.state = rest[..43].to_owned();
                None
            }
            Output::Failed { failure, .. } => panic!("{failure}"),
            Output::TokenReady { .. }
            | Output::Authorized { .. }
            | Output::KeyAccepted { .. }
            | Output::Notice(_) => None,
        }
    }

    fn authorize(&mut self) {
        self.run(Input::Authorize(Authorize {
            redirect_uri: REDIRECT_URI.into(),
            scopes: Vec::new(),
            extra: Vec::new(),
            binding: Binding::SameProcess,
            return_context: None,
            company: None,
        }));
    }

    fn redirected(&mut self) {
        let url = format!("{REDIRECT_URI}?code={CODE}&state={}", self.state);
        self.run(Input::Redirected { url: url.into(), proof: BrowserProof::SameProcess });
    }

    fn refresh(&mut self) {
        self.now += 3_600_000;
        self.run(Input::TokenWanted { min_validity: 30_000 });
    }
}

fn lifecycle(client: &Arc<Client>, body: &SecretBytes) -> u64 {
    let mut host = Host::new(client.clone(), body);
    host.authorize();
    host.redirected();
    host.refresh();
    host.run(Input::Revoke);
    host.steps
}

mod peer {
    //! The same life by the `oauth2` crate, as its documentation shows it.
    use super::{CODE, REDIRECT_URI, SCOPES};
    use oauth2::{
        AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
        HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
        RevocationUrl, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
        basic::{BasicClient, BasicTokenResponse},
        http, url,
    };

    pub(crate) type Client =
        BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet>;

    pub(crate) fn client() -> Client {
        BasicClient::new(ClientId::new("client".into()))
            .set_client_secret(ClientSecret::new("secret".into()))
            .set_auth_uri(AuthUrl::new("https://as.example/authorize".into()).unwrap())
            .set_token_uri(TokenUrl::new("https://as.example/token".into()).unwrap())
            .set_revocation_url(RevocationUrl::new("https://as.example/revoke".into()).unwrap())
            .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.into()).unwrap())
    }

    fn answer(body: &[u8]) -> impl Fn(HttpRequest) -> Result<HttpResponse, std::io::Error> {
        move |_| {
            let response = http::Response::builder().status(200);
            let response = response.header("content-type", "application/json");
            Ok(response.body(body.to_vec()).unwrap())
        }
    }

    pub(crate) fn lifecycle(client: &Client, body: &[u8]) -> BasicTokenResponse {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.into())))
            .set_pkce_challenge(challenge)
            .url();
        std::hint::black_box(url);
        let redirect = format!("{REDIRECT_URI}?code={CODE}&state={}", state.secret());
        let code = redirected(&redirect, &state);
        let tokens = exchange(client, code, verifier, body);
        let refresh = RefreshToken::new(tokens.refresh_token().unwrap().secret().clone());
        let tokens = client.exchange_refresh_token(&refresh).request(&answer(body)).unwrap();
        let revoked = StandardRevocableToken::RefreshToken(refresh);
        client.revoke_token(revoked).unwrap().request(&answer(&[])).unwrap();
        tokens
    }

    fn redirected(redirect: &str, state: &CsrfToken) -> AuthorizationCode {
        let url = url::Url::parse(redirect).unwrap();
        let value = |name| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        assert_eq!(value("state"), *state.secret());
        AuthorizationCode::new(value("code"))
    }

    pub(crate) fn exchange(
        client: &Client,
        code: AuthorizationCode,
        verifier: PkceCodeVerifier,
        body: &[u8],
    ) -> BasicTokenResponse {
        client.exchange_code(code).set_pkce_verifier(verifier).request(&answer(body)).unwrap()
    }

    pub(crate) fn token_answer(body: &[u8]) -> BasicTokenResponse {
        serde_json::from_slice(body).unwrap()
    }
}

fn counted<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let result = run();
    (ALLOCATIONS.load(Ordering::Relaxed) - before, result)
}

/// An authorized connection whose refresh has been answered but not yet taken in.
fn refresh_answered(client: &Arc<Client>, body: &SecretBytes) -> (Connection, Env, Input) {
    let mut host = Host::new(client.clone(), body);
    host.authorize();
    host.redirected();
    host.now += 3_600_000;
    let mut input = Input::TokenWanted { min_validity: 30_000 };
    loop {
        let env = host.env();
        let outputs = host.connection.step(&env, input).unwrap().outputs;
        let sent = outputs.iter().any(|output| matches!(output, Output::SendHttp { .. }));
        let answers: Vec<Input> = outputs.into_iter().filter_map(|o| host.perform(o)).collect();
        input = answers.into_iter().next().unwrap();
        if sent {
            let env = host.env();
            return (host.connection, env, input);
        }
    }
}

fn benches(c: &mut Criterion) {
    let (ours, theirs) = (client(Sealing::Plain), peer::client());
    let sealed = client(sealed());
    let body = token_body();
    let shared = SecretBytes::new(body.clone());

    let (allocations, steps) = counted(|| lifecycle(&ours, &shared));
    println!(
        "allocations, whole lifecycle, evergrant: {allocations} in {steps} steps with records"
    );
    let (allocations, _) = counted(|| peer::lifecycle(&theirs, &body));
    println!("allocations, whole lifecycle, oauth2:    {allocations} without any record");
    let (mut connection, env, answer) = refresh_answered(&ours, &shared);
    let (allocations, _) = counted(|| connection.step(&env, answer).unwrap());
    println!("allocations, token answer, evergrant:    {allocations} with its record");
    let (allocations, _) = counted(|| peer::token_answer(&body));
    println!("allocations, token answer, oauth2:       {allocations}");

    let mut group = c.benchmark_group("whole lifecycle");
    group.bench_function("evergrant, records in memory", |b| b.iter(|| lifecycle(&ours, &shared)));
    group.bench_function("evergrant, records in memory, sealed", |b| {
        b.iter(|| lifecycle(&sealed, &shared));
    });
    group.bench_function("oauth2, nothing kept", |b| b.iter(|| peer::lifecycle(&theirs, &body)));
    group.finish();

    let mut host = Host::new(ours.clone(), &shared);
    host.authorize();
    host.redirected();
    let (allocations, _) =
        counted(|| host.connection.authorization(host.now, API, 30_000).is_some());
    println!("allocations, valid token, evergrant:     {allocations}");
    let mut group = c.benchmark_group("valid token");
    group.bench_function("evergrant, for a URL of the API", |b| {
        b.iter(|| {
            black_box(host.connection.authorization(host.now, black_box(API), 30_000)).is_some()
        });
    });
    group.bench_function("evergrant, servable generation", |b| {
        b.iter(|| black_box(host.connection.servable(black_box(host.now))));
    });
    group.finish();

    let mut group = c.benchmark_group("restore");
    for (name, client) in [("evergrant, in clear", &ours), ("evergrant, sealed", &sealed)] {
        let mut host = Host::new(client.clone(), &shared);
        host.authorize();
        host.redirected();
        let stored = host.store[0].clone();
        println!("bytes of the record, {name}: {}", stored.as_ref().unwrap().bytes.len());
        group.bench_function(name, |b| {
            b.iter(|| Connection::restore(client.clone(), "tenant", stored.clone()).unwrap());
        });
    }
    group.finish();

    let mut group = c.benchmark_group("token answer");
    group.bench_function("evergrant, a step with its record", |b| {
        let fresh = || refresh_answered(&ours, &shared);
        b.iter_batched(
            fresh,
            |(mut connection, env, answer)| {
                let step = connection.step(&env, answer).unwrap();
                (connection, step)
            },
            criterion::BatchSize::SmallInput,
        );
    });
    group.bench_function("oauth2, parsed", |b| b.iter(|| peer::token_answer(black_box(&body))));
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
