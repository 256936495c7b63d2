//! What a function answers: one list of numbers for everything that can go
//! wrong, here and in the core. Numbers are only ever appended.

/// What a function answers, and what a failure is called. The numbers and names
/// are the same in every language; they are only ever appended, so treat an
/// unknown one as a failure of a newer library.
///
/// 1 to 99: a bug of the caller, to be mended by reading code; nothing changed.
/// 101 to 999: what came of something that could not be done; see
/// evg_step_failed_code(). 9001 and up: a bug in the use of this C interface;
/// nothing changed, but for EVG_RESULT_PANIC.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgResult {
    /// Done.
    Ok = 0,
    /// `evg_env` carried entropy of zeros only.
    MisuseEntropyMissing = 1,
    /// Two steps in a row were given the same entropy.
    MisuseEntropyReused = 2,
    /// The `redirect_uri` is not one of the registered ones.
    MisuseRedirectUriNotRegistered = 3,
    /// A redirect URI is relative, has a fragment, or is of a kind that the provider's rules
    /// do not allow: plain `http`, a private-use scheme, the own machine.
    MisuseRedirectUriInvalid = 4,
    /// A scope is not among the client's registered ones.
    MisuseScopeNotRegistered = 5,
    /// A scope is empty or has a character outside RFC 6749 section 3.3.
    MisuseScopeInvalid = 6,
    /// An extra authorize parameter has a name that the protocol uses itself.
    MisuseParameterReserved = 7,
    /// An extra authorize parameter is empty, stands twice or is too long.
    MisuseParameterInvalid = 8,
    /// The return context is longer than 4,096 bytes.
    MisuseReturnContextTooLong = 9,
    // 10 is retired.
    /// An endpoint is not an absolute `https` URL without user info and fragment.
    MisuseEndpointInvalid = 11,
    /// The environment's name is empty, too long or not printable ASCII.
    MisuseEnvironmentInvalid = 12,
    /// The client id is empty or too long.
    MisuseClientIdInvalid = 13,
    /// A client secret is empty.
    MisuseClientSecretMissing = 14,
    /// The client has no redirect URI.
    MisuseRedirectUriMissing = 15,
    /// The tenant's name is empty or longer than 256 bytes.
    MisuseTenantInvalid = 16,
    /// The timing row breaks a rule (T > D and A > max(W + D, W + T + S)), or an
    /// authorization would live for no time at all.
    MisuseTimingInvalid = 17,
    /// `iss` is required but the provider has no issuer to compare it with.
    MisuseIssuerMissing = 18,
    /// A client secret was given to a client that authenticates by `none`.
    MisuseClientSecretUnexpected = 19,
    /// Entropy or boot id of another length; the types of C rule it out.
    MisuseEnvInvalid = 20,
    /// An error name among the quirks is empty, too long or not printable ASCII.
    MisuseQuirkInvalid = 21,
    /// The limit of answers is below 1,024 bytes.
    MisuseAnswerLimitInvalid = 22,
    /// A key was entered, and the provider's data know of none.
    MisuseApiKeysUnsupported = 23,
    /// A company's name is empty, over 256 bytes, or not printable ASCII.
    MisuseCompanyInvalid = 24,
    /// How a company is learnt: not on the API's origin, no JSON pointer, or no prefix.
    MisuseCompanyBindingInvalid = 25,
    /// A pacer's rate or burst is 0, or its burst is above its rate.
    MisusePacingInvalid = 26,
    /// A sealing key's id is not 1 to 64 characters of `A-Z a-z 0-9 . _ -`, or the
    /// key is not 32 bytes or all zeros.
    MisuseSealingKeyInvalid = 27,
    /// Two sealing keys have the same id.
    MisuseSealingKeyDuplicate = 28,
    /// The server refused the grant: revoked, expired there, or replaced.
    ReauthenticateRejected = 101,
    /// An answer was lost on the way, and with it the only copy of the next
    /// refresh token. The person did nothing wrong.
    ReauthenticateLostReply = 102,
    /// The grant ran out: its refresh token's known lifetime is over, or
    /// the access token expired and there never was a refresh token.
    ReauthenticateExpired = 103,
    /// The API refused the API key: another one is needed.
    ReauthenticateKeyRejected = 104,
    /// The request did not leave this machine: DNS, connect, TLS.
    TryLaterNotSent = 201,
    /// The server did not give an answer that counts: 5xx, timeout, reset.
    TryLaterUnavailable = 202,
    /// The server asked for fewer requests (429).
    TryLaterRateLimited = 203,
    /// The store did not answer, or not in time, three times.
    TryLaterStoreSlow = 204,
    /// Another worker is refreshing, or an authorization is being completed.
    TryLaterBusy = 205,
    /// The person, or the server on their behalf, refused the authorization.
    DeniedAccess = 301,
    /// The server wants the person to log in or consent before it goes on.
    DeniedInteractionRequired = 302,
    /// The authorization code was refused; a new authorization is needed.
    DeniedCodeRejected = 303,
    /// The connection was disconnected after this authorization had begun.
    DeniedSuperseded = 304,
    /// The API answered 403: a scope or a permission is missing.
    DeniedForbidden = 305,
    /// There is no grant: nothing was authorized yet, or it was disconnected.
    DeniedNotConnected = 306,
    /// The authorization was not completed in time.
    DeniedAuthorizationExpired = 307,
    /// The API says that the token lacks a scope (RFC 6750 section 3.1).
    DeniedInsufficientScope = 308,
    /// The API does not know the key that was entered, or no longer.
    DeniedKeyInvalid = 309,
    /// What was entered cannot be a key: empty, with spaces or a colon, too long.
    DeniedKeyMalformed = 310,
    /// No query, not a URL, or longer than 16 KiB.
    CallbackUnreadable = 401,
    /// A parameter of the protocol stands twice (RFC 6749 section 3.1).
    CallbackDuplicateParameter = 402,
    /// There is no `state`.
    CallbackStateMissing = 403,
    /// No authorization is pending under this `state`.
    CallbackStateUnknown = 404,
    /// This `state` has been used already.
    CallbackStateUsed = 405,
    /// The authorization was begun too long ago.
    CallbackExpired = 406,
    /// The authorization belongs to another connection.
    CallbackForeignConnection = 407,
    /// The browser is not the one in which the authorization was begun.
    CallbackBindingMismatch = 408,
    /// `iss` names another authorization server (RFC 9207 section 2.4).
    CallbackIssuerMismatch = 409,
    /// `iss` is absent although the provider always sends it.
    CallbackIssuerMissing = 410,
    /// Neither `code` nor `error`, or both.
    CallbackMalformed = 411,
    /// More redirects are being judged than one connection can have.
    CallbackTooMany = 412,
    /// The client id, secret or method is wrong (`invalid_client`).
    MisconfiguredInvalidClient = 501,
    /// The client may not use this grant (`unauthorized_client`).
    MisconfiguredUnauthorizedClient = 502,
    /// A scope is not allowed (`invalid_scope`).
    MisconfiguredInvalidScope = 503,
    /// The server does not understand the request (`invalid_request` and its like).
    MisconfiguredInvalidRequest = 504,
    /// The server does not offer this grant or response type.
    MisconfiguredUnsupported = 505,
    /// The endpoint answered with a redirect, which is never followed.
    MisconfiguredRedirected = 506,
    /// Any other OAuth error; its name stands in `said`.
    MisconfiguredOtherError = 507,
    /// A token answer that is not JSON, or has no access token.
    ServerAnswerUnreadable = 601,
    /// An answer over the limit that was given with the request.
    ServerAnswerTooLarge = 602,
    /// A `token_type` other than `Bearer` (RFC 6749 section 7.1).
    ServerTokenTypeUnknown = 603,
    /// An access token that no HTTP header can carry, or that is expired as it comes.
    ServerTokenUnusable = 604,
    /// The API refused a token that had just been issued (a second 401).
    ServerFreshTokenRefused = 605,
    /// The revocation endpoint refused; the tokens are forgotten all the same.
    ServerRevocationRefused = 606,
    /// A form-encoded token answer, which the provider's quirks do not allow.
    ServerAnswerFormEncoded = 607,
    /// The bytes are not a record, or not of the expected kind.
    HostRecordUnreadable = 701,
    /// The record was written by a newer version; it is left as it is.
    HostRecordNewer = 702,
    /// The record belongs to another environment, client or tenant.
    HostRecordForeign = 703,
    /// The record was sealed, or not sealed, other than this client expects.
    HostRecordSealing = 704,
    /// The store took no write after repeated tries.
    HostStoreUnanswered = 705,
    /// The record's seal is broken: it was changed, or moved here from another
    /// store key, or sealed with another key of the same id.
    HostRecordForged = 706,
    /// The record is sealed with a key that the client does not have, named by
    /// evg_step_failed_sealing_key() or evg_sealing_key_id(). It was not overwritten.
    HostSealingKeyMissing = 707,
    /// The request may have been handled, but nobody can know.
    OutcomeUnknown = 801,
    /// The credential is another company's than the connection's, or than the one chosen.
    CompanyMismatch = 901,
    /// The company is another tenant's already.
    CompanyTaken = 902,
    /// It is an organisation's: one of its companies has to be chosen.
    CompanyChoiceNeeded = 903,
    /// The API did not say whose it is.
    CompanyUnknown = 904,
    /// A pointer that must not be NULL is NULL.
    NullArgument = 9001,
    /// A text is not UTF-8.
    InvalidUtf8 = 9002,
    /// The accessor is for another kind of output than the current one, or there
    /// is no current one: evg_step_next() comes first.
    WrongKind = 9003,
    /// A bug in this library; it was stopped from unwinding into C. The
    /// connection that it happened to answers nothing else from here on: free
    /// it and restore it from the store.
    Panic = 9004,
    /// A number that stands for none of the values of its enum.
    UnknownTag = 9005,
    /// A length is larger than any object can be.
    LengthInvalid = 9006,
    /// An index is not below the count.
    IndexInvalid = 9007,
    /// A setting that has no default was never set.
    SettingMissing = 9008,
    /// This library was built without it: sealing, or a choice of memory.
    NotBuilt = 9009,
    /// It is too late: memory has been handed out. evg_set_memory() comes first.
    InUse = 9010,
}
