//! A member of a JSON object that a peer wrote: of any type, and none of them wrong.

use crate::json;
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::ops::Deref;
use zeroize::Zeroizing;

/// A member of any type; what is nested is read past and dropped, but for the texts
/// of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Member<'a> {
    #[default]
    Absent,
    Text(Text<'a>),
    Number {
        value: i64,
        /// Whether it was written as an integer.
        exact: bool,
    },
    /// The texts of a list.
    List(Vec<String>),
    Other,
}

impl<'a> Member<'a> {
    /// Reads any JSON value.
    pub(crate) fn read(value: &'a str) -> Self {
        match value.bytes().next() {
            Some(b'"') => json::text(value).map_or(Self::Other, |text| Self::Text(text.into())),
            Some(b'[') => texts(value).map_or(Self::Other, Self::List),
            Some(b'-' | b'0'..=b'9') => number(value),
            // `null` is how some servers write "absent".
            Some(b'n') => Self::Absent,
            _ => Self::Other,
        }
    }

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

/// A text as it stands there, or a copy without its escapes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    Plain(&'a str),
    Unescaped(Zeroizing<String>),
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::Plain(text),
            Cow::Owned(text) => Self::Unescaped(Zeroizing::new(text)),
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Unescaped(text) => text,
        }
    }
}

fn texts(value: &str) -> Option<Vec<String>> {
    json::list(value)?.into_iter().map(json::string).collect()
}

fn number(value: &str) -> Member<'static> {
    if let Ok(value) = value.parse() {
        return Member::Number { value, exact: true };
    }
    if value.parse::<u64>().is_ok() {
        return Member::Number { value: i64::MAX, exact: true };
    }
    // `as` saturates; the fraction of a second does not matter. A number out of every
    // range is still JSON.
    json::parse::<f64>(value)
        .map_or(Member::Other, |value| Member::Number { value: value as i64, exact: false })
}
