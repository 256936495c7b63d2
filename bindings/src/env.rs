//! What the machine is told of the world at each step.

use crate::Refusal;
use zeroize::Zeroize as _;

/// The world as the host sees it now; made fresh for every step, never stored.
///
/// An object, because its entropy is a secret: `state`, verifiers and nonces
/// are derived from it.
#[derive(Debug, uniffi::Object)]
#[uniffi::export(Debug)]
pub struct Env(evergrant::Env);

#[uniffi::export]
impl Env {
    /// `now` is UNIX time in milliseconds. `uptime` counts milliseconds on a
    /// clock that runs through suspend, where the host has one, and `boot_id`
    /// is 16 bytes that name the boot which it counts from. `entropy` is 32
    /// bytes from the system's generator, new for each step.
    ///
    /// Throws `misuse_env_invalid` for another number of bytes.
    #[uniffi::constructor]
    pub fn new(
        now: u64,
        uptime: Option<u64>,
        boot_id: Option<Vec<u8>>,
        mut entropy: Vec<u8>,
    ) -> Result<Self, Refusal> {
        let boot_id = boot_id.map(TryInto::try_into).transpose();
        let copied = <[u8; 32]>::try_from(entropy.as_slice());
        entropy.zeroize();
        match (boot_id, copied) {
            (Ok(boot_id), Ok(entropy)) => {
                Ok(Self(evergrant::Env { now, uptime, boot_id, entropy }))
            }
            (Err(_), _) | (_, Err(_)) => Err(evergrant::Misuse::EnvInvalid.into()),
        }
    }
}

impl Env {
    pub(crate) fn inner(&self) -> &evergrant::Env {
        &self.0
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        self.0.entropy.zeroize();
    }
}
