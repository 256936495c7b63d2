//! What has happened: counted, so that a hunt that never met something is seen.

use crate::fault::{Fault, Place};
use evergrant::*;
use std::{collections::BTreeMap, fmt::Write as _};

pub const STATES: [&str; 7] = [
    "disconnected",
    "authorizing",
    "exchanging",
    "authorized",
    "refreshing",
    "disconnecting",
    "reauthentication_required",
];

#[derive(Clone, Debug)]
pub struct Tally {
    pub runs: u64,
    pub steps: u64,
    pub faults: Vec<[u64; 7]>,
    /// Failures by their code, and notices by theirs.
    pub failures: BTreeMap<&'static str, u64>,
    pub notices: BTreeMap<&'static str, u64>,
    pub deviations: BTreeMap<&'static str, u64>,
    pub tokens: u64,
    pub refreshes: u64,
    pub verdicts: u64,
    pub replays: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            runs: 0,
            steps: 0,
            faults: vec![[0; 7]; Fault::ALL.len()],
            failures: BTreeMap::new(),
            notices: BTreeMap::new(),
            deviations: BTreeMap::new(),
            tokens: 0,
            refreshes: 0,
            verdicts: 0,
            replays: 0,
        }
    }
}

fn place(status: Status) -> usize {
    match status {
        Status::Disconnected => 0,
        Status::Authorizing => 1,
        Status::Exchanging => 2,
        Status::Authorized => 3,
        Status::Refreshing => 4,
        Status::Disconnecting => 5,
        Status::ReauthenticationRequired(_) => 6,
    }
}

impl Tally {
    pub fn struck(&mut self, fault: Fault, status: Status) {
        self.faults[fault as usize][place(status)] += 1;
    }

    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.steps += other.steps;
        for (mine, theirs) in self.faults.iter_mut().zip(&other.faults) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine += theirs;
            }
        }
        for (mine, theirs) in [
            (&mut self.failures, &other.failures),
            (&mut self.notices, &other.notices),
            (&mut self.deviations, &other.deviations),
        ] {
            for (code, count) in theirs {
                *mine.entry(code).or_default() += count;
            }
        }
        self.tokens += other.tokens;
        self.refreshes += other.refreshes;
        self.verdicts += other.verdicts;
        self.replays += other.replays;
    }

    /// A few words on what went wrong.
    pub fn faults_by_kind(&self) -> String {
        let of = |places: &[Place]| -> u64 {
            let faults = Fault::ALL.iter().filter(|fault| places.contains(&fault.place()));
            faults.flat_map(|fault| self.faults[*fault as usize]).sum()
        };
        format!(
            "faults: {} network, {} store, {} timer, {} process and world; {} uses",
            of(&[Place::Http, Place::HttpUntimely]),
            of(&[Place::Swap]),
            of(&[Place::Timer]),
            of(&[Place::Act, Place::ActUntimely]),
            of(&[Place::Use])
        )
    }

    /// A few words on what came of it.
    pub fn outcomes_by_kind(&self) -> String {
        let notice = |code: &str| self.notices.get(code).copied().unwrap_or_default();
        format!(
            "{} tokens, {} refreshes, {} grants, {} verdicts, {} ended, {} failures, {} replays",
            self.tokens,
            self.refreshes,
            notice("grant_obtained"),
            self.verdicts,
            notice("disconnected"),
            self.failures.values().sum::<u64>(),
            self.replays
        )
    }

    /// Fault kinds by state, failure codes, notices.
    pub fn table(&self) -> String {
        let mut text = format!("{:<34}", "fault or act");
        for state in STATES {
            let _ = write!(text, "{:>14}", &state[..state.len().min(13)]);
        }
        text.push('\n');
        for fault in Fault::ALL {
            let _ = write!(text, "{:<34}", fault.code());
            for count in self.faults[*fault as usize] {
                let _ = write!(text, "{count:>14}");
            }
            text.push('\n');
        }
        for (name, counts) in [
            ("failures", &self.failures),
            ("notices", &self.notices),
            ("deviations", &self.deviations),
        ] {
            let _ = writeln!(text, "\n{name}");
            for (code, count) in counts {
                let _ = writeln!(text, "  {code:<40}{count:>12}");
            }
        }
        text
    }

    /// Everything that should have happened and did not.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for fault in Fault::ALL {
            for (state, count) in STATES.iter().zip(self.faults[*fault as usize]) {
                if count == 0 && !crate::expected::need_not_meet(*fault, state, self.runs) {
                    missing.push(format!("{} in state {state}", fault.code()));
                }
            }
        }
        let failures = crate::expected::failures();
        missing.extend(
            failures
                .iter()
                .filter(|code| !self.failures.contains_key(*code))
                .map(|code| code.to_string()),
        );
        let deviations = Deviation::ALL.iter().map(|deviation| deviation.code());
        missing.extend(
            deviations.filter(|code| !self.deviations.contains_key(code)).map(str::to_owned),
        );
        missing
    }
}
