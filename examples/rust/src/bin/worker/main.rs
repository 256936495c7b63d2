//! One worker process over a store that others use too, for the tests: it does
//! as it is told on its standard input, says what it does, and ends itself by
//! `kill -9` at the point that it was started with.
//!
//! Told `advance MS`, it sets its clocks forward; told `want`, it wants a token
//! until there is one, or a verdict. It ends with its standard input.

#![forbid(unsafe_code)]

mod setup;

use std::{
    error::Error,
    io::{self, BufRead as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Duration,
};

use evergrant::{Input, Notice, Output};
use evergrant_example_host::{Host, HostError, Seen, SqliteStore, World};

/// How it was started.
#[derive(Default)]
struct Arguments {
    store: PathBuf,
    server: String,
    rotation: String,
    timing: String,
    death: Option<Death>,
}

/// Before or after which output it ends itself, counted from its first `want`.
#[derive(Clone, Copy)]
struct Death {
    at: u32,
    after: bool,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| work(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    use lexopt::{Arg::Long, ValueExt as _};
    let (mut arguments, mut at, mut after) = (Arguments::default(), None, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("store") => arguments.store = parser.value()?.into(),
            Long("server") => arguments.server = parser.value()?.string()?,
            Long("rotation") => arguments.rotation = parser.value()?.string()?,
            Long("timing") => arguments.timing = parser.value()?.string()?,
            Long("die-at") => at = Some(parser.value()?.parse()?),
            Long("when") => after = parser.value()?.string()? == "after",
            other => return Err(other.unexpected().into()),
        }
    }
    arguments.death = at.map(|at| Death { at, after });
    Ok(arguments)
}

fn work(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let client = setup::client(&arguments.server, &arguments.rotation, &arguments.timing)?;
    let store = Box::new(SqliteStore::open(&arguments.store)?);
    let mut host = Host::open(&client, setup::TENANT, store, World::new())?;
    let mut witness = Witness { death: arguments.death, output: 0, kind: "" };
    host.watch(move |seen| witness.seen(seen));
    say("ready");
    for line in io::stdin().lock().lines() {
        match line?.split(' ').collect::<Vec<_>>()[..] {
            ["advance", by] => host.world().advance(Duration::from_millis(by.parse()?)),
            ["want"] => say(&want(&mut host, &arguments.server)?),
            _ => return Err("not a command".into()),
        }
    }
    Ok(())
}

/// Wants a token until the API has taken it, or there is a verdict.
fn want(host: &mut Host, server: &str) -> Result<String, HostError> {
    loop {
        match host.api_get(&format!("{server}/v1/expenses")) {
            Ok(answer) => return Ok(format!("served {}", answer.response.status)),
            Err(HostError::StillWaiting) => {}
            Err(HostError::Failure(failure)) => {
                let Some(at) = failure.retry_at() else {
                    return Ok(format!("verdict {}", failure.code()));
                };
                let left = at.saturating_sub(host.world().now());
                thread::sleep(Duration::from_millis(left + 1));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Sees each output before and after it is done, tells of it, and kills.
struct Witness {
    death: Option<Death>,
    output: u32,
    kind: &'static str,
}

impl Witness {
    fn seen(&mut self, seen: Seen<'_>) {
        match seen {
            Seen::Performing(output) => {
                self.output += 1;
                self.kind = kind(output);
                if let Output::Notice(Notice::RefreshStarted { attempt, .. }) = output {
                    say(&format!("attempt {attempt}"));
                }
                self.die(false);
            }
            Seen::Performed => {
                say(&format!("did {}", self.kind));
                self.die(true);
            }
            Seen::Input(Input::ApiAnswered { generation, .. }) => {
                say(&format!("generation {generation}"));
            }
            Seen::Input(_) | Seen::Step(_) | Seen::Api { .. } => {}
        }
    }

    fn die(&self, after: bool) {
        let here = |death: Death| death.at == self.output && death.after == after;
        if self.death.is_some_and(here) {
            say(&format!("dies {} {}", if after { "after" } else { "before" }, self.kind));
            kill_myself();
        }
    }
}

/// No destructor runs, no buffer is flushed, no lock is given back in good order.
fn kill_myself() -> ! {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpid, kill_process};
        let _ = kill_process(getpid(), Signal::KILL);
    }
    std::process::abort()
}

fn kind(output: &Output) -> &'static str {
    match output {
        Output::SendHttp { .. } => "send",
        Output::Swap { write: Some(_), .. } => "write",
        Output::Swap { write: None, .. } => "read",
        Output::OpenUrl { .. } => "open_url",
        Output::TokenReady { .. } => "token_ready",
        Output::Authorized { .. } => "authorized",
        Output::KeyAccepted { .. } => "key_accepted",
        Output::Failed { .. } => "failed",
        Output::Notice(notice) => notice.fields().code,
    }
}

/// Where nobody listens any more, the test is gone, and so is the reason to be.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}
