//! Bodies of all shapes, at the reader itself.

use super::*;
use alloc::{format, vec, vec::Vec};
use proptest::prelude::*;

const GOOD: &str = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":60,"scope":"x y"}"#;

fn response(media: &str, body: &[u8]) -> HttpResponse {
    let headers = vec![("content-type".into(), media.into())];
    HttpResponse { status: 200, headers, body: body.to_vec().into() }
}

/// Access and refresh token, lifetime, scope, flaw, and the deviations.
fn tokens(media: &str, body: &[u8], quirks: &Quirks) -> Option<String> {
    let mut deviations = Vec::new();
    let (response, mut replaced) = (response(media, body), Zeroizing::default());
    let body = read(&response, &mut replaced, &mut deviations)?;
    let it = body.into_tokens(quirks, &mut deviations)?;
    let codes: Vec<&str> = deviations.iter().map(|deviation| deviation.code()).collect();
    Some(format!(
        "{} {:?} {:?} {:?} {:?} {codes:?}",
        it.header.expose(),
        it.refresh_token.as_ref().map(Secret::expose),
        it.expires_in,
        it.scope,
        it.flaw.map(ServerFault::code),
    ))
}

#[test]
fn a_body_is_read_however_it_is_labelled_and_what_is_odd_is_told() {
    let good = r#"Bearer a Some("r") Some(60000) Some("x y") None"#;
    let marked = [b"\xef\xbb\xbf", GOOD.as_bytes()].concat();
    let twice = GOOD.replace("{", r#"{"access_token":"z","#);
    let odd = GOOD.replace(r#""Bearer""#, "\"Bearer\",\"error_description\":\"\u{e9}\"");
    let latin1: Vec<u8> = odd.chars().map(|c| c as u8).collect();
    for (media, body, deviations) in [
        ("application/json", GOOD.as_bytes(), ""),
        ("APPLICATION/JSON ; charset=utf-8", GOOD.as_bytes(), ""),
        ("application/vnd.example+json", GOOD.as_bytes(), ""),
        ("", GOOD.as_bytes(), ""),
        ("text/html", GOOD.as_bytes(), "content_type_unexpected"),
        ("application/x-www-form-urlencoded", GOOD.as_bytes(), "content_type_unexpected"),
        ("json", GOOD.as_bytes(), "content_type_unexpected"),
        ("application/json", &marked, "byte_order_mark"),
        ("application/json", &latin1, "not_utf8"),
        ("application/json", twice.as_bytes(), "member_repeated"),
    ] {
        let deviations: Vec<&str> = deviations.split(' ').filter(|it| !it.is_empty()).collect();
        let expected = Some(format!("{good} {deviations:?}"));
        assert_eq!(tokens(media, body, &Quirks::default()), expected, "{media}");
    }
}

#[test]
fn a_form_is_kept_and_served_only_where_it_is_meant() {
    let form = b"access_token=a&token_type=bearer&refresh_token=r%2B&expires_in=60&scope=x%2Cy+z";
    let github =
        Quirks { form_encoded_answers: true, comma_separated_scopes: true, ..Quirks::default() };
    let read = r#"Bearer a Some("r+") Some(60000)"#;
    for media in ["application/x-www-form-urlencoded; charset=utf-8", "text/plain", ""] {
        assert_eq!(
            tokens(media, form, &github).unwrap(),
            format!(r#"{read} Some("x y z") None ["form_encoded", "scope_not_spaced"]"#)
        );
        assert_eq!(
            tokens(media, form, &Quirks::default()).unwrap(),
            format!(r#"{read} Some("x,y z") Some("server_answer_form_encoded") ["form_encoded"]"#)
        );
    }
    // A page that happens to have the words in it is a page.
    assert_eq!(tokens("text/html", form, &github), None);
    assert_eq!(tokens("text/plain", b"all is well", &github), None);
    let error = |quirks: &Quirks| {
        let body = read_form("error=bad_verification_code&error_description=no");
        body.error(quirks).map(|(error, why)| (String::from(error), why.map(String::from)))
    };
    assert_eq!(error(&Quirks::default()), None);
    assert_eq!(error(&github), Some(("bad_verification_code".into(), Some("no".into()))));
}

fn read_form(text: &str) -> Body<'_> {
    Body::from_form(text).expect("an error")
}

#[test]
fn hostile_shapes_are_no_tokens_and_no_panic() {
    let deep = "[".repeat(100_000);
    let nested = format!(
        r#"{{"access_token":"a","token_type":"Bearer","x":{}1{}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    for (body, is_answer) in [
        ("", false),
        ("null", false),
        ("[]", false),
        ("{}", false),
        ("\"access_token\"", false),
        (r#"{"access_token":"a""#, false),
        (r#"{"access_token":"a"} trash"#, false),
        (r#"{"access_token":{"a":1}}"#, false),
        (r#"{"access_token":["a"]}"#, false),
        (r#"{"access_token":""}"#, false),
        (r#"{"access_token":null}"#, false),
        (r#"{"access_token":"\ud800"}"#, false),
        (r#"{"access_token":"a\u0000b"}"#, true),
        (r#"{"access_token":"a","expires_in":1e999}"#, true),
        (r#"{"access_token":"a","scope":[["x"],{"y":1}]}"#, true),
        (&deep, false),
        (&nested, true),
    ] {
        let found = tokens("application/json", body.as_bytes(), &Quirks::default());
        assert_eq!(found.is_some(), is_answer, "{}", body.get(..60).unwrap_or(body));
    }
}

#[test]
fn scopes_are_text_or_a_list() {
    let commas = Quirks { comma_separated_scopes: true, ..Quirks::default() };
    for (scope, strict, with_commas, deviation) in [
        (r#""a  b""#, Some("a b"), Some("a b"), ""),
        (r#""a,b""#, Some("a,b"), Some("a b"), "scope_not_spaced"),
        (r#"["a","b c"]"#, Some("a b c"), Some("a b c"), "scope_not_spaced"),
        ("[]", Some(""), Some(""), "scope_not_spaced"),
        (r#"["a",1]"#, None, None, "scope_unreadable"),
        ("7", None, None, "scope_unreadable"),
        (r#""é""#, None, None, "scope_unreadable"),
        ("null", None, None, ""),
    ] {
        let member = Member::read(scope);
        let mut told = Vec::new();
        assert_eq!(granted(&member, &commas, &mut told).as_deref(), with_commas, "{scope}");
        let codes: Vec<&str> = told.iter().map(|it| it.code()).collect();
        assert_eq!(codes, deviation.split(' ').filter(|it| !it.is_empty()).collect::<Vec<_>>());
        assert_eq!(granted(&member, &Quirks::default(), &mut told).as_deref(), strict, "{scope}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(body in any::<Vec<u8>>(), media in "[a-z/+;]{0,12}") {
        let _ = tokens(&media, &body, &Quirks::default());
    }

    #[test]
    fn what_a_server_writes_is_read(
        access in "[!-~]{1,40}", refresh in proptest::option::of("[ -~]{1,40}"),
        seconds in proptest::option::of(1..1_000_000_u32),
    ) {
        let mut json = serde_json::json!({"access_token": access, "token_type": "Bearer"});
        let mut form = String::new();
        crate::uri::push_form(&mut form, "access_token", &access);
        crate::uri::push_form(&mut form, "token_type", "bearer");
        if let Some(refresh) = &refresh {
            json["refresh_token"] = refresh.as_str().into();
            crate::uri::push_form(&mut form, "refresh_token", refresh);
        }
        if let Some(seconds) = seconds {
            json["expires_in"] = seconds.into();
            crate::uri::push_form(&mut form, "expires_in", &format!("{seconds}"));
        }
        let quirks = Quirks { form_encoded_answers: true, ..Quirks::default() };
        for body in [serde_json::to_vec(&json).unwrap(), form.into_bytes()] {
            let (response, mut replaced) = (response("", &body), Zeroizing::default());
            let body = read(&response, &mut replaced, &mut Vec::new()).unwrap();
            let tokens = body.into_tokens(&quirks, &mut Vec::new()).unwrap();
            prop_assert_eq!(tokens.header.expose(), format!("Bearer {access}"));
            prop_assert_eq!(tokens.refresh_token.as_ref().map(Secret::expose), refresh.as_deref());
            prop_assert_eq!(tokens.expires_in, seconds.map(|seconds| u64::from(seconds) * 1_000));
            prop_assert_eq!(tokens.flaw, None);
        }
    }
}
