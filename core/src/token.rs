//! Answers of the token endpoint: the one total table that judges them.

use crate::{
    failure::{ConfigurationFault, Delay, ServerFault},
    http::HttpResponse,
    http_date,
    provider::ProviderConfig,
    said::ServerSaid,
    secret::Secret,
};
use alloc::{format, string::String, vec::Vec};
use core::{fmt, mem};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// What an answer (or its absence) means for the token that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// New tokens: to be stored before anything about them is judged.
    Success(TokenAnswer),
    /// The server says that the grant is over.
    Dead(ServerSaid),
    /// The server has not used the token up, and the operator must act.
    Refused(ConfigurationFault, Option<ServerSaid>),
    /// The server has not used the token up; try again after so many ms.
    Postponed { reason: Delay, after: Option<u64> },
    /// Nobody can know whether the token has been used up.
    Unknown { fault: Option<ServerFault>, after: Option<u64> },
}

/// Tokens as an answer brought them (RFC 6749 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenAnswer {
    /// `Bearer` and the access token: the value of the header.
    pub(crate) header: Secret,
    pub(crate) refresh_token: Option<Secret>,
    /// Milliseconds; absent is not zero.
    pub(crate) expires_in: Option<u64>,
    pub(crate) refresh_expires_in: Option<u64>,
    pub(crate) scope: Option<String>,
    /// Found wanting: stored all the same, since the refresh token may be the
    /// only one there is, but never served.
    pub(crate) flaw: Option<ServerFault>,
    pub(crate) deviations: Vec<Deviation>,
}

/// How an accepted answer strayed from RFC 6749 §5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// `expires_in` is a string, or has a fraction.
    ExpiresInNotInteger,
    /// `expires_in` is there but says nothing; it counts as absent.
    ExpiresInUnreadable,
    /// `expires_in` is zero or negative; the token counts as expired.
    ExpiresInNotPositive,
    /// `expires_in` is beyond ten years and was cut to that.
    ExpiresInHuge,
    /// `token_type` is absent.
    TokenTypeMissing,
    /// `refresh_token` is empty; it counts as absent.
    RefreshTokenEmpty,
    /// `scope` is not a string; it counts as absent.
    ScopeNotText,
}

impl Deviation {
    /// The stable name of this deviation.
    pub fn code(self) -> &'static str {
        match self {
            Self::ExpiresInNotInteger => "expires_in_not_integer",
            Self::ExpiresInUnreadable => "expires_in_unreadable",
            Self::ExpiresInNotPositive => "expires_in_not_positive",
            Self::ExpiresInHuge => "expires_in_huge",
            Self::TokenTypeMissing => "token_type_missing",
            Self::RefreshTokenEmpty => "refresh_token_empty",
            Self::ScopeNotText => "scope_not_text",
        }
    }
}

/// Judges an answer to an exchange or a refresh. `secrets` are what the request
/// carried, to be taken out of the server's own words.
pub(crate) fn judge(
    provider: &ProviderConfig,
    response: &HttpResponse,
    now: u64,
    secrets: &[&Secret],
) -> Outcome {
    let after = retry_after(&response.headers, now);
    let large = response.body.len() > provider.answer_limit as usize;
    let body = if large { None } else { parse(response.body.expose()) };
    let fault = if large { ServerFault::AnswerTooLarge } else { ServerFault::AnswerUnreadable };
    let refused = body.as_ref().and_then(|body| body.refusal(after, secrets));
    match (response.status, refused, body) {
        (200..=299, refused, Some(body)) => match (body.into_answer(provider), refused) {
            (Some(answer), _) => Outcome::Success(answer),
            (None, Some(refused)) => refused,
            (None, None) => Outcome::Unknown { fault: Some(fault), after },
        },
        (200..=299, _, None) => Outcome::Unknown { fault: Some(fault), after },
        (300..=399, _, _) => Outcome::Refused(ConfigurationFault::Redirected, None),
        (429, _, _) => Outcome::Postponed { reason: Delay::RateLimited, after },
        (400..=499, Some(refused), _) => refused,
        // A 4xx without an OAuth body is some middlebox's, and a 5xx may come
        // after the rotation: neither says what became of the token.
        (_, _, _) => Outcome::Unknown { fault: None, after },
    }
}

/// Whether an introspection answer says that the token is live (RFC 7662 §2.2);
/// nothing, if it does not say.
pub(crate) fn is_live(provider: &ProviderConfig, response: &HttpResponse) -> Option<bool> {
    #[derive(Deserialize)]
    struct Introspection {
        active: bool,
    }
    if response.status != 200 || response.body.len() > provider.answer_limit as usize {
        return None;
    }
    let answer: Introspection = serde_json::from_slice(response.body.expose()).ok()?;
    Some(answer.active)
}

/// What an OAuth error name means (RFC 6749 §5.2).
fn refusal(error: &str, why: Option<&str>, after: Option<u64>, secrets: &[&Secret]) -> Outcome {
    let said = ServerSaid::new(error, why, secrets);
    let reason = match error {
        "invalid_grant" | "invalid_token" => return Outcome::Dead(said),
        "temporarily_unavailable" | "server_error" => {
            return Outcome::Postponed { reason: Delay::Unavailable, after };
        }
        "slow_down" => return Outcome::Postponed { reason: Delay::RateLimited, after },
        _ => configuration_fault(error),
    };
    Outcome::Refused(reason, Some(said))
}

/// Which part of the configuration an OAuth error name speaks of.
pub(crate) fn configuration_fault(error: &str) -> ConfigurationFault {
    match error {
        "invalid_client" => ConfigurationFault::InvalidClient,
        "unauthorized_client" => ConfigurationFault::UnauthorizedClient,
        "invalid_scope" => ConfigurationFault::InvalidScope,
        "invalid_request" | "invalid_target" => ConfigurationFault::InvalidRequest,
        "unsupported_grant_type" | "unsupported_response_type" => ConfigurationFault::Unsupported,
        _ => ConfigurationFault::OtherError,
    }
}

/// How long `Retry-After` asks for patience (RFC 9110 §10.2.3), in milliseconds:
/// seconds or a date, at most a day.
pub(crate) fn retry_after(headers: &[(String, String)], now: u64) -> Option<u64> {
    let value = crate::http::header(headers, "retry-after")?;
    let wait = match value.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1_000),
        Err(_) => http_date::parse(value, now)?.saturating_sub(now),
    };
    Some(wait.min(86_400_000))
}

/// Ten years: longer lifetimes say no more than this.
const LONGEST_SECONDS: i64 = 315_360_000;

/// The members of a token answer or an error, whatever their types.
#[derive(Default)]
struct Body {
    access_token: Scalar,
    refresh_token: Scalar,
    token_type: Scalar,
    expires_in: Scalar,
    refresh_token_expires_in: Scalar,
    scope: Scalar,
    error: Scalar,
    error_description: Scalar,
}

/// Reads an answer as mildly as can be done: it may be the only copy of the next
/// refresh token. Whatever is odd about one member loses no other.
fn parse(bytes: &[u8]) -> Option<Body> {
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text)).ok()
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut body = Body::default();
        while let Some(name) = map.next_key::<String>()? {
            let value: &RawValue = map.next_value()?;
            let member = match name.as_str() {
                "access_token" => &mut body.access_token,
                "refresh_token" => &mut body.refresh_token,
                "token_type" => &mut body.token_type,
                "expires_in" => &mut body.expires_in,
                "refresh_token_expires_in" => &mut body.refresh_token_expires_in,
                "scope" => &mut body.scope,
                "error" => &mut body.error,
                "error_description" => &mut body.error_description,
                _ => continue,
            };
            // A number out of every range is still JSON.
            *member = serde_json::from_str(value.get()).unwrap_or(Scalar::Other);
        }
        Ok(body)
    }
}

impl Body {
    fn refusal(&self, after: Option<u64>, secrets: &[&Secret]) -> Option<Outcome> {
        Some(refusal(self.error.text()?, self.error_description.text(), after, secrets))
    }

    fn into_answer(self, provider: &ProviderConfig) -> Option<TokenAnswer> {
        let access = self.access_token.text()?;
        let mut flaw = None;
        let mut deviations = Vec::new();
        match self.token_type {
            Scalar::Text(name) if name.eq_ignore_ascii_case("bearer") => {}
            Scalar::Absent if provider.token_type_optional => {
                deviations.push(Deviation::TokenTypeMissing);
            }
            _ => flaw = Some(ServerFault::TokenTypeUnknown),
        }
        // What no header can carry would be a way to smuggle one in.
        if !access.bytes().all(|b| b.is_ascii_graphic()) {
            flaw = Some(ServerFault::TokenUnusable);
        }
        let expires_in = lifetime(&self.expires_in, &mut deviations);
        // No RFC has this one: what makes no sense says nothing.
        let refresh_expires_in =
            lifetime(&self.refresh_token_expires_in, &mut Vec::new()).filter(|life| *life > 0);
        let refresh_token = match self.refresh_token {
            Scalar::Text(token) if token.is_empty() => {
                deviations.push(Deviation::RefreshTokenEmpty);
                None
            }
            Scalar::Text(mut token) => Some(Secret::new(mem::take(&mut *token))),
            Scalar::Absent | Scalar::Number { .. } | Scalar::Other => None,
        };
        let scope = match self.scope {
            Scalar::Text(mut scope) => Some(mem::take(&mut *scope)),
            Scalar::Absent => None,
            Scalar::Number { .. } | Scalar::Other => {
                deviations.push(Deviation::ScopeNotText);
                None
            }
        };
        Some(TokenAnswer {
            header: Secret::new(format!("Bearer {access}")),
            refresh_token,
            expires_in,
            refresh_expires_in,
            scope,
            flaw,
            deviations,
        })
    }
}

/// A lifetime in milliseconds. Absent and unreadable are `None`: nothing is
/// known, a 401 will tell. Zero and less are `Some(0)`: expired as it comes.
fn lifetime(member: &Scalar, deviations: &mut Vec<Deviation>) -> Option<u64> {
    let (seconds, exact) = match member {
        Scalar::Absent => return None,
        Scalar::Number { value, exact } => (Some(*value), *exact),
        Scalar::Text(text) => (text.trim().parse::<i64>().ok(), false),
        Scalar::Other => (None, false),
    };
    let Some(seconds) = seconds else {
        deviations.push(Deviation::ExpiresInUnreadable);
        return None;
    };
    if !exact {
        deviations.push(Deviation::ExpiresInNotInteger);
    }
    if seconds <= 0 {
        deviations.push(Deviation::ExpiresInNotPositive);
    } else if seconds > LONGEST_SECONDS {
        deviations.push(Deviation::ExpiresInHuge);
    }
    u64::try_from(seconds.clamp(0, LONGEST_SECONDS)).ok()?.checked_mul(1_000)
}

/// A JSON member of any type; what is nested is read past and dropped.
#[derive(Default)]
enum Scalar {
    #[default]
    Absent,
    Text(Zeroizing<String>),
    Number {
        value: i64,
        exact: bool,
    },
    Other,
}

impl Scalar {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Absent | Self::Text(_) | Self::Number { .. } | Self::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(Zeroizing::new(String::from(text))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number { value: i64::try_from(value).unwrap_or(i64::MAX), exact: true })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number { value, exact: true })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        // `as` saturates; the fraction of a second does not matter.
        Ok(Scalar::Number { value: value as i64, exact: false })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        // `null` is how some servers write "absent".
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}
