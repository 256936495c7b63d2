//! `evergrant_fuzz::retry_after` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::run("retry_after", data));
