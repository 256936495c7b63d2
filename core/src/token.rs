//! Answers of the token endpoint: the one total table that judges them.

use crate::{
    answer::{self, Deviation, TokenAnswer},
    failure::{ConfigurationFault, Delay, ServerFault},
    http::{HttpFault, HttpResponse, retry_after},
    json::{Object, boolean},
    provider::{ProviderConfig, Quirks},
    said::ServerSaid,
    secret::Secret,
};
use alloc::{string::String, vec::Vec};
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
    Postponed { reason: Delay, after: Option<u64>, said: Option<ServerSaid> },
    /// Nobody can know whether the token has been used up.
    Unknown { fault: Option<ServerFault>, after: Option<u64> },
}

impl Outcome {
    /// No answer has come, for this reason.
    pub(crate) fn unanswered(why: HttpFault) -> Self {
        match why {
            HttpFault::NotSent | HttpFault::TooLate => {
                Self::Postponed { reason: Delay::NotSent, after: None, said: None }
            }
            HttpFault::Unknown => Self::Unknown { fault: None, after: None },
        }
    }
}

/// Judges an answer to an exchange or a refresh. `secrets` are what the request
/// carried, to be taken out of the server's own words; how a believed answer strayed
/// from the RFC goes to `deviations`.
pub(crate) fn judge(
    provider: &ProviderConfig,
    response: &HttpResponse,
    now: u64,
    secrets: &[&Secret],
    deviations: &mut Vec<Deviation>,
) -> Outcome {
    let quirks = &provider.quirks;
    let after = retry_after(&response.headers, now);
    let large = response.body.len() > provider.answer_limit as usize;
    let mut replaced = Zeroizing::default();
    let body = if large { None } else { answer::read(response, &mut replaced, deviations) };
    let fault = if large { ServerFault::AnswerTooLarge } else { ServerFault::AnswerUnreadable };
    let error = body.as_ref().and_then(|body| body.error(quirks));
    let refused = error.map(|(error, why)| refusal(quirks, error, why, after, secrets));
    match (response.status, refused, body) {
        (200..=299, refused, Some(body)) => {
            if refused.is_some() {
                deviations.push(Deviation::ErrorWithSuccess);
            }
            match (body.into_tokens(quirks, deviations), refused) {
                (Some(answer), _) => Outcome::Success(answer),
                (None, Some(refused)) => refused,
                (None, None) => Outcome::Unknown { fault: Some(fault), after },
            }
        }
        (200..=299, _, None) => Outcome::Unknown { fault: Some(fault), after },
        (300..=399, _, _) => Outcome::Refused(ConfigurationFault::Redirected, None),
        (429, _, _) => Outcome::Postponed { reason: Delay::RateLimited, after, said: None },
        (400..=499, Some(refused), _) => refused,
        // A 4xx without an OAuth body is some middlebox's, and a 5xx may come
        // after the rotation: neither says what became of the token.
        (_, _, _) => Outcome::Unknown { fault: None, after },
    }
}

/// Whether an introspection answer says that the token is live (RFC 7662 §2.2);
/// nothing, if it does not say.
pub(crate) fn is_live(provider: &ProviderConfig, response: &HttpResponse) -> Option<bool> {
    if response.status != 200 || response.body.len() > provider.answer_limit as usize {
        return None;
    }
    let answer = String::from_utf8_lossy(response.body.expose());
    Object::read(&answer)?.required("active", boolean)
}

/// What an OAuth error name means (RFC 6749 §5.2).
fn refusal(
    quirks: &Quirks,
    error: &str,
    why: Option<&str>,
    after: Option<u64>,
    secrets: &[&Secret],
) -> Outcome {
    let said = ServerSaid::new(error, why, secrets);
    let postponed = |reason, said| Outcome::Postponed { reason, after, said: Some(said) };
    match error {
        "invalid_grant" | "invalid_token" => Outcome::Dead(said),
        other if quirks.invalid_grant_errors.iter().any(|name| name == other) => {
            Outcome::Dead(said)
        }
        "temporarily_unavailable" | "server_error" => postponed(Delay::Unavailable, said),
        "slow_down" => postponed(Delay::RateLimited, said),
        _ => Outcome::Refused(configuration_fault(error), Some(said)),
    }
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
