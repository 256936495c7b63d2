//! What has happened: counted, so that a hunt that never met something is seen.

use crate::{
    fault::{Fault, Place},
    stage::STAGES,
};
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
    /// The same by the stage at which the binding of a credential stood.
    pub bindings: Vec<[u64; 9]>,
    /// How often a binding came to each stage.
    pub stages: [u64; 9],
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
            bindings: vec![[0; 9]; Fault::ALL.len()],
            stages: [0; 9],
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
        for (mine, theirs) in self.stages.iter_mut().zip(&other.stages) {
            *mine += theirs;
        }
        for (mine, theirs) in self.bindings.iter_mut().zip(&other.bindings) {
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
            of(&[Place::Act, Place::ActUntimely, Place::Seal]),
            of(&[Place::Use, Place::Keys])
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
        let _ = write!(text, "\n{:<34}", "where a binding stood");
        for (_, stage) in STAGES {
            let _ = write!(text, "{stage:>13}");
        }
        let _ = write!(text, "\n{:<34}", "in all");
        for count in self.stages {
            let _ = write!(text, "{count:>13}");
        }
        text.push('\n');
        for fault in Fault::ALL {
            let _ = write!(text, "{:<34}", fault.code());
            for count in self.bindings[*fault as usize] {
                let _ = write!(text, "{count:>13}");
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
        for ((_, name), count) in STAGES.iter().zip(self.stages) {
            if count == 0 {
                missing.push(format!("a binding that is {name}"));
            }
        }
        for fault in Fault::ALL {
            for ((stage, name), count) in STAGES.iter().zip(self.bindings[*fault as usize]) {
                if count == 0 && !crate::expected::need_not_meet_binding(*fault, *stage, self.runs)
                {
                    missing.push(format!("{} while {name}", fault.code()));
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
