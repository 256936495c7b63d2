//! Names the shared library by its ABI: `libevergrant.so.0.1` for all of 0.1.x, since
//! before 1.0 a new minor version may change it, and `libevergrant.so.1` for all of 1.x.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let abi = match of("CARGO_PKG_VERSION_MAJOR").as_str() {
        "0" => format!("0.{}", of("CARGO_PKG_VERSION_MINOR")),
        major => major.to_owned(),
    };
    if of("CARGO_CFG_TARGET_OS") == "linux" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libevergrant.so.{abi}");
    }
}
