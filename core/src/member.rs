//! A member of a JSON object that a peer wrote: of any type, and none of them wrong.

use alloc::{string::String, vec::Vec};
use core::fmt;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use zeroize::Zeroizing;

/// A member of any type; what is nested is read past and dropped, but for the texts
/// of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Member {
    #[default]
    Absent,
    Text(Zeroizing<String>),
    Number {
        value: i64,
        /// Whether it was written as an integer.
        exact: bool,
    },
    /// The texts of a list.
    List(Vec<String>),
    Other,
}

impl Member {
    /// The text, if there is any.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Absent | Self::Text(_) | Self::Number { .. } | Self::List(_) | Self::Other => {
                None
            }
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        *self == Self::Absent
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(Zeroizing::new(String::from(text))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Member, E> {
        Ok(Member::Number { value: i64::try_from(value).unwrap_or(i64::MAX), exact: true })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Member, E> {
        Ok(Member::Number { value, exact: true })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Member, E> {
        // `as` saturates; the fraction of a second does not matter.
        Ok(Member::Number { value: value as i64, exact: false })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        // `null` is how some servers write "absent".
        Ok(Member::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Member, A::Error> {
        let mut texts = Vec::new();
        let mut only_texts = true;
        while let Some(element) = seq.next_element::<Element>()? {
            match element {
                Element::Text(text) => texts.push(text),
                Element::Other(IgnoredAny) => only_texts = false,
            }
        }
        Ok(if only_texts { Member::List(texts) } else { Member::Other })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Element {
    Text(String),
    Other(IgnoredAny),
}
