use axum::{
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    answer,
    client::ClientAuth,
    form::{self, Params},
    state::State,
};

/// A request whose client is not who it says it is: `invalid_client` (RFC 6749 §5.2).
#[derive(Debug)]
pub(crate) struct InvalidClient {
    /// The client used the `Authorization` header, so the answer has to be a 401 with a challenge.
    challenged: bool,
    description: &'static str,
}

/// What the request offers as proof. Exactly one of the methods of RFC 6749 §2.3.
enum Offered {
    Basic { id: String, secret: String },
    Post { id: String, secret: String },
    Nothing { id: String },
}

/// A client that is who it says it is; or, without a secret, that says so at least.
pub(crate) struct Proven {
    pub(crate) id: String,
    pub(crate) public: bool,
}

/// Finds the client that sent the request; its method must be the one it is registered with, and
/// its secret one of those that are good.
pub(crate) fn authenticate(
    state: &mut State,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Proven, InvalidClient> {
    let challenged = headers.contains_key(header::AUTHORIZATION);
    let fail = |description| InvalidClient { challenged, description };
    let offered = offered(headers, params).map_err(fail)?;
    let (Offered::Basic { id, .. } | Offered::Post { id, .. } | Offered::Nothing { id }) = &offered;
    let client = state.clients.find(id).ok_or_else(|| fail("the client is unknown"))?;
    let secret = match (&client.auth, &offered) {
        (ClientAuth::Basic(_), Offered::Basic { secret, .. })
        | (ClientAuth::Post(_), Offered::Post { secret, .. }) => secret,
        (ClientAuth::None, Offered::Nothing { .. }) => {
            return Ok(Proven { id: id.clone(), public: true });
        }
        _ => return Err(fail("not the authentication method of this client")),
    };
    // All of them, whichever fits: the time tells nothing.
    let fits = state.clients.secrets(id).iter().filter(|(_, known)| same(known, secret));
    let number =
        fits.map(|(number, _)| *number).max().ok_or_else(|| fail("the secret is wrong"))?;
    *state.stats.client_secrets_used.entry(number).or_default() += 1;
    Ok(Proven { id: id.clone(), public: false })
}

impl InvalidClient {
    pub(crate) fn answer(&self) -> Response {
        if !self.challenged {
            return answer::oauth_error(
                StatusCode::BAD_REQUEST,
                "invalid_client",
                self.description,
            );
        }
        let status = StatusCode::UNAUTHORIZED;
        let mut answer = answer::oauth_error(status, "invalid_client", self.description);
        let challenge = "Basic realm=\"evergrant-authority\", charset=\"UTF-8\"";
        answer::set(&mut answer, header::WWW_AUTHENTICATE, challenge);
        answer
    }
}

fn offered(headers: &HeaderMap, params: &Params) -> Result<Offered, &'static str> {
    let id = params.value("client_id");
    let secret = params.value("client_secret");
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let Some(authorization) = authorizations.next() else {
        let id = id.ok_or("no client authentication")?.to_owned();
        return Ok(match secret {
            Some(secret) => Offered::Post { id, secret: secret.into() },
            None => Offered::Nothing { id },
        });
    };
    if authorizations.next().is_some() {
        return Err("two Authorization headers");
    }
    if secret.is_some() {
        return Err("two methods of client authentication in one request");
    }
    let (basic_id, secret) = parse_basic(authorization.as_bytes())
        .ok_or("the Authorization header is not Basic with form-encoded id and secret")?;
    if id.is_some_and(|id| id != basic_id) {
        return Err("client_id differs from the one in the Authorization header");
    }
    Ok(Offered::Basic { id: basic_id, secret })
}

/// RFC 6749 §2.3.1: id and secret are form-encoded first, so the first colon is the separator.
fn parse_basic(header: &[u8]) -> Option<(String, String)> {
    let header = std::str::from_utf8(header).ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let pair = STANDARD.decode(encoded.trim()).ok()?;
    let colon = pair.iter().position(|b| *b == b':')?;
    Some((form::decode(&pair[..colon])?, form::decode(&pair[colon + 1..])?))
}

/// Compares hashes, so that not even the length shows in the time it takes.
fn same(known: &str, offered: &str) -> bool {
    Sha256::digest(known).ct_eq(&Sha256::digest(offered)).into()
}
