//! Servers that echo secrets or answer rubbish.

use crate::{
    KINDS, asked, asking,
    common::{server::response, *},
    in_body, in_url, redirected,
};
use evergrant::*;
use serde_json::json;

/// What comes of a request of this kind that is answered so.
fn answered(kind: &str, status: u16, content_type: &str, body: &[u8]) -> (World, Vec<Output>) {
    let (mut world, sent) = asked(kind);
    let headers = vec![("content-type".into(), content_type.into())];
    let response = HttpResponse { status, headers, body: SecretBytes::new(body) };
    let outputs = world.run(Input::HttpDone { op: op_of(&sent), response });
    (world, outputs)
}

#[test]
fn row_46_what_a_server_echoes_is_redacted_and_nothing_shown_holds_a_secret() {
    let mut shown = String::new();
    let mut secrets: Vec<String> = vec!["canary".into(), "ZXhhbXBsZS1vZi1hLXRva2Vu".into()];
    for kind in KINDS {
        for error in ["invalid_grant", "invalid_client", "made_up"] {
            let (mut world, sent) = asked(kind);
            let Output::SendHttp { op, request, .. } = &sent else { unreachable!() };
            // The server says everything that it was sent, and a token of its own.
            let heard: Vec<&str> =
                request.headers.iter().map(|(_, value)| value.expose()).collect();
            let sent_body = body(request);
            secrets.extend(in_body(request, "code_verifier"));
            let tokens = [in_body(request, "code"), in_body(request, "refresh_token")].concat();
            let echo = format!(
                "you sent {} and {sent_body}, {tokens:?}; canary-client-secret; ZXhhbXBsZS1vZi1hLXRva2Vu\r\n\u{1b}[31m",
                heard.join(" ")
            );
            let answer = json!({"error": error, "error_description": echo, "error_uri": echo});
            let response = response(400, vec![("x-echo".into(), echo)], &answer.to_string());
            let outputs = world.run(Input::HttpDone { op: *op, response });
            for output in &outputs {
                let Output::Failed { failure, .. } = output else { continue };
                shown.push_str(&format!("{failure} {failure:?} {:?}\n", failure.said()));
                if let Some(ServerSaid { error, description }) = failure.said() {
                    // What crosses into other languages is just this text.
                    let description = description.as_deref().unwrap_or_default();
                    assert!(description.starts_with("you sent ") && description.len() <= 200);
                    assert!(description.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
                    shown.push_str(&format!("{error} {description}\n"));
                }
                // Whoever unwraps it panics with these words.
                let (result, panic) = (Err::<(), _>(failure.clone()), std::panic::catch_unwind);
                let panic = panic(move || result.unwrap()).unwrap_err();
                shown.push_str(panic.downcast_ref::<String>().unwrap());
            }
            shown.push_str(&format!("{:#?} {:?} {:?}", world.lines, outputs, world.connection));
            shown.push_str(&format!("{:?} {:?}", world.client, world.store));
        }
    }
    // So does whoever writes the URL that the browser comes back to.
    let mut world = World::new();
    let url = world.open_browser(asking(|asked| asked.binding = Binding::Cookie));
    let state = in_url(&url, "state").concat();
    let cookie = world.outputs.iter().find_map(|output| match output {
        Output::OpenUrl { binding, .. } => binding.clone(),
        _ => None,
    });
    let back = format!(
        "{REDIRECT_URI}?state={state}&iss=https%3A%2F%2Fas.example&error=x+{state}\
         &error_description={state}+canary-client-secret"
    );
    secrets.extend([state, cookie.clone().unwrap().expose().to_owned()]);
    let outputs = world.redirect(&back, BrowserProof::Binding(cookie.unwrap()));
    assert_eq!(failures(&outputs), ["misconfigured_other_error"]);
    shown.push_str(&format!("{outputs:?} {:?} {:?}", world.lines, world.connection));

    assert!(secrets.len() > 6 && shown.matches("[redacted]").count() > 10);
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} is shown");
    }
}

#[test]
fn row_46_a_short_secret_is_redacted_as_it_was_sent_too() {
    use TokenEndpointAuthMethod as Method;
    for method in [Method::ClientSecretBasic, Method::ClientSecretPost] {
        let config = ClientConfig {
            client_id: "erp".into(),
            client_secret: Some("s3cr+t/x".into()),
            previous_client_secret: None,
            token_endpoint_auth_method: Some(method),
            ..client_config()
        };
        let mut world = World::with(client_of(provider_config(), config));
        let url = world.open_browser(authorize());
        let redirect = world.server.consent(&url);
        let sent = http(&until_sent(&mut world, redirected(&redirect)));
        let Output::SendHttp { op, request, .. } = &sent else { unreachable!() };
        let heard = match method {
            Method::ClientSecretBasic => {
                crate::authorization(request)[0].trim_start_matches("Basic ").to_owned()
            }
            _ => "s3cr%2Bt%2Fx".to_owned(),
        };
        let answer =
            json!({"error": "invalid_client", "error_description": format!("not '{heard}'")});
        let response = response(401, vec![], &answer.to_string());
        let outputs = world.run(Input::HttpDone { op: *op, response });
        assert!(!format!("{outputs:?}").contains(&heard), "{method:?}: {outputs:?}");
    }
}

#[test]
fn row_47_hostile_bodies_give_typed_errors_and_leave_nothing_behind() {
    let good = r#""access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"r""#;
    let limit = provider_config().answer_limit as usize;
    let pad = |length: usize| format!("{{{good}}}{}", " ".repeat(length - good.len() - 2));
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(9_000), close.repeat(9_000));
    let utf16: Vec<u8> = format!("{{{good}}}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let form = "access_token=a&token_type=Bearer&refresh_token=r";
    let (json, html) = ("application/json", "text/html");
    // With a 200: what an exchange, and what a refresh comes to.
    let unreadable = ("server_answer_unreadable", "try_later_unavailable");
    let cases: Vec<(&str, Vec<u8>, (&str, &str))> = vec![
        (json, b"".into(), unreadable),
        (json, b"\0".into(), unreadable),
        (json, b"null".into(), unreadable),
        (json, b"[]".into(), unreadable),
        (json, b"\"access_token\"".into(), unreadable),
        (json, b"{}".into(), unreadable),
        (json, format!("{{{good}").into(), unreadable),
        (json, format!("{{{good},").into(), unreadable),
        (json, format!("{{{good}}}\0").into(), unreadable),
        (json, format!("{{{good}}}{{{good}}}").into(), unreadable),
        (json, format!("{{{good},\"x\":\"\0\"}}").into(), unreadable),
        (json, deep("[", "]").into(), unreadable),
        (json, deep(r#"{"a":"#, "}").into(), unreadable),
        (json, "[".repeat(limit).into(), unreadable),
        (json, vec![0xff; limit], unreadable),
        (json, utf16, unreadable),
        (html, b"<html>It works!</html>".into(), unreadable),
        (
            "application/x-www-form-urlencoded",
            form.into(),
            ("server_answer_form_encoded", "server_answer_form_encoded"),
        ),
        ("application/x-www-form-urlencoded", b"a=b&c".into(), unreadable),
        (json, pad(limit + 1).into(), ("server_answer_too_large", "try_later_unavailable")),
        (json, vec![b' '; 8 << 20], ("server_answer_too_large", "try_later_unavailable")),
        (
            json,
            br#"{"access_token":"a\u0000b","token_type":"Bearer"}"#.into(),
            ("server_token_unusable", "server_token_unusable"),
        ),
        // Odd, and the only copy of a refresh token: read.
        (json, pad(limit).into(), ("", "")),
        (json, format!("\u{feff}{{{good}}}").into(), ("", "")),
        (html, format!("{{{good}}}").into(), ("", "")),
        ("", format!(" \r\n\t{{{good}}}").into(), ("", "")),
        (json, format!("{{{good},\"x\":{}}}", deep("[", "]")).into(), ("", "")),
        (json, format!("{{{good},\"scope\":{}}}", deep(r#"{"a":"#, "}")).into(), ("", "")),
        (json, [b"{\"x\":\"\xff\xfe\",", good.as_bytes(), b"}"].concat(), ("", "")),
        (json, format!("{{{good},\"x\":\"\\u0000\\ud800\",\"x\":1e999}}").into(), ("", "")),
    ];
    for (content_type, body, (exchange, refresh)) in &cases {
        let what = String::from_utf8_lossy(body);
        let what: String = what.chars().take(160).collect();
        let codes = |expected: &str| -> Vec<String> {
            Some(expected.to_owned()).filter(|code| !code.is_empty()).into_iter().collect()
        };
        for kind in KINDS {
            let (world, outputs) = answered(kind, 200, content_type, body);
            let expected = match kind {
                "exchange" => codes(exchange),
                "refresh" => codes(refresh),
                // Says nothing of the token: the refresh goes on, and succeeds.
                "introspection" => codes(""),
                // The status alone says that it is done (RFC 7009 §2.2).
                _ => codes(""),
            };
            assert_eq!(failures(&outputs), expected, "{kind}: {what}");
            let status = match kind {
                "exchange" if !exchange.is_empty() => Status::Disconnected,
                "revocation" => Status::Disconnected,
                _ if refresh.starts_with("try_later") && kind == "refresh" => Status::Refreshing,
                _ => Status::Authorized,
            };
            assert_eq!(world.status(), status, "{kind}: {what}");
            if kind == "refresh" && refresh.starts_with("try_later") {
                assert_eq!(world.record()["tokens"]["refresh"], "canary-refresh-2", "{what}");
            }
            // Nothing of it is kept.
            assert!(world.stored().unwrap().bytes.len() < 1_500, "{kind}: {what}");

            // With a 400 none of them is an OAuth error, or a verdict.
            let (world, outputs) = answered(kind, 400, content_type, body);
            let expected = match kind {
                "exchange" => codes("outcome_unknown"),
                "refresh" => codes("try_later_unavailable"),
                "introspection" => codes(""),
                _ => codes("server_revocation_refused"),
            };
            assert_eq!(failures(&outputs), expected, "{kind}: {what}");
            assert_eq!(world.server.replays, 0);
        }
    }
    // The host is told with each request how much it may read.
    for kind in KINDS {
        let (_, sent) = asked(kind);
        let Output::SendHttp { answer_limit, .. } = sent else { unreachable!() };
        assert_eq!(answer_limit as usize, limit, "{kind}");
    }
}
