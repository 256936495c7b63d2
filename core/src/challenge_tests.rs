//! Tables of cases, and a peer on the same input.

use super::*;
use alloc::{format, string::ToString as _};
use proptest::prelude::*;

/// `scheme(token68)` or `scheme{name=value;..}`, one after the other.
fn shown(value: &str) -> String {
    let mut text = String::new();
    for Challenge { scheme, token68, parameters } in parse(value) {
        text += scheme;
        if let Some(token) = token68 {
            text += &format!("({token})");
        }
        for (name, value) in parameters {
            text += &format!("{{{name}={value}}}");
        }
        text.push(' ');
    }
    text.trim_end().to_string()
}

#[test]
fn challenges_are_told_from_parameters() {
    for (value, expected) in [
        ("", ""),
        ("Bearer", "Bearer"),
        ("bEARER realm=x", "bEARER{realm=x}"),
        (
            r#"Bearer realm="a, b", error="invalid_token", error_description="x \"y\" \\z""#,
            r#"Bearer{realm=a, b}{error=invalid_token}{error_description=x "y" \z}"#,
        ),
        (
            r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#,
            r#"Newauth{realm=apps}{type=1}{title=Login to "apps"} Basic{realm=simple}"#,
        ),
        ("Negotiate, Basic realm=x", "Negotiate Basic{realm=x}"),
        (
            "Negotiate abc==, Bearer error=invalid_token",
            "Negotiate(abc==) Bearer{error=invalid_token}",
        ),
        ("NTLM a/b+c-._~==", "NTLM(a/b+c-._~==)"),
        ("Negotiate abc==, a=b", "Negotiate(abc==)"),
        (", ,Basic , , realm = \"x\" ,\tcharset=UTF-8 ,", "Basic{realm=x}{charset=UTF-8}"),
        ("Basic realm=\"\"", "Basic{realm=}"),
        ("Basic realm=", "Basic(realm=)"),
        // What cannot be read hides nothing that follows.
        ("Bearer error=\"unclosed, Basic realm=x", "Bearer"),
        ("???, Bearer error=x", "Bearer{error=x}"),
        ("\"quoted, comma\" , Bearer error=x", "Bearer{error=x}"),
        ("Bearer error=a b, scope=c", "Bearer{error=a}{scope=c}"),
        ("Bearer error=\"a\"trash, scope=c", "Bearer{error=a}{scope=c}"),
        ("realm=x, Bearer", "Bearer"),
        ("Bearer/1 error=x, Basic", "Basic"),
        ("Bearer é=1, error=x", "Bearer{error=x}"),
    ] {
        assert_eq!(shown(value), expected, "{value}");
    }
}

#[test]
fn the_bearer_challenge_is_found_wherever_it_stands() {
    let header = |value: &str| (String::from("WWW-authenticate"), String::from(value));
    let error = |headers: &[(String, String)]| {
        bearer(headers).and_then(|found| found.value("error").map(String::from))
    };
    assert_eq!(error(&[]), None);
    assert_eq!(error(&[header("Basic error=x")]), None);
    assert_eq!(error(&[header("Basic realm=x"), header("BEARER error=y")]).as_deref(), Some("y"));
    assert_eq!(error(&[header("Bearer, Bearer error=z")]).as_deref(), Some("z"));
    assert_eq!(error(&[header("Bearer error=z, Bearer realm=q")]).as_deref(), Some("z"));
    assert_eq!(error(&[header("Bearer error=y"), header("Bearer error=z")]).as_deref(), Some("z"));
    // Said twice is not said.
    assert_eq!(error(&[header("Bearer error=a, ERROR=b")]), None);
}

#[test]
fn memory_is_bounded() {
    let many = parse(&"A,".repeat(LONGEST / 2)).len();
    let wide = format!("A {}", "b=c,".repeat(4_000));
    assert_eq!((many, parse(&wide)[0].parameters.len()), (LIMIT, LIMIT));
    assert!(parse(&"A,".repeat(9_000)).is_empty());
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(value in ".{0,200}") {
        for challenge in parse(&value) {
            prop_assert!(challenge.scheme.chars().all(is_token));
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        challenges in proptest::collection::vec(
            ("[A-Za-z][a-z0-9-]{0,8}", proptest::collection::vec(("[a-z_]{1,8}", "[ -~]{0,20}"), 1..4)),
            1..4,
        )
    ) {
        let quote = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
        let mut written = Vec::new();
        for (scheme, parameters) in &challenges {
            let parameters: Vec<String> = parameters
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", quote(value)))
                .collect();
            written.push(format!("{scheme} {}", parameters.join(", ")));
        }
        let written = written.join(", ");
        let read = parse(&written);
        prop_assert_eq!(read.len(), challenges.len());
        for (read, (scheme, parameters)) in read.iter().zip(&challenges) {
            prop_assert_eq!(read.scheme, scheme);
            let values: Vec<(&str, &str)> =
                read.parameters.iter().map(|(name, value)| (*name, &**value)).collect();
            let given: Vec<(&str, &str)> =
                parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
            prop_assert_eq!(values, given);
        }
    }

    /// Whatever another reader of the same grammar accepts is read alike here.
    #[test]
    fn a_peer_reads_the_same(
        value in "([A-Za-z]{1,3}|[ ,=]|\"|\\\\|[a-c]=[a-z]|[a-c]=\"[ ,a-z]{0,4}\"){0,12}"
    ) {
        let ours = parse(&value);
        // It reads no token68; where one stands, the two grammars differ.
        prop_assume!(ours.iter().all(|challenge| challenge.token68.is_none()));
        let Ok(theirs) = http_auth::parse_challenges(&value) else { return Ok(()) };
        let theirs = theirs.iter().map(|it| {
            let values = it.params.iter().map(|(name, value)| (*name, value.to_unescaped()));
            (it.scheme, values.collect::<Vec<_>>())
        });
        let ours = ours.iter().map(|it| {
            let values = it.parameters.iter().map(|(name, value)| (*name, value.to_string()));
            (it.scheme, values.collect::<Vec<_>>())
        });
        prop_assert_eq!(ours.collect::<Vec<_>>(), theirs.collect::<Vec<_>>());
    }
}

#[test]
fn tokens_are_made_of_tchar() {
    for c in '\0'..='\u{ff}' {
        let listed = c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        assert_eq!(is_token(c), listed, "{c:?}");
    }
}
