//! The committed header is what the source says. `UPDATE=1` writes it anew.

use std::{fs, path::Path};

/// In the order in which the header presents them.
const FILES: &[&str] = &[
    "handle",
    "result",
    "tag",
    "names",
    "provider",
    "client",
    "sealing",
    "authorize",
    "connection",
    "input",
    "step",
    "request",
    "news",
    "key",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(name: &str) -> String {
    fs::read_to_string(root().join(format!("src/{name}.rs"))).expect("a source file")
}

fn generate() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let builder =
        FILES.iter().fold(cbindgen::Builder::new().with_config(config), |builder, name| {
            builder.with_src(root().join(format!("src/{name}.rs")))
        });
    let mut header = Vec::new();
    builder.generate().expect("readable source").write(&mut header);
    String::from_utf8(header).expect("text")
}

#[test]
fn header_is_current() {
    let path = root().join("include/evergrant.h");
    let header = generate();
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::write(&path, &header).expect("a writable header");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == header, "include/evergrant.h is stale: run this test with UPDATE=1");
}

/// cbindgen skips what it cannot read without a word.
#[test]
fn header_has_every_function() {
    let header = generate();
    let modules = source("lib").matches("\npub mod ").count();
    assert_eq!(modules, FILES.len(), "every public module is read");
    for name in FILES {
        for part in source(name).split("\n#[unsafe(no_mangle)]\n").skip(1) {
            let rest = part.split_once(r#"extern "C" fn "#).expect("an exported function").1;
            let function = rest.split_once('(').expect("a name").0;
            assert!(header.contains(&format!("{function}(")), "{function} is not in the header");
        }
    }
}

/// No body outside a panic boundary, directly or through a helper that has one.
#[test]
fn every_body_has_a_boundary() {
    const BEGINNINGS: &[&str] =
        &["boundary(", "boundary_or(", "field(", "whole(", "set(", "with_text(", "handle::free("];
    for name in FILES {
        for part in source(name).split("\n#[unsafe(no_mangle)]\n").skip(1) {
            let function = part.split("\n}\n").next().expect("a body");
            let body = function.split_once(" {\n").expect("a body").1;
            assert!(
                BEGINNINGS.iter().any(|beginning| body.contains(beginning)),
                "{name}: no boundary in {function}"
            );
        }
    }
}
