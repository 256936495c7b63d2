//! `evergrant_fuzz::www_authenticate` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| evergrant_fuzz::run("www_authenticate", data));
