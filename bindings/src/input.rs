//! What happened: the inputs of a step.

use crate::{ApiKeyKind, Parameter, Secret, SecretBytes, company, headers};
use std::sync::Arc;

/// What happened, told to `Connection.step`.
///
/// Headers are one text, a line for each, `name: value`, as on the wire.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Input {
    /// The person wants to connect, or has to again.
    Authorize {
        /// Where the browser is to come back: a registered redirect URI.
        redirect_uri: String,
        /// A subset of the registered scopes. Empty: what the last
        /// authorization asked for, or else all registered ones.
        scopes: Vec<String>,
        /// Further parameters of the authorization request, in this order.
        extra: Vec<Parameter>,
        /// How the browser will be recognised when it comes back.
        binding: Binding,
        /// Given back when the authorization ends. At most 4,096 bytes.
        return_context: Option<String>,
        /// The company that the grant must be for, where the provider has companies.
        #[uniffi(default = None)]
        company: Option<String>,
    },
    /// The browser came back.
    Redirected {
        /// The whole URL, or anything that ends in its query.
        url: Arc<Secret>,
        /// What ties the browser to the one in which it was begun.
        proof: BrowserProof,
    },
    /// A token is wanted that is valid for at least so many milliseconds.
    TokenWanted {
        /// Milliseconds from now; 30,000 is a good choice.
        min_validity: u64,
    },
    /// The API answered a request that carried a token of this generation.
    ApiAnswered {
        /// What `TokenReady` said of the token that was used.
        generation: u64,
        /// The status.
        status: u16,
        /// The headers: `Retry-After` and `WWW-Authenticate` are read, others may be left out.
        headers: Arc<Secret>,
    },
    /// A person has entered an API key, the first one or a replacement. Answered by
    /// `KeyAccepted` or a failure of `Activity.Key`.
    KeyEntered {
        /// The key; forget it after this.
        key: Arc<Secret>,
        /// Which kind.
        kind: ApiKeyKind,
        /// The company that it must be of; needed for a key of an organisation.
        company: Option<String>,
        /// The scopes that it must have, where the API tells of them.
        scopes: Vec<String>,
    },
    /// End the grant, here and at the server. Total and idempotent.
    Revoke,
    /// Give pending authorizations up; never a request that has been sent.
    Cancel {
        /// One, wherever it was begun, or all that this machine began.
        authorization: Option<String>,
    },
    /// A request of `SendHttp` was answered.
    HttpDone {
        /// Which.
        op: u64,
        /// The status.
        status: u16,
        /// The headers.
        headers: Arc<Secret>,
        /// The body as it came, decompressed.
        body: Arc<SecretBytes>,
    },
    /// A request of `SendHttp` was not answered.
    HttpFailed {
        /// Which.
        op: u64,
        /// Why.
        why: HttpFault,
    },
    /// The store answered a `Swap`.
    Swapped {
        /// Which.
        op: u64,
        /// What is there now, whether the swap took place or not.
        current: Option<Stored>,
    },
    /// The store did not answer a `Swap`; it may have taken place.
    SwapUnanswered {
        /// Which.
        op: u64,
    },
    /// Whoever wrote the refresh that is under way in the record last read is dead:
    /// its process has ended, and cannot have been this one. Said by a host that is
    /// alone on its store, or that holds what its predecessor held.
    PeerGone,
    /// The time of `Step.wake_at` has come; harmless at any other.
    Wake,
}

impl From<Input> for evergrant::Input {
    fn from(input: Input) -> Self {
        match input {
            Input::Authorize { redirect_uri, scopes, extra, binding, return_context, company } => {
                Self::Authorize(evergrant::Authorize {
                    redirect_uri,
                    scopes,
                    extra: extra.into_iter().map(Into::into).collect(),
                    binding: binding.into(),
                    return_context,
                    company,
                })
            }
            Input::Redirected { url, proof } => {
                Self::Redirected { url: url.inner().clone(), proof: proof.into() }
            }
            Input::TokenWanted { min_validity } => Self::TokenWanted { min_validity },
            Input::ApiAnswered { generation, status, headers } => Self::ApiAnswered {
                generation,
                status,
                headers: headers::parse(headers.inner().expose()),
            },
            Input::KeyEntered { key, kind, company, scopes } => {
                Self::KeyEntered(company::entered(&key, kind, company, scopes))
            }
            Input::Revoke => Self::Revoke,
            Input::Cancel { authorization } => {
                Self::Cancel { authorization: authorization.map(evergrant::AuthorizationId::new) }
            }
            Input::HttpDone { op, status, headers, body } => Self::HttpDone {
                op: evergrant::Op(op),
                response: evergrant::HttpResponse {
                    status,
                    headers: headers::parse(headers.inner().expose()),
                    body: body.inner().clone(),
                },
            },
            Input::HttpFailed { op, why } => {
                Self::HttpFailed { op: evergrant::Op(op), why: why.into() }
            }
            Input::Swapped { op, current } => {
                Self::Swapped { op: evergrant::Op(op), current: current.map(Into::into) }
            }
            Input::SwapUnanswered { op } => Self::SwapUnanswered { op: evergrant::Op(op) },
            Input::PeerGone => Self::PeerGone,
            Input::Wake => Self::Wake,
        }
    }
}

/// How a browser will be recognised when it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Binding {
    /// For web hosts: `OpenUrl` yields a secret to be set as a cookie, which
    /// must come back with the redirect.
    Cookie,
    /// For native apps and command lines: the redirect comes to the app that
    /// began the authorization, on the same device, if in another process.
    SameProcess,
}

impl From<Binding> for evergrant::Binding {
    fn from(binding: Binding) -> Self {
        match binding {
            Binding::Cookie => Self::Cookie,
            Binding::SameProcess => Self::SameProcess,
        }
    }
}

/// What came back with the redirect.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum BrowserProof {
    /// The secret of the cookie.
    Binding {
        /// The cookie's value.
        secret: Arc<Secret>,
    },
    /// The redirect came to the app that began the authorization.
    SameProcess,
    /// The browser sent no cookie.
    Missing,
}

impl From<BrowserProof> for evergrant::BrowserProof {
    fn from(proof: BrowserProof) -> Self {
        match proof {
            BrowserProof::Binding { secret } => Self::Binding(secret.inner().clone()),
            BrowserProof::SameProcess => Self::SameProcess,
            BrowserProof::Missing => Self::Missing,
        }
    }
}

/// Why there is no answer. A client library that cannot tell says `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum HttpFault {
    /// Certainly no byte of the request left: DNS, connect or TLS failed.
    NotSent,
    /// The host saw `send_within` pass before it could send, and did not send.
    TooLate,
    /// Anything else: the server may have handled the request.
    Unknown,
}

impl From<HttpFault> for evergrant::HttpFault {
    fn from(fault: HttpFault) -> Self {
        match fault {
            HttpFault::NotSent => Self::NotSent,
            HttpFault::TooLate => Self::TooLate,
            HttpFault::Unknown => Self::Unknown,
        }
    }
}

/// What a store holds under a key.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Stored {
    /// The store's own version of the record: never used twice for one key.
    pub revision: String,
    /// The record.
    pub record: Arc<SecretBytes>,
    /// How long ago this revision was written, in milliseconds, by the store's own
    /// clock, where it has one that does not jump. It spares a worker that has just
    /// started the wait for a refresh whose owner died long ago.
    #[uniffi(default = None)]
    pub age: Option<u64>,
}

impl From<Stored> for evergrant::Stored {
    fn from(stored: Stored) -> Self {
        Self {
            revision: evergrant::Revision::new(stored.revision),
            bytes: stored.record.inner().clone(),
            age: stored.age,
        }
    }
}
