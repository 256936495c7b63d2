//! docs/codes.md: every code that a host can meet, out of core/src/reason.rs.
//! `UPDATE_EXPECT=1 cargo test -p evergrant --test it codes` writes it anew.

use evergrant::*;
use std::fmt::Write as _;

const HEAD: &str = "\
# Codes
Every failure, refusal and bug of the caller has a stable code, the same in every language, and
a number, for C. Both are only ever added to. This page is written by a test, out of
`core/src/reason.rs`.
";

const PACKAGES: &str = "
## With data of their own
| number | code | meaning |
|---|---|---|
| 707 | `host_sealing_key_missing` | A record is sealed with a key that the ring has not; the failure names its id. |
| 801 | `outcome_unknown` | An authorization code may have been used up, and the answer is lost: the person has to authorize again. |

## Of single packages
Refused before the machine is asked, and so without a number.

| code | where | meaning |
|---|---|---|
| `misuse_packed_invalid` | Python, Kotlin, Swift | An argument is of a wrong type or out of range. |
| `misuse_url_invalid` | Python | A URL has a blank or is not ASCII. |
| `misuse_client_secret_in_app` | Kotlin, Swift | A client secret was given to an app that is not said to be a server. |
| `misuse_sealing_missing` | Kotlin | Nobody has said how records are protected in the store. |
";

/// What a comment says, in Markdown: no links into the code.
fn prose(comment: &[&str]) -> String {
    let text = comment.join(" ");
    let mut shown = String::new();
    let mut link = false;
    for c in text.chars() {
        match c {
            '[' => link = true,
            ']' => link = false,
            '|' => shown.push_str("\\|"),
            c => shown.push(c),
        }
    }
    assert!(!link, "{text}");
    shown.replace("`crate::", "`")
}

#[test]
fn the_page_of_codes_is_what_the_machine_has() {
    let source = include_str!("../../src/reason.rs");
    let (mut page, mut codes) = (HEAD.to_owned(), 0);
    for block in source.split("reasons! {").skip(1) {
        let block = block.split("\n}\n").next().unwrap();
        let mut comment = Vec::new();
        for line in block.lines().map(str::trim) {
            if let Some(said) = line.strip_prefix("/// ") {
                comment.push(said);
            } else if let Some(name) = line.strip_suffix(" {") {
                writeln!(page, "\n## {name}\n{}\n", prose(&comment)).unwrap();
                page.push_str("| number | code | meaning |\n|---|---|---|\n");
                comment.clear();
            } else if let Some((_, reason)) = line.split_once(" = ") {
                let (number, code) = reason.trim_end_matches(',').split_once(' ').unwrap();
                let code = code.trim_matches('"');
                writeln!(page, "| {number} | `{code}` | {} |", prose(&comment)).unwrap();
                comment.clear();
                codes += 1;
            }
        }
    }
    let all = [
        Misuse::ALL.len(),
        Cause::ALL.len(),
        Delay::ALL.len(),
        Denial::ALL.len(),
        CallbackFault::ALL.len(),
        CompanyFault::ALL.len(),
        ConfigurationFault::ALL.len(),
        HostFault::ALL.len(),
        ServerFault::ALL.len(),
    ];
    assert_eq!(codes, all.iter().sum::<usize>());
    page.push_str(PACKAGES);
    expect_test::expect_file!["../../../docs/codes.md"].assert_eq(&page);
}
