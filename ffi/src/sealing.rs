//! How records are protected in the store: `evg_sealing`, and the keys.

use crate::{
    boundary::boundary,
    client::EvgClientConfig,
    handle::{EvgText, Place, items, text, unique},
    result::EvgResult,
    tag::EvgSealing,
};
use core::ffi::c_char;
use evergrant::{Sealing, sealing_key_id};

/// Sets how records are protected in the store; `sealing` is an `evg_sealing`. This
/// or evg_client_config_set_sealing_key() is required; the last of them counts.
/// Errors: EVG_RESULT_UNKNOWN_TAG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_set_sealing(
    config: *mut EvgClientConfig,
    sealing: u32,
) -> EvgResult {
    boundary(|| {
        let sealing = EvgSealing::try_from(sealing)?.into();
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.sealing.choose(sealing);
        Ok(())
    })
}

/// Has records sealed with AES-256-GCM-SIV, each for its own store key, with this key:
/// 32 bytes from the system's generator or from a key management service, never a
/// password. Your own copy is yours to wipe.
///
/// The id stands in every record, is not a secret, and is never given to another key:
/// 1 to 64 characters of `A-Z a-z 0-9 . _ -`. To rotate, set a new key and add the one
/// before as an older one. Errors: EVG_RESULT_MISUSE_SEALING_KEY_INVALID,
/// EVG_RESULT_NOT_BUILT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_set_sealing_key(
    config: *mut EvgClientConfig,
    id: *const c_char,
    id_len: usize,
    key: *const u8,
    key_len: usize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (config, id, key) =
            unsafe { (unique(config)?, text(id, id_len)?, items(key, key_len)?) };
        config.sealing.seal_with(id, key)
    })
}

/// Adds a key that records were sealed with before: they are opened with it, and
/// sealed with the active key when they are next written. Errors:
/// EVG_RESULT_MISUSE_SEALING_KEY_INVALID, EVG_RESULT_NOT_BUILT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_add_older_sealing_key(
    config: *mut EvgClientConfig,
    id: *const c_char,
    id_len: usize,
    key: *const u8,
    key_len: usize,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (config, id, key) =
            unsafe { (unique(config)?, text(id, id_len)?, items(key, key_len)?) };
        config.sealing.open_with(id, key)
    })
}

/// Takes records in clear beside sealed ones: for the time in which a store is brought
/// from EVG_SEALING_PLAIN to sealed records, and no longer, since meanwhile whoever
/// writes to the store can forge any record. Every record that is written is sealed.
/// Errors: EVG_RESULT_NOT_BUILT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_client_config_accept_plain_records(
    config: *mut EvgClientConfig,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        unsafe { unique(config) }?.sealing.accept_plain()
    })
}

/// With which key a record is sealed, by its id; NULL data for a record in clear. The
/// id is borrowed from `record`. It tells whether an old key is still needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evg_sealing_key_id(
    record: *const u8,
    record_len: usize,
    id: *mut EvgText,
) -> EvgResult {
    boundary(|| {
        // SAFETY: the caller's promise.
        let (place, bytes) = unsafe { (Place::new(id)?, items(record, record_len)?) };
        place.write(sealing_key_id(bytes));
        Ok(())
    })
}

/// What was chosen so far.
#[derive(Debug, Default)]
pub(crate) struct SealingChoice {
    plain: Option<Sealing>,
    #[cfg(feature = "sealed")]
    keys: keys::Keys,
}

impl SealingChoice {
    fn choose(&mut self, plain: Sealing) {
        self.plain = Some(plain);
        #[cfg(feature = "sealed")]
        self.keys.forget_active();
    }
}

#[cfg(feature = "sealed")]
mod keys {
    use super::{EvgResult, Sealing, SealingChoice};
    use alloc::vec::Vec;
    use evergrant::{KeyRing, SealingKey, SecretBytes};

    #[derive(Debug, Default)]
    pub(super) struct Keys {
        active: Option<SealingKey>,
        older: Vec<SealingKey>,
        accepts_plain: bool,
    }

    impl Keys {
        pub(super) fn forget_active(&mut self) {
            self.active = None;
        }
    }

    impl SealingChoice {
        pub(super) fn seal_with(&mut self, id: &str, key: &[u8]) -> Result<(), EvgResult> {
            self.keys.active = Some(SealingKey::new(id, SecretBytes::new(key))?);
            Ok(())
        }

        pub(super) fn open_with(&mut self, id: &str, key: &[u8]) -> Result<(), EvgResult> {
            self.keys.older.push(SealingKey::new(id, SecretBytes::new(key))?);
            Ok(())
        }

        pub(super) fn accept_plain(&mut self) -> Result<(), EvgResult> {
            self.keys.accepts_plain = true;
            Ok(())
        }

        /// Keys that open but none that seals are a setting forgotten, whatever else
        /// was said.
        pub(crate) fn made(&self) -> Result<Sealing, EvgResult> {
            let Keys { active, older, accepts_plain } = &self.keys;
            let Some(active) = active else {
                let only_plain = older.is_empty() && !accepts_plain;
                return self.plain.clone().filter(|_| only_plain).ok_or(EvgResult::SettingMissing);
            };
            let ring = KeyRing::new(active.clone(), older.clone())?;
            Ok(Sealing::Sealed(if *accepts_plain { ring.accepting_plain() } else { ring }))
        }
    }
}

#[cfg(not(feature = "sealed"))]
impl SealingChoice {
    fn seal_with(&mut self, _id: &str, _key: &[u8]) -> Result<(), EvgResult> {
        Err(EvgResult::NotBuilt)
    }

    fn open_with(&mut self, _id: &str, _key: &[u8]) -> Result<(), EvgResult> {
        Err(EvgResult::NotBuilt)
    }

    fn accept_plain(&mut self) -> Result<(), EvgResult> {
        Err(EvgResult::NotBuilt)
    }

    pub(crate) fn made(&self) -> Result<Sealing, EvgResult> {
        self.plain.clone().ok_or(EvgResult::SettingMissing)
    }
}
