//! What the host must do: the outputs of a step.

use crate::{Failure, Secret, SecretBytes, headers};
use std::sync::Arc;

/// What a step came to.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Step {
    /// What the host must do, in this order. Each is said once.
    pub outputs: Vec<Output>,
    /// When the machine wants `Wake`, UNIX ms; restated by every step.
    pub wake_at: Option<u64>,
    /// Where the connection stands.
    pub status: Status,
    /// The generation whose token may be used now, if any. A driver drops a
    /// cached token of any other.
    pub servable: Option<u64>,
}

impl From<evergrant::Step> for Step {
    fn from(step: evergrant::Step) -> Self {
        let evergrant::Step { outputs, wake_at, status, servable } = step;
        let outputs = outputs.into_iter().map(Into::into).collect();
        Self { outputs, wake_at, status: status.into(), servable }
    }
}

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Status {
    /// There is no grant.
    Disconnected,
    /// There is no grant, and a person is in the browser.
    Authorizing,
    /// A code is being exchanged.
    Exchanging,
    /// There is a grant.
    Authorized,
    /// There is a grant, and it is being refreshed.
    Refreshing,
    /// The grant is being ended at the server; no token is served.
    Disconnecting,
    /// The grant is over; a person has to authorize again.
    ReauthenticationRequired {
        /// Why.
        cause: Cause,
    },
}

#[uniffi::export]
impl Status {
    /// The stable name, the same in every language.
    pub fn code(&self) -> String {
        evergrant::Status::from(*self).code().to_owned()
    }
}

impl From<evergrant::Status> for Status {
    fn from(status: evergrant::Status) -> Self {
        use evergrant::Status as From;
        match status {
            From::Disconnected => Self::Disconnected,
            From::Authorizing => Self::Authorizing,
            From::Exchanging => Self::Exchanging,
            From::Authorized => Self::Authorized,
            From::Refreshing => Self::Refreshing,
            From::Disconnecting => Self::Disconnecting,
            From::ReauthenticationRequired(cause) => {
                Self::ReauthenticationRequired { cause: cause.into() }
            }
        }
    }
}

impl From<Status> for evergrant::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Disconnected => Self::Disconnected,
            Status::Authorizing => Self::Authorizing,
            Status::Exchanging => Self::Exchanging,
            Status::Authorized => Self::Authorized,
            Status::Refreshing => Self::Refreshing,
            Status::Disconnecting => Self::Disconnecting,
            Status::ReauthenticationRequired { cause } => {
                Self::ReauthenticationRequired(cause.into())
            }
        }
    }
}

/// Why the person has to authorize again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Cause {
    /// The server refused the grant: revoked, expired there, or replaced.
    Rejected,
    /// An answer was lost on the way, and with it the only copy of the next
    /// refresh token. The person did nothing wrong.
    LostReply,
    /// The grant ran out.
    Expired,
    /// The API refused the API key: another one is needed.
    KeyRejected,
}

impl From<evergrant::Cause> for Cause {
    fn from(cause: evergrant::Cause) -> Self {
        match cause {
            evergrant::Cause::Rejected => Self::Rejected,
            evergrant::Cause::LostReply => Self::LostReply,
            evergrant::Cause::Expired => Self::Expired,
            evergrant::Cause::KeyRejected => Self::KeyRejected,
        }
    }
}

impl From<Cause> for evergrant::Cause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Rejected => Self::Rejected,
            Cause::LostReply => Self::LostReply,
            Cause::Expired => Self::Expired,
            Cause::KeyRejected => Self::KeyRejected,
        }
    }
}

/// What the host must do.
///
/// Headers are one text, a line for each, `name: value`, as on the wire.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Output {
    /// Send this request: once, never retried, never cancelled once sent, no
    /// redirect followed. Answer with `HttpDone` or `HttpFailed`.
    SendHttp {
        /// To be given back with the answer.
        op: u64,
        /// `GET`, `POST` or `DELETE`.
        method: String,
        /// The absolute URL; no credential is ever in it.
        url: String,
        /// Names (lower case) and values.
        headers: Arc<Secret>,
        /// The body; empty for `GET` and `DELETE`.
        body: Arc<SecretBytes>,
        /// Milliseconds from now, on a clock that runs through suspend, within
        /// which the first byte must leave; else `HttpFault.TooLate`.
        send_within: u64,
        /// Milliseconds from the send for which to listen for the answer.
        listen_for: u64,
        /// The largest body to read, in bytes.
        answer_limit: u32,
    },
    /// If the store's revision of `key` equals `expected`, write; either way
    /// answer with what is there now (`Swapped`), or `SwapUnanswered`.
    Swap {
        /// To be given back with the answer.
        op: u64,
        /// The record's key.
        key: String,
        /// The revision that must be there; none: nothing may be there.
        expected: Option<String>,
        /// What to write; none is a read.
        write: Option<Write>,
    },
    /// Send the person's browser to this URL.
    OpenUrl {
        /// Names the authorization.
        authorization: String,
        /// The URL; it carries the `state`.
        url: Arc<Secret>,
        /// For `Binding.Cookie`: set this as a `Secure`, `HttpOnly`,
        /// `SameSite=Lax` cookie on the redirect URI's path.
        binding: Option<Arc<Secret>>,
        /// Until when the authorization can be completed, UNIX ms.
        expires_at: u64,
    },
    /// A token that may be used now.
    TokenReady {
        /// The fence: to be given back with `ApiAnswered`.
        generation: u64,
        /// The only origin to which the token may be sent.
        origin: String,
        /// The value of the `Authorization` header.
        header: Arc<Secret>,
        /// When it expires, UNIX ms, if the server said so.
        expires_at: Option<u64>,
    },
    /// An authorization was completed; a `TokenReady` goes with it, unless the token has
    /// come expired.
    Authorized {
        /// Which.
        authorization: String,
        /// The first generation of the new grant.
        generation: u64,
        /// The scopes granted, separated by spaces.
        scope: String,
        /// What `Authorize` was given.
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
        /// The authorization, if it speaks of one.
        authorization: Option<String>,
        /// What `Authorize` was given, if it speaks of an authorization.
        return_context: Option<String>,
        /// Why, and what to do.
        failure: Failure,
    },
    /// Something worth a line in an audit log; never a secret in it.
    Notice {
        /// The stable name, the same in every language.
        code: String,
        /// The generation that it speaks of.
        generation: Option<u64>,
        /// Which attempt at a refresh.
        attempt: Option<u16>,
        /// The authorization that it speaks of.
        authorization: Option<String>,
        /// A code or a list of scopes that says more.
        detail: Option<String>,
    },
}

impl From<evergrant::Output> for Output {
    fn from(output: evergrant::Output) -> Self {
        use evergrant::Output as From;
        match output {
            From::SendHttp { op, request, send_within, listen_for, answer_limit } => {
                let evergrant::HttpRequest { method, url, headers, body } = request;
                Self::SendHttp {
                    op: op.0,
                    method: method.as_str().to_owned(),
                    url,
                    headers: Secret::shared(headers::write(&headers)),
                    body: SecretBytes::shared(body),
                    send_within,
                    listen_for,
                    answer_limit,
                }
            }
            From::Swap { op, key, expected, write } => Self::Swap {
                op: op.0,
                key: key.as_str().to_owned(),
                expected: expected.map(|revision| revision.as_str().to_owned()),
                write: write.map(Into::into),
            },
            From::OpenUrl { authorization, url, binding, expires_at } => Self::OpenUrl {
                authorization: authorization.as_str().to_owned(),
                url: Secret::shared(url),
                binding: binding.map(Secret::shared),
                expires_at,
            },
            From::TokenReady { generation, origin, header, expires_at } => {
                Self::TokenReady { generation, origin, header: Secret::shared(header), expires_at }
            }
            From::Authorized { authorization, generation, scope, return_context } => {
                let authorization = authorization.as_str().to_owned();
                Self::Authorized { authorization, generation, scope, return_context }
            }
            From::KeyAccepted { generation, company, scope } => {
                Self::KeyAccepted { generation, company, scope }
            }
            From::Failed { activity, failure } => failed(activity, &failure),
            From::Notice(notice) => {
                let evergrant::NoticeFields { code, generation, attempt, authorization, detail } =
                    notice.fields();
                Self::Notice {
                    code: code.to_owned(),
                    generation,
                    attempt,
                    authorization: authorization.map(|id| id.as_str().to_owned()),
                    detail: detail.map(ToOwned::to_owned),
                }
            }
        }
    }
}

fn failed(activity: evergrant::Activity, failure: &evergrant::Failure) -> Output {
    use evergrant::Activity as From;
    let (activity, of) = match activity {
        From::Authorization { authorization, return_context } => {
            (Activity::Authorization, Some((authorization, return_context)))
        }
        From::Redirect => (Activity::Redirect, None),
        From::Token => (Activity::Token, None),
        From::Key => (Activity::Key, None),
        From::ApiCall => (Activity::ApiCall, None),
        From::Revoke => (Activity::Revoke, None),
    };
    let (authorization, return_context) = of.unzip();
    Output::Failed {
        activity,
        authorization: authorization.map(|id| id.as_str().to_owned()),
        return_context: return_context.flatten(),
        failure: failure.into(),
    }
}

/// What a store is to hold under a key.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Write {
    /// The record.
    pub record: Arc<SecretBytes>,
    /// When the connection wants a step of `Wake`, UNIX ms: for an index of
    /// what is due. It carries no safety.
    pub due_at: Option<u64>,
    /// From when the store may delete the record, UNIX ms.
    pub purge_at: Option<u64>,
}

impl From<evergrant::Write> for Write {
    fn from(write: evergrant::Write) -> Self {
        let evergrant::Write { bytes, due_at, purge_at } = write;
        Self { record: SecretBytes::shared(bytes), due_at, purge_at }
    }
}

/// What a failure speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Activity {
    /// An authorization: the person may be brought back to `return_context`.
    Authorization,
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
