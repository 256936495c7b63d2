//! `evergrant_fuzz::token_response` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::run("token_response", data));
