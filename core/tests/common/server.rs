//! The simulated server that hosts get too, and what only tests ask of an answer.

pub use evergrant::testing::{Fault, Server, query, response};

/// The same JSON, as long as this.
pub fn padded(json: &str, length: usize) -> String {
    format!("{json}{}", " ".repeat(length - json.len()))
}
