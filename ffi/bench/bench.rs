//! The same as bench.c, without C between.
//!
//!     bench token|wanted|answered|life ITERATIONS     prints ns for each
#![allow(missing_docs, reason = "a bench has no readers of its API")]

use evergrant::*;
use std::{hint::black_box, process::ExitCode, sync::Arc, time::Instant};

const CALLBACK: &str = "https://client.example/callback";
const API: &str = "https://api.example/v1/expenses";
const START: u64 = 1_700_000_000_000;
const ROUNDS: usize = 7;

struct Bench {
    client: Arc<Client>,
    connection: Connection,
    seed: u64,
    rows: [Option<(u32, Vec<u8>)>; 2],
    answer: Vec<u8>,
    redirect: String,
    generation: u64,
}

impl Bench {
    fn new() -> Result<Self, Misuse> {
        let provider = Provider::new(ProviderConfig {
            environment: "bench".into(),
            authorization_endpoint: "https://as.example/authorize".into(),
            token_endpoint: "https://as.example/token".into(),
            api_origin: "https://api.example".into(),
            ..ProviderConfig::default()
        })?;
        let client = Arc::new(Client::new(
            Arc::new(provider),
            ClientConfig {
                client_id: "client".into(),
                client_secret: Some("secret".into()),
                previous_client_secret: None,
                token_endpoint_auth_method: None,
                redirect_uris: vec![CALLBACK.into()],
                scopes: Vec::new(),
                sealing: Sealing::Plain,
            },
        )?);
        let (access, refresh) = ("a".repeat(900), "r".repeat(180));
        let answer = format!(
            r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":3600,"refresh_token":"{refresh}"}}"#
        );
        let connection = Connection::new(Arc::clone(&client), "tenant")?;
        let (rows, answer, redirect) = ([None, None], answer.into_bytes(), String::new());
        Ok(Self { client, connection, seed: 0, rows, answer, redirect, generation: 0 })
    }

    fn step(&mut self, input: Input) {
        self.seed += 1;
        let mut entropy = [0; 32];
        entropy[..8].copy_from_slice(&self.seed.to_le_bytes());
        let env = Env { now: START, uptime: None, boot_id: None, entropy };
        let step = self.connection.step(&env, input).expect("no misuse");
        for output in &step.outputs {
            if let Some(next) = self.perform(output) {
                self.step(next);
            }
        }
    }

    fn perform(&mut self, output: &Output) -> Option<Input> {
        match output {
            Output::Swap { op, key, expected, write } => {
                let row = &mut self.rows[usize::from(key.as_str().starts_with('p'))];
                let now = row.as_ref().map(|row| row.0.to_string());
                if let Some(write) = write
                    && now.as_deref() == expected.as_ref().map(Revision::as_str)
                {
                    let revision = row.as_ref().map_or(0, |row| row.0) + 1;
                    *row = Some((revision, write.bytes.expose().to_vec()));
                }
                let current = row.as_ref().map(|(revision, bytes)| Stored {
                    revision: Revision::new(revision.to_string()),
                    bytes: SecretBytes::new(bytes.as_slice()),
                    age: None,
                });
                Some(Input::Swapped { op: *op, current })
            }
            Output::SendHttp { op, .. } => {
                let body = SecretBytes::new(self.answer.as_slice());
                let response = HttpResponse { status: 200, headers: Vec::new(), body };
                Some(Input::HttpDone { op: *op, response })
            }
            Output::OpenUrl { url, .. } => {
                let (_, state) = url.expose().split_once("&state=").expect("a state");
                self.redirect = format!("{CALLBACK}?code=c-1&state={}", &state[..43]);
                None
            }
            Output::TokenReady { generation, header, origin, .. } => {
                self.generation = *generation;
                black_box((header, origin));
                None
            }
            _ => None,
        }
    }

    fn life(&mut self) {
        self.rows = [None, None];
        self.connection = Connection::new(Arc::clone(&self.client), "tenant").expect("a tenant");
        self.step(Input::Authorize(Authorize {
            redirect_uri: CALLBACK.into(),
            scopes: Vec::new(),
            extra: Vec::new(),
            binding: Binding::SameProcess,
            return_context: None,
            company: None,
        }));
        let url = Secret::new(self.redirect.as_str());
        self.step(Input::Redirected { url, proof: BrowserProof::SameProcess });
    }

    fn token(&mut self) {
        let connection = black_box(&self.connection);
        black_box(connection.authorization(black_box(START), black_box(API), 30_000)).expect("one");
    }

    fn wanted(&mut self) {
        self.step(Input::TokenWanted { min_validity: 30_000 });
    }

    fn answered(&mut self) {
        let headers = [
            ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
            ("content-type", "application/json; charset=utf-8"),
            ("content-length", "1024"),
            ("cache-control", "no-store"),
            ("x-request-id", "2f9c1f7e-6a57-4b5d-8a0c-6f0a2f7f1a11"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        self.step(Input::ApiAnswered { generation: self.generation, status: 200, headers });
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let run = match arguments.next().as_deref() {
        Some("token") => Bench::token,
        Some("wanted") => Bench::wanted,
        Some("answered") => Bench::answered,
        Some("life") => Bench::life,
        _ => return ExitCode::from(2),
    };
    let Some(iterations) = arguments.next().and_then(|text| text.parse::<u32>().ok()) else {
        return ExitCode::from(2);
    };
    let mut bench = Bench::new().expect("sound settings");
    bench.life();
    bench.wanted();
    let rounds = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        (0..iterations).for_each(|_| run(&mut bench));
        begun.elapsed().as_secs_f64()
    });
    let best = rounds.fold(f64::INFINITY, f64::min);
    println!("{:.2}", best * 1e9 / f64::from(iterations));
    ExitCode::SUCCESS
}
