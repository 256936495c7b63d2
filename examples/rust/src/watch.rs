//! What there is to see and to count of a host at work.

use evergrant::{Input, Step};

/// What there is to see of a host at work.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// The machine is about to be told this.
    Input(&'a Input),
    /// What it said.
    Step(&'a Step),
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
