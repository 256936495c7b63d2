//! What the host must do: the outputs of a step.

use crate::{
    answer::Deviation,
    failure::{Cause, Failure},
    http::HttpRequest,
    record::{AuthorizationId, Revision, StoreKey, Write},
    secret::Secret,
};
use alloc::{string::String, vec::Vec};

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What the host must do, in this order. Each is said once.
    pub outputs: Vec<Output>,
    /// When the machine wants [`crate::Input::Wake`], UNIX ms; restated by every
    /// step, so that there is one timer and nothing to cancel.
    pub wake_at: Option<u64>,
    /// Where the connection stands.
    pub status: Status,
    /// The generation whose token may be used now, if any. A driver drops a
    /// cached token of any other.
    pub servable: Option<u64>,
}

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is no grant.
    Disconnected,
    /// There is no grant, and a person is in the browser.
    Authorizing,
    /// A code is being exchanged.
    Exchanging,
    /// There is a grant.
    Authorized,
    /// There is a grant, and this machine is refreshing it.
    Refreshing,
    /// The grant is being ended at the server; no token is served.
    Disconnecting,
    /// The grant is over; a person has to authorize again.
    ReauthenticationRequired(Cause),
}

impl Status {
    /// The stable name, the same in every language.
    pub fn code(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Authorizing => "authorizing",
            Self::Exchanging => "exchanging",
            Self::Authorized => "authorized",
            Self::Refreshing => "refreshing",
            Self::Disconnecting => "disconnecting",
            Self::ReauthenticationRequired(_) => "reauthentication_required",
        }
    }
}

/// Names an output that wants an answer. The upper half is random for each life
/// of the machine, so that an answer from before a restart never fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Op(pub u64);

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this request: once, never retried, never cancelled once sent, no
    /// redirect followed. Answer with `HttpDone` or `HttpFailed`.
    SendHttp {
        /// To be given back with the answer.
        op: Op,
        /// The request.
        request: HttpRequest,
        /// Milliseconds from now, on a clock that runs through suspend, within
        /// which the first byte must leave; else `HttpFault::TooLate`.
        send_within: u64,
        /// Milliseconds from the send for which the answer must be listened for.
        listen_for: u64,
        /// The largest body to read, in bytes; a larger one may be cut anywhere
        /// beyond this.
        answer_limit: u32,
    },
    /// If the store's revision of `key` equals `expected`, write; either way
    /// answer with what is there now (`Swapped`), or `SwapUnanswered`.
    Swap {
        /// To be given back with the answer.
        op: Op,
        /// The record's key.
        key: StoreKey,
        /// The revision that must be there; `None`: nothing may be there.
        expected: Option<Revision>,
        /// What to write; `None` is a read.
        write: Option<Write>,
    },
    /// Send the person's browser to this URL.
    OpenUrl {
        /// Names the authorization.
        authorization: AuthorizationId,
        /// The URL; it carries the `state`.
        url: Secret,
        /// For [`crate::Binding::Cookie`]: set this as a `Secure`, `HttpOnly`,
        /// `SameSite=Lax` cookie on the redirect URI's path.
        binding: Option<Secret>,
        /// Until when the authorization can be completed, UNIX ms.
        expires_at: u64,
    },
    /// A token that may be used now.
    TokenReady {
        /// The fence: to be given back with [`crate::Input::ApiAnswered`].
        generation: u64,
        /// The only origin to which the token may be sent.
        origin: String,
        /// The value of the `Authorization` header.
        header: Secret,
        /// When it expires, UNIX ms, if the server said so.
        expires_at: Option<u64>,
    },
    /// An authorization was completed; a `TokenReady` goes with it, unless the token has
    /// come expired.
    Authorized {
        /// Which.
        authorization: AuthorizationId,
        /// The first generation of the new grant.
        generation: u64,
        /// The scopes granted, separated by spaces.
        scope: String,
        /// What [`crate::Authorize`] was given.
        return_context: Option<String>,
    },
    /// A key was found good and is stored; a `TokenReady` goes with it.
    KeyAccepted {
        /// The first generation of the key.
        generation: u64,
        /// Whose it is: to be shown to the person.
        company: String,
        /// The scopes that the API tells of, separated by spaces.
        scope: String,
    },
    /// Something asked for could not be done.
    Failed {
        /// What.
        activity: Activity,
        /// Why, and what to do.
        failure: Failure,
    },
    /// For an audit log; never a secret in it.
    Notice(Notice),
}

/// What a failure speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// An authorization: the person may be brought back to `return_context`.
    Authorization {
        /// Which.
        authorization: AuthorizationId,
        /// What [`crate::Authorize`] was given.
        return_context: Option<String>,
    },
    /// A redirect that could not be tied to an authorization.
    Redirect,
    /// A token that was wanted.
    Token,
    /// A key that was entered.
    Key,
    /// An API call.
    ApiCall,
    /// The end of the grant.
    Revoke,
}

impl Activity {
    /// The stable name, the same in every language.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Authorization { .. } => "authorization",
            Self::Redirect => "redirect",
            Self::Token => "token",
            Self::Key => "key",
            Self::ApiCall => "api_call",
            Self::Revoke => "revoke",
        }
    }
}

/// Something worth a line in an audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A person is being sent to authorize.
    AuthorizationStarted(AuthorizationId),
    /// A pending authorization was given up.
    AuthorizationCancelled(AuthorizationId),
    /// A pending authorization ran out.
    AuthorizationExpired(AuthorizationId),
    /// A redirect was believed and its authorization used up.
    RedirectAccepted(AuthorizationId),
    /// A new grant is stored.
    GrantObtained {
        /// Its first generation.
        generation: u64,
    },
    /// The connection belongs to this company.
    CompanyBound {
        /// Its name.
        company: String,
    },
    /// Fewer scopes were granted than asked for, or a refresh took some away
    /// (RFC 6749 §3.3, §6).
    ScopeNarrowed {
        /// What is missing, separated by spaces.
        missing: String,
    },
    /// A refresh request is being sent.
    RefreshStarted {
        /// The generation that it refreshes.
        generation: u64,
        /// 1, or more after an attempt whose outcome is unknown.
        attempt: u16,
    },
    /// A refresh was stored.
    Refreshed {
        /// The new generation.
        generation: u64,
        /// Whether the server gave a new refresh token.
        rotated: bool,
    },
    /// A refresh came to nothing.
    RefreshFailed {
        /// The generation that it was to refresh.
        generation: u64,
        /// Why.
        failure: Failure,
    },
    /// A token answer strayed from the RFC and was accepted.
    AnswerDeviates(Deviation),
    /// No call goes out with this generation's token any more: what follows is that
    /// the connection is unauthenticated, its tokens are wiped, and the person is
    /// asked, each with a notice of its own, in this order.
    CallsStopped {
        /// The generation.
        generation: u64,
    },
    /// The store says that the grant is over.
    Unauthenticated {
        /// The generation of which it is.
        generation: u64,
    },
    /// No token of it is left in the store or in memory.
    TokensWiped {
        /// The generation of which they were.
        generation: u64,
    },
    /// The grant is over: the person has to authorize again, or enter another key.
    GrantLost(Cause),
    /// A token of an old grant, owed to the server, is owed no longer.
    TokenRevoked {
        /// Whether the server confirmed.
        confirmed: bool,
    },
    /// The store had forgotten a write; it has been made again.
    StoreRepaired {
        /// The generation that was written again.
        generation: u64,
    },
    /// No token is served from here on; the grant is being ended.
    Disconnecting,
    /// The server was told, or has no way to be told; nothing is left here.
    Disconnected {
        /// Whether the server confirmed.
        confirmed: bool,
    },
}

/// A notice as a line of a log: the same few fields for every kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeFields<'a> {
    /// The stable name, the same in every language.
    pub code: &'static str,
    /// The generation that it speaks of.
    pub generation: Option<u64>,
    /// Which attempt at a refresh.
    pub attempt: Option<u16>,
    /// The authorization that it speaks of.
    pub authorization: Option<&'a AuthorizationId>,
    /// A code or a list of scopes that says more.
    pub detail: Option<&'a str>,
}

impl Notice {
    /// The stable name, the same in every language.
    pub fn code(&self) -> &'static str {
        self.fields().code
    }

    /// The fields of a log line.
    pub fn fields(&self) -> NoticeFields<'_> {
        let fields = |code| NoticeFields {
            code,
            generation: None,
            attempt: None,
            authorization: None,
            detail: None,
        };
        let at = |code, generation| NoticeFields { generation: Some(generation), ..fields(code) };
        match self {
            Self::AuthorizationStarted(id) => {
                NoticeFields { authorization: Some(id), ..fields("authorization_started") }
            }
            Self::AuthorizationCancelled(id) => {
                NoticeFields { authorization: Some(id), ..fields("authorization_cancelled") }
            }
            Self::AuthorizationExpired(id) => {
                NoticeFields { authorization: Some(id), ..fields("authorization_expired") }
            }
            Self::RedirectAccepted(id) => {
                NoticeFields { authorization: Some(id), ..fields("redirect_accepted") }
            }
            Self::GrantObtained { generation } => at("grant_obtained", *generation),
            Self::CompanyBound { company } => {
                NoticeFields { detail: Some(company), ..fields("company_bound") }
            }
            Self::ScopeNarrowed { missing } => {
                NoticeFields { detail: Some(missing), ..fields("scope_narrowed") }
            }
            Self::RefreshStarted { generation, attempt } => {
                NoticeFields { attempt: Some(*attempt), ..at("refresh_started", *generation) }
            }
            Self::Refreshed { generation, rotated } => {
                let detail = if *rotated { "rotated" } else { "not_rotated" };
                NoticeFields { detail: Some(detail), ..at("refreshed", *generation) }
            }
            Self::RefreshFailed { generation, failure } => {
                NoticeFields { detail: Some(failure.code()), ..at("refresh_failed", *generation) }
            }
            Self::AnswerDeviates(deviation) => {
                NoticeFields { detail: Some(deviation.code()), ..fields("answer_deviates") }
            }
            Self::CallsStopped { generation } => at("calls_stopped", *generation),
            Self::Unauthenticated { generation } => at("unauthenticated", *generation),
            Self::TokensWiped { generation } => at("tokens_wiped", *generation),
            Self::GrantLost(cause) => {
                NoticeFields { detail: Some(cause.code()), ..fields("grant_lost") }
            }
            Self::TokenRevoked { confirmed } => {
                NoticeFields { detail: Some(confirmation(*confirmed)), ..fields("token_revoked") }
            }
            Self::StoreRepaired { generation } => at("store_repaired", *generation),
            Self::Disconnecting => fields("disconnecting"),
            Self::Disconnected { confirmed } => {
                NoticeFields { detail: Some(confirmation(*confirmed)), ..fields("disconnected") }
            }
        }
    }
}

fn confirmation(confirmed: bool) -> &'static str {
    if confirmed { "confirmed" } else { "unconfirmed" }
}
