//! A step as one value each way, for Python: UniFFI's cost there goes with the number
//! of values that cross (docs/decisions/0011-python-crossing.md). Both ends have types;
//! the bytes between are nobody's interface and change with the library.
//!
//! Told is a message of the env and one of the input; the answer has a message of the
//! step and then one for each output. How they are written: [`message`].

mod input;
mod message;
mod output;
#[cfg(test)]
mod tests;

use crate::{Connection, Refusal};
use message::{Malformed, Reader, need};
use zeroize::Zeroize as _;

#[uniffi::export]
impl Connection {
    /// As [`Connection::step`], with the env and the input as bytes in and the step
    /// as a text out: for drivers, which have types around it. The answer holds
    /// secrets in clear, in the caller's own copy, which nobody wipes.
    ///
    /// Throws `misuse_packed_invalid` for bytes that are no packed step, or another
    /// `misuse_…` code; in either case the connection is as it was.
    pub fn step_packed(&self, told: &[u8]) -> Result<String, Refusal> {
        let (mut env, input) = read(told)?;
        let mut machine = self.machine();
        let step = machine.step(&env, input);
        env.entropy.zeroize();
        Ok(output::write_step(&step?, machine.is_unsaved()))
    }
}

fn read(told: &[u8]) -> Result<(evergrant::Env, evergrant::Input), Refusal> {
    let mut from = Reader::new(told);
    let env = read_env(&mut from)?;
    let input = input::read(&mut from)?;
    from.end()?;
    Ok((env, input))
}

const ENV: u8 = 0;

fn read_env(from: &mut Reader<'_>) -> Result<evergrant::Env, Refusal> {
    if from.tag()? != ENV {
        return Err(Malformed.into());
    }
    let ([now, uptime], [boot_id, entropy]) = from.fields()?;
    let boot_id = boot_id.map(TryInto::try_into).transpose();
    match (boot_id, need(entropy)?.try_into()) {
        (Ok(boot_id), Ok(entropy)) => {
            Ok(evergrant::Env { now: need(now)?, uptime, boot_id, entropy })
        }
        (Err(_), _) | (_, Err(_)) => Err(evergrant::Misuse::EnvInvalid.into()),
    }
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::PackedInvalid
    }
}
