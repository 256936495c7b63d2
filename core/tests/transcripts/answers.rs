//! What the API answers, and token answers that stray from the RFC.

use crate::common::{server::*, *};
use crate::script::*;
use evergrant::*;
use serde_json::{Value, json};

pub fn api_answers() -> Life {
    let mut life = Life::new();
    life.refused_by_api(1);
    life.authorize();
    for (status, headers) in [
        (200, &[][..]),
        (404, &[]),
        (403, &[]),
        (403, &[("WWW-Authenticate", r#"Bearer error="invalid_request", error_description="no""#)]),
        (
            403,
            &[
                ("www-authenticate", "Negotiate YWJj=="),
                (
                    "WWW-Authenticate",
                    r#"Bearer error="insufficient_scope", scope="accounts:write""#,
                ),
            ],
        ),
        (429, &[("Retry-After", "7")]),
        (429, &[]),
        (500, &[]),
        (503, &[("Retry-After", "Tue, 14 Nov 2023 22:14:20 GMT")]),
    ] {
        life.api(1, status, headers);
    }
    // Refused, and refreshed once; of an old generation; refused though just issued;
    // of a generation that another process has made, and again one of before.
    life.refused_by_api(1);
    life.refused_by_api(1);
    life.refused_by_api(2);
    life.advance(60_000);
    life.elsewhere(|other| other.refused_by_api(2));
    life.refused_by_api(3);
    life.advance(60_000);
    life.refused_by_api(3);
    // Refused while the refresh cannot be made: nothing is served until it can.
    life.advance(60_000);
    life.meets([Fault::NotSent]);
    let generation = life.connection.servable(life.now).unwrap();
    life.refused_by_api(generation);
    life.token_wanted();
    life.wake();
    life
}

/// A good answer with some members changed.
fn good(change: Value) -> String {
    let mut body = json!({
        "access_token": "canary-access-9", "token_type": "Bearer",
        "refresh_token": "canary-refresh-9", "expires_in": 3600, "scope": "expenses:read",
    });
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

/// A refresh that is answered so.
fn answered(life: &mut Life, media: &str, body: &[u8]) {
    life.expire();
    let sent = match life.connection.servable(life.now) {
        None => until_sent(life, wanted()),
        // A token of no stated life is good until the API refuses it.
        Some(generation) => {
            until_sent(life, Input::ApiAnswered { generation, status: 401, headers: vec![] })
        }
    };
    let sent = http(&sent);
    let headers = vec![("Content-Type".into(), media.into())];
    let response = HttpResponse { status: 200, headers, body: SecretBytes::new(body) };
    life.run(Input::HttpDone { op: op_of(&sent), response });
}

const JSON: &str = "application/json; charset=utf-8";
const FORM: &str = "application/x-www-form-urlencoded";

/// Every way in which an answer may stray, believed because the data say so.
pub fn quirks() -> Life {
    let mut life = Life::of(ProviderConfig {
        quirks: Quirks {
            token_type_optional: true,
            form_encoded_answers: true,
            comma_separated_scopes: true,
            invalid_grant_errors: vec!["bad_refresh_token".into()],
        },
        ..provider_config()
    });
    life.authorize();
    let plain = good(json!({}));
    let latin = good(json!({"scope": "caf?"})).replace('?', "\u{1}").into_bytes();
    let latin: Vec<u8> =
        latin.into_iter().map(|byte| if byte == 1 { 0xe9 } else { byte }).collect();
    let form = "access_token=canary-access-9&refresh_token=canary-refresh-9&expires_in=3600\
                &scope=expenses%3Aread%2Caccounts%3Aread";
    for (media, body) in [
        (JSON, good(json!({"expires_in": "3600"})).as_bytes()),
        (JSON, good(json!({"expires_in": "soon"})).as_bytes()),
        (JSON, good(json!({"expires_in": u64::MAX})).as_bytes()),
        (JSON, good(json!({"expires_in": 3600.5, "token_type": null})).as_bytes()),
        (JSON, good(json!({"refresh_token": "", "scope": ["a", "b"]})).as_bytes()),
        (JSON, good(json!({"scope": {"a": true}})).as_bytes()),
        (JSON, good(json!({"error": "none"})).as_bytes()),
        ("text/html", plain.as_bytes()),
        (JSON, format!("\u{feff}{plain}").as_bytes()),
        (JSON, plain.replacen('{', r#"{"scope":"z","#, 1).as_bytes()),
        (JSON, latin.as_slice()),
        (FORM, form.as_bytes()),
        (JSON, good(json!({"expires_in": 0})).as_bytes()),
        (JSON, br#"{"error":"bad_refresh_token"}"#),
    ] {
        answered(&mut life, media, body);
    }
    life
}

/// The same where the data do not say so: stored, and not served.
pub fn no_quirks() -> Life {
    let mut life = Life::new();
    life.authorize();
    let form = "access_token=canary-access-9&token_type=bearer&refresh_token=canary-refresh-9";
    for (media, body) in [
        (FORM, form),
        (FORM, "error=invalid_grant"),
        (JSON, &good(json!({"token_type": null}))),
        (JSON, &good(json!({"scope": "a,b"}))),
        (JSON, r#"{"error":"bad_refresh_token"}"#),
        (JSON, r#"{"error":"invalid_grant"}"#),
    ] {
        answered(&mut life, media, body.as_bytes());
    }
    life
}
