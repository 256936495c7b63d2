//! A text cut into JSON values, of which `serde_json` says where each ends.

use alloc::string::String;
use core::mem;
use serde::de::IgnoredAny;
use serde_json::Deserializer;
use zeroize::Zeroizing;

/// What has not been read yet.
pub(super) struct Cut<'a>(&'a str);

impl<'a> Cut<'a> {
    pub(super) fn new(json: &'a str) -> Self {
        Self(json)
    }

    /// The next value, if it is JSON.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        let mut values = Deserializer::from_str(self.0).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (value, rest) = self.0.split_at_checked(values.byte_offset())?;
        self.0 = rest;
        Some(value)
    }

    /// What comes after this character, which must be the next.
    pub(super) fn after(&mut self, c: char) -> Option<&mut Self> {
        self.skip_blanks();
        self.0 = self.0.strip_prefix(c)?;
        Some(self)
    }

    /// Reads what stands between two brackets, with commas between.
    pub(super) fn each(
        &mut self,
        open: char,
        close: char,
        mut read: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.after(open)?;
        if self.after(close).is_some() {
            return Some(());
        }
        loop {
            read(self)?;
            if self.after(close).is_some() {
                return Some(());
            }
            self.after(',')?;
        }
    }

    /// Whether nothing follows but blanks.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        self.0.is_empty()
    }

    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}

/// A text without its escapes (RFC 8259 §7), in memory that does not grow, so that a
/// secret leaves no copy behind.
pub(super) fn unescaped(inner: &str) -> Option<String> {
    let mut text = Zeroizing::new(String::with_capacity(inner.len()));
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let (c, more) = character(escaped)?;
        text.push(c);
        rest = more;
    }
    text.push_str(rest);
    Some(mem::take(&mut text))
}

/// The character that is escaped here, and what follows it.
fn character(escaped: &str) -> Option<(char, &str)> {
    let (kind, rest) = escaped.split_at_checked(1)?;
    let c = match kind {
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => return code_point(rest),
        // A quotation mark, a backslash or a slash.
        _ => kind.chars().next()?,
    };
    Some((c, rest))
}

/// One code unit of UTF-16, or the two that are one character.
fn code_point(escaped: &str) -> Option<(char, &str)> {
    let (first, rest) = code_unit(escaped)?;
    if let Some(Ok(c)) = char::decode_utf16([first]).next() {
        return Some((c, rest));
    }
    let (second, rest) = code_unit(rest.strip_prefix("\\u")?)?;
    Some((char::decode_utf16([first, second]).next()?.ok()?, rest))
}

fn code_unit(escaped: &str) -> Option<(u16, &str)> {
    let (digits, rest) = escaped.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Object, at, list, string};
    use alloc::{collections::BTreeMap, format, vec::Vec};
    use proptest::{collection::vec, prelude::*};
    use serde_json::value::RawValue;

    /// JSON as a peer may write it, with blanks anywhere and escapes nobody needs.
    fn json() -> impl Strategy<Value = String> {
        let blank = "[ \t\r\n]{0,2}";
        let text = r#"([ !#-\[\]-~é\u{10ffff}]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,6}"#
            .prop_map(|inner| format!("\"{inner}\""));
        let number = r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?";
        let word = prop_oneof![Just("true"), Just("false"), Just("null")].prop_map(String::from);
        prop_oneof![text.clone(), number, word].prop_recursive(4, 40, 5, move |value| {
            let value = (blank, value, blank).prop_map(|(a, value, b)| a + &value + &b);
            let member = (text.clone(), blank, value.clone())
                .prop_map(|(name, blank, value)| format!("{name}{blank}:{value}"));
            prop_oneof![
                vec(value, 0..5).prop_map(|it| format!("[{}]", it.join(","))),
                vec(member, 0..5).prop_map(|it| format!("{{{}}}", it.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_are_what_serde_json_takes_them_for(json in json(), before in " {0,2}") {
            let json = before + &json + "\n";
            let value = at(&json, "").unwrap();
            prop_assert_eq!(value, json.trim_ascii());
            prop_assert_eq!(string(value), serde_json::from_str(value).ok());
            let values: Option<Vec<&RawValue>> = serde_json::from_str(value).ok();
            let values = values.map(|values| values.into_iter().map(RawValue::get).collect());
            prop_assert_eq!(list(value, Some), values);
            let members: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(value).ok();
            let object = Object::read(value);
            prop_assert_eq!(object.is_some(), members.is_some());
            let (mut object, members) = (object.unwrap_or_default(), members.unwrap_or_default());
            for (name, value) in members {
                prop_assert_eq!(object.take(&name), Some(value.get()));
            }
            prop_assert_eq!(object.rest().next(), None);
        }

        #[test]
        fn what_serde_json_refuses_is_refused(
            text in r#"([\[\]{},: ]|0|"a"){1,9}|[\[{]{0,3}([\[\]{}",:\\ud8é 0-]|.){0,12}"#
        ) {
            prop_assert_eq!(at(&text, "").is_some(), serde_json::from_str::<&RawValue>(&text).is_ok());
            let values = serde_json::from_str::<Vec<&RawValue>>(&text);
            prop_assert_eq!(list(&text, Some).is_some(), values.is_ok());
            let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text);
            prop_assert_eq!(Object::read(&text).is_some(), members.is_ok());
            let _ = unescaped(&text);
        }
    }
}
