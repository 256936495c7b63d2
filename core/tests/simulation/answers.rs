//! How answers look on the wire, with all the ways in which they stray.

use crate::{
    fault::Fault,
    server::{Issued, Token},
    world::SCOPES,
};
use evergrant::*;

pub fn json(status: u16, body: String) -> HttpResponse {
    with(status, "application/json", body.into_bytes())
}

fn with(status: u16, content_type: &str, body: Vec<u8>) -> HttpResponse {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    HttpResponse { status, headers, body: SecretBytes::new(body) }
}

pub fn error(status: u16, name: &str) -> HttpResponse {
    json(status, format!(r#"{{"error":"{name}","error_description":"no"}}"#))
}

const ERRORS: [&str; 11] = [
    "temporarily_unavailable",
    "server_error",
    "slow_down",
    "unauthorized_client",
    "invalid_scope",
    "invalid_request",
    "unsupported_grant_type",
    "invalid_target",
    "use_dpop_nonce",
    "invalid_client",
    "out_of_cheese",
];

/// What comes instead of an answer, from somebody who has not used anything up.
pub fn unhandled(fault: Fault, arg: u32, now: u64) -> Option<HttpResponse> {
    let arg = arg as usize;
    let patience = [0, 1, 5, 30, 120, 600][arg % 6];
    Some(match fault {
        Fault::ErrorBefore => with([500, 502, 503, 504][arg % 4], "text/plain", Vec::new()),
        Fault::RetrySeconds | Fault::RetryDate => {
            let value = if fault == Fault::RetrySeconds {
                patience.to_string()
            } else {
                let at = std::time::Duration::from_secs(now / 1_000 + patience);
                httpdate::fmt_http_date(std::time::UNIX_EPOCH + at)
            };
            let mut answer = with(429, "text/plain", Vec::new());
            answer.headers.push(("Retry-After".into(), value));
            answer
        }
        Fault::Firewall => {
            let page = b"<html><title>Just a moment...</title></html>".to_vec();
            with([403, 200, 406, 400][arg % 4], "text/html", page)
        }
        Fault::Redirect => with([302, 307, 301][arg % 3], "text/html", Vec::new()),
        Fault::OauthError => error([400, 401, 403][arg / 16 % 3], ERRORS[arg % ERRORS.len()]),
        _ => return None,
    })
}

/// What comes of an answer that was given and spoilt on its way.
pub fn spoilt(fault: Fault, arg: u32) -> Option<HttpResponse> {
    Some(match fault {
        Fault::ErrorAfter => with([500, 502, 504][arg as usize % 3], "text/plain", Vec::new()),
        Fault::CutShort => json(200, r#"{"access_token":"canary-"#.into()),
        Fault::TooLarge => json(200, format!(r#"{{"padding":"{}"}}"#, "x".repeat(65_600))),
        _ => return None,
    })
}

/// Whether this answer leaves the refresh token as it is.
pub fn is_without_refresh(fault: Fault, arg: u32) -> bool {
    fault == Fault::NoRefreshToken || fault == Fault::Quirk && arg % 16 == 10
}

/// Whether this answer says how long the refresh token lives: twice the access token's life.
pub fn tells_refresh_life(fault: Option<Fault>, arg: u32) -> bool {
    fault == Some(Fault::Lifetime) && arg % 6 == 5
}

pub fn tokens(issued: &Issued, life: u64, fault: Option<Fault>, arg: u32) -> HttpResponse {
    let access = Token::Access(issued.access).text();
    let mut refresh = format!(r#","refresh_token":"{}""#, Token::Refresh(issued.refresh).text());
    let mut kind = r#","token_type":"Bearer""#;
    let mut expires = format!(r#","expires_in":{life}"#);
    let mut scope = format!(r#","scope":"{SCOPES}""#);
    let mut more = "";
    let mut content_type = "application/json;charset=UTF-8";
    let mut mark = "";
    match fault {
        Some(Fault::NoRefreshToken) => refresh.clear(),
        Some(Fault::Lifetime) => {
            expires = match arg % 6 {
                0 => String::new(),
                1 => r#","expires_in":0"#.into(),
                2 => r#","expires_in":-5"#.into(),
                3 => r#","expires_in":999999999999"#.into(),
                4 => r#","expires_in":"soon""#.into(),
                _ => format!(r#","expires_in":{life},"refresh_token_expires_in":{}"#, life * 2),
            }
        }
        Some(Fault::TokenType) => {
            kind = ["", r#","token_type":"mac""#, r#","token_type":"bearer""#][arg as usize % 3];
        }
        Some(Fault::Quirk) => match arg % 16 {
            0 => expires = format!(r#","expires_in":"{life}""#),
            1 => expires = format!(r#","expires_in":{life}.5"#),
            2 => scope = r#","scope":["expenses:read","accounts:read"]"#.into(),
            3 => scope = r#","scope":"expenses:read,accounts:read""#.into(),
            4 => {
                let body = format!(
                    "access_token={access}&refresh_token={}&token_type=bearer&expires_in={life}",
                    Token::Refresh(issued.refresh).text()
                );
                let media = "application/x-www-form-urlencoded";
                return with(200, media, body.into_bytes());
            }
            5 => content_type = "text/html",
            6 => mark = "\u{feff}",
            8 => more = r#","scope":"expenses:read","scope":"expenses:read accounts:read""#,
            9 => more = r#","error":"invalid_scope""#,
            10 => refresh = r#","refresh_token":"""#.into(),
            11 => scope = r#","scope":7"#.into(),
            12 => scope = r#","scope":"expenses:read""#.into(),
            13 => {
                let body = format!(r#"{{"access_token":"{access} x"{kind}{refresh}{expires}}}"#);
                return json(200, body);
            }
            _ => {}
        },
        _ => {}
    }
    let text =
        format!(r#"{mark}{{"access_token":"{access}"{kind}{refresh}{expires}{scope}{more}}}"#);
    let mut body = text.into_bytes();
    if fault == Some(Fault::Quirk) && arg % 16 == 7 {
        body.pop();
        body.extend(b",\"note\":\"caf\xe9\"}");
    }
    with(200, content_type, body)
}
