//! What the scripts are written with.

use crate::common::{server::*, *};
use evergrant::*;
use serde_json::Value;
use std::ops::{Deref, DerefMut};

/// A life to be written down, and the line that it begins with.
pub struct Life {
    first: String,
    world: World,
}

impl Life {
    pub fn new() -> Self {
        Self::of(provider_config())
    }

    pub fn of(provider: ProviderConfig) -> Self {
        Self::with(provider, client_config())
    }

    pub fn with(provider: ProviderConfig, client: ClientConfig) -> Self {
        let first = json::configuration(&provider, &client, TENANT);
        let mut world = World::with(client_of(provider.clone(), client));
        world.server.rotation = provider.refresh.rotation;
        Self { first, world }
    }

    /// One whose access token has just expired.
    pub fn expired(provider: ProviderConfig) -> Self {
        let mut life = Self::of(provider);
        life.authorize();
        life.expire();
        life
    }

    pub fn text(&self) -> String {
        let lines: String = self.world.lines.iter().map(json::lines).collect();
        format!("{}\n{lines}", self.first)
    }

    pub fn expire(&mut self) {
        self.advance(3_600_000);
    }

    /// What becomes of the next requests.
    pub fn meets(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.server.faults.extend(faults);
    }

    /// An authorization whose person has consented: the redirect to come.
    pub fn consented(&mut self) -> Input {
        let url = self.open_browser(authorize());
        came_back(&self.server.consent(&url))
    }

    /// An authorization whose exchange meets this.
    pub fn exchange(&mut self, fault: Fault) {
        let redirect = self.consented();
        self.meets([fault]);
        self.run(redirect);
    }

    pub fn refused_by_api(&mut self, generation: u64) -> Vec<Output> {
        self.api(generation, 401, &[])
    }

    pub fn api(&mut self, generation: u64, status: u16, headers: &[(&str, &str)]) -> Vec<Output> {
        let pair = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
        let headers = headers.iter().map(pair).collect();
        self.run(Input::ApiAnswered { generation, status, headers })
    }

    /// All up to the n-th output that wants an answer, which is left open.
    pub fn up_to(&mut self, input: Input, n: usize) -> Output {
        let mut step = self.step(input);
        for _ in 1..n {
            let answer = self.perform(&open(&step)).unwrap();
            step = self.step(answer);
        }
        open(&step)
    }

    /// Answers what was left open, and all that follows.
    pub fn go_on(&mut self, output: &Output) -> Vec<Output> {
        let answer = self.perform(output).unwrap();
        self.run(answer)
    }

    /// What was left open is done, but its answer is still on its way.
    pub fn on_its_way(&mut self, output: &Output) -> Input {
        self.perform(output).unwrap()
    }

    /// The store is silent, and goes on being so, to whatever it is asked from here.
    pub fn silence(&mut self, first: &Output) -> Vec<Output> {
        let mut step = self.step(Input::SwapUnanswered { op: op_of(first) });
        while let Some(swap) = step.outputs.iter().find(|output| is_open(output)) {
            step = self.step(Input::SwapUnanswered { op: op_of(swap) });
        }
        step.outputs
    }

    /// The store is silent once, whether it has done as told or not.
    pub fn silent_once(&mut self, output: &Output, applied: bool) -> Vec<Output> {
        if applied {
            self.perform(output);
        }
        self.run(Input::SwapUnanswered { op: op_of(output) })
    }

    /// Answers a read or write with a record that was tampered with.
    pub fn finds(&mut self, output: &Output, record: &str) -> Vec<Output> {
        let bytes = record.as_bytes().to_vec().into();
        let current = Some(Stored { revision: Revision::new("tampered"), bytes, age: None });
        self.run(Input::Swapped { op: op_of(output), current })
    }

    /// What another process does meanwhile: seen here by its traces alone.
    pub fn elsewhere<T>(&mut self, run: impl FnOnce(&mut Life) -> T) -> T {
        let mut other = second_worker(self);
        self.as_other(&mut other, run)
    }

    /// The same for a process that is known already.
    pub fn as_other<T>(&mut self, other: &mut Connection, run: impl FnOnce(&mut Life) -> T) -> T {
        let (lines, clocks) = (self.lines.len(), (self.uptime, self.boot_id));
        swap_workers(self, other);
        let result = run(self);
        swap_workers(self, other);
        self.lines.truncate(lines);
        (self.uptime, self.boot_id) = clocks;
        result
    }

    /// Moves the clock to the machine's own deadline, and does not wake it.
    pub fn until_due(&mut self) {
        let at = self.connection.wake_at(self.now).expect("a deadline");
        let wait = at.saturating_sub(self.now);
        self.advance(wait);
    }

    /// Woken once, late.
    pub fn wake_after(&mut self, ms: u64) -> Vec<Output> {
        self.advance(ms);
        self.run(Input::Wake)
    }
}

impl Deref for Life {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Life {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

pub fn came_back(url: &str) -> Input {
    Input::Redirected { url: url.into(), proof: BrowserProof::SameProcess }
}

/// The server answers an OAuth error.
pub fn error(name: &str) -> Fault {
    Fault::Answer(400, format!(r#"{{"error":"{name}"}}"#))
}

pub fn status(status: u16) -> Fault {
    Fault::Answer(status, String::new())
}

pub fn with_header(status: u16, name: &str, value: &str) -> Fault {
    Fault::AnswerWith(status, (name.into(), value.into()), String::new())
}

/// The server answers well but for these members.
pub fn but(change: Value) -> Fault {
    Fault::Change(change)
}

/// The server does as asked: where a later request is to meet a fault.
pub fn no_fault() -> Fault {
    Fault::Change(serde_json::json!({}))
}
