//! Inputs to begin with: what the golden transcripts and the frozen records hold, and
//! for `step` a few lives of a connection.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::{Path, PathBuf},
};

type Corpus = BTreeMap<&'static str, BTreeSet<Vec<u8>>>;

/// First inputs of every target.
///
/// # Errors
/// If a transcript or a frozen record cannot be read.
pub fn seeds() -> Result<Corpus, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut corpus = Corpus::new();
    for (folder, target) in [("v1", "record"), ("v1-sealed", "sealed_record")] {
        let extension = if folder == "v1" { "json" } else { "sealed" };
        for path in files(&root.join("core/tests/frozen").join(folder), extension)? {
            let record = fs::read(&path)?;
            let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
            let kinds = ["connection", "pending", "company"];
            let kind = kinds.iter().position(|kind| name.starts_with(kind)).unwrap_or_default();
            let kind = u8::try_from(kind)?;
            put(&mut corpus, target, &[kind], &record);
            put(&mut corpus, "sealed_record", &[0, 40, 0, 1], &record);
        }
    }
    for path in files(&root.join("transcripts"), "jsonl")? {
        for line in fs::read_to_string(path)?.lines() {
            from_line(&mut corpus, &serde_json::from_str(line)?);
        }
    }
    for (target, texts) in OWN {
        for text in *texts {
            put(&mut corpus, target, &[], text);
        }
    }
    Ok(corpus)
}

/// What no transcript has.
const OWN: &[(&str, &[&[u8]])] = &[
    (
        "retry_after",
        &[
            b"\0\0\0\0\0\0\0\x00120",
            b"\0\x68\xe5\xcf\x8b\x01\0\0Sun, 06 Nov 1994 08:49:37 GMT",
            b"\0\x68\xe5\xcf\x8b\x01\0\0Sunday, 06-Nov-94 08:49:37 GMT",
            b"\0\x68\xe5\xcf\x8b\x01\0\0Sun Nov  6 08:49:37 1994",
        ],
    ),
    (
        "www_authenticate",
        &[
            b"Bearer error=\"invalid_token\", error_description=\"it has \\\"expired\\\"\"",
            b"Basic realm=\"a, b\", Bearer scope = \"a b\",error=insufficient_scope",
            b"Negotiate YWJj==, DPoP algs=\"ES256\"\nBearer",
        ],
    ),
    (
        "uri",
        &[
            b"\0\x13\0https://api.example/v1/expenses?x=1",
            b"\x01\x17\0http://127.0.0.1:80/cb?xhttp://127.0.0.1:4915/cb?x",
            b"\0\x11\0http://[::1]:7/cbhttps://api.example:443/@evil.test",
            b"\0\x15\0com.example.app:/callhttps://user@api.example\\@evil.test/",
        ],
    ),
    ("step", LIVES),
];

/// Worker, act, and what the act asks for. The first bytes choose the provider.
const LIVES: &[&[u8]] = &[
    // Connect, ask for a token past its expiry, disconnect.
    b"\x02\0\0\0\0\0\x0d\0\x04\x07\0\x0d\0\x06\x00\x36\x37\0\0\x01\0\0\0\x0d\0\x0c\x05\0\x0d",
    // The answer to a refresh is lost, and the process with it.
    b"\x02\0\0\0\0\0\x0d\0\x04\x07\0\x0d\0\x06\x00\x36\x37\0\0\x09\x02\0\x01\0\0\0\x0f\0\x0f\0\x08\x01\x01\0\0\x01\x0d\0\x07\0\x0d\0\x07\0\x0d",
    // Two workers want a token, the store does not answer.
    b"\x0a\0\x05\0\0\0\x0d\0\x04\x07\0\x0d\0\x06\x00\x36\x37\0\0\x0a\0\0\x01\0\0\x01\x01\0\0\0\x0f\x01\x0f\0\x0f\x01\x0f\0\x0d",
    // A company's connection, its key, a refused call.
    b"\x32\0\x07\0\0\0\x0d\0\x04\x07\0\x0d\0\x0c\x04\0\0\x01\0\0\x0d\0\x05\0\0\x0d",
    // Another company's grant; the organisation's for one of its companies; the end.
    b"\x12\0\0\0\0\0\x0d\0\x04\x07\0\x0d\0\x15\x01\0\0\0\x0d\0\x04\x07\0\x0d\0\x15\x02\0\x16\0\0\x0d\0\x04\x07\0\x0d\0\x14\0\x0d",
    // Disconnects by each of three ways that end in a restart.
    b"\0\0\0\0\0\0\x0d\0\x04\x07\0\x0d\0\x14\0\x17\0\x0d",
    b"\x01\0\0\0\0\0\x0d\0\x04\x07\0\x0d\0\x06\x00\x36\x37\0\0\x14\0\x0f\0\x17\0\x0d",
    b"\x02\0\0\0\0\0\x0d\0\x04\x07\0\x0d\0\x09\x01\0\x14\0\x0d\0\x07\0\x0d\0\x17\0\x07\0\x0d",
    // A reauthentication while a refresh is under way at the other worker.
    b"\x02\0\x01\0\0\0\x0d\0\x04\x07\0\x0d\x01\x17\0\x06\x00\x36\x37\0\x01\x01\0\0\x01\x0f\0\0\0\x0d\0\x04\x07\0\x0d\x01\x0d",
];

fn from_line(corpus: &mut Corpus, line: &Value) {
    if line["provider"].is_object() {
        put(corpus, "configuration", &[0; 8], configuration(line).as_bytes());
    }
    let input = &line["input"];
    match input["type"].as_str() {
        Some("http_done") => {
            let body = input["body"].as_str().unwrap_or_default().as_bytes();
            let status = u8::from(input["status"] != 200);
            put(corpus, "token_response", &[0, 0, status], body);
            // No secret, the body as it is, an error name of no length.
            put(corpus, "error_response", &[0, 0, 0, 1], &[body, b"\0"].concat());
        }
        Some("redirected") => {
            let url = input["url"].as_str().unwrap_or_default();
            let state = url
                .split_once("state=")
                .map_or("", |(_, it)| it.split('&').next().unwrap_or_default());
            let url = if state.len() > 20 { url.replace(state, "{state}") } else { url.to_owned() };
            put(corpus, "redirect", &[1, 0], url.as_bytes());
        }
        _ => {}
    }
    for output in line["outputs"].as_array().into_iter().flatten() {
        if let Some(record) =
            output["write"]["record"].as_str().filter(|it| it.contains("\"connection\",\"key"))
        {
            put(corpus, "record", &[0], record.as_bytes());
        }
    }
}

/// The lines that the target of configurations reads.
fn configuration(line: &Value) -> String {
    let (provider, client) = (&line["provider"], &line["client"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let disconnect = provider["disconnect"].as_object().and_then(|it| it.values().next());
    let mut lines: Vec<String> = [
        "environment",
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "introspection_endpoint",
    ]
    .map(|name| text(&provider[name]))
    .into();
    lines.push(disconnect.map(text).unwrap_or_default());
    lines.extend(["api_origin", "resource"].map(|name| text(&provider[name])));
    lines.extend(["audience", "x", "bad_refresh_token"].map(str::to_owned));
    lines.extend(["url", "subject", "company_prefix"].map(|name| text(&provider["company"][name])));
    lines.extend(["client_id", "client_secret"].map(|name| text(&client[name])));
    lines.extend([0, 1].map(|at| text(&client["redirect_uris"][at])));
    lines.push("expenses:read".into());
    lines.join("\n")
}

/// Inputs of one beginning and one length say the same, as a rule.
fn put(corpus: &mut Corpus, target: &'static str, before: &[u8], input: &[u8]) {
    let inputs = corpus.entry(target).or_default();
    if inputs.len() < 80 && !inputs.iter().any(|it| it.len() == before.len() + input.len()) {
        inputs.insert([before, input].concat());
    }
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let all = fs::read_dir(folder)?
        .map(|it| Ok(it?.path()))
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    let mut found: Vec<_> =
        all.into_iter().filter(|it| it.extension().is_some_and(|it| it == extension)).collect();
    found.sort();
    Ok(found)
}
