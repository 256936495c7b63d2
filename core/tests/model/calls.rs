//! The API's own answers: a 401 for a token that was served, and what may come of it.

use crate::{
    properties::Invariant::{I10, I12},
    server::Request,
    setup::Setup,
    world::World,
};
use evergrant::*;
use std::collections::BTreeSet;

/// Generations, where access tokens last and only a 401 is a reason to refresh.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// A call may be under way with a token of these.
    pub served: BTreeSet<u64>,
    /// Some machine was told of a 401 for these.
    refused: BTreeSet<u64>,
    /// A refresh of these was begun.
    refreshed: BTreeSet<u64>,
}

impl World {
    /// The caller of one machine hears of a 401, and tells any.
    pub fn call_refused(&mut self, setup: &Setup, at: usize, generation: u64) {
        self.calls.change(|calls| calls.refused.insert(generation));
        let answered = Input::ApiAnswered { generation, status: 401, headers: vec![] };
        self.tell(setup, at, answered);
    }

    /// What is served now may be refused as long as a refusal is left.
    pub fn note_served(&mut self) {
        if self.left.refused_calls == 0 {
            if !self.calls.served.is_empty() {
                self.calls.change(|calls| calls.served.clear());
            }
            return;
        }
        for machine in &self.machines {
            let connection = machine.connection.as_ref();
            let now = self.now + machine.ahead;
            if let Some(generation) = connection.and_then(|connection| connection.servable(now))
                && !self.calls.served.contains(&generation)
            {
                self.calls.change(|calls| calls.served.insert(generation));
            }
        }
    }

    /// A refresh came to nothing, and nothing was used up: it may be begun anew.
    pub fn released(&mut self) {
        if !self.calls.refreshed.is_empty() {
            self.calls.change(|calls| calls.refreshed.clear());
        }
    }

    /// A machine sets about refreshing.
    pub fn judge_started(&mut self, setup: &Setup, said: &Output) {
        let Output::Notice(Notice::RefreshStarted { generation, attempt }) = *said else { return };
        // What the API refuses while it is told of the end is for the end to renew.
        if !setup.lasting || self.is_ended_by_api(setup) {
            return;
        }
        let again = attempt == 1 && self.calls.refreshed.contains(&generation);
        if again || !self.calls.refused.contains(&generation) {
            self.breaks(setup, I10);
        }
        self.calls.change(|calls| calls.refreshed.insert(generation));
    }

    /// A machine decides to tell the API that the grant ends.
    pub fn judge_wanted(&mut self, setup: &Setup, request: Request) {
        let Request::Disconnect(token) = request else { return };
        let stored = self.record.as_ref().and_then(|record| record.refresh);
        if stored.is_some_and(|stored| self.server.grant(stored) > self.server.grant(token)) {
            self.breaks(setup, I12);
        }
    }
}
