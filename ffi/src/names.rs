//! Every result code by name, and the core's reasons as result codes. A reason
//! that the core gains does not compile here until it has its number.

use crate::{
    boundary::boundary_or,
    result::EvgResult,
    tag::{EvgActivity, EvgMethod, EvgStatus},
};
use core::ffi::{CStr, c_char};
use evergrant::{
    CallbackFault, Cause, CompanyFault, ConfigurationFault, Delay, Denial, Failure, HostFault,
    Misuse, ServerFault,
};

/// Numbers and their names. The names stand in one text, each with a NUL at its end: a
/// pointer to each would take more room than the name, and be relocated at the start.
struct Names {
    numbers: &'static [u32],
    text: &'static str,
}

impl Names {
    fn name_of(&self, number: u32) -> Option<*const c_char> {
        let at = self.numbers.iter().position(|known| *known == number)?;
        let mut names = self.text.as_bytes().split_inclusive(|byte| *byte == 0);
        names.nth(at).map(|name| name.as_ptr().cast())
    }
}

macro_rules! names {
    ($numbers:ident { $($variant:ident $name:literal,)* }) => {
        Names { numbers: &[$($numbers::$variant as u32,)*], text: concat!($($name, "\0",)*) }
    };
}

macro_rules! codes {
    ($($reason:ident { $($variant:ident => $code:ident $name:literal,)* })* ; own { $($own:ident $own_name:literal,)* }) => {
        $(impl From<$reason> for EvgResult {
            fn from(reason: $reason) -> Self {
                match reason { $($reason::$variant => Self::$code,)* }
            }
        })*

        const RESULTS: Names = names!(EvgResult { $($($code $name,)*)* $($own $own_name,)* });
    };
}

codes! {
    Misuse {
        EntropyMissing => MisuseEntropyMissing "misuse_entropy_missing",
        EntropyReused => MisuseEntropyReused "misuse_entropy_reused",
        RedirectUriNotRegistered => MisuseRedirectUriNotRegistered "misuse_redirect_uri_not_registered",
        RedirectUriInvalid => MisuseRedirectUriInvalid "misuse_redirect_uri_invalid",
        ScopeNotRegistered => MisuseScopeNotRegistered "misuse_scope_not_registered",
        ScopeInvalid => MisuseScopeInvalid "misuse_scope_invalid",
        ParameterReserved => MisuseParameterReserved "misuse_parameter_reserved",
        ParameterInvalid => MisuseParameterInvalid "misuse_parameter_invalid",
        ReturnContextTooLong => MisuseReturnContextTooLong "misuse_return_context_too_long",
        EndpointInvalid => MisuseEndpointInvalid "misuse_endpoint_invalid",
        EnvironmentInvalid => MisuseEnvironmentInvalid "misuse_environment_invalid",
        ClientIdInvalid => MisuseClientIdInvalid "misuse_client_id_invalid",
        ClientSecretMissing => MisuseClientSecretMissing "misuse_client_secret_missing",
        RedirectUriMissing => MisuseRedirectUriMissing "misuse_redirect_uri_missing",
        TenantInvalid => MisuseTenantInvalid "misuse_tenant_invalid",
        TimingInvalid => MisuseTimingInvalid "misuse_timing_invalid",
        IssuerMissing => MisuseIssuerMissing "misuse_issuer_missing",
        ClientSecretUnexpected => MisuseClientSecretUnexpected "misuse_client_secret_unexpected",
        EnvInvalid => MisuseEnvInvalid "misuse_env_invalid",
        QuirkInvalid => MisuseQuirkInvalid "misuse_quirk_invalid",
        AnswerLimitInvalid => MisuseAnswerLimitInvalid "misuse_answer_limit_invalid",
        ApiKeysUnsupported => MisuseApiKeysUnsupported "misuse_api_keys_unsupported",
        CompanyInvalid => MisuseCompanyInvalid "misuse_company_invalid",
        CompanyBindingInvalid => MisuseCompanyBindingInvalid "misuse_company_binding_invalid",
        PacingInvalid => MisusePacingInvalid "misuse_pacing_invalid",
        SealingKeyInvalid => MisuseSealingKeyInvalid "misuse_sealing_key_invalid",
        SealingKeyDuplicate => MisuseSealingKeyDuplicate "misuse_sealing_key_duplicate",
    }
    Cause {
        Rejected => ReauthenticateRejected "reauthenticate_rejected",
        LostReply => ReauthenticateLostReply "reauthenticate_lost_reply",
        Expired => ReauthenticateExpired "reauthenticate_expired",
        KeyRejected => ReauthenticateKeyRejected "reauthenticate_key_rejected",
    }
    Delay {
        NotSent => TryLaterNotSent "try_later_not_sent",
        Unavailable => TryLaterUnavailable "try_later_unavailable",
        RateLimited => TryLaterRateLimited "try_later_rate_limited",
        StoreSlow => TryLaterStoreSlow "try_later_store_slow",
        Busy => TryLaterBusy "try_later_busy",
    }
    Denial {
        AccessDenied => DeniedAccess "denied_access",
        InteractionRequired => DeniedInteractionRequired "denied_interaction_required",
        CodeRejected => DeniedCodeRejected "denied_code_rejected",
        Superseded => DeniedSuperseded "denied_superseded",
        Forbidden => DeniedForbidden "denied_forbidden",
        NotConnected => DeniedNotConnected "denied_not_connected",
        AuthorizationExpired => DeniedAuthorizationExpired "denied_authorization_expired",
        InsufficientScope => DeniedInsufficientScope "denied_insufficient_scope",
        KeyInvalid => DeniedKeyInvalid "denied_key_invalid",
        KeyMalformed => DeniedKeyMalformed "denied_key_malformed",
    }
    CallbackFault {
        Unreadable => CallbackUnreadable "callback_unreadable",
        DuplicateParameter => CallbackDuplicateParameter "callback_duplicate_parameter",
        StateMissing => CallbackStateMissing "callback_state_missing",
        StateUnknown => CallbackStateUnknown "callback_state_unknown",
        StateUsed => CallbackStateUsed "callback_state_used",
        Expired => CallbackExpired "callback_expired",
        ForeignConnection => CallbackForeignConnection "callback_foreign_connection",
        BindingMismatch => CallbackBindingMismatch "callback_binding_mismatch",
        IssuerMismatch => CallbackIssuerMismatch "callback_issuer_mismatch",
        IssuerMissing => CallbackIssuerMissing "callback_issuer_missing",
        Malformed => CallbackMalformed "callback_malformed",
        TooMany => CallbackTooMany "callback_too_many",
    }
    ConfigurationFault {
        InvalidClient => MisconfiguredInvalidClient "misconfigured_invalid_client",
        UnauthorizedClient => MisconfiguredUnauthorizedClient "misconfigured_unauthorized_client",
        InvalidScope => MisconfiguredInvalidScope "misconfigured_invalid_scope",
        InvalidRequest => MisconfiguredInvalidRequest "misconfigured_invalid_request",
        Unsupported => MisconfiguredUnsupported "misconfigured_unsupported",
        Redirected => MisconfiguredRedirected "misconfigured_redirected",
        OtherError => MisconfiguredOtherError "misconfigured_other_error",
    }
    ServerFault {
        AnswerUnreadable => ServerAnswerUnreadable "server_answer_unreadable",
        AnswerTooLarge => ServerAnswerTooLarge "server_answer_too_large",
        TokenTypeUnknown => ServerTokenTypeUnknown "server_token_type_unknown",
        TokenUnusable => ServerTokenUnusable "server_token_unusable",
        FreshTokenRefused => ServerFreshTokenRefused "server_fresh_token_refused",
        RevocationRefused => ServerRevocationRefused "server_revocation_refused",
        AnswerFormEncoded => ServerAnswerFormEncoded "server_answer_form_encoded",
    }
    HostFault {
        RecordUnreadable => HostRecordUnreadable "host_record_unreadable",
        RecordNewer => HostRecordNewer "host_record_newer",
        RecordForeign => HostRecordForeign "host_record_foreign",
        RecordSealing => HostRecordSealing "host_record_sealing",
        StoreUnanswered => HostStoreUnanswered "host_store_unanswered",
        RecordForged => HostRecordForged "host_record_forged",
    }
    CompanyFault {
        Mismatch => CompanyMismatch "company_mismatch",
        Taken => CompanyTaken "company_taken",
        ChoiceNeeded => CompanyChoiceNeeded "company_choice_needed",
        Unknown => CompanyUnknown "company_unknown",
    }
    ; own {
        OutcomeUnknown "outcome_unknown",
        HostSealingKeyMissing "host_sealing_key_missing",
        Ok "ok",
        NullArgument "null_argument",
        InvalidUtf8 "invalid_utf8",
        WrongKind "wrong_kind",
        Panic "panic",
        UnknownTag "unknown_tag",
        LengthInvalid "length_invalid",
        IndexInvalid "index_invalid",
        SettingMissing "setting_missing",
        NotBuilt "not_built",
        InUse "in_use",
    }
}

impl From<&Failure> for EvgResult {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::ReauthenticationRequired(cause) => (*cause).into(),
            Failure::TryLater { reason, .. } => (*reason).into(),
            Failure::OutcomeUnknown => Self::OutcomeUnknown,
            Failure::Denied { reason, .. } => (*reason).into(),
            Failure::CallbackRefused(fault) => (*fault).into(),
            Failure::Misconfigured { reason, .. } => (*reason).into(),
            Failure::CompanyMismatch { reason, .. } => (*reason).into(),
            Failure::ServerMisbehaved(fault) => (*fault).into(),
            Failure::HostFailed(fault) => (*fault).into(),
            Failure::SealingKeyMissing { .. } => Self::HostSealingKeyMissing,
        }
    }
}

/// The stable name of a result, the same in every language: for logs.
///
/// A NUL-terminated text that lives for ever and is never to be freed; never
/// NULL. For a number that this library does not know it is "unknown_result".
#[unsafe(no_mangle)]
pub extern "C" fn evg_result_name(result: u32) -> *const c_char {
    named(&RESULTS, result, c"unknown_result")
}

/// The stable name of an `evg_status`, the same in every language: for logs.
///
/// A NUL-terminated text that lives for ever and is never to be freed; never
/// NULL. For a number that this library does not know it is "unknown_status".
#[unsafe(no_mangle)]
pub extern "C" fn evg_status_name(status: u32) -> *const c_char {
    named(&STATUSES, status, c"unknown_status")
}

/// The stable name of an `evg_activity`, the same in every language: for logs.
///
/// A NUL-terminated text that lives for ever and is never to be freed; never
/// NULL. For a number that this library does not know it is "unknown_activity".
#[unsafe(no_mangle)]
pub extern "C" fn evg_activity_name(activity: u32) -> *const c_char {
    named(&ACTIVITIES, activity, c"unknown_activity")
}

/// The name of an `evg_method` in HTTP, such as "POST".
///
/// A NUL-terminated text that lives for ever and is never to be freed; never
/// NULL. For a number that this library does not know it is "unknown_method".
#[unsafe(no_mangle)]
pub extern "C" fn evg_method_name(method: u32) -> *const c_char {
    named(&METHODS, method, c"unknown_method")
}

const STATUSES: Names = names!(EvgStatus {
    Disconnected "disconnected",
    Authorizing "authorizing",
    Exchanging "exchanging",
    Authorized "authorized",
    Refreshing "refreshing",
    Disconnecting "disconnecting",
    ReauthenticationRequired "reauthentication_required",
});

const ACTIVITIES: Names = names!(EvgActivity {
    Authorization "authorization",
    Redirect "redirect",
    Token "token",
    ApiCall "api_call",
    Revoke "revoke",
    Key "key",
});

const METHODS: Names = names!(EvgMethod {
    Get "GET",
    Post "POST",
    Delete "DELETE",
});

fn named(names: &Names, number: u32, unknown: &'static CStr) -> *const c_char {
    boundary_or(unknown.as_ptr(), || names.name_of(number).unwrap_or(unknown.as_ptr()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{borrow::ToOwned, string::String};
    use evergrant::{Activity, AuthorizationId, Method, ServerSaid, Status};
    use std::collections::BTreeSet;

    /// The name and number of a result as C sees them.
    fn seen(result: EvgResult) -> (String, u16) {
        let number = result as u32;
        (told(evg_result_name(number)).to_owned(), u16::try_from(number).unwrap())
    }

    #[test]
    fn codes_are_those_of_the_core() {
        let mut known = BTreeSet::new();
        macro_rules! same {
            ($($reason:ident)*) => { $(for reason in $reason::ALL {
                assert_eq!(seen((*reason).into()), (reason.code().to_owned(), reason.number()));
                known.insert(reason.number());
            })* };
        }
        same!(Misuse Cause Delay Denial CallbackFault ConfigurationFault ServerFault HostFault);
        same!(CompanyFault);
        let missing = Failure::SealingKeyMissing { id: "k".into() };
        for failure in [Failure::OutcomeUnknown, missing] {
            let core = (failure.code().to_owned(), failure.number());
            assert_eq!(seen((&failure).into()), core);
            known.insert(failure.number());
        }
        let own = RESULTS.numbers.iter().filter(|code| !known.contains(&(**code as u16)));
        assert!(own.clone().all(|code| matches!(code, 0 | 9001..)));
        assert_eq!(known.len() + own.count(), RESULTS.numbers.len(), "no number stands twice");
    }

    #[test]
    fn a_failure_has_the_code_of_its_reason() {
        let said = Some(ServerSaid { error: "x".into(), description: None });
        for failure in [
            Failure::ReauthenticationRequired(Cause::LostReply),
            Failure::TryLater { at: 1, reason: Delay::Busy, said: None },
            Failure::Denied { reason: Denial::Forbidden, said: said.clone() },
            Failure::CallbackRefused(CallbackFault::Malformed),
            Failure::Misconfigured { reason: ConfigurationFault::InvalidClient, said },
            Failure::ServerMisbehaved(ServerFault::TokenUnusable),
            Failure::HostFailed(HostFault::RecordNewer),
            Failure::CompanyMismatch { reason: CompanyFault::Taken, company: None },
        ] {
            let core = (failure.code().to_owned(), failure.number());
            assert_eq!(seen((&failure).into()), core);
        }
    }

    /// What one of the functions answers.
    fn told(name: *const c_char) -> &'static str {
        // SAFETY: the functions return a static NUL-terminated text.
        unsafe { CStr::from_ptr(name) }.to_str().unwrap()
    }

    #[test]
    fn names_are_those_of_the_core() {
        let statuses = [
            Status::Disconnected,
            Status::Authorizing,
            Status::Exchanging,
            Status::Authorized,
            Status::Refreshing,
            Status::Disconnecting,
            Status::ReauthenticationRequired(Cause::Expired),
        ];
        for status in statuses {
            assert_eq!(told(evg_status_name(EvgStatus::from(status) as u32)), status.code());
        }
        let authorization = AuthorizationId::new("x");
        let activities = [
            Activity::Authorization { authorization, return_context: None },
            Activity::Redirect,
            Activity::Token,
            Activity::Key,
            Activity::ApiCall,
            Activity::Revoke,
        ];
        for activity in &activities {
            assert_eq!(
                told(evg_activity_name(EvgActivity::from(activity) as u32)),
                activity.code()
            );
        }
        for method in [Method::Get, Method::Post, Method::Delete] {
            assert_eq!(told(evg_method_name(EvgMethod::from(method) as u32)), method.as_str());
        }
        let numbers = (STATUSES.numbers.len(), ACTIVITIES.numbers.len());
        assert_eq!(numbers, (statuses.len(), activities.len()));
    }

    #[test]
    fn unknown_numbers_have_a_name_too() {
        for number in [9000, u32::MAX] {
            assert_eq!(told(evg_result_name(number)), "unknown_result");
            assert_eq!(told(evg_status_name(number)), "unknown_status");
            assert_eq!(told(evg_activity_name(number)), "unknown_activity");
            assert_eq!(told(evg_method_name(number)), "unknown_method");
        }
    }
}
