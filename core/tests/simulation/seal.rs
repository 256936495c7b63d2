//! Sealed records: the rings that workers have one after the other, and how the
//! simulation itself reads what they wrote.

use crate::store::View;
use evergrant::*;

/// Opens what any of the rings has sealed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opener;

impl Opener {
    /// What a connection's record says; in clear, or opened without the machine's help.
    pub fn view(self, store_key: &str, record: &[u8]) -> Option<View> {
        match sealing_key_id(record) {
            None => View::of(record),
            Some(id) => View::of(&sealed::open(id, store_key, record)?),
        }
    }
}

/// The rings in the order of a rotation: the old key alone, the new one known, the new
/// one in use, the old one dropped. In clear there is one.
pub fn rings(sealed: bool) -> Vec<Sealing> {
    if sealed { sealed::rings() } else { vec![Sealing::Plain] }
}

/// From this ring on records are sealed with the new key, which all must know by then.
pub const NEW_KEY_IN_USE: usize = 2;
pub const OLD_KEY_DROPPED: usize = 3;

pub const OLD_KEY: &str = "k1";
pub const NEW_KEY: &str = "k2";

#[cfg(feature = "sealed")]
mod sealed {
    use super::*;
    use aes_gcm_siv::{AeadInOut as _, Aes256GcmSiv, KeyInit as _, Nonce, Tag};
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    fn bytes(id: &str) -> [u8; 32] {
        [if id == NEW_KEY { 2 } else { 1 }; 32]
    }

    pub fn rings() -> Vec<Sealing> {
        let key = |id: &str| SealingKey::new(id, SecretBytes::new(bytes(id))).expect("a key");
        let ring = |active, older: &[&str]| {
            let older = older.iter().map(|id| key(id)).collect();
            Sealing::Sealed(KeyRing::new(key(active), older).expect("a ring"))
        };
        vec![
            ring(OLD_KEY, &[]),
            ring(OLD_KEY, &[NEW_KEY]),
            ring(NEW_KEY, &[OLD_KEY]),
            ring(NEW_KEY, &[]),
        ]
    }

    /// RFC 8452, without the code of the machine.
    pub fn open(id: &str, store_key: &str, record: &[u8]) -> Option<Vec<u8>> {
        let end = record.iter().position(|byte| *byte == b'\n')? + 1;
        let about = [&record[..end], store_key.as_bytes()].concat();
        let body = URL_SAFE_NO_PAD.decode(&record[end..]).ok()?;
        let (nonce, rest) = body.split_first_chunk::<12>()?;
        let (text, tag) = rest.split_last_chunk::<16>()?;
        let mut text = text.to_vec();
        let cipher = Aes256GcmSiv::new(&bytes(id).into());
        let (nonce, tag) = (Nonce::from(*nonce), Tag::from(*tag));
        let buffer = text.as_mut_slice().into();
        cipher.decrypt_inout_detached(&nonce, &about, buffer, &tag).ok()?;
        Some(text)
    }
}

#[cfg(not(feature = "sealed"))]
mod sealed {
    use super::*;

    pub fn rings() -> Vec<Sealing> {
        vec![Sealing::Plain]
    }

    pub fn open(_: &str, _: &str, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}
