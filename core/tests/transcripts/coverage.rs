//! What the transcripts have to show between them: every code of every list, every
//! kind of input and output, every status and every preset.

use crate::{FOLDER, LIVES, common::json, policies::PRESETS};
use evergrant::*;
use serde_json::Value;
use std::{collections::BTreeSet, fs};

/// What no transcript shows, and why: the one list of exceptions.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("misuse misuse_env_invalid", BOUNDARY),
    ("misuse misuse_redirect_uri_invalid", CONFIGURED),
    ("misuse misuse_endpoint_invalid", CONFIGURED),
    ("misuse misuse_environment_invalid", CONFIGURED),
    ("misuse misuse_client_id_invalid", CONFIGURED),
    ("misuse misuse_client_secret_missing", CONFIGURED),
    ("misuse misuse_redirect_uri_missing", CONFIGURED),
    ("misuse misuse_tenant_invalid", CONFIGURED),
    ("misuse misuse_timing_invalid", CONFIGURED),
    ("misuse misuse_issuer_missing", CONFIGURED),
    ("misuse misuse_client_secret_unexpected", CONFIGURED),
    ("misuse misuse_quirk_invalid", CONFIGURED),
    ("misuse misuse_answer_limit_invalid", CONFIGURED),
    ("misuse misuse_company_binding_invalid", CONFIGURED),
    ("misuse misuse_pacing_invalid", CONFIGURED),
];

const CONFIGURED: &str = "found before there is a connection that could step";
const BOUNDARY: &str = "found at a language's boundary, where the types allow it";

/// The names of an enum's variants. There is no wildcard: whoever adds a variant has
/// to name it here, and then a transcript has to show it.
macro_rules! every {
    ($kind:ty { $($variant:pat => $name:literal,)* }) => {{
        fn _name(it: &$kind) -> &'static str {
            match it { $($variant => $name,)* }
        }
        vec![$($name),*]
    }};
}

/// All that has to be shown, as `list name`.
fn expected() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut add = |list: &str, names: Vec<&str>| {
        all.extend(names.into_iter().map(|name| format!("{list} {name}")));
    };
    macro_rules! codes { ($list:literal: $($reasons:ty)*) => { $(
        add($list, <$reasons>::ALL.iter().map(|reason| reason.code()).collect());
    )* } }
    codes!("misuse": Misuse);
    codes!("failure": Cause Delay Denial CallbackFault ConfigurationFault ServerFault HostFault CompanyFault);
    add("failure", vec!["outcome_unknown"]);
    codes!("deviation": Deviation);
    add("preset", PRESETS.iter().map(|(name, _)| *name).collect());
    add(
        "kind",
        every!(Failure {
            Failure::ReauthenticationRequired(_) => "reauthentication_required",
            Failure::TryLater { .. } => "try_later",
            Failure::OutcomeUnknown => "outcome_unknown",
            Failure::Denied { .. } => "denied",
            Failure::CallbackRefused(_) => "callback_refused",
            Failure::Misconfigured { .. } => "misconfigured",
            Failure::CompanyMismatch { .. } => "company_mismatch",
            Failure::ServerMisbehaved(_) => "server_misbehaved",
            Failure::HostFailed(_) => "host_failed",
        }),
    );
    add(
        "input",
        every!(Input {
            Input::Authorize(_) => "authorize",
            Input::Redirected { .. } => "redirected",
            Input::TokenWanted { .. } => "token_wanted",
            Input::ApiAnswered { .. } => "api_answered",
            Input::KeyEntered(_) => "key_entered",
            Input::Revoke => "revoke",
            Input::Cancel { authorization: None } => "cancel, all",
            Input::Cancel { authorization: Some(_) } => "cancel, one",
            Input::HttpDone { .. } => "http_done",
            Input::HttpFailed { why: HttpFault::NotSent, .. } => "http_failed, not_sent",
            Input::HttpFailed { why: HttpFault::TooLate, .. } => "http_failed, too_late",
            Input::HttpFailed { why: HttpFault::Unknown, .. } => "http_failed, unknown",
            Input::Swapped { current: None, .. } => "swapped, nothing",
            Input::Swapped { current: Some(Stored { age: None, .. }), .. } => "swapped",
            Input::Swapped { current: Some(Stored { age: Some(_), .. }), .. } => "swapped, with its age",
            Input::SwapUnanswered { .. } => "swap_unanswered",
            Input::PeerGone => "peer_gone",
            Input::Wake => "wake",
        }),
    );
    add(
        "binding",
        every!(Binding {
            Binding::Cookie => "cookie",
            Binding::SameProcess => "same_process",
        }),
    );
    add(
        "proof",
        every!(BrowserProof {
            BrowserProof::Binding(_) => "binding",
            BrowserProof::SameProcess => "same_process",
            BrowserProof::Missing => "missing",
        }),
    );
    add(
        "output",
        every!(Output {
            Output::SendHttp { .. } => "send_http",
            Output::Swap { write: None, .. } => "swap, a read",
            Output::Swap { write: Some(_), .. } => "swap, a write",
            Output::OpenUrl { .. } => "open_url",
            Output::TokenReady { .. } => "token_ready",
            Output::Authorized { .. } => "authorized",
            Output::KeyAccepted { .. } => "key_accepted",
            Output::Failed { .. } => "failed",
            Output::Notice(_) => "notice",
        }),
    );
    add(
        "activity",
        every!(Activity {
            Activity::Authorization { .. } => "authorization",
            Activity::Redirect => "redirect",
            Activity::Token => "token",
            Activity::Key => "key",
            Activity::ApiCall => "api_call",
            Activity::Revoke => "revoke",
        }),
    );
    add(
        "notice",
        every!(Notice {
            Notice::AuthorizationStarted(_) => "authorization_started",
            Notice::AuthorizationCancelled(_) => "authorization_cancelled",
            Notice::AuthorizationExpired(_) => "authorization_expired",
            Notice::RedirectAccepted(_) => "redirect_accepted",
            Notice::GrantObtained { .. } => "grant_obtained",
            Notice::CompanyBound { .. } => "company_bound",
            Notice::ScopeNarrowed { .. } => "scope_narrowed",
            Notice::RefreshStarted { .. } => "refresh_started",
            Notice::Refreshed { rotated: true, .. } => "refreshed, rotated",
            Notice::Refreshed { rotated: false, .. } => "refreshed, not_rotated",
            Notice::RefreshFailed { .. } => "refresh_failed",
            Notice::AnswerDeviates(_) => "answer_deviates",
            Notice::CallsStopped { .. } => "calls_stopped",
            Notice::Unauthenticated { .. } => "unauthenticated",
            Notice::TokensWiped { .. } => "tokens_wiped",
            Notice::GrantLost(_) => "grant_lost",
            Notice::TokenRevoked { confirmed: true } => "token_revoked, confirmed",
            Notice::TokenRevoked { confirmed: false } => "token_revoked, unconfirmed",
            Notice::StoreRepaired { .. } => "store_repaired",
            Notice::Disconnecting => "disconnecting",
            Notice::Disconnected { confirmed: true } => "disconnected, confirmed",
            Notice::Disconnected { confirmed: false } => "disconnected, unconfirmed",
        }),
    );
    add(
        "status",
        every!(Status {
            Status::Disconnected => "disconnected",
            Status::Authorizing => "authorizing",
            Status::Exchanging => "exchanging",
            Status::Authorized => "authorized",
            Status::Refreshing => "refreshing",
            Status::Disconnecting => "disconnecting",
            Status::ReauthenticationRequired(_) => "reauthentication_required",
        }),
    );
    add(
        "disconnect",
        every!(Disconnect {
            Disconnect::Forget => "forget",
            Disconnect::Revocation { .. } => "revocation",
            Disconnect::ApiRequest { .. } => "api_request",
        }),
    );
    add(
        "iss",
        every!(IssPolicy {
            IssPolicy::Required => "required",
            IssPolicy::IfPresent => "if_present",
            IssPolicy::Ignored => "ignored",
        }),
    );
    add(
        "authentication",
        every!(TokenEndpointAuthMethod {
            TokenEndpointAuthMethod::ClientSecretBasic => "client_secret_basic",
            TokenEndpointAuthMethod::ClientSecretPost => "client_secret_post",
            TokenEndpointAuthMethod::None => "none",
        }),
    );
    all
}

/// A member's text, or the one name of an object in its place.
fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    match &of[name] {
        Value::Object(object) => object.keys().next().expect("a name"),
        value => value.as_str().expect("a text"),
    }
}

/// What a transcript shows, as `list name`.
fn shown_by(name: &str, transcript: &str) -> BTreeSet<String> {
    let mut lines = transcript.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let first: Value = lines.next().expect("a configuration");
    let provider = &first["provider"];
    let mut shown = BTreeSet::from([
        format!("disconnect {}", text(provider, "disconnect")),
        format!("iss {}", text(provider, "iss")),
        format!("authentication {}", text(provider, "token_endpoint_auth_method")),
    ]);
    let is_of = |preset: &RefreshPolicy| {
        serde_json::from_str::<Value>(&json::refresh(preset)).unwrap() == provider["refresh"]
    };
    let preset = PRESETS.iter().find(|(preset, _)| name == format!("policy_{preset}"));
    if let Some((preset, _)) = preset.filter(|(_, policy)| is_of(policy)) {
        shown.insert(format!("preset {preset}"));
    }
    for line in lines {
        let mut add = |list: &str, name: &str| shown.extend([format!("{list} {name}")]);
        if line.get("input").is_some() {
            told(&line["input"], &mut add);
        } else if line.get("misuse").is_some() {
            add("misuse", text(&line, "misuse"));
        } else if line.get("outputs").is_some() {
            add("status", text(&line, "status"));
            for output in line["outputs"].as_array().unwrap() {
                came(output, &mut add);
            }
        }
    }
    shown
}

fn told(input: &Value, add: &mut impl FnMut(&str, &str)) {
    let current = &input["current"];
    match text(input, "type") {
        "cancel" if input["authorization"].is_null() => add("input", "cancel, all"),
        "cancel" => add("input", "cancel, one"),
        "http_failed" => add("input", &format!("http_failed, {}", text(input, "why"))),
        "swapped" if current.is_null() => add("input", "swapped, nothing"),
        "swapped" if !current["age"].is_null() => add("input", "swapped, with its age"),
        kind => add("input", kind),
    }
    if text(input, "type") == "authorize" {
        add("binding", text(input, "binding"));
    }
    if text(input, "type") == "redirected" {
        add("proof", text(input, "proof"));
    }
}

fn came(output: &Value, add: &mut impl FnMut(&str, &str)) {
    match text(output, "type") {
        "swap" if output["write"].is_null() => add("output", "swap, a read"),
        "swap" => add("output", "swap, a write"),
        kind => add("output", kind),
    }
    if text(output, "type") == "failed" {
        add("activity", text(output, "activity"));
        add("kind", text(output, "kind"));
        add("failure", text(output, "code"));
    }
    if text(output, "type") == "notice" {
        match text(output, "code") {
            code @ ("refreshed" | "token_revoked" | "disconnected") => {
                add("notice", &format!("{code}, {}", text(output, "detail")));
            }
            "answer_deviates" => {
                add("notice", "answer_deviates");
                add("deviation", text(output, "detail"));
            }
            code => add("notice", code),
        }
    }
}

/// The transcripts that lie there; none while they are being written anew.
fn transcripts() -> Option<Vec<(String, String)>> {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        return None;
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    found.sort();
    Some(found)
}

fn shown(transcripts: &[(String, String)]) -> BTreeSet<String> {
    transcripts.iter().flat_map(|(name, text)| shown_by(name, text)).collect()
}

#[test]
fn everything_is_shown() {
    let Some(transcripts) = transcripts() else { return };
    let shown = shown(&transcripts);
    let excused: BTreeSet<String> = NOT_SHOWN.iter().map(|(name, _)| (*name).into()).collect();
    let expected = expected();
    let missing: Vec<_> = expected.difference(&shown).filter(|it| !excused.contains(*it)).collect();
    assert!(missing.is_empty(), "no transcript shows {missing:#?}");
    let unknown: Vec<_> = shown.difference(&expected).collect();
    assert!(unknown.is_empty(), "on no list: {unknown:#?}");
    let idle: Vec<_> =
        excused.iter().filter(|it| shown.contains(*it) || !expected.contains(*it)).collect();
    assert!(idle.is_empty(), "excused for nothing: {idle:#?}");
}

#[test]
fn what_one_transcript_alone_shows_is_missed_without_it() {
    let Some(transcripts) = transcripts() else { return };
    for (alone, what) in [
        ("quirks", "deviation not_utf8"),
        ("crowd", "failure callback_too_many"),
        ("policy_wise", "preset wise"),
        ("takeover", "input peer_gone"),
        ("authorizations", "misuse misuse_entropy_reused"),
    ] {
        let others: Vec<_> =
            transcripts.iter().filter(|(name, _)| name != alone).cloned().collect();
        assert!(shown(&transcripts).contains(what) && !shown(&others).contains(what), "{what}");
    }
}

#[test]
fn every_preset_of_the_source_is_on_the_list() {
    let source = include_str!("../../src/policy.rs");
    let (presets, _) = source.split_once("pub struct Timing").expect("the timing comes after");
    let names = presets.lines().filter_map(|line| {
        let (name, _) = line.trim().strip_prefix("pub const ")?.split_once(": Self")?;
        Some(name.to_lowercase())
    });
    let listed = PRESETS.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), listed.collect::<BTreeSet<_>>());
}

#[test]
fn each_transcript_has_a_script_and_a_line_in_the_index() {
    let Some(transcripts) = transcripts() else { return };
    let lives: BTreeSet<&str> = LIVES.iter().copied().collect();
    let files: BTreeSet<&str> = transcripts.iter().map(|(name, _)| name.as_str()).collect();
    agree("files", &files, &lives);
    let readme = fs::read_to_string(format!("{FOLDER}/README.md")).unwrap();
    let index = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let index: BTreeSet<&str> = index.map(|(name, _)| name).collect();
    agree("the index", &index, &lives);
}

/// Says what one of the two lacks, and not what both have.
fn agree(what: &str, names: &BTreeSet<&str>, scripts: &BTreeSet<&str>) {
    let (missing, odd): (Vec<_>, Vec<_>) =
        (scripts.difference(names).collect(), names.difference(scripts).collect());
    assert!(missing.is_empty() && odd.is_empty(), "{what}: without {missing:?}, beyond {odd:?}");
}
