//! The committed header and list of symbols are what the source says. `UPDATE=1`
//! writes both anew.

use std::{collections::BTreeSet, fs, path::Path};

/// In the order in which the header presents them.
const FILES: &[&str] = &[
    "version",
    "handle",
    "result",
    "process",
    "tag",
    "names",
    "owned",
    "provider",
    "policy",
    "client",
    "sealing",
    "authorize",
    "connection",
    "input",
    "step",
    "request",
    "news",
    "key",
    "store",
    "pace",
    "registration",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(name: &str) -> String {
    fs::read_to_string(root().join(format!("src/{name}.rs"))).expect("a source file")
}

fn generate() -> String {
    let mut config =
        cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    config.after_includes = Some(versions());
    let builder =
        FILES.iter().fold(cbindgen::Builder::new().with_config(config), |builder, name| {
            builder.with_src(root().join(format!("src/{name}.rs")))
        });
    let mut header = Vec::new();
    builder.generate().expect("readable source").write(&mut header);
    String::from_utf8(header).expect("text")
}

/// What the manifest says, as macros.
fn versions() -> String {
    format!(
        "\n// The version of this header: evg_version() is that of the library.\n\
         #define EVERGRANT_VERSION \"{}\"\n\
         #define EVERGRANT_VERSION_MAJOR {}\n\
         #define EVERGRANT_VERSION_MINOR {}\n\
         #define EVERGRANT_VERSION_PATCH {}",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    )
}

/// The bodies of all exported functions, by name.
fn functions() -> Vec<(String, String)> {
    let mut functions = Vec::new();
    for file in FILES {
        for part in source(file).split("\n#[unsafe(no_mangle)]\n").skip(1) {
            let function = part.split("\n}\n").next().expect("a body");
            let rest = function.split_once(r#"extern "C" fn "#).expect("an exported function").1;
            let name = rest.split_once('(').expect("a name").0;
            let body = rest.split_once(" {\n").expect("a body").1;
            functions.push((name.to_owned(), body.to_owned()));
        }
    }
    functions
}

fn is_current(path: &str, expected: &str) {
    let path = root().join(path);
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        fs::write(&path, expected).expect("a writable file");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == expected, "{} is stale: run this test with UPDATE=1", path.display());
}

#[test]
fn header_is_current() {
    is_current("include/evergrant.h", &generate());
}

/// tests/run compares the list with what the library exports.
#[test]
fn symbols_are_current() {
    let symbols: BTreeSet<String> =
        functions().into_iter().map(|(name, _)| format!("{name}\n")).collect();
    is_current("symbols.txt", &symbols.into_iter().collect::<String>());
}

/// cbindgen skips what it cannot read without a word.
#[test]
fn header_has_every_function() {
    let header = generate();
    let modules = source("lib").matches("\npub mod ").count();
    assert_eq!(modules, FILES.len(), "every public module is read");
    for (name, _) in functions() {
        assert!(header.contains(&format!("{name}(")), "{name} is not in the header");
    }
}

/// No body outside a panic boundary, directly or through a helper that has one.
#[test]
fn every_body_has_a_boundary() {
    const BEGINNINGS: &[&str] = &[
        "boundary(",
        "boundary_or(",
        "field(",
        "whole(",
        "set(",
        "with_text(",
        "named(",
        "handle::free(",
    ];
    for (name, body) in functions() {
        assert!(
            BEGINNINGS.iter().any(|beginning| body.contains(beginning)),
            "no boundary in {name}"
        );
    }
}

/// What the documentation names is there: no code that was retired, no function that
/// was renamed.
#[test]
fn header_names_nothing_that_is_not() {
    let header = generate();
    let (code, prose): (Vec<&str>, Vec<&str>) =
        header.lines().partition(|line| !line.trim_start().starts_with(['/', '*']));
    let declared: BTreeSet<&str> = code.iter().flat_map(|line| words(line)).collect();
    let mut named = 0;
    for line in prose {
        for word in words(line).filter(|word| word.starts_with("EVG") || word.starts_with("evg_")) {
            let prefix = line.contains(&format!("{word}..")) || word.ends_with('_');
            let known = if prefix {
                declared.iter().any(|name| name.starts_with(word))
            } else {
                declared.contains(word)
            };
            assert!(known, "{word} is not in the header: {line}");
            named += 1;
        }
    }
    assert!(named > 200, "the documentation was read");
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}
