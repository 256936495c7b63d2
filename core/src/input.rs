//! What happened: the inputs of a step.

use crate::{
    http::{HttpFault, HttpResponse},
    output::Op,
    record::{AuthorizationId, Binding, BrowserProof, Stored},
    secret::Secret,
};
use alloc::{string::String, vec::Vec};
use core::fmt;

/// What happened, told to [`crate::Connection::step`].
#[derive(Clone, PartialEq, Eq)]
pub enum Input {
    /// The person wants to connect, or has to again.
    Authorize(Authorize),
    /// The browser came back.
    Redirected {
        /// The whole URL, or anything that ends in its query.
        url: Secret,
        /// What ties the browser to the one in which the authorization was begun.
        proof: BrowserProof,
    },
    /// A token is wanted that is valid for at least so many milliseconds.
    TokenWanted {
        /// Milliseconds from now; 30,000 is a good choice.
        min_validity: u64,
    },
    /// The API answered a request that carried a token of this generation.
    ApiAnswered {
        /// What [`crate::Output::TokenReady`] said of the token that was used.
        generation: u64,
        /// The status.
        status: u16,
        /// The headers: `Retry-After` and `WWW-Authenticate` are read, others may be left out.
        headers: Vec<(String, String)>,
    },
    /// A person has entered an API key, the first one or a replacement. It is used
    /// once the API has said that it is good and whose it is; until then what was
    /// there goes on serving. Answered by [`crate::Output::KeyAccepted`] or a failure
    /// of [`crate::Activity::Key`].
    KeyEntered(ApiKey),
    /// End the grant, here and at the server. Total and idempotent.
    Revoke,
    /// Give pending authorizations up; never a request that has been sent.
    Cancel {
        /// One, wherever it was begun, or all that this machine began.
        authorization: Option<AuthorizationId>,
    },
    /// A request of [`crate::Output::SendHttp`] was answered.
    HttpDone {
        /// Which.
        op: Op,
        /// The whole answer.
        response: HttpResponse,
    },
    /// A request of [`crate::Output::SendHttp`] was not answered.
    HttpFailed {
        /// Which.
        op: Op,
        /// Why.
        why: HttpFault,
    },
    /// The store answered an [`crate::Output::Swap`].
    Swapped {
        /// Which.
        op: Op,
        /// What is there now, whether the swap took place or not.
        current: Option<Stored>,
    },
    /// The store did not answer an [`crate::Output::Swap`]; it may have taken place.
    SwapUnanswered {
        /// Which.
        op: Op,
    },
    /// Whoever wrote the refresh that is under way in the record last read is dead:
    /// its process has ended, and cannot have been this one. Said by a host that is
    /// alone on its store, or that holds what its predecessor held. The refresh is
    /// then taken over once its request must have been dealt with, not later.
    PeerGone,
    /// The time of [`crate::Step::wake_at`] has come; harmless at any other.
    Wake,
}

/// Of headers only how many there are: cookies are among them.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorize(asked) => f.debug_tuple("Authorize").field(asked).finish(),
            Self::Redirected { url, proof } => {
                f.debug_struct("Redirected").field("url", url).field("proof", proof).finish()
            }
            Self::TokenWanted { min_validity } => {
                f.debug_struct("TokenWanted").field("min_validity", min_validity).finish()
            }
            Self::ApiAnswered { generation, status, headers } => f
                .debug_struct("ApiAnswered")
                .field("generation", generation)
                .field("status", status)
                .field("headers", &headers.len())
                .finish(),
            Self::KeyEntered(key) => f.debug_tuple("KeyEntered").field(key).finish(),
            Self::Revoke => f.write_str("Revoke"),
            Self::Cancel { authorization } => {
                f.debug_struct("Cancel").field("authorization", authorization).finish()
            }
            Self::HttpDone { op, response } => {
                f.debug_struct("HttpDone").field("op", op).field("response", response).finish()
            }
            Self::HttpFailed { op, why } => {
                f.debug_struct("HttpFailed").field("op", op).field("why", why).finish()
            }
            Self::Swapped { op, current } => {
                f.debug_struct("Swapped").field("op", op).field("current", current).finish()
            }
            Self::SwapUnanswered { op } => {
                f.debug_struct("SwapUnanswered").field("op", op).finish()
            }
            Self::PeerGone => f.write_str("PeerGone"),
            Self::Wake => f.write_str("Wake"),
        }
    }
}

/// An API key as it was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key; spaces around it are taken off. Forget it after this.
    pub key: Secret,
    /// Which kind.
    pub kind: ApiKeyKind,
    /// The company that it must be of; needed for a key of an organisation.
    pub company: Option<String>,
    /// The scopes that it must have, where the API tells of them.
    pub scopes: Vec<String>,
}

/// The kinds of API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyKind {
    /// Made by the provider when an integration is installed.
    Integrated,
    /// Made by a person, for one's own tools.
    Standalone,
}

/// What to ask the person for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorize {
    /// Where the browser is to come back: a registered redirect URI.
    pub redirect_uri: String,
    /// A subset of the registered scopes. Empty: what the last authorization
    /// asked for, or else all registered ones.
    pub scopes: Vec<String>,
    /// Further parameters of the authorization request, sent in this order.
    pub extra: Vec<(String, String)>,
    /// How the browser will be recognised when it comes back.
    pub binding: Binding,
    /// Given back when the authorization ends; it is kept in the record, never
    /// in the URL. At most 4,096 bytes.
    pub return_context: Option<String>,
    /// The company that the grant must be for, where the provider has companies;
    /// needed where a person authorizes for an organisation.
    pub company: Option<String>,
}
