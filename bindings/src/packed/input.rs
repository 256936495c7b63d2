//! What happened, from bytes.

use super::message::{Malformed, Reader, need, optional_text, text};
use crate::headers;
use evergrant::{
    ApiKey, ApiKeyKind, AuthorizationId, Authorize, Binding, BrowserProof, HttpFault, HttpResponse,
    Input, Op, Revision, Secret, SecretBytes, Stored,
};

pub(super) const AUTHORIZE: u8 = 1;
pub(super) const REDIRECTED: u8 = 2;
pub(super) const TOKEN_WANTED: u8 = 3;
pub(super) const API_ANSWERED: u8 = 4;
pub(super) const KEY_ENTERED: u8 = 5;
pub(super) const REVOKE: u8 = 6;
pub(super) const CANCEL: u8 = 7;
pub(super) const HTTP_DONE: u8 = 8;
pub(super) const HTTP_FAILED: u8 = 9;
pub(super) const SWAPPED: u8 = 10;
pub(super) const SWAP_UNANSWERED: u8 = 11;
pub(super) const PEER_GONE: u8 = 12;
pub(super) const WAKE: u8 = 13;

pub(super) fn read(from: &mut Reader<'_>) -> Result<Input, Malformed> {
    Ok(match from.tag()? {
        AUTHORIZE => {
            let ([binding], [redirect_uri, scopes, extra, return_context, company]) =
                from.fields()?;
            Input::Authorize(Authorize {
                redirect_uri: text(need(redirect_uri)?)?,
                scopes: Reader::list(need(scopes)?)?,
                extra: pairs(Reader::list(need(extra)?)?)?,
                binding: match need(binding)? {
                    0 => Binding::Cookie,
                    1 => Binding::SameProcess,
                    _ => return Err(Malformed),
                },
                return_context: optional_text(return_context)?,
                company: optional_text(company)?,
            })
        }
        REDIRECTED => {
            let ([proof], [url, secret]) = from.fields()?;
            let proof = match (need(proof)?, secret) {
                (0, Some(secret)) => BrowserProof::Binding(peers_text(secret)),
                (1, None) => BrowserProof::SameProcess,
                (2, None) => BrowserProof::Missing,
                _ => return Err(Malformed),
            };
            Input::Redirected { url: peers_text(need(url)?), proof }
        }
        TOKEN_WANTED => {
            let ([min_validity], []) = from.fields()?;
            Input::TokenWanted { min_validity: need(min_validity)? }
        }
        API_ANSWERED => {
            let ([generation, status], [headers]) = from.fields()?;
            Input::ApiAnswered {
                generation: need(generation)?,
                status: small(status)?,
                headers: headers::parse(peers_text(need(headers)?).expose()),
            }
        }
        KEY_ENTERED => {
            let ([kind], [key, company, scopes]) = from.fields()?;
            Input::KeyEntered(ApiKey {
                key: Secret::new(text(need(key)?)?),
                kind: match need(kind)? {
                    0 => ApiKeyKind::Integrated,
                    1 => ApiKeyKind::Standalone,
                    _ => return Err(Malformed),
                },
                company: optional_text(company)?,
                scopes: Reader::list(need(scopes)?)?,
            })
        }
        REVOKE => {
            nothing(from)?;
            Input::Revoke
        }
        CANCEL => {
            let ([], [authorization]) = from.fields()?;
            let authorization = optional_text(authorization)?;
            Input::Cancel { authorization: authorization.map(AuthorizationId::new) }
        }
        HTTP_DONE => {
            let ([op, status], [headers, body]) = from.fields()?;
            let response = HttpResponse {
                status: small(status)?,
                headers: headers::parse(peers_text(need(headers)?).expose()),
                body: SecretBytes::new(need(body)?),
            };
            Input::HttpDone { op: Op(need(op)?), response }
        }
        HTTP_FAILED => {
            let ([op, why], []) = from.fields()?;
            let why = match need(why)? {
                0 => HttpFault::NotSent,
                1 => HttpFault::TooLate,
                2 => HttpFault::Unknown,
                _ => return Err(Malformed),
            };
            Input::HttpFailed { op: Op(need(op)?), why }
        }
        SWAPPED => {
            let ([op, age], [revision, record]) = from.fields()?;
            let current = match (revision, record, age) {
                (Some(revision), Some(record), age) => Some(Stored {
                    revision: Revision::new(text(revision)?),
                    bytes: SecretBytes::new(record),
                    age,
                }),
                (None, None, None) => None,
                _ => return Err(Malformed),
            };
            Input::Swapped { op: Op(need(op)?), current }
        }
        SWAP_UNANSWERED => {
            let ([op], []) = from.fields()?;
            Input::SwapUnanswered { op: Op(need(op)?) }
        }
        PEER_GONE => {
            nothing(from)?;
            Input::PeerGone
        }
        WAKE => {
            nothing(from)?;
            Input::Wake
        }
        _ => return Err(Malformed),
    })
}

fn nothing(from: &mut Reader<'_>) -> Result<(), Malformed> {
    let ([], []) = from.fields()?;
    Ok(())
}

/// What a peer wrote is never the caller's misuse, whatever its bytes.
fn peers_text(bytes: &[u8]) -> Secret {
    Secret::new(String::from_utf8_lossy(bytes))
}

fn small(number: Option<u64>) -> Result<u16, Malformed> {
    u16::try_from(need(number)?).map_err(|_| Malformed)
}

/// Names and values, one after the other.
fn pairs(parts: Vec<String>) -> Result<Vec<(String, String)>, Malformed> {
    let mut parts = parts.into_iter();
    let mut pairs = Vec::new();
    while let Some(name) = parts.next() {
        pairs.push((name, need(parts.next())?));
    }
    Ok(pairs)
}
