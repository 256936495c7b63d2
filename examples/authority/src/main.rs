//! Serves a loopback OAuth 2.0 authorization server with Pleo's rules until it is told to stop.

use std::{
    ffi::OsString,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    thread,
    time::Duration,
};

use evergrant_authority::{Authority, Config, Consent};
use lexopt::{Arg::Long, Parser, ValueExt};
use tokio::sync::oneshot;

const HELP: &str = "\
A loopback OAuth 2.0 authorization server and small API with Pleo's rules, for demos and tests.

Usage: evergrant-authority [OPTIONS]

  --listen ADDRESS:PORT             a loopback address [default: 127.0.0.1:0, any free port]
  --consent page|automatic          ask in the browser, or grant at once [default: automatic]
  --access-token-lifetime SECONDS   [default: 900]
  --policy POLICY                   what becomes of used refresh tokens: strict, strict-per-user,
                                    single-use, grace-same:MS, grace-sibling:MS, newest-wins or
                                    none [default: strict]
  --old-access-token dies|lives     at a refresh [default: dies]
  --help                            print this

Prints one line, `listening on http://ADDRESS:PORT`, and serves until its standard input closes or
it is sent SIGTERM. Everything is in memory and forgotten at the end.
";

fn main() -> ExitCode {
    let config = match parse(std::env::args_os().skip(1)) {
        Ok(Some(config)) => config,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(2, &format!("{error}\nTry --help.")),
    };
    match Authority::start(config) {
        Ok(authority) => serve(&authority),
        Err(error @ evergrant_authority::StartError::NotLoopback(_)) => fail(2, &error),
        Err(error) => fail(1, &error),
    }
}

fn parse(args: impl Iterator<Item = OsString>) -> Result<Option<Config>, lexopt::Error> {
    let mut config = Config::default();
    let mut parser = Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("listen") => {
                config.listen = parser.value()?.parse_with(|text| {
                    text.parse::<SocketAddr>()
                        .map_err(|_| "not an address and port, such as 127.0.0.1:8080")
                })?;
            }
            Long("consent") => {
                config.consent = parser.value()?.parse_with(|text| match text {
                    "page" => Ok(Consent::Page),
                    "automatic" => Ok(Consent::default()),
                    _ => Err("neither page nor automatic"),
                })?;
            }
            Long("access-token-lifetime") => {
                let seconds = parser.value()?.parse()?;
                config.access_token_lifetime = Duration::from_secs(seconds);
            }
            Long("policy") => config.policy = parser.value()?.parse()?,
            Long("old-access-token") => {
                config.old_access_token_dies = parser.value()?.parse_with(|text| match text {
                    "dies" => Ok(true),
                    "lives" => Ok(false),
                    _ => Err("neither dies nor lives"),
                })?;
            }
            Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(config))
}

fn serve(authority: &Authority) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &error),
    };
    runtime.block_on(async {
        // Before the line is out: who reads it may send the signal at once.
        let told = match told_to_stop() {
            Ok(told) => told,
            Err(error) => return fail(1, &error),
        };
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "listening on {}", authority.base_url());
        if let Err(error) = written.and_then(|()| stdout.flush()) {
            return fail(1, &error);
        }
        told.await;
        ExitCode::SUCCESS
    })
}

fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let signal = signalled()?;
    let (closed, stdin_closed) = oneshot::channel::<()>();
    thread::spawn(move || {
        // An error is an end as well: there is nobody left to hold the other side.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(closed);
    });
    Ok(async {
        tokio::select! {
            _ = stdin_closed => {}
            () = signal => {}
        }
    })
}

#[cfg(unix)]
fn signalled() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signalled() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn fail(code: u8, error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("evergrant-authority: {error}");
    ExitCode::from(code)
}
