use serde::{Deserialize, Serialize};

use super::{InvalidSubject, Subject};

/// What introspection tells, at the token endpoint's neighbour and in the API. In JSON, what is
/// left out is as it is at the start. For refusals and delays see [`Fault`](crate::Fault).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telling {
    /// The form of `aud` (RFC 7662 §2.2 allows both).
    pub aud: Aud,
    /// Which subject is told.
    pub subject: ToldSubject,
    /// Whether the API tells `applicationName`, which Pleo has as optional.
    pub application_name: bool,
    /// Whether the API answers a call without credential by 200 and `"authMethod": "NONE"`; else
    /// by 401.
    pub anonymous: bool,
}

/// A form of `aud`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aud {
    /// A string.
    #[default]
    Text,
    /// A list of one string.
    List,
}

/// Which subject introspection tells. In JSON `truth`, `absent`, `malformed`, or the other URN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ToldSubject {
    /// The one that the credential speaks for.
    #[default]
    Truth,
    /// None: the member is left out.
    Absent,
    /// Text that begins like a URN of a company and is none.
    Malformed,
    /// Another one.
    Other(Subject),
}

impl ToldSubject {
    pub(crate) fn of(&self, subject: &Subject) -> Option<String> {
        match self {
            Self::Truth => Some(subject.to_string()),
            Self::Absent => None,
            Self::Malformed => Some("urn:pleo:company:not-a-uuid".into()),
            Self::Other(other) => Some(other.to_string()),
        }
    }
}

impl Default for Telling {
    fn default() -> Self {
        Self {
            aud: Aud::default(),
            subject: ToldSubject::default(),
            application_name: true,
            anonymous: false,
        }
    }
}

impl From<ToldSubject> for String {
    fn from(told: ToldSubject) -> Self {
        match told {
            ToldSubject::Truth => "truth".into(),
            ToldSubject::Absent => "absent".into(),
            ToldSubject::Malformed => "malformed".into(),
            ToldSubject::Other(subject) => subject.to_string(),
        }
    }
}

impl TryFrom<String> for ToldSubject {
    type Error = InvalidSubject;

    fn try_from(text: String) -> Result<Self, InvalidSubject> {
        Ok(match text.as_str() {
            "truth" => Self::Truth,
            "absent" => Self::Absent,
            "malformed" => Self::Malformed,
            other => Self::Other(other.parse()?),
        })
    }
}
