//! What is fuzzed, and what must hold of it: one function of bytes for each target. The
//! fuzzer's shims in `fuzz_targets/` call them, and so does the binary `replay`.

mod bounded;
mod client;
mod configuration;
mod record;
mod redirect;
mod responses;
mod retry_after;
mod seeds;
mod step;
mod uri;
mod world;
mod www_authenticate;

pub use seeds::seeds;

use evergrant::testing::arbitrary::Result;

/// A target: what it does with an input. An input that is used up ends it.
type Target = fn(&[u8]) -> Result<()>;

/// Every target by its name.
const TARGETS: &[(&str, Target)] = &[
    ("configuration", configuration::run),
    ("error_response", responses::error),
    ("record", record::plain),
    ("redirect", redirect::run),
    ("retry_after", retry_after::run),
    ("sealed_record", record::sealed),
    ("step", step::run),
    ("token_response", responses::token),
    ("uri", uri::run),
    ("www_authenticate", www_authenticate::run),
];

/// The names of all targets.
pub fn names() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|(name, _)| *name)
}

/// Runs one target on one input.
///
/// # Panics
/// If something does not hold, or there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = found.unwrap_or_else(|| panic!("no target {name}"));
    // An input that is too short for what it began is no find.
    let _ = bounded::run(data.len(), || target(data));
}
