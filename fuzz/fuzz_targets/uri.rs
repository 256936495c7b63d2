//! `evergrant_fuzz::uri` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::run("uri", data));
