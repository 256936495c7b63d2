//! Every reason, each with a stable code and number, the same in every language;
//! numbers are only ever appended.

use core::fmt;

/// Declares an enum of reasons, each with its number and its code.
macro_rules! reasons {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal $code:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every reason, in the order of the declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name of this reason, the same in every language.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The stable number of this reason, for C.
            pub fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }
        }
    };
}

reasons! {
    /// A bug of the caller, to be mended by reading code; never caused by what
    /// a peer sent. The connection is left as it was.
    Misuse {
        /// [`crate::Env`] carried entropy of zeros only.
        EntropyMissing = 1 "misuse_entropy_missing",
        /// Two steps in a row were given the same entropy.
        EntropyReused = 2 "misuse_entropy_reused",
        /// The `redirect_uri` is not one of the registered ones.
        RedirectUriNotRegistered = 3 "misuse_redirect_uri_not_registered",
        /// A redirect URI is relative, has a fragment, or is of a kind that the provider's rules
        /// do not allow: plain `http`, a private-use scheme, the own machine.
        RedirectUriInvalid = 4 "misuse_redirect_uri_invalid",
        /// A scope is not among the client's registered ones.
        ScopeNotRegistered = 5 "misuse_scope_not_registered",
        /// A scope is empty or has a character outside RFC 6749 §3.3.
        ScopeInvalid = 6 "misuse_scope_invalid",
        /// An extra authorize parameter has a name that the protocol uses itself.
        ParameterReserved = 7 "misuse_parameter_reserved",
        /// An extra authorize parameter is empty, stands twice or is too long.
        ParameterInvalid = 8 "misuse_parameter_invalid",
        /// The return context is longer than 4,096 bytes.
        ReturnContextTooLong = 9 "misuse_return_context_too_long",
        // 10 was a status outside 100 to 599, which is a peer's doing.
        /// An endpoint is not an absolute `https` URL without user info and fragment.
        EndpointInvalid = 11 "misuse_endpoint_invalid",
        /// The environment's name is empty, too long or not printable ASCII.
        EnvironmentInvalid = 12 "misuse_environment_invalid",
        /// The client id is empty or too long.
        ClientIdInvalid = 13 "misuse_client_id_invalid",
        /// A client secret is empty.
        ClientSecretMissing = 14 "misuse_client_secret_missing",
        /// The client has no redirect URI.
        RedirectUriMissing = 15 "misuse_redirect_uri_missing",
        /// The tenant's name is empty or longer than 256 bytes.
        TenantInvalid = 16 "misuse_tenant_invalid",
        /// The timing row breaks a rule (T > D and A > max(W + D, W + T + S)), or an
        /// authorization would live for no time at all.
        TimingInvalid = 17 "misuse_timing_invalid",
        /// `iss` is required but the provider has no issuer to compare it with.
        IssuerMissing = 18 "misuse_issuer_missing",
        /// A client secret was given to a client that authenticates by `none`.
        ClientSecretUnexpected = 19 "misuse_client_secret_unexpected",
        /// A language's boundary was given entropy that is not 32 bytes long, or
        /// a boot id that is not 16.
        EnvInvalid = 20 "misuse_env_invalid",
        /// An error name among the quirks is empty, too long or not printable ASCII.
        QuirkInvalid = 21 "misuse_quirk_invalid",
        /// The limit of answers is below 1,024 bytes.
        AnswerLimitInvalid = 22 "misuse_answer_limit_invalid",
        /// A key was entered, and the provider's data know of none.
        ApiKeysUnsupported = 23 "misuse_api_keys_unsupported",
        /// A company's name is empty, over 256 bytes, or not printable ASCII.
        CompanyInvalid = 24 "misuse_company_invalid",
        /// How a company is learnt: not on the API's origin, no JSON pointer, or no prefix.
        CompanyBindingInvalid = 25 "misuse_company_binding_invalid",
        /// A pacer's rate or burst is 0, or its burst is above its rate.
        PacingInvalid = 26 "misuse_pacing_invalid",
        /// A sealing key's id is not 1 to 64 characters of `A-Z a-z 0-9 . _ -`, or the
        /// key is not 32 bytes or all zeros.
        SealingKeyInvalid = 27 "misuse_sealing_key_invalid",
        /// Two sealing keys have the same id.
        SealingKeyDuplicate = 28 "misuse_sealing_key_duplicate",
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for Misuse {}

reasons! {
    /// Why the person has to authorize again.
    Cause {
        /// The server refused the grant: revoked, expired there, or replaced.
        Rejected = 101 "reauthenticate_rejected",
        /// An answer was lost on the way, and with it the only copy of the next
        /// refresh token. The person did nothing wrong.
        LostReply = 102 "reauthenticate_lost_reply",
        /// The grant ran out: its refresh token's known lifetime is over, or
        /// the access token expired and there never was a refresh token.
        Expired = 103 "reauthenticate_expired",
        /// The API refused the API key: revoked or expired. Another one is needed.
        KeyRejected = 104 "reauthenticate_key_rejected",
    }
}

reasons! {
    /// Why it is too early to say; the grant is untouched.
    Delay {
        /// The request did not leave this machine: DNS, connect, TLS.
        NotSent = 201 "try_later_not_sent",
        /// The server did not give an answer that counts: 5xx, timeout, reset.
        Unavailable = 202 "try_later_unavailable",
        /// The server asked for fewer requests (429).
        RateLimited = 203 "try_later_rate_limited",
        /// The store did not answer, or not in time, three times.
        StoreSlow = 204 "try_later_store_slow",
        /// Another worker is refreshing, or an authorization is being completed.
        Busy = 205 "try_later_busy",
    }
}

reasons! {
    /// Who said no, and to what.
    Denial {
        /// The person, or the server on their behalf, refused the authorization.
        AccessDenied = 301 "denied_access",
        /// The server wants the person to log in or consent before it goes on.
        InteractionRequired = 302 "denied_interaction_required",
        /// The authorization code was refused; a new authorization is needed.
        CodeRejected = 303 "denied_code_rejected",
        /// The connection was disconnected after this authorization had begun.
        Superseded = 304 "denied_superseded",
        /// The API answered 403: a scope or a permission is missing.
        Forbidden = 305 "denied_forbidden",
        /// There is no grant: nothing was authorized yet, or it was disconnected.
        NotConnected = 306 "denied_not_connected",
        /// The authorization was not completed in time.
        AuthorizationExpired = 307 "denied_authorization_expired",
        /// The API says that the token lacks a scope (RFC 6750 §3.1, `insufficient_scope`).
        InsufficientScope = 308 "denied_insufficient_scope",
        /// The API does not know the key that was entered, or no longer.
        KeyInvalid = 309 "denied_key_invalid",
        /// What was entered cannot be a key: empty, with spaces or a colon, too long.
        KeyMalformed = 310 "denied_key_malformed",
    }
}

reasons! {
    /// Why a redirect was not accepted. Nothing has changed: the pending
    /// authorization, if there is one, goes on waiting for the true one.
    CallbackFault {
        /// No query, not a URL, or longer than 16 KiB.
        Unreadable = 401 "callback_unreadable",
        /// A parameter of the protocol stands twice (RFC 6749 §3.1).
        DuplicateParameter = 402 "callback_duplicate_parameter",
        /// There is no `state`.
        StateMissing = 403 "callback_state_missing",
        /// No authorization is pending under this `state`.
        StateUnknown = 404 "callback_state_unknown",
        /// This `state` has been used already.
        StateUsed = 405 "callback_state_used",
        /// The authorization was begun too long ago.
        Expired = 406 "callback_expired",
        /// The authorization belongs to another connection.
        ForeignConnection = 407 "callback_foreign_connection",
        /// The browser is not the one in which the authorization was begun.
        BindingMismatch = 408 "callback_binding_mismatch",
        /// `iss` names another authorization server (RFC 9207 §2.4).
        IssuerMismatch = 409 "callback_issuer_mismatch",
        /// `iss` is absent although the provider always sends it.
        IssuerMissing = 410 "callback_issuer_missing",
        /// Neither `code` nor `error`, or both.
        Malformed = 411 "callback_malformed",
        /// More redirects are being judged than one connection can have.
        TooMany = 412 "callback_too_many",
    }
}

reasons! {
    /// What the operator has to set right; every token is kept.
    ConfigurationFault {
        /// The client id, secret or method is wrong (`invalid_client`).
        InvalidClient = 501 "misconfigured_invalid_client",
        /// The client may not use this grant (`unauthorized_client`).
        UnauthorizedClient = 502 "misconfigured_unauthorized_client",
        /// A scope is not allowed (`invalid_scope`).
        InvalidScope = 503 "misconfigured_invalid_scope",
        /// The server does not understand the request (`invalid_request` and its like).
        InvalidRequest = 504 "misconfigured_invalid_request",
        /// The server does not offer this grant or response type.
        Unsupported = 505 "misconfigured_unsupported",
        /// The endpoint answered with a redirect, which is never followed.
        Redirected = 506 "misconfigured_redirected",
        /// Any other OAuth error; its name stands in `said`.
        OtherError = 507 "misconfigured_other_error",
    }
}

reasons! {
    /// What the server did that no OAuth server may do.
    ServerFault {
        /// A token answer that is not JSON, or has no access token.
        AnswerUnreadable = 601 "server_answer_unreadable",
        /// An answer over the limit that was given with the request.
        AnswerTooLarge = 602 "server_answer_too_large",
        /// A `token_type` other than `Bearer` (RFC 6749 §7.1).
        TokenTypeUnknown = 603 "server_token_type_unknown",
        /// An access token that no HTTP header can carry, or that is expired as it comes.
        TokenUnusable = 604 "server_token_unusable",
        /// The API refused a token that had just been issued (a second 401).
        FreshTokenRefused = 605 "server_fresh_token_refused",
        /// The revocation endpoint refused; the tokens are forgotten all the same.
        RevocationRefused = 606 "server_revocation_refused",
        /// A form-encoded token answer, which the provider's quirks do not allow.
        AnswerFormEncoded = 607 "server_answer_form_encoded",
    }
}

reasons! {
    /// What the host's own store did; nothing was overwritten.
    HostFault {
        /// The bytes are not a record, or not of the expected kind.
        RecordUnreadable = 701 "host_record_unreadable",
        /// The record was written by a newer version; it is left as it is.
        RecordNewer = 702 "host_record_newer",
        /// The record belongs to another environment, client or tenant.
        RecordForeign = 703 "host_record_foreign",
        /// The record was sealed, or not sealed, other than this client expects.
        RecordSealing = 704 "host_record_sealing",
        /// The store took no write after repeated tries.
        StoreUnanswered = 705 "host_store_unanswered",
        /// The record's seal is broken: it was changed, or moved here from another
        /// store key, or sealed with another key of the same id.
        RecordForged = 706 "host_record_forged",
        // 707 is that of [`Failure::SealingKeyMissing`], which names the key.
    }
}

reasons! {
    /// Why a credential was not bound to its company; nothing was overwritten.
    CompanyFault {
        /// It is another company's than the connection's, or than the one chosen.
        Mismatch = 901 "company_mismatch",
        /// The company is another tenant's already.
        Taken = 902 "company_taken",
        /// It is an organisation's: one of its companies has to be chosen.
        ChoiceNeeded = 903 "company_choice_needed",
        /// The API did not say whose it is.
        Unknown = 904 "company_unknown",
    }
}
