//! A host that answers everything at once, and what it is given.

use evergrant::*;
use std::sync::Arc;

pub(crate) const CODE: &str = "SplxlOBeZQQYbYS6WxSbIASplxlOBeZQQYbYS6WxSbI";
pub(crate) const REDIRECT_URI: &str = "https://client.example/callback";
pub(crate) const API: &str = "https://api.example/v1/expenses";
pub(crate) const SCOPES: [&str; 3] = ["expenses:read", "accounts:read", "users:read"];
const START: u64 = 1_700_000_000_000;

pub(crate) fn token_body() -> Vec<u8> {
    let (access, refresh) = ("a".repeat(900), "r".repeat(180));
    format!(
        r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":3600,"refresh_token":"{refresh}","scope":"{}"}}"#,
        SCOPES.join(" ")
    )
    .into_bytes()
}

pub(crate) fn client(sealing: Sealing) -> Arc<Client> {
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

pub(crate) fn sealed() -> Sealing {
    let key = SealingKey::new("2026-01", SecretBytes::new([7; 32])).unwrap();
    Sealing::Sealed(KeyRing::new(key, Vec::new()).unwrap())
}

/// A host that answers everything at once.
pub(crate) struct Host {
    pub(crate) connection: Connection,
    pub(crate) now: u64,
    seed: u64,
    revision: u64,
    /// Connection and pending authorization: all that one life needs.
    pub(crate) store: [Option<Stored>; 2],
    body: SecretBytes,
    state: String,
    steps: u64,
}

impl Host {
    pub(crate) fn new(client: Arc<Client>, body: &SecretBytes) -> Self {
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

    pub(crate) fn env(&mut self) -> Env {
        self.seed += 1;
        let mut entropy = [7; 32];
        entropy[..8].copy_from_slice(&self.seed.to_be_bytes());
        Env { now: self.now, uptime: None, boot_id: None, entropy }
    }

    pub(crate) fn run(&mut self, input: Input) {
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

    pub(crate) fn authorize(&mut self) {
        self.run(Input::Authorize(Authorize {
            redirect_uri: REDIRECT_URI.into(),
            scopes: Vec::new(),
            extra: Vec::new(),
            binding: Binding::SameProcess,
            return_context: None,
            company: None,
        }));
    }

    pub(crate) fn redirected(&mut self) {
        let url = format!("{REDIRECT_URI}?code={CODE}&state={}", self.state);
        self.run(Input::Redirected { url: url.into(), proof: BrowserProof::SameProcess });
    }

    pub(crate) fn refresh(&mut self) {
        self.now += 3_600_000;
        self.run(Input::TokenWanted { min_validity: 30_000 });
    }
}

pub(crate) fn lifecycle(client: &Arc<Client>, body: &SecretBytes) -> u64 {
    let mut host = Host::new(client.clone(), body);
    host.authorize();
    host.redirected();
    host.refresh();
    host.run(Input::Revoke);
    host.steps
}
