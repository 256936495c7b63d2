//! The program: its one line, its end, and its refusals.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evergrant-authority"));
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> Output {
    program(args).output().unwrap()
}

/// Starts it and answers with the address from its line.
fn started(args: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut child = program(args).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on http://").unwrap().trim_end().to_owned();
    (child, stdout, address)
}

#[test]
fn it_says_one_line_and_ends_when_stdin_closes() {
    let args = [
        "--listen=127.0.0.1:0",
        "--consent=page",
        "--access-token-lifetime=5",
        "--policy=grace-same:500",
        "--old-access-token=lives",
    ];
    let (mut child, mut stdout, address) = started(&args);
    TcpStream::connect(&address).unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(TcpStream::connect(&address).is_err());
}

#[cfg(unix)]
#[test]
fn it_ends_on_sigterm() {
    let (mut child, _stdout, address) = started(&[]);
    TcpStream::connect(&address).unwrap();
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn bad_arguments_are_told_apart_from_bad_luck() {
    for (args, text) in [
        (&["--listen", "0.0.0.0:0"][..], "0.0.0.0:0: it is not a loopback address"),
        (&["--listen", "localhost"], "not an address and port"),
        (&["--consent", "perhaps"], "neither page nor automatic"),
        (&["--access-token-lifetime", "-1"], "invalid digit"),
        (&["--policy", "lenient"], "not a policy: strict, "),
        (&["--old-access-token", "sleeps"], "neither dies nor lives"),
        (&["--listen"], "missing argument"),
        (&["--surprise"], "--surprise"),
        (&["surprise"], "surprise"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(text), "{args:?}: {error}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = run(&["--listen", &taken.local_addr().unwrap().to_string()]);
    assert_eq!(output.status.code(), Some(1));

    let help = run(&["--help"]);
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--access-token-lifetime SECONDS"));
}
