//! Writes the foreign half of the bindings, from the built library.
//!
//! maturin runs this bin by its name and cannot ask for a feature. The
//! generator is a feature all the same, so that building or testing the
//! workspace does not build it: without the feature this bin runs itself again
//! with it.

#[cfg(feature = "bindgen")]
fn main() {
    uniffi::uniffi_bindgen_main();
}

#[cfg(not(feature = "bindgen"))]
fn main() -> std::process::ExitCode {
    use std::process::{Command, ExitCode};

    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--manifest-path", manifest])
        .args(["--features", "bindgen", "--bin", "uniffi-bindgen", "--"])
        .args(std::env::args_os().skip(1))
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo did not run: {error}");
            ExitCode::FAILURE
        }
    }
}
