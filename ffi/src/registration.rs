//! `evg_registration`: what is handed in to register a client with Pleo.

use crate::{
    boundary::boundary,
    handle::{self, EVG_NONE, EvgText, Place, shared, text, unique},
    owned::EvgOwned,
    result::EvgResult,
    tag::{EvgPleo, incoming},
};
use alloc::{borrow::ToOwned as _, vec::Vec};
use core::ffi::c_char;
use evergrant::{LogoSize, Pleo, Registration, RegistrationFault};

/// A client as it is to be registered with Pleo. Only one thread may use it at a
/// time.
#[derive(Debug)]
pub struct EvgRegistration(Registration);

/// For what Pleo would send a registration back.
#[derive(Debug)]
pub struct EvgRegistrationFaults(Vec<RegistrationFault>);

/// The members of a registration that are one text.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgRegistrationText {
    /// The client's own brand, as people will see it: not Pleo's, nor "X for Pleo".
    ClientName = 1,
    /// The home or landing page.
    ClientUri = 2,
    /// Where the logo is, unless it is handed in as a file beside the form.
    LogoUri = 3,
    /// The terms of service, for people to read.
    TosUri = 4,
    /// The privacy policy, for people to read.
    PolicyUri = 5,
    /// The page where people start to connect.
    InitiationUri = 6,
    /// The page where people manage the integration.
    SettingsUri = 7,
    /// What the client acts on by default, if Pleo is to know.
    SubjectType = 8,
}

/// The members of a registration that are lists.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvgRegistrationList {
    /// The addresses of those who are responsible, at least one.
    Contacts = 1,
    /// Every redirect URI that will be used, byte for byte.
    RedirectUris = 2,
    /// Every scope that will be used.
    Scopes = 3,
}

incoming! {
    EvgRegistrationText {
        ClientName ClientUri LogoUri TosUri PolicyUri InitiationUri SettingsUri SubjectType
    }
    EvgRegistrationList { Contacts RedirectUris Scopes }
}

/// Makes an empty registration, of a client that supports PKCE.
///
/// `*registration` is yours, to be given to evg_registration_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_new(
    registration: *mut *mut EvgRegistration,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { Place::new(registration) }?;
        let empty = Registration { pkce: true, ..Registration::default() };
        place.write_handle(EvgRegistration(empty));
        Ok(())
    })
}

/// Frees a registration. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_free(registration: *mut EvgRegistration) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(registration) }
}

/// Sets one of the texts; `member` is an `evg_registration_text`.
/// Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_set(
    registration: *mut EvgRegistration,
    member: u32,
    value: *const c_char,
    value_len: usize,
) -> EvgResult {
    boundary(|| {
        let member = EvgRegistrationText::try_from(member)?;
        // SAFETY: the caller's promise.
        let (registration, value) = unsafe { (unique(registration)?, text(value, value_len)?) };
        let (it, value) = (&mut registration.0, value.to_owned());
        match member {
            EvgRegistrationText::ClientName => it.client_name = value,
            EvgRegistrationText::ClientUri => it.client_uri = value,
            EvgRegistrationText::LogoUri => it.logo_uri = Some(value),
            EvgRegistrationText::TosUri => it.tos_uri = value,
            EvgRegistrationText::PolicyUri => it.policy_uri = value,
            EvgRegistrationText::InitiationUri => it.initiation_uri = value,
            EvgRegistrationText::SettingsUri => it.settings_uri = value,
            EvgRegistrationText::SubjectType => it.subject_type = Some(value),
        }
        Ok(())
    })
}

/// Adds to one of the lists; `member` is an `evg_registration_list`.
/// Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_add(
    registration: *mut EvgRegistration,
    member: u32,
    value: *const c_char,
    value_len: usize,
) -> EvgResult {
    boundary(|| {
        let member = EvgRegistrationList::try_from(member)?;
        // SAFETY: the caller's promise.
        let (registration, value) = unsafe { (unique(registration)?, text(value, value_len)?) };
        let list = match member {
            EvgRegistrationList::Contacts => &mut registration.0.contacts,
            EvgRegistrationList::RedirectUris => &mut registration.0.redirect_uris,
            EvgRegistrationList::Scopes => &mut registration.0.scopes,
        };
        list.push(value.to_owned());
        Ok(())
    })
}

/// Sets how large the logo is, in pixels: square, and in high resolution. The logo may
/// then be handed in as a file beside the form, without a URI.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_set_logo_size(
    registration: *mut EvgRegistration,
    width: u32,
    height: u32,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(registration) }?.0.logo_size = Some(LogoSize { width, height });
        Ok(())
    })
}

/// Sets whether PKCE with S256 is supported. This library always sends it.
/// Default: true.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_set_pkce(
    registration: *mut EvgRegistration,
    supported: bool,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(registration) }?.0.pkce = supported;
        Ok(())
    })
}

/// For what Pleo would send this back, everything at once: no fault if it is good for
/// the environment, an `evg_pleo`.
///
/// `*faults` is yours, to be given to evg_registration_faults_free().
/// Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_check(
    registration: *const EvgRegistration,
    environment: u32,
    faults: *mut *mut EvgRegistrationFaults,
) -> EvgResult {
    boundary(|| {
        let environment = Pleo::from(EvgPleo::try_from(environment)?);
        // SAFETY: the caller's promise.
        let (place, registration) = unsafe { (Place::new(faults)?, shared(registration)?) };
        let found = registration.0.check(environment).err().unwrap_or_default();
        place.write_handle(EvgRegistrationFaults(found));
        Ok(())
    })
}

/// Frees the faults. NULL is allowed. The texts got from them stay good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_faults_free(faults: *mut EvgRegistrationFaults) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(faults) }
}

/// How many faults there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_faults_count(
    faults: *const EvgRegistrationFaults,
    count: *mut usize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, faults) = unsafe { (Place::new(count)?, shared(faults)?) };
        place.write(faults.0.len());
        Ok(())
    })
}

/// One fault, `index` below evg_registration_faults_count(): the member by its name
/// in snake_case, which item of it, counted from 0, or EVG_NONE where it is no list,
/// and the stable name of the rule that is broken, the same in every language, such
/// as "registration_not_https". Both texts live for ever.
/// Errors: EVG_RESULT_INDEX_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_faults_item(
    faults: *const EvgRegistrationFaults,
    index: usize,
    member: *mut EvgText,
    item: *mut u64,
    rule: *mut EvgText,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (member, item, rule, faults) =
            unsafe { (Place::new(member)?, Place::new(item)?, Place::new(rule)?, shared(faults)?) };
        let fault = faults.0.get(index).ok_or(EvgResult::IndexInvalid)?;
        member.write(fault.field);
        item.write(fault.item.map_or(EVG_NONE, |item| item as u64));
        rule.write(fault.rule.code());
        Ok(())
    })
}

/// The registration as plain text, to be handed in.
///
/// `*form` is yours, to be given to evg_owned_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_form(
    registration: *const EvgRegistration,
    form: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, registration) = unsafe { (Place::new(form)?, shared(registration)?) };
        place.write_handle(EvgOwned::from(registration.0.form().as_str()));
        Ok(())
    })
}

/// The registration as JSON: client metadata of RFC 7591 section 2, and Pleo's own.
///
/// `*json` is yours, to be given to evg_owned_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_registration_json(
    registration: *const EvgRegistration,
    json: *mut *mut EvgOwned,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, registration) = unsafe { (Place::new(json)?, shared(registration)?) };
        place.write_handle(EvgOwned::from(registration.0.to_json().as_str()));
        Ok(())
    })
}
