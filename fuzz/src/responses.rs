//! Answers of the token endpoint: what they are taken for, and what of them is shown.

use crate::client::quirks;
use evergrant::{
    testing::{
        arbitrary::{Result, Unstructured},
        parts::{Judged, judge},
        provider_config, response,
    },
    *,
};
use serde_json::{Value, json};

const NOW: u64 = 1_700_000_000_000;

/// An answer as it comes: a choice of status and header, and any body.
pub(crate) fn token(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let quirks = quirks(&mut u)?;
    let media =
        *u.choose(&["application/json", "", "text/html", "application/x-www-form-urlencoded"])?;
    let status = *u.choose(&[200, 400, 201, 401, 302, 429, 500, 700])?;
    let provider = provider(quirks);
    let body = SecretBytes::new(u.take_rest());
    let headers = vec![("content-type".to_owned(), media.to_owned())];
    let response = HttpResponse { status, headers, body };

    let (judged, deviations) = judge(&provider, &response, NOW, &[]);
    assert!(deviations.len() <= Deviation::ALL.len());
    if let Some(header) = &judged.header {
        let token = header.expose().strip_prefix("Bearer ").expect("a bearer token");
        let plain = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        assert!(plain || judged.flawed);
        assert!(judged.refresh_token.as_ref().is_none_or(|token| !token.is_empty()));
        for scope in judged.scope.iter().flat_map(|scope| scope.split(' ')) {
            assert!(scope.bytes().all(|b| b.is_ascii_graphic()));
        }
        tokens_are_not_shown(&judged, token);
        written_again(&provider, &judged, token);
    }
    as_serde_json_reads_it(&response, &judged);
    Ok(())
}

/// An error that may have secrets of the request in its words.
pub(crate) fn error(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let quirks = quirks(&mut u)?;
    let status = *u.choose(&[400, 401, 200, 403, 429, 503])?;
    let secrets: Vec<Secret> = (0..u.int_in_range(0..=2)?)
        .map(|_| u.arbitrary::<&str>().map(Secret::from))
        .collect::<Result<_>>()?;
    let raw: bool = u.arbitrary()?;
    let error: &str = u.arbitrary()?;
    let text = String::from_utf8_lossy(u.take_rest()).into_owned();
    let body =
        if raw { text } else { json!({"error": error, "error_description": text}).to_string() };
    let response = response(status, vec![], &body);

    let secrets: Vec<&Secret> = secrets.iter().collect();
    let (judged, _) = judge(&provider(quirks), &response, NOW, &secrets);
    let Some(said) = &judged.said else { return Ok(()) };
    let description = said.description.as_deref().unwrap_or_default();
    assert!(said.error.len() <= 64 && description.len() <= 200);
    for text in [&*said.error, description] {
        assert!(text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()), "{text:?}");
        for secret in
            secrets.iter().map(|secret| secret.expose()).filter(|secret| is_telling(secret))
        {
            assert!(!text.contains(secret), "{secret:?} in {text:?}");
        }
    }
    Ok(())
}

fn provider(quirks: Quirks) -> Provider {
    Provider::new(ProviderConfig { quirks, ..provider_config() }).expect("a provider")
}

/// Whether it can only be in a text that has it from the request.
fn is_telling(secret: &str) -> bool {
    secret.len() >= 4
        && secret.bytes().all(|b| b.is_ascii_graphic())
        && !secret.contains(['[', ']'])
        && !"redacted".contains(secret)
}

fn tokens_are_not_shown(judged: &Judged, access: &str) {
    let shown = judged.scope.as_deref().unwrap_or_default();
    let refresh = judged.refresh_token.as_ref().map_or("", Secret::expose);
    for token in [access, refresh] {
        // What is as short as a word is in every `Debug`; scopes are meant to be seen.
        if token.len() > 40 && !shown.contains(token) {
            assert!(!judged.shown.contains(token), "{}", judged.shown);
        }
    }
}

/// What was understood, written as RFC 6749 has it, is understood again.
fn written_again(provider: &Provider, judged: &Judged, access: &str) {
    if judged.flawed {
        return;
    }
    let mut body = json!({"access_token": access, "token_type": "Bearer"});
    for (name, value) in [
        ("refresh_token", judged.refresh_token.as_ref().map(|it| it.expose().into())),
        ("expires_in", judged.expires_in.map(|ms| Value::from(ms / 1_000))),
        ("scope", judged.scope.as_deref().map(Value::from)),
    ] {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    // The limit is of bytes, and what is escaped is longer.
    let body = body.to_string();
    if body.len() > provider.config().answer_limit as usize {
        return;
    }
    let (again, _) = judge(provider, &response(200, vec![], &body), NOW, &[]);
    let told = |it: &Judged| {
        (it.header.clone(), it.refresh_token.clone(), it.expires_in, it.scope.clone(), it.flawed)
    };
    // The lifetime of a refresh token is in no RFC, and not written here.
    assert_eq!(told(&again), told(judged), "{body}");
}

/// An answer that another reader finds flawless is not lost here.
fn as_serde_json_reads_it(response: &HttpResponse, judged: &Judged) {
    if response.status != 200 || response.body.len() > 65_536 {
        return;
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(response.body.expose()) else { return };
    let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
    let Some(access) = text("access_token") else { return };
    let header = judged.header.as_ref().map(Secret::expose);
    assert_eq!(header, Some(&*format!("Bearer {access}")));
    assert_eq!(judged.refresh_token.as_ref().map(Secret::expose), text("refresh_token"));
}
