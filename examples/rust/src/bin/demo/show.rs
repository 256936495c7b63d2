//! The stage: columns, colours, and a count of what was shown.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write as _},
};

use evergrant::{Notice, Op, Output, Status, Step};
use evergrant_example_host::{Seen, World};

use crate::words;

/// Width of the names, and of what is said beside them.
const NAME: usize = 15;
const SAID: usize = 52;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const MAGENTA: &str = "35";
const CYAN: &str = "36";

/// Prints, and remembers what it needs for the next line.
pub(crate) struct Show {
    colour: bool,
    chapter: u32,
    asked: BTreeMap<Op, String>,
    /// The line of an input, held back until the step says where it led.
    told: BTreeMap<&'static str, words::Words>,
    status: Status,
    /// The clocks that the demo moves.
    pub(crate) world: World,
    /// New grants and refreshes that were stored.
    pub(crate) grants: u64,
    pub(crate) refreshes: u64,
    /// Tokens that came too late to be stored, and were revoked for that.
    pub(crate) revoked_late: u64,
}

impl Show {
    pub(crate) fn new(world: World) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            colour: io::stdout().is_terminal() && !set("NO_COLOR") && !dumb,
            chapter: 0,
            asked: BTreeMap::new(),
            told: BTreeMap::new(),
            status: Status::Disconnected,
            world,
            grants: 0,
            refreshes: 0,
            revoked_late: 0,
        }
    }

    /// Goes on after another, and counts anew.
    pub(crate) fn after(other: &Show) -> Self {
        Self { chapter: other.chapter, ..Self::new(other.world.clone()) }
    }

    pub(crate) fn opening(&self, base_url: &str) {
        say(&self.paint(BOLD, "evergrant: the life of one grant"));
        say("");
        say(&format!("Authorization server and API: {base_url}, in this process."));
        say("Store: SQLite, in a directory that goes when this ends.");
        say("");
        let legend = [
            (CYAN, "→ what the machine is told"),
            (YELLOW, "← what it asks for"),
            (MAGENTA, "● what the world does"),
        ];
        let legend = legend.map(|(colour, text)| self.paint(colour, text));
        say(&legend.join("    "));
    }

    /// A heading, and a plain sentence on what is about to happen.
    pub(crate) fn chapter(&mut self, title: &str, sentence: &str) {
        self.chapter += 1;
        say("");
        say(&self.paint(BOLD, &format!("{:>2}  {title}", self.chapter)));
        say(&format!("    {}", sentence.replace('\n', "\n    ")));
    }

    /// Something that nobody told the machine.
    pub(crate) fn world(&self, name: &str, said: &str) {
        self.line(MAGENTA, "●", name, said, "");
    }

    /// What a person must not overlook.
    pub(crate) fn ask(&self, text: &str) {
        say(&format!("    {}", self.paint(BOLD, text)));
    }

    /// Prints what a host lets be seen; `who` stands before what it says where
    /// there is more than one.
    pub(crate) fn seen(&mut self, who: &'static str, seen: Seen<'_>) {
        match seen {
            Seen::Input(input) => {
                let asked = |op| self.asked.get(&op).cloned().unwrap_or_default();
                let told = words::input(input, asked);
                self.told.insert(who, told);
            }
            Seen::Step(step) => self.step(who, step),
            Seen::Performing(_) | Seen::Performed => {}
            Seen::Api { path, status } => {
                self.world("api call", &format!("{who}GET {path}: {status}"));
            }
        }
    }

    fn step(&mut self, who: &'static str, step: &Step) {
        let status = step.status.code().replace('_', " ");
        let code = if step.status == self.status { DIM } else { GREEN };
        self.status = step.status;
        let (name, said) = self.told.remove(who).unwrap_or_default();
        self.line(CYAN, "→", name, &format!("{who}{said}"), &self.paint(code, &status));
        for output in &step.outputs {
            self.asked.extend(words::question(output));
            match output {
                Output::Notice(Notice::GrantObtained { .. }) => self.grants += 1,
                Output::Notice(Notice::Refreshed { .. }) => self.refreshes += 1,
                // Owed after the end: a refresh token that came too late.
                Output::SendHttp { request, .. } if step.status == Status::Disconnected => {
                    let body = String::from_utf8_lossy(request.body.expose());
                    self.revoked_late += u64::from(body.contains("hint=refresh_token"));
                }
                _ => {}
            }
            let failed = matches!(output, Output::Failed { .. });
            let (name, said) = words::output(output, self.world.now());
            let said = format!("{who}{said}");
            self.line(if failed { RED } else { YELLOW }, "←", name, &said, "");
        }
    }

    fn line(&self, colour: &str, mark: &str, name: &str, said: &str, end: &str) {
        let said = said.strip_suffix(": ").unwrap_or(said);
        let name = self.paint(colour, &format!("{mark} {name:<NAME$}"));
        let line = format!("    {name} {said:<SAID$} {end}");
        say(line.trim_end());
    }

    /// The table at the end: what was counted, how much, and what that means.
    pub(crate) fn summary(&self, rows: &[(&str, String, &str)]) {
        say("");
        say(&self.paint(BOLD, "    Summary"));
        for (name, value, remark) in rows {
            let value = self.paint(GREEN, &format!("{value:>9}"));
            let line = format!("    {name:<28}{value}   {}", self.paint(DIM, remark));
            say(line.trim_end());
        }
        say("");
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A reader who has seen enough (`| head`) is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
