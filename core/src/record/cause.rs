//! A cause as its stable code.

use crate::failure::Cause;
use alloc::string::String;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(cause: &Cause, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(cause.code())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Cause, D::Error> {
    let code = String::deserialize(from)?;
    let cause = Cause::ALL.iter().find(|cause| cause.code() == code);
    cause.copied().ok_or_else(|| D::Error::custom("not a cause"))
}
