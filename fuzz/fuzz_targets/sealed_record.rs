//! `evergrant_fuzz::sealed_record` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::run("sealed_record", data));
