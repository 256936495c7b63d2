//! Two workers over one store and one server, each step of which is watched.

use evergrant::{
    testing::{Server, Store, arbitrary::Unstructured, leak, query},
    *,
};
use std::sync::Arc;

const START: u64 = 1_700_000_000_000;
pub(crate) const TENANT: &str = "tenant-1";

/// A machine that has more to do at once than this goes round in circles.
const MOST_STEPS: usize = 2_000;

/// A process of the host.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) connection: Connection,
    /// What waits to be done, and since when.
    pub(crate) open: Vec<(u64, Output)>,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) client: Arc<Client>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) server: Server,
    pub(crate) store: Store,
    pub(crate) now: u64,
    /// The clock that runs through suspend; it is never set.
    uptime: u64,
    seed: u64,
    /// The URLs that browsers were sent to.
    pub(crate) opened: Vec<String>,
    /// What the machine has drawn or was given, and nobody may see.
    secrets: Vec<String>,
    /// Of two authorizations completed at once the last to save wins, whichever of them the
    /// server takes for the newer one.
    pub(crate) exchanged_at_once: bool,
    /// Whether what begins as a secret is one: nobody else writes such texts.
    pub(crate) has_canaries: bool,
}

impl World {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        let worker = || Worker {
            connection: Connection::new(client.clone(), TENANT).expect("a tenant"),
            open: Vec::new(),
        };
        Self {
            workers: vec![worker(), worker()],
            client,
            server: Server::default(),
            store: Store::default(),
            now: START,
            uptime: 1_000_000,
            seed: 0,
            opened: Vec::new(),
            secrets: Vec::new(),
            exchanged_at_once: false,
            has_canaries: true,
        }
    }

    /// One step, of which everything is looked at.
    pub(crate) fn tell(&mut self, worker: usize, input: Input) -> Option<Step> {
        let env = self.env();
        let connection = &mut self.workers[worker].connection;
        // What costs as much as many steps is done at some.
        let is_examined = self.seed.is_multiple_of(4);
        if is_examined {
            let mut again = connection.clone();
            let before = again.clone();
            let first = again.step(&env, input.clone());
            if first.is_err() {
                assert_eq!(again, before, "a misuse changes nothing");
            }
            assert_eq!(connection.step(&env, input.clone()), first, "the same again");
            assert_eq!(*connection, again);
            *connection = before;
        }
        let step = connection.step(&env, input).ok()?;
        assert_eq!(step.status, connection.status(env.now));
        assert_eq!(step.servable, connection.servable(env.now));
        assert_eq!(step.wake_at, connection.wake_at(env.now));
        let now = self.now;
        let exchanges = |it: &Worker| it.connection.status(now) == Status::Exchanging;
        self.exchanged_at_once |= self.workers.iter().all(exchanges);
        self.remember(&step);
        self.watch(&step);
        if is_examined {
            self.assert_hidden(&format!("{:?}", self.workers[worker].connection));
        }
        for output in &step.outputs {
            if matches!(output, Output::SendHttp { .. } | Output::Swap { .. }) {
                self.workers[worker].open.push((self.uptime, output.clone()));
            }
        }
        Some(step)
    }

    /// Does what an output of a worker wants, as server and store do it now.
    pub(crate) fn perform(&mut self, worker: usize, at: usize) -> Option<Step> {
        let (since, output) = self.workers[worker].open.remove(at);
        let answer = match output {
            Output::SendHttp { op, send_within, .. } if self.uptime - since > send_within => {
                Input::HttpFailed { op, why: HttpFault::TooLate }
            }
            Output::SendHttp { op, request, .. } => match self.server.answer(&request) {
                Ok(response) => Input::HttpDone { op, response },
                Err(why) => Input::HttpFailed { op, why },
            },
            Output::Swap { op, key, expected, write } => {
                match self.store.swap(&key, expected.as_ref(), write.as_ref()) {
                    Ok(current) => Input::Swapped { op, current },
                    Err(_) => Input::SwapUnanswered { op },
                }
            }
            _ => unreachable!("only these are open"),
        };
        self.tell(worker, answer)
    }

    /// Does whatever is to be done by now; answers with the requests that were sent.
    pub(crate) fn settle(&mut self) -> Vec<HttpRequest> {
        let mut requests = Vec::new();
        for _ in 0..MOST_STEPS {
            let Some(worker) =
                (0..self.workers.len()).find(|it| !self.workers[*it].open.is_empty())
            else {
                let due = |it: &usize| {
                    let connection = &self.workers[*it].connection;
                    connection.wake_at(self.now).is_some_and(|at| at <= self.now)
                };
                match (0..self.workers.len()).find(due) {
                    Some(worker) => self.tell(worker, Input::Wake),
                    None => return requests,
                };
                continue;
            };
            if let (_, Output::SendHttp { request, .. }) = &self.workers[worker].open[0] {
                requests.push(request.clone());
            }
            self.perform(worker, 0);
        }
        panic!("this goes on for ever");
    }

    pub(crate) fn advance(&mut self, ms: u64) {
        if self.workers.iter().any(|worker| !worker.open.is_empty()) {
            // What is to be stored may come too late.
            self.server.answers_lost();
        }
        self.now = self.now.saturating_add(ms);
        self.uptime = self.uptime.saturating_add(ms);
    }

    /// The process ends, and another takes up what the store holds.
    pub(crate) fn restart(&mut self, worker: usize) {
        let connection = self.restored(&self.workers[worker]);
        self.workers[worker] = Worker { connection, open: Vec::new() };
        self.server.answers_lost();
    }

    /// The same connection, as a new process finds it in the store.
    pub(crate) fn restored(&self, worker: &Worker) -> Connection {
        let stored = self.store.read(worker.connection.store_key());
        Connection::restore(self.client.clone(), TENANT, stored)
            .unwrap_or_else(|_| panic!("what the machine has written it cannot read"))
    }

    fn env(&mut self) -> Env {
        self.seed += 1;
        let mut entropy = [0x5a; 32];
        entropy[..8].copy_from_slice(&self.seed.to_be_bytes());
        Env { now: self.now, uptime: Some(self.uptime), boot_id: Some([7; 16]), entropy }
    }

    fn remember(&mut self, step: &Step) {
        for output in &step.outputs {
            match output {
                Output::OpenUrl { url, binding, .. } => {
                    self.opened.push(url.expose().to_owned());
                    self.secrets.extend(query(url.expose(), "state"));
                    self.secrets.extend(binding.iter().map(|it| it.expose().to_owned()));
                }
                Output::SendHttp { request, .. } => {
                    let body = String::from_utf8_lossy(request.body.expose()).into_owned();
                    self.secrets.extend(query(&format!("?{body}"), "code_verifier"));
                }
                _ => {}
            }
        }
    }

    /// Nothing secret can be seen of a step.
    fn watch(&self, step: &Step) {
        self.assert_hidden(&format!("{step:?}"));
        for output in &step.outputs {
            match output {
                Output::Failed { activity, failure } => {
                    let shown = format!("{failure} {} {:?}", activity.code(), failure.said());
                    self.assert_hidden(&shown);
                }
                Output::Notice(notice) => self.assert_hidden(&format!("{:?}", notice.fields())),
                _ => {}
            }
        }
    }

    fn assert_hidden(&self, text: &str) {
        assert!(!self.has_canaries || leak(text).is_none(), "{text}");
        // What the input has guessed and put into the configuration is shown there.
        let guessed = |secret: &str| format!("{:?}", self.client).contains(secret);
        let mut seen = self.secrets.iter().filter(|secret| text.contains(secret.as_str()));
        assert!(seen.all(|secret| guessed(secret)), "{text}");
    }
}

/// One of so many, or none where there is none.
pub(crate) fn pick(u: &mut Unstructured<'_>, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    u.int_in_range(0..=last).ok()
}
