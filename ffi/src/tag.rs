//! Choices as C makes and sees them. Coming in they are taken as `uint32_t`
//! and checked; a number that stands for nothing is refused.

use crate::result::EvgResult;
use evergrant::{Activity, ApiKeyKind, HttpFault, IssPolicy, Method, Output, Pleo, Status};

/// Declares an enum of numbers that are only ever appended, and its reading.
macro_rules! incoming {
    ($($name:ident { $($variant:ident)* })*) => { $(
        impl TryFrom<u32> for $name {
            type Error = EvgResult;

            fn try_from(tag: u32) -> Result<Self, EvgResult> {
                $(if tag == Self::$variant as u32 { return Ok(Self::$variant); })*
                Err(EvgResult::UnknownTag)
            }
        }
    )* };
}
pub(crate) use incoming;

incoming! {
    EvgPleo { Staging Production }
    EvgIss { IfPresent Required Ignored }
    EvgAuthMethod { ClientSecretBasic ClientSecretPost None }
    EvgRotation { Strict SingleUse SameSuccessor Siblings NewestWins None }
    EvgSealing { Plain }
    EvgRedirectRules { NativeApps NativeAppsOrLocalhost Https HttpsOrOwnMachine }
    EvgBinding { Cookie SameProcess }
    EvgProof { Binding SameProcess Missing }
    EvgHttpFault { NotSent TooLate Unknown }
    EvgMethod { Get Post Delete }
    EvgApiKeyKind { Integrated Standalone }
}

/// Which of Pleo's environments.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgPleo {
    /// `auth.staging.pleo.io` and `external.staging.pleo.io`
    Staging = 1,
    /// `auth.pleo.io` and `external.pleo.io`
    Production = 2,
}

impl From<EvgPleo> for Pleo {
    fn from(pleo: EvgPleo) -> Self {
        match pleo {
            EvgPleo::Staging => Self::Staging,
            EvgPleo::Production => Self::Production,
        }
    }
}

/// The kinds of API key.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgApiKeyKind {
    /// Made by the provider when an integration is installed.
    Integrated = 1,
    /// Made by a person, for one's own tools.
    Standalone = 2,
}

impl From<EvgApiKeyKind> for ApiKeyKind {
    fn from(kind: EvgApiKeyKind) -> Self {
        match kind {
            EvgApiKeyKind::Integrated => Self::Integrated,
            EvgApiKeyKind::Standalone => Self::Standalone,
        }
    }
}

/// What the `iss` parameter of a redirect must do (RFC 9207).
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgIss {
    /// If it is there, it must equal the issuer: where that is not known, a redirect
    /// that names one is refused.
    IfPresent = 1,
    /// It must be there and equal the issuer.
    Required = 2,
    /// It is not looked at.
    Ignored = 3,
}

impl From<EvgIss> for IssPolicy {
    fn from(iss: EvgIss) -> Self {
        match iss {
            EvgIss::IfPresent => Self::IfPresent,
            EvgIss::Required => Self::Required,
            EvgIss::Ignored => Self::Ignored,
        }
    }
}

/// Which redirect URIs a server registers, and how it compares them.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgRedirectRules {
    /// `https`, a literal loopback address whose port is free, and private-use
    /// schemes (RFC 8252 section 7).
    NativeApps = 1,
    /// The same, and `http://localhost` with its port, as registered.
    NativeAppsOrLocalhost = 2,
    /// `https` to another machine and nothing else, byte for byte.
    Https = 3,
    /// `https`, or `http` to the developer's own machine; byte for byte, ports too.
    HttpsOrOwnMachine = 4,
}

impl From<EvgRedirectRules> for evergrant::RedirectRules {
    fn from(rules: EvgRedirectRules) -> Self {
        match rules {
            EvgRedirectRules::NativeApps => Self::NativeApps,
            EvgRedirectRules::NativeAppsOrLocalhost => Self::NativeAppsOrLocalhost,
            EvgRedirectRules::Https => Self::Https,
            EvgRedirectRules::HttpsOrOwnMachine => Self::HttpsOrOwnMachine,
        }
    }
}

/// What becomes of a refresh token that was used (RFC 9700 section 4.14.2).
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgRotation {
    /// Good once; a replay revokes the whole grant.
    Strict = 1,
    /// Good once; a replay is refused and harms nothing else.
    SingleUse = 2,
    /// For a while a replay brings the same successor again.
    SameSuccessor = 3,
    /// For a while a replay brings another successor; all of them are good.
    Siblings = 4,
    /// A replay brings another successor, and the one before is dead.
    NewestWins = 5,
    /// It stays as it is.
    None = 6,
}

impl From<EvgRotation> for evergrant::Rotation {
    fn from(rotation: EvgRotation) -> Self {
        match rotation {
            EvgRotation::Strict => Self::Strict,
            EvgRotation::SingleUse => Self::SingleUse,
            EvgRotation::SameSuccessor => Self::SameSuccessor,
            EvgRotation::Siblings => Self::Siblings,
            EvgRotation::NewestWins => Self::NewestWins,
            EvgRotation::None => Self::None,
        }
    }
}

/// How a client proves itself at the token endpoint (RFC 7591 section 2).
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgAuthMethod {
    /// HTTP Basic with form-encoded id and secret (RFC 6749 section 2.3.1).
    ClientSecretBasic = 1,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost = 2,
    /// A public client: `client_id` in the body, no secret.
    None = 3,
}

impl From<EvgAuthMethod> for evergrant::TokenEndpointAuthMethod {
    fn from(method: EvgAuthMethod) -> Self {
        match method {
            EvgAuthMethod::ClientSecretBasic => Self::ClientSecretBasic,
            EvgAuthMethod::ClientSecretPost => Self::ClientSecretPost,
            EvgAuthMethod::None => Self::None,
        }
    }
}

/// How records are protected in the store.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgSealing {
    /// In clear: tokens can be read by whoever reads the store. To be chosen
    /// only where the store itself is encrypted and guarded. For records that are
    /// sealed, evg_client_config_set_sealing_key() is called instead.
    Plain = 1,
}

impl From<EvgSealing> for evergrant::Sealing {
    fn from(sealing: EvgSealing) -> Self {
        match sealing {
            EvgSealing::Plain => Self::Plain,
        }
    }
}

/// How the browser will be recognised when it comes back.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgBinding {
    /// For web hosts: evg_step_open_url_binding() yields a secret to be set as a
    /// cookie, which must come back with the redirect.
    Cookie = 1,
    /// For native apps and command lines: the redirect comes to the app that
    /// began the authorization, on the same device, if in another process.
    SameProcess = 2,
}

impl From<EvgBinding> for evergrant::Binding {
    fn from(binding: EvgBinding) -> Self {
        match binding {
            EvgBinding::Cookie => Self::Cookie,
            EvgBinding::SameProcess => Self::SameProcess,
        }
    }
}

/// What came back with the redirect.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgProof {
    /// The secret of the cookie.
    Binding = 1,
    /// The redirect came to the app that began the authorization.
    SameProcess = 2,
    /// The browser sent no cookie.
    Missing = 3,
}

/// Why an HTTP request has no answer.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgHttpFault {
    /// Certainly no byte of the request left: DNS, connect or TLS failed.
    NotSent = 1,
    /// `send_within` passed before the host could send, and it did not send.
    TooLate = 2,
    /// Anything else, and whenever the HTTP client cannot tell.
    Unknown = 3,
}

impl From<EvgHttpFault> for HttpFault {
    fn from(fault: EvgHttpFault) -> Self {
        match fault {
            EvgHttpFault::NotSent => Self::NotSent,
            EvgHttpFault::TooLate => Self::TooLate,
            EvgHttpFault::Unknown => Self::Unknown,
        }
    }
}

/// A request's method; evg_method_name() has its name in HTTP.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgMethod {
    /// `GET`
    Get = 1,
    /// `POST`
    Post = 2,
    /// `DELETE`
    Delete = 3,
}

impl From<Method> for EvgMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::Get,
            Method::Post => Self::Post,
            Method::Delete => Self::Delete,
        }
    }
}

impl From<EvgMethod> for Method {
    fn from(method: EvgMethod) -> Self {
        match method {
            EvgMethod::Get => Self::Get,
            EvgMethod::Post => Self::Post,
            EvgMethod::Delete => Self::Delete,
        }
    }
}

/// What the current output of a step is. Ignore kinds that you do not know.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgOutput {
    /// There is no current output: before the first, or after the last.
    None = 0,
    /// Send an HTTP request: the evg_step_http_ functions.
    SendHttp = 1,
    /// Swap a record in the store: the evg_step_swap_ functions.
    Swap = 2,
    /// Send the browser to a URL: the evg_step_open_url_ functions.
    OpenUrl = 3,
    /// A token may be used: the evg_step_token_ functions.
    TokenReady = 4,
    /// An authorization was completed: the evg_step_authorized_ functions.
    Authorized = 5,
    /// Something could not be done: the evg_step_failed_ functions.
    Failed = 6,
    /// A line for an audit log: the evg_step_notice_ functions.
    Notice = 7,
    /// A key was found good and is stored: the evg_step_key_ functions.
    KeyAccepted = 8,
}

impl From<Option<&Output>> for EvgOutput {
    fn from(output: Option<&Output>) -> Self {
        match output {
            None => Self::None,
            Some(Output::SendHttp { .. }) => Self::SendHttp,
            Some(Output::Swap { .. }) => Self::Swap,
            Some(Output::OpenUrl { .. }) => Self::OpenUrl,
            Some(Output::TokenReady { .. }) => Self::TokenReady,
            Some(Output::Authorized { .. }) => Self::Authorized,
            Some(Output::KeyAccepted { .. }) => Self::KeyAccepted,
            Some(Output::Failed { .. }) => Self::Failed,
            Some(Output::Notice(_)) => Self::Notice,
        }
    }
}

/// Where a connection stands; evg_status_name() has the name.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgStatus {
    /// There is no grant.
    Disconnected = 1,
    /// There is no grant, and a person is in the browser.
    Authorizing = 2,
    /// A code is being exchanged.
    Exchanging = 3,
    /// There is a grant.
    Authorized = 4,
    /// There is a grant, and it is being refreshed.
    Refreshing = 5,
    /// The grant is being ended at the server; no token is served.
    Disconnecting = 6,
    /// The grant is over; a person has to authorize again.
    ReauthenticationRequired = 7,
}

impl From<Status> for EvgStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Disconnected => Self::Disconnected,
            Status::Authorizing => Self::Authorizing,
            Status::Exchanging => Self::Exchanging,
            Status::Authorized => Self::Authorized,
            Status::Refreshing => Self::Refreshing,
            Status::Disconnecting => Self::Disconnecting,
            Status::ReauthenticationRequired(_) => Self::ReauthenticationRequired,
        }
    }
}

/// What a failure speaks of; evg_activity_name() has the name.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgActivity {
    /// An authorization: evg_step_authorization_id() tells which.
    Authorization = 1,
    /// A redirect that could not be tied to an authorization.
    Redirect = 2,
    /// A token that was wanted.
    Token = 3,
    /// An API call.
    ApiCall = 4,
    /// The end of the grant.
    Revoke = 5,
    /// A key that was entered.
    Key = 6,
}

impl From<&Activity> for EvgActivity {
    fn from(activity: &Activity) -> Self {
        match activity {
            Activity::Authorization { .. } => Self::Authorization,
            Activity::Redirect => Self::Redirect,
            Activity::Token => Self::Token,
            Activity::Key => Self::Key,
            Activity::ApiCall => Self::ApiCall,
            Activity::Revoke => Self::Revoke,
        }
    }
}
