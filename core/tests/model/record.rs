//! The connection's record as the store holds it, read from outside.

use crate::{canonical::Shape, server::Token};
use evergrant::{Revision, SecretBytes};
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Record {
    pub revision: Revision,
    pub bytes: SecretBytes,
    pub written_at: u64,
    pub generation: u64,
    pub status: Standing,
    pub refresh: Option<Token>,
    pub spare: Option<Token>,
    pub owed: Vec<Token>,
    pub intent: Option<String>,
    pub disconnected_gen: Option<u64>,
    pub shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    New,
    Active,
    Reauthenticate,
    Disconnecting,
    Disconnected,
}

impl Standing {
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Disconnecting | Self::Disconnected)
    }
}

impl Record {
    pub fn read(revision: Revision, bytes: SecretBytes, now: u64, clock: bool) -> Self {
        let json: Value = serde_json::from_slice(bytes.expose()).expect("JSON");
        let token = |value: &Value| Token::parse(value.as_str()?);
        let status = match &json["status"] {
            Value::String(status) if status == "active" => Standing::Active,
            Value::String(status) if status == "disconnected" => Standing::Disconnected,
            Value::String(_) => Standing::New,
            status if status["disconnecting"].is_object() => Standing::Disconnecting,
            _ => Standing::Reauthenticate,
        };
        let owed = json["outbox"].as_array().into_iter().flatten();
        let written_at = if clock { now } else { 0 };
        let text = std::str::from_utf8(bytes.expose()).expect("text");
        let shape = Shape::of(format_args!("{revision:?} {text} written: {written_at}"));
        Self {
            generation: json["gen"].as_u64().expect("a generation"),
            status,
            refresh: token(&json["tokens"]["refresh"]),
            spare: token(&json["spare"]["refresh"]),
            owed: owed.filter_map(|duty| token(&duty["revoke_token"]["token"])).collect(),
            intent: json["intent"]["nonce"].as_str().map(str::to_owned),
            disconnected_gen: json["disconnected_gen"].as_u64(),
            revision,
            bytes,
            written_at,
            shape,
        }
    }

    /// Every refresh token in it.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        self.refresh.into_iter().chain(self.spare).chain(self.owed.iter().copied())
    }
}
