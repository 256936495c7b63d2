//! How much memory idle authorized connections take: 100,000 and 1,000,000 of them in
//! one process, behind one client, each restored from its own record; beside the token
//! response of the `oauth2` crate, which keeps the tokens and nothing else.
//!
//! Bytes that are asked for are counted by the allocator, in which they are alike on
//! every run; what the process takes of the system for them is read from the kernel.
#![allow(missing_docs, reason = "a bench has no readers of its API")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{
    API,
    counting::{Counting, asked},
    idle::{ACCESS, Idle, REFRESH},
};
use evergrant::Connection;
use oauth2::basic::BasicTokenResponse;
use std::process::Command;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const COUNTS: [usize; 2] = [100_000, 1_000_000];

/// Each measurement has a process of its own, so that none is given what another has left.
fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next().and_then(|count| count.parse().ok())) {
        (Some("connections"), Some(count)) => connections(count),
        (Some("peer"), Some(count)) => peer(count),
        _ => all(),
    }
}

fn all() {
    println!("bytes each; access token of {ACCESS} characters, refresh token of {REFRESH}");
    println!("{:44}{:>8}{:>10}", "", "asked", "resident");
    let this = std::env::current_exe().expect("this program");
    for (what, count) in COUNTS.iter().flat_map(|count| [("connections", count), ("peer", count)]) {
        let run = Command::new(&this).args([what, &count.to_string()]).status();
        assert!(run.expect("this program runs").success(), "{what} {count}");
    }
}

fn connections(count: usize) {
    let idle = Idle::new();
    let connections = held("evergrant, connections", count, |number| idle.restored(number));
    let before = asked();
    let serve = |connection: &Connection| connection.authorization(idle.now, API, 30_000).is_some();
    assert!(connections.iter().all(serve), "each has a token");
    assert_eq!(before, asked(), "asking for a token allocates nothing");
    println!("{:44}{:>8}", "  more, once each was asked for its token", 0);
}

fn peer(count: usize) {
    let body = format!(
        r#"{{"access_token":"{}","token_type":"Bearer","expires_in":3600,"refresh_token":"{}","scope":"expenses:read accounts:read"}}"#,
        "a".repeat(ACCESS),
        "r".repeat(REFRESH),
    );
    let parse = |_| serde_json::from_str::<BasicTokenResponse>(&body).expect("a token answer");
    held("oauth2, token responses", count, parse);
}

/// Makes and keeps this many, and says what each of them takes.
fn held<T>(what: &str, count: usize, make: impl Fn(usize) -> T) -> Vec<T> {
    let (before, resident_before) = (asked(), resident());
    let mut held = Vec::with_capacity(count);
    held.extend((0..count).map(make));
    let (after, resident_after) = (asked(), resident());
    let each = |bytes: i64| bytes / i64::try_from(count).expect("a count");
    let (live, pages) = (after.live - before.live, resident_after - resident_before);
    println!("{:44}{:>8}{:>10}", format!("{what}: {count}"), each(live), each(pages));
    held
}

/// Bytes that the process has of the system's memory, where the kernel tells.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<i64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
