//! Golden transcripts: whole lives of a connection, run by every language. Each
//! theme has a file of scripts; what all of them have to show between them is
//! counted by `coverage`.
#![allow(unreachable_pub, reason = "a test is a crate of its own")]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod authorize;
mod clocks;
mod companies;
mod coverage;
mod disconnect;
mod exchange;
mod first;
mod policies;
mod refresh;
mod restarts;
mod script;
mod sealed;
mod takeover;

use expect_test::expect_file;

/// Where the transcripts are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../transcripts");

/// A test for each script: it plays a life, and compares it with its file.
macro_rules! lives {
    ($($theme:ident: $($name:ident)*;)*) => {
        /// The name of every transcript.
        const LIVES: &[&str] = &[$($(stringify!($name),)*)*];

        $($(
            #[test]
            fn $name() {
                let path = format!("{FOLDER}/{}.jsonl", stringify!($name));
                expect_file![path].assert_eq(&$theme::$name().text());
            }
        )*)*
    };
}

lives! {
    first: lifecycle redirects refresh_faults;
    authorize: authorizations authorize_store callbacks crowd denials;
    exchange: exchange_endings exchange_store exchange_races;
    refresh: refresh_endings refresh_store reauthentication release_unsaved introspection;
    takeover: takeover late_answers siblings;
    clocks: clocks;
    companies: companies api_keys client_secrets;
    disconnect: disconnect_forget disconnect_revocation disconnect_api_request disconnect_races;
    answers: api_answers quirks no_quirks;
    sealed: sealed;
    restarts: restarts_authorization restarts_refresh restarts_disconnect;
    policies: policy_strict policy_oidc_provider policy_single_use policy_okta policy_siblings
        policy_atlassian policy_same_successor policy_newest_wins policy_connect2id
        policy_no_rotation policy_wise;
}
