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

macro_rules! codes {
    ($($reason:ident { $($variant:ident => $code:ident $name:literal,)* })* ; own { $($own:ident $own_name:literal,)* }) => {
        $(impl From<$reason> for EvgResult {
            fn from(reason: $reason) -> Self {
                match reason { $($reason::$variant => Self::$code,)* }
            }
        })*

        /// All codes with their names.
        const NAMES: &[(EvgResult, &CStr)] = &[
            $($((EvgResult::$code, $name),)*)*
            $((EvgResult::$own, $own_name),)*
        ];
    };
}

codes! {
    Misuse {
        EntropyMissing => MisuseEntropyMissing c"misuse_entropy_missing",
        EntropyReused => MisuseEntropyReused c"misuse_entropy_reused",
        RedirectUriNotRegistered => MisuseRedirectUriNotRegistered c"misuse_redirect_uri_not_registered",
        RedirectUriInvalid => MisuseRedirectUriInvalid c"misuse_redirect_uri_invalid",
        ScopeNotRegistered => MisuseScopeNotRegistered c"misuse_scope_not_registered",
        ScopeInvalid => MisuseScopeInvalid c"misuse_scope_invalid",
        ParameterReserved => MisuseParameterReserved c"misuse_parameter_reserved",
        ParameterInvalid => MisuseParameterInvalid c"misuse_parameter_invalid",
        ReturnContextTooLong => MisuseReturnContextTooLong c"misuse_return_context_too_long",
        EndpointInvalid => MisuseEndpointInvalid c"misuse_endpoint_invalid",
        EnvironmentInvalid => MisuseEnvironmentInvalid c"misuse_environment_invalid",
        ClientIdInvalid => MisuseClientIdInvalid c"misuse_client_id_invalid",
        ClientSecretMissing => MisuseClientSecretMissing c"misuse_client_secret_missing",
        RedirectUriMissing => MisuseRedirectUriMissing c"misuse_redirect_uri_missing",
        TenantInvalid => MisuseTenantInvalid c"misuse_tenant_invalid",
        TimingInvalid => MisuseTimingInvalid c"misuse_timing_invalid",
        IssuerMissing => MisuseIssuerMissing c"misuse_issuer_missing",
        ClientSecretUnexpected => MisuseClientSecretUnexpected c"misuse_client_secret_unexpected",
        EnvInvalid => MisuseEnvInvalid c"misuse_env_invalid",
        QuirkInvalid => MisuseQuirkInvalid c"misuse_quirk_invalid",
        AnswerLimitInvalid => MisuseAnswerLimitInvalid c"misuse_answer_limit_invalid",
        ApiKeysUnsupported => MisuseApiKeysUnsupported c"misuse_api_keys_unsupported",
        CompanyInvalid => MisuseCompanyInvalid c"misuse_company_invalid",
        CompanyBindingInvalid => MisuseCompanyBindingInvalid c"misuse_company_binding_invalid",
        PacingInvalid => MisusePacingInvalid c"misuse_pacing_invalid",
        SealingKeyInvalid => MisuseSealingKeyInvalid c"misuse_sealing_key_invalid",
        SealingKeyDuplicate => MisuseSealingKeyDuplicate c"misuse_sealing_key_duplicate",
    }
    Cause {
        Rejected => ReauthenticateRejected c"reauthenticate_rejected",
        LostReply => ReauthenticateLostReply c"reauthenticate_lost_reply",
        Expired => ReauthenticateExpired c"reauthenticate_expired",
        KeyRejected => ReauthenticateKeyRejected c"reauthenticate_key_rejected",
    }
    Delay {
        NotSent => TryLaterNotSent c"try_later_not_sent",
        Unavailable => TryLaterUnavailable c"try_later_unavailable",
        RateLimited => TryLaterRateLimited c"try_later_rate_limited",
        StoreSlow => TryLaterStoreSlow c"try_later_store_slow",
        Busy => TryLaterBusy c"try_later_busy",
    }
    Denial {
        AccessDenied => DeniedAccess c"denied_access",
        InteractionRequired => DeniedInteractionRequired c"denied_interaction_required",
        CodeRejected => DeniedCodeRejected c"denied_code_rejected",
        Superseded => DeniedSuperseded c"denied_superseded",
        Forbidden => DeniedForbidden c"denied_forbidden",
        NotConnected => DeniedNotConnected c"denied_not_connected",
        AuthorizationExpired => DeniedAuthorizationExpired c"denied_authorization_expired",
        InsufficientScope => DeniedInsufficientScope c"denied_insufficient_scope",
        KeyInvalid => DeniedKeyInvalid c"denied_key_invalid",
        KeyMalformed => DeniedKeyMalformed c"denied_key_malformed",
    }
    CallbackFault {
        Unreadable => CallbackUnreadable c"callback_unreadable",
        DuplicateParameter => CallbackDuplicateParameter c"callback_duplicate_parameter",
        StateMissing => CallbackStateMissing c"callback_state_missing",
        StateUnknown => CallbackStateUnknown c"callback_state_unknown",
        StateUsed => CallbackStateUsed c"callback_state_used",
        Expired => CallbackExpired c"callback_expired",
        ForeignConnection => CallbackForeignConnection c"callback_foreign_connection",
        BindingMismatch => CallbackBindingMismatch c"callback_binding_mismatch",
        IssuerMismatch => CallbackIssuerMismatch c"callback_issuer_mismatch",
        IssuerMissing => CallbackIssuerMissing c"callback_issuer_missing",
        Malformed => CallbackMalformed c"callback_malformed",
        TooMany => CallbackTooMany c"callback_too_many",
    }
    ConfigurationFault {
        InvalidClient => MisconfiguredInvalidClient c"misconfigured_invalid_client",
        UnauthorizedClient => MisconfiguredUnauthorizedClient c"misconfigured_unauthorized_client",
        InvalidScope => MisconfiguredInvalidScope c"misconfigured_invalid_scope",
        InvalidRequest => MisconfiguredInvalidRequest c"misconfigured_invalid_request",
        Unsupported => MisconfiguredUnsupported c"misconfigured_unsupported",
        Redirected => MisconfiguredRedirected c"misconfigured_redirected",
        OtherError => MisconfiguredOtherError c"misconfigured_other_error",
    }
    ServerFault {
        AnswerUnreadable => ServerAnswerUnreadable c"server_answer_unreadable",
        AnswerTooLarge => ServerAnswerTooLarge c"server_answer_too_large",
        TokenTypeUnknown => ServerTokenTypeUnknown c"server_token_type_unknown",
        TokenUnusable => ServerTokenUnusable c"server_token_unusable",
        FreshTokenRefused => ServerFreshTokenRefused c"server_fresh_token_refused",
        RevocationRefused => ServerRevocationRefused c"server_revocation_refused",
        AnswerFormEncoded => ServerAnswerFormEncoded c"server_answer_form_encoded",
    }
    HostFault {
        RecordUnreadable => HostRecordUnreadable c"host_record_unreadable",
        RecordNewer => HostRecordNewer c"host_record_newer",
        RecordForeign => HostRecordForeign c"host_record_foreign",
        RecordSealing => HostRecordSealing c"host_record_sealing",
        StoreUnanswered => HostStoreUnanswered c"host_store_unanswered",
        RecordForged => HostRecordForged c"host_record_forged",
    }
    CompanyFault {
        Mismatch => CompanyMismatch c"company_mismatch",
        Taken => CompanyTaken c"company_taken",
        ChoiceNeeded => CompanyChoiceNeeded c"company_choice_needed",
        Unknown => CompanyUnknown c"company_unknown",
    }
    ; own {
        OutcomeUnknown c"outcome_unknown",
        HostSealingKeyMissing c"host_sealing_key_missing",
        Ok c"ok",
        NullArgument c"null_argument",
        InvalidUtf8 c"invalid_utf8",
        WrongKind c"wrong_kind",
        Panic c"panic",
        UnknownTag c"unknown_tag",
        LengthInvalid c"length_invalid",
        IndexInvalid c"index_invalid",
        SettingMissing c"setting_missing",
        NotBuilt c"not_built",
        InUse c"in_use",
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
    let name = NAMES.iter().map(|(code, name)| (*code as u32, *name));
    named(name, result, c"unknown_result")
}

/// The stable name of an `evg_status`, the same in every language: for logs.
///
/// A NUL-terminated text that lives for ever and is never to be freed; never
/// NULL. For a number that this library does not know it is "unknown_status".
#[unsafe(no_mangle)]
pub extern "C" fn evg_status_name(status: u32) -> *const c_char {
    let name = STATUSES.iter().map(|(status, name)| (*status as u32, *name));
    named(name, status, c"unknown_status")
}

/// The stable name of an `evg_activity`, the same in every language: for logs.
///
/// A NUL-terminated text that lives for ever and is never to be freed; never
/// NULL. For a number that this library does not know it is "unknown_activity".
#[unsafe(no_mangle)]
pub extern "C" fn evg_activity_name(activity: u32) -> *const c_char {
    let name = ACTIVITIES.iter().map(|(activity, name)| (*activity as u32, *name));
    named(name, activity, c"unknown_activity")
}

/// The name of an `evg_method` in HTTP, such as "POST".
///
/// A NUL-terminated text that lives for ever and is never to be freed; never
/// NULL. For a number that this library does not know it is "unknown_method".
#[unsafe(no_mangle)]
pub extern "C" fn evg_method_name(method: u32) -> *const c_char {
    let name = METHODS.iter().map(|(method, name)| (*method as u32, *name));
    named(name, method, c"unknown_method")
}

const STATUSES: &[(EvgStatus, &CStr)] = &[
    (EvgStatus::Disconnected, c"disconnected"),
    (EvgStatus::Authorizing, c"authorizing"),
    (EvgStatus::Exchanging, c"exchanging"),
    (EvgStatus::Authorized, c"authorized"),
    (EvgStatus::Refreshing, c"refreshing"),
    (EvgStatus::Disconnecting, c"disconnecting"),
    (EvgStatus::ReauthenticationRequired, c"reauthentication_required"),
];

const ACTIVITIES: &[(EvgActivity, &CStr)] = &[
    (EvgActivity::Authorization, c"authorization"),
    (EvgActivity::Redirect, c"redirect"),
    (EvgActivity::Token, c"token"),
    (EvgActivity::ApiCall, c"api_call"),
    (EvgActivity::Revoke, c"revoke"),
    (EvgActivity::Key, c"key"),
];

const METHODS: &[(EvgMethod, &CStr)] =
    &[(EvgMethod::Get, c"GET"), (EvgMethod::Post, c"POST"), (EvgMethod::Delete, c"DELETE")];

fn named(
    names: impl Iterator<Item = (u32, &'static CStr)>,
    number: u32,
    unknown: &'static CStr,
) -> *const c_char {
    boundary_or(unknown.as_ptr(), || {
        let found = { names }.find(|(known, _)| *known == number);
        found.map_or(unknown, |(_, name)| name).as_ptr()
    })
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
        let own = NAMES.iter().filter(|(code, _)| !known.contains(&(*code as u16)));
        assert!(own.clone().all(|(code, _)| matches!(*code as u32, 0 | 9001..)));
        assert_eq!(known.len() + own.count(), NAMES.len(), "no number stands twice");
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
        assert_eq!((STATUSES.len(), ACTIVITIES.len()), (statuses.len(), activities.len()));
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
