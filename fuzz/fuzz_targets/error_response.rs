//! `evergrant_fuzz::error_response` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::run("error_response", data));
