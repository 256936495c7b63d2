//! What there is to see and to count of a host at work.

use std::ops::AddAssign;

use evergrant::{Input, Output, Step};

/// What there is to see of a host at work.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// The machine is about to be told this.
    Input(&'a Input),
    /// What it said.
    Step(&'a Step),
    /// This is about to be done.
    Performing(&'a Output),
    /// It was done; the machine does not know yet.
    Performed,
    /// The API answered the host's own request.
    Api {
        /// Without the query.
        path: &'a str,
        /// The HTTP status.
        status: u16,
    },
}

/// What a host has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Steps of the machine.
    pub steps: u64,
    /// Requests that the machine asked for.
    pub http_requests: u64,
    /// Requests to the API.
    pub api_calls: u64,
    /// Swaps that wrote, or were to write.
    pub store_writes: u64,
    /// Swaps that only read.
    pub store_reads: u64,
}

impl AddAssign for Counters {
    /// What two hosts have done.
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.http_requests += other.http_requests;
        self.api_calls += other.api_calls;
        self.store_writes += other.store_writes;
        self.store_reads += other.store_reads;
    }
}
