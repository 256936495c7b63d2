//! A small world for the machine: a client, a store in memory, an authorization
//! server of one grant, and a clock that stands still until it is moved.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses its part of it")]

pub mod counting;
pub mod idle;
pub mod json;
pub mod server;
pub mod states;

pub use evergrant::testing::{authorize, client_config, provider_config};
use evergrant::*;
use server::Server;
use std::{collections::BTreeMap, collections::VecDeque, sync::Arc};

pub const START: u64 = 1_700_000_000_000;
pub const TENANT: &str = "tenant-1";
pub const REDIRECT_URI: &str = "https://client.example/callback";
pub const API: &str = "https://api.example/v1/expenses";

/// No test comes near it: a machine that goes round in circles fails, and does not hang.
const MOST_STEPS: usize = 50_000;

/// How the API of this world tells whose a credential is.
pub fn company_binding() -> CompanyBinding {
    CompanyBinding {
        url: "https://api.example/v1/introspect".into(),
        subject: "/data/subjectURN".into(),
        scope: Some("/data/scope".into()),
        company_prefix: "urn:company:".into(),
        organisation_prefix: Some("urn:organisation:".into()),
    }
}

/// Pleo's way to end a grant.
pub fn by_api_request() -> Disconnect {
    Disconnect::ApiRequest {
        method: Method::Delete,
        url: "https://api.example/v1/installations/me".into(),
        spares_others: true,
    }
}

/// The keys of the transcripts: an id, and the byte that the key is made of.
pub const FIXTURE_KEYS: [(&str, u8); 2] = [("fixture-2", 0x22), ("fixture-1", 0x11)];

#[cfg(feature = "sealed")]
pub fn fixture_ring() -> Sealing {
    let key = |(id, byte)| SealingKey::new(id, SecretBytes::new([byte; 32])).unwrap();
    let [active, older] = FIXTURE_KEYS.map(key);
    Sealing::Sealed(KeyRing::new(active, vec![older]).unwrap())
}

#[cfg(not(feature = "sealed"))]
pub fn fixture_ring() -> Sealing {
    Sealing::Plain
}

pub fn client_of(provider: ProviderConfig, client: ClientConfig) -> Arc<Client> {
    Arc::new(Client::new(Arc::new(Provider::new(provider).unwrap()), client).unwrap())
}

pub fn client() -> Arc<Client> {
    client_of(provider_config(), client_config())
}

#[allow(clippy::large_enum_variant, reason = "a test's log: clarity before bytes")]
/// One step, for a transcript: what went in and what came out.
#[derive(Clone, Debug)]
pub enum Line {
    Restore(Option<Stored>),
    Step(Env, Input, Result<Step, Misuse>),
}

pub struct World {
    pub client: Arc<Client>,
    pub connection: Connection,
    pub store: BTreeMap<String, Stored>,
    revisions: u64,
    pub server: Server,
    pub now: u64,
    /// The clock that runs through suspend, if the host has one.
    pub uptime: Option<u64>,
    /// Which boot that clock counts from, if the host can tell.
    pub boot_id: Option<[u8; 16]>,
    seed: u64,
    pub lines: Vec<Line>,
    /// What the outputs were, answered or not.
    pub outputs: Vec<Output>,
    pub last: Option<Step>,
}

impl World {
    pub fn new() -> Self {
        Self::with(client())
    }

    pub fn with(client: Arc<Client>) -> Self {
        Self {
            connection: Connection::new(client.clone(), TENANT).unwrap(),
            client,
            store: BTreeMap::new(),
            revisions: 0,
            server: Server::default(),
            now: START,
            uptime: None,
            boot_id: None,
            seed: 0,
            lines: Vec::new(),
            outputs: Vec::new(),
            last: None,
        }
    }

    /// A world in which a person has authorized.
    pub fn authorized() -> Self {
        let mut world = Self::new();
        world.authorize();
        assert_eq!(world.status(), Status::Authorized);
        world
    }

    pub fn env(&mut self) -> Env {
        self.seed += 1;
        let mut entropy = [0x5a; 32];
        entropy[..8].copy_from_slice(&self.seed.to_be_bytes());
        Env { now: self.now, uptime: self.uptime, boot_id: self.boot_id, entropy }
    }

    /// One step, nothing performed.
    pub fn step(&mut self, input: Input) -> Step {
        assert!(self.lines.len() < MOST_STEPS, "this goes on for ever");
        let env = self.env();
        let result = self.connection.step(&env, input.clone());
        self.lines.push(Line::Step(env, input, result.clone()));
        let step = result.expect("no misuse");
        self.outputs.extend(step.outputs.clone());
        self.last = Some(step.clone());
        step
    }

    pub fn misuse(&mut self, input: Input) -> Misuse {
        let env = self.env();
        let before = self.connection.clone();
        let result = self.connection.step(&env, input.clone());
        assert_eq!(before, self.connection, "a misuse leaves the connection as it was");
        self.lines.push(Line::Step(env, input, result.clone()));
        result.expect_err("a misuse")
    }

    /// A step, and everything that follows from it; what was said on the way.
    pub fn run(&mut self, input: Input) -> Vec<Output> {
        let before = self.outputs.len();
        let mut queue = VecDeque::from([input]);
        while let Some(input) = queue.pop_front() {
            for output in self.step(input).outputs {
                queue.extend(self.perform(&output));
            }
        }
        self.outputs[before..].to_vec()
    }

    /// What a host does with an output.
    pub fn perform(&mut self, output: &Output) -> Option<Input> {
        match output {
            Output::SendHttp { op, request, .. } => Some(match self.server.answer(request) {
                Ok(response) => Input::HttpDone { op: *op, response },
                Err(why) => Input::HttpFailed { op: *op, why },
            }),
            Output::Swap { op, key, expected, write } => {
                let current = self.swap(key, expected.as_ref(), write.as_ref());
                Some(Input::Swapped { op: *op, current })
            }
            Output::OpenUrl { .. }
            | Output::TokenReady { .. }
            | Output::Authorized { .. }
            | Output::KeyAccepted { .. }
            | Output::Failed { .. }
            | Output::Notice(_) => None,
        }
    }

    pub fn swap(
        &mut self,
        key: &StoreKey,
        expected: Option<&Revision>,
        write: Option<&Write>,
    ) -> Option<Stored> {
        let there = self.store.get(key.as_str()).map(|stored| &stored.revision);
        if let Some(write) = write
            && there == expected
        {
            self.revisions += 1;
            let revision = Revision::new(self.revisions.to_string());
            let stored = Stored { revision, bytes: write.bytes.clone(), age: None };
            self.store.insert(key.as_str().into(), stored);
        }
        self.store.get(key.as_str()).cloned()
    }

    /// From the wish to connect to the end of the exchange.
    pub fn authorize(&mut self) -> Vec<Output> {
        let url = self.open_browser(authorize());
        let redirect = self.server.consent(&url);
        self.redirect(&redirect, BrowserProof::SameProcess)
    }

    /// The URL to which the person was sent.
    pub fn open_browser(&mut self, input: Input) -> String {
        self.run(input)
            .iter()
            .find_map(|output| match output {
                Output::OpenUrl { url, .. } => Some(url.expose().to_owned()),
                _ => None,
            })
            .expect("a URL to open")
    }

    pub fn redirect(&mut self, url: &str, proof: BrowserProof) -> Vec<Output> {
        self.run(Input::Redirected { url: url.into(), proof })
    }

    /// Moves the clock to the machine's own deadline and wakes it.
    pub fn wake(&mut self) -> Vec<Output> {
        let at = self.connection.wake_at(self.now).expect("a deadline");
        self.advance(at.saturating_sub(self.now));
        self.run(Input::Wake)
    }

    pub fn advance(&mut self, ms: u64) {
        self.now += ms;
        self.uptime = self.uptime.map(|uptime| uptime + ms);
    }

    /// The process dies; another takes up what the store holds.
    pub fn restart(&mut self) {
        let stored = self.stored();
        self.connection = Connection::restore(self.client.clone(), TENANT, stored.clone()).unwrap();
        self.lines.push(Line::Restore(stored));
    }

    pub fn stored(&self) -> Option<Stored> {
        self.store.get(self.connection.store_key().as_str()).cloned()
    }

    /// The connection's record as JSON.
    pub fn record(&self) -> serde_json::Value {
        serde_json::from_slice(self.stored().expect("a record").bytes.expose()).unwrap()
    }

    /// The same, or null where nothing is stored.
    pub fn record_or_null(&self) -> serde_json::Value {
        self.stored().map(|_| self.record()).unwrap_or_default()
    }

    pub fn status(&self) -> Status {
        self.connection.status(self.now)
    }

    pub fn token_wanted(&mut self) -> Vec<Output> {
        self.run(Input::TokenWanted { min_validity: 30_000 })
    }

    /// The header for an API call now, without any step.
    pub fn header(&self) -> Option<String> {
        let credential = self.connection.authorization(self.now, API, 0);
        credential.map(|credential| credential.header.to_owned())
    }
}

pub fn failures(outputs: &[Output]) -> Vec<&'static str> {
    let code = |output: &Output| match output {
        Output::Failed { failure, .. } => Some(failure.code()),
        _ => None,
    };
    outputs.iter().filter_map(code).collect()
}

pub fn notices(outputs: &[Output]) -> Vec<&'static str> {
    let code = |output: &Output| match output {
        Output::Notice(notice) => Some(notice.code()),
        _ => None,
    };
    outputs.iter().filter_map(code).collect()
}

pub fn tokens(outputs: &[Output]) -> Vec<(u64, String)> {
    let token = |output: &Output| match output {
        Output::TokenReady { generation, header, .. } => {
            Some((*generation, header.expose().to_owned()))
        }
        _ => None,
    };
    outputs.iter().filter_map(token).collect()
}

pub fn requests(outputs: &[Output]) -> Vec<&HttpRequest> {
    let mut requests = Vec::new();
    for output in outputs {
        if let Output::SendHttp { request, .. } = output {
            requests.push(request);
        }
    }
    requests
}

pub fn body(request: &HttpRequest) -> String {
    String::from_utf8(request.body.expose().to_vec()).unwrap()
}

/// Whether an output wants an answer.
pub fn is_open(output: &Output) -> bool {
    matches!(output, Output::Swap { .. } | Output::SendHttp { .. })
}

/// The first output of a step that wants an answer.
pub fn open(step: &Step) -> Output {
    step.outputs.iter().find(|output| is_open(output)).cloned().expect("something open")
}

/// The request of a step.
pub fn http(step: &Step) -> Output {
    let http = step.outputs.iter().find(|output| matches!(output, Output::SendHttp { .. }));
    http.cloned().expect("a request")
}

pub fn op_of(output: &Output) -> Op {
    match output {
        Output::Swap { op, .. } | Output::SendHttp { op, .. } => *op,
        _ => panic!("nothing to answer"),
    }
}

/// Steps until a request is to be sent; the request is not performed.
pub fn until_sent(world: &mut World, input: Input) -> Step {
    until_sent_if_at_all(world, input).expect("a request")
}

/// The same, where perhaps none is.
pub fn until_sent_if_at_all(world: &mut World, input: Input) -> Option<Step> {
    let mut step = world.step(input);
    while requests(&step.outputs).is_empty() {
        let swap = step.outputs.iter().find(|output| is_open(output))?;
        let answer = world.perform(swap)?;
        step = world.step(answer);
    }
    Some(step)
}

/// What comes of an input while the store is silent.
pub fn in_silence(world: &mut World, input: Input) -> Step {
    let mut step = world.step(input);
    while let Some(Output::Swap { op, .. }) = step.outputs.iter().find(|output| is_open(output)) {
        step = world.step(Input::SwapUnanswered { op: *op });
    }
    step
}

/// A second worker that has read the same record.
pub fn second_worker(world: &World) -> Connection {
    Connection::restore(world.client.clone(), TENANT, world.stored()).unwrap()
}

pub fn swap_workers(world: &mut World, other: &mut Connection) {
    std::mem::swap(&mut world.connection, other);
}

pub fn wanted() -> Input {
    Input::TokenWanted { min_validity: 0 }
}
