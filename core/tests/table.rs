//! The table: every state by every input, as a reviewed snapshot, and the state
//! diagram in the README that is drawn from it.

mod common;

use common::{states, *};
use evergrant::*;
use expect_test::expect_file;
use std::{collections::BTreeMap, fmt::Write as _};

fn brief(output: &Output) -> String {
    match output {
        Output::SendHttp { request, .. } => {
            let body = common::body(request);
            match (request.method, server::query(&format!("?{body}"), "grant_type")) {
                (Method::Post, Some(grant)) => format!("send {grant}"),
                (Method::Post, None) => "send revocation".into(),
                (Method::Get, _) => "ask whose it is".into(),
                (Method::Delete, _) => "send the end".into(),
            }
        }
        Output::Swap { key, write, .. } => {
            let kind = key.as_str().split('/').next().unwrap_or_default();
            format!("{} {kind}", if write.is_some() { "write" } else { "read" })
        }
        Output::OpenUrl { .. } => "open URL".into(),
        Output::TokenReady { generation, .. } => format!("token of generation {generation}"),
        Output::Authorized { .. } => "authorized".into(),
        Output::KeyAccepted { .. } => "key accepted".into(),
        Output::Failed { activity, failure } => format!("{}: {}", activity.code(), failure.code()),
        Output::Notice(notice) => format!("({})", notice.code()),
    }
}

fn status(status: Status) -> String {
    match status {
        Status::ReauthenticationRequired(cause) => format!("{}: {}", status.code(), cause.code()),
        status => status.code().into(),
    }
}

/// What a cell comes to: the outputs, and the status if it changes.
fn cell(row: &states::Row, now: u64, input: Input) -> (String, Step) {
    let mut connection = row.world.connection.clone();
    let env = Env { now, uptime: None, boot_id: None, entropy: [0xee; 32] };
    let before = connection.status(env.now);
    let step = connection.step(&env, input).expect("no misuse");
    let mut parts: Vec<String> = step.outputs.iter().map(brief).collect();
    if step.status != before {
        parts.push(format!("=> {}", status(step.status)));
    }
    if parts.is_empty() {
        parts.push("-".into());
    }
    (parts.join(", "), step)
}

fn rows() -> Vec<states::Row> {
    let mut rows = states::all();
    rows.extend(states::of_companies());
    rows.sort_by_key(|row| row.name);
    rows
}

/// When the machine wants to be woken, if that lies ahead.
fn deadline(row: &states::Row) -> Option<u64> {
    row.world.connection.wake_at(row.world.now).filter(|at| *at > row.world.now)
}

#[test]
fn every_state_by_every_input() {
    let mut table = String::from(
        "Every state by every input, written by `UPDATE_EXPECT=1 cargo test -p evergrant --test table`.\n\
         Read every change of it: a cell is a decision. `-` is an input that changes nothing.\n",
    );
    for row in &rows() {
        let now = status(row.world.connection.status(row.world.now));
        write!(table, "\n{} [{now}]\n", row.name).unwrap();
        for (name, input) in states::inputs(row) {
            let (text, _) = cell(row, row.world.now, input);
            writeln!(table, "  {name:<26}{text}").unwrap();
        }
        if let Some(at) = deadline(row) {
            let (text, _) = cell(row, at, Input::Wake);
            let name = format!("wake after {} ms", at - row.world.now);
            writeln!(table, "  {name:<26}{text}").unwrap();
        }
    }
    expect_file!["table.txt"].assert_eq(&table);
}

#[test]
fn every_step_leaves_a_deadline_or_an_answer_to_wait_for_or_rest() {
    // No cell spins: after a wake the next deadline lies ahead, or an answer is awaited.
    for row in &rows() {
        for (name, input) in states::inputs(row) {
            let mut connection = row.world.connection.clone();
            let mut env = Env { now: row.world.now, uptime: None, boot_id: None, entropy: [1; 32] };
            let mut step = connection.step(&env, input).unwrap();
            env.now = env.now.max(step.wake_at.unwrap_or_default());
            env.entropy = [2; 32];
            step = connection.step(&env, Input::Wake).unwrap();
            let awaited = step
                .outputs
                .iter()
                .any(|output| matches!(output, Output::Swap { .. } | Output::SendHttp { .. }));
            let ahead = step.wake_at.is_none_or(|at| at > env.now);
            assert!(awaited || ahead, "{} / {name}: spins", row.name);
        }
    }
}

#[test]
fn a_wake_before_its_time_does_nothing_and_one_at_its_time_something() {
    for row in &rows() {
        let Some(at) = deadline(row) else { continue };
        let (text, step) = cell(row, at - 1, Input::Wake);
        assert_eq!((text.as_str(), step.wake_at), ("-", Some(at)), "{}", row.name);
        let (text, step) = cell(row, at, Input::Wake);
        assert!(text != "-" || step.wake_at != Some(at), "{}: woken for nothing", row.name);
    }
}

#[test]
fn the_diagram_in_the_readme_is_drawn_from_the_table() {
    // What a host that performs everything sees: status before, input, status after.
    let mut edges: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for row in rows() {
        for (name, input) in states::inputs(&row) {
            let before = row.world.connection.status(row.world.now).code();
            let (_, step) = cell(&row, row.world.now, input);
            let after = step.status.code();
            // A store that has lost the record is no part of the lifecycle.
            if before != after && name != "swapped, nothing there" {
                let names = edges.entry((before.into(), after.into())).or_default();
                if !names.contains(&name.to_owned()) {
                    names.push(name.into());
                }
            }
        }
    }
    let mut diagram = String::from("```mermaid\nstateDiagram-v2\n    [*] --> disconnected\n");
    for ((from, to), names) in edges {
        writeln!(diagram, "    {from} --> {to}: {}", names.join(" / ")).unwrap();
    }
    diagram += "```\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let (before, rest) = readme.split_once("<!-- diagram -->\n").expect("the first mark");
    let (_, after) = rest.split_once("<!-- end of diagram -->").expect("the last mark");
    let expected = format!("{before}<!-- diagram -->\n{diagram}<!-- end of diagram -->{after}");
    expect_file![path].assert_eq(&expected);
}
