//! An authority, a store with one grant in it, and workers over it.

use std::{cell::Cell, process::Command, time::Duration};

use evergrant_authority::{Authority, Config, Control, Policy};
use serde_json::Value;

use crate::{
    setup,
    support::{Desk, TENANT},
    worker::{GUARD, Worker},
};

/// W, T, D, S and A in milliseconds: so long that a busy machine keeps it.
const TIMING: &str = "1000,800,600,400,2300";

/// More than A.
pub(crate) const TAKEOVER: Duration = Duration::from_millis(2_301);

/// Longer than an access token lives.
const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct World {
    pub(crate) authority: Authority,
    desk: Desk,
    rotation: &'static str,
    /// How far all clocks were moved.
    ahead: Cell<Duration>,
}

impl World {
    /// A server that rotates so, and a grant of it in the store.
    pub(crate) fn new(rotation: &'static str) -> Self {
        assert_eq!(TENANT, setup::TENANT, "all processes share one connection");
        let policy = match rotation {
            "strict" => Policy::Strict,
            "siblings" => Policy::GraceSibling(Duration::from_secs(60)),
            "newest-wins" => Policy::NewestWins,
            "none" => Policy::NoRotation,
            other => panic!("no such rotation: {other}"),
        };
        let authority =
            Authority::start(Config { policy, ..Config::default() }).expect("a free port");
        let client = setup::client(authority.base_url(), rotation, TIMING).expect("sound data");
        let desk = Desk::of(client);
        desk.connect(&mut desk.host());
        Self { authority, desk, rotation, ahead: Cell::default() }
    }

    pub(crate) fn control(&self) -> Control {
        self.authority.control()
    }

    /// A process that lives for as long as it is let.
    pub(crate) fn worker(&self) -> Worker {
        self.start(&mut self.command())
    }

    /// A process that kills itself there.
    pub(crate) fn doomed(&self, output: u32, after: bool) -> Worker {
        let when = if after { "after" } else { "before" };
        self.start(self.command().args(["--die-at", &output.to_string(), "--when", when]))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        command.arg("--store").arg(self.desk.path());
        command.args(["--server", self.authority.base_url()]);
        command.args(["--rotation", self.rotation, "--timing", TIMING]);
        command
    }

    fn start(&self, command: &mut Command) -> Worker {
        let mut worker = Worker::start(command);
        advance(&mut worker, self.ahead.get());
        worker
    }

    /// Moves all clocks on until no access token is good any more.
    pub(crate) fn expire(&self, workers: &mut [&mut Worker]) {
        self.pass(HOUR, workers);
    }

    /// Moves all clocks on.
    pub(crate) fn pass(&self, by: Duration, workers: &mut [&mut Worker]) {
        self.control().advance(by);
        self.ahead.set(self.ahead.get() + by);
        for worker in workers {
            advance(worker, by);
        }
    }

    /// Waits for something to become true at the server.
    pub(crate) fn until(&self, what: impl Fn(&Control) -> bool) {
        let (control, start) = (self.control(), std::time::Instant::now());
        while !what(&control) {
            assert!(start.elapsed() < GUARD, "it never happens: {:?}", control.stats());
            std::thread::yield_now();
        }
    }

    /// Whether the store has what the server would honour, if it would honour anything.
    #[track_caller]
    pub(crate) fn must_be_kept(&self) {
        assert_eq!(self.record()["status"], "active");
        let stored = self.desk.stored_token("refresh");
        assert!(self.control().would_honour(&stored), "the stored token is dead");
    }

    /// The server has ended the grant, and the store says why.
    #[track_caller]
    pub(crate) fn must_be_lost(&self) {
        let stats = self.control().stats();
        assert_eq!((stats.grants_alive, stats.refresh_tokens_alive), (0, 0));
        let record = self.record();
        let cause = &record["status"]["reauthenticate"]["cause"];
        assert_eq!(cause, "reauthenticate_lost_reply", "{}", record["status"]);
        assert_eq!(record["tokens"], Value::Null);
    }

    fn record(&self) -> Value {
        let bytes = self.desk.record().expect("a record");
        serde_json::from_slice(bytes.expose()).expect("JSON")
    }
}

fn advance(worker: &mut Worker, by: Duration) {
    worker.tell(&format!("advance {}", by.as_millis()));
}
