//! JSON written member by member, as `serde_json` writes it: records are full of tokens,
//! which need no escape, and a look at whole blocks of them is many times as fast.

use crate::{
    bytes,
    entropy::Id,
    secret::{SecretBytes, wipe},
};
use alloc::{string::String, vec::Vec};
use core::mem;

/// An object that is being written. What may be absent is left out where it is.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Writes one object. `room` is how many bytes it is likely to take; more are no
    /// fault, and cost a copy.
    pub(crate) fn object(room: usize, write: impl FnOnce(&mut Self)) -> SecretBytes {
        let mut to = Self(Vec::with_capacity(room));
        to.nest(write);
        SecretBytes::new(to.0)
    }

    pub(crate) fn text<'a>(&mut self, name: &str, value: impl Into<Option<&'a str>>) {
        if let Some(value) = value.into() {
            self.name(name);
            self.quoted(value);
        }
    }

    /// A text of this crate's own, which needs no escape.
    pub(crate) fn word(&mut self, name: &str, value: &str) {
        self.name(name);
        self.reserve(value.len().saturating_add(2));
        self.0.push(b'"');
        self.0.extend_from_slice(value.as_bytes());
        self.0.push(b'"');
    }

    pub(crate) fn integer(&mut self, name: &str, value: impl Into<Option<u64>>) {
        if let Some(value) = value.into() {
            self.name(name);
            self.push(itoa::Buffer::new().format(value).as_bytes());
        }
    }

    pub(crate) fn id(&mut self, name: &str, value: impl Into<Option<Id>>) {
        if let Some(value) = value.into() {
            self.word(name, value.encode().as_str());
        }
    }

    /// Left out where it is false.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.name(name);
            self.push(b"true");
        }
    }

    pub(crate) fn nested(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.name(name);
        self.nest(write);
    }

    /// A list of objects, left out where it is empty.
    pub(crate) fn list<T>(&mut self, name: &str, values: &[T], write: fn(&T, &mut Self)) {
        if values.is_empty() {
            return;
        }
        self.name(name);
        self.push(b"[");
        for value in values {
            self.separate();
            self.nest(|to| write(value, to));
        }
        self.push(b"]");
    }

    /// Members that are JSON already, each with a comma before it.
    pub(crate) fn members(&mut self, json: &str) {
        self.push(json.as_bytes());
    }

    fn nest(&mut self, write: impl FnOnce(&mut Self)) {
        self.push(b"{");
        write(self);
        self.push(b"}");
    }

    /// Names are this crate's own and need no escape.
    fn name(&mut self, name: &str) {
        self.separate();
        self.reserve(name.len().saturating_add(3));
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn separate(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[')) {
            self.push(b",");
        }
    }

    fn quoted(&mut self, text: &str) {
        self.reserve(text.len().saturating_add(2));
        self.0.push(b'"');
        let mut rest = text.as_bytes();
        while let Some((plain, odd, after)) = cut(rest) {
            self.push(plain);
            self.escape(odd);
            rest = after;
        }
        self.push(rest);
        self.push(b"\"");
    }

    fn escape(&mut self, byte: u8) {
        let hex = |digit: u8| char::from_digit(digit.into(), 16).map_or(b'0', |it| it as u8);
        match byte {
            b'"' | b'\\' => self.push(&[b'\\', byte]),
            0x08 => self.push(b"\\b"),
            0x09 => self.push(b"\\t"),
            0x0a => self.push(b"\\n"),
            0x0c => self.push(b"\\f"),
            0x0d => self.push(b"\\r"),
            _ => self.push(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    #[inline]
    fn reserve(&mut self, more: usize) {
        if self.0.capacity().saturating_sub(self.0.len()) < more {
            self.grow(more);
        }
    }

    /// A buffer that grows leaves nothing behind that could be read.
    #[cold]
    fn grow(&mut self, more: usize) {
        let needed = self.0.len().saturating_add(more);
        let mut larger = Vec::with_capacity(needed.saturating_mul(2));
        larger.extend_from_slice(&self.0);
        wipe(&mut mem::replace(&mut self.0, larger));
    }
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut to = Writer(Vec::new());
    to.quoted(text);
    String::from_utf8(to.0).unwrap_or_default()
}

/// What needs no escape, the byte after it that does, and the rest.
fn cut(text: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let at = bytes::find(text, |byte| byte < 0x20 || byte == b'"' || byte == b'\\')?;
    let (plain, rest) = text.split_at_checked(at)?;
    let (odd, after) = rest.split_first()?;
    Some((plain, *odd, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    #[test]
    fn text_is_escaped_as_serde_json_escapes_it() {
        let every: String = (0..=0x100_u32).filter_map(char::from_u32).collect();
        for start in 0..every.chars().count() {
            let text: String = every.chars().skip(start).collect();
            assert_eq!(quoted(&text), serde_json::to_string(&text).unwrap());
        }
        for length in 0..200 {
            for odd in ["", "\"", "\\", "\u{1f}", "\u{7f}", "ä", "\u{10ffff}"] {
                let text = format!("{}{odd}{}", "a".repeat(length), "b".repeat(70));
                assert_eq!(quoted(&text), serde_json::to_string(&text).unwrap());
            }
        }
    }

    #[test]
    fn an_object_has_what_is_there_and_grows() {
        for room in [0, 1, 64, 4_096] {
            let written = Writer::object(room, |to| {
                to.text("a", "x");
                to.text("none", None);
                to.integer("b", u64::MAX);
                to.integer("none", None);
                to.id("c", Id::from_bytes([0; 16]));
                to.flag("d", true);
                to.flag("none", false);
                to.nested("e", |to| to.nested("f", |_| {}));
                to.list("g", &[1, 2], |value, to| to.integer("h", *value));
                to.list("none", &Vec::<u64>::new(), |value, to| to.integer("h", *value));
                to.members(",\"z\":null");
            });
            let expected = r#"{"a":"x","b":18446744073709551615,"c":"AAAAAAAAAAAAAAAAAAAAAA","d":true,"e":{"f":{}},"g":[{"h":1},{"h":2}],"z":null}"#;
            assert_eq!(core::str::from_utf8(written.expose()), Ok(expected));
        }
        assert_eq!(vec![quoted("a\"b")], [r#""a\"b""#]);
    }
}
