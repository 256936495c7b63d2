//! JSON, read one level at a time: an object is its members as they are written, each
//! read when it is asked for. One reader serves all records and answers; what serde
//! derives is made anew for every type, and was a quarter of the smallest program.
//!
//! Each value is read by `serde_json`, which says where it ends and whether it is JSON. What
//! it would make of it is not asked for, nor its errors, which nobody reads: for their
//! words alone the smallest program was a tenth larger.

mod cut;
mod write;

pub(crate) use write::{Writer, quoted};

use crate::{bytes, secret::Secret};
use alloc::{borrow::Cow, string::String, sync::Arc, vec::Vec};
use cut::{Cut, unescaped};

/// The members of an object that have not been taken out yet. Values are JSON.
#[derive(Default)]
pub(crate) struct Object<'a> {
    members: Vec<(Cow<'a, str>, Option<&'a str>)>,
    /// For the test that there is a frozen record with each of them.
    #[cfg(test)]
    pub(crate) asked: Vec<String>,
}

impl<'a> Object<'a> {
    /// Nothing, if this is no object.
    pub(crate) fn read(json: &'a str) -> Option<Self> {
        let mut object = Self::default();
        object.members.reserve(16);
        let mut from = Cut::new(json);
        from.each('{', '}', |from| {
            let name = text(from.value()?)?;
            object.members.push((name, Some(from.after(':')?.value()?)));
            Some(())
        })?;
        from.is_at_end().then_some(object)
    }

    /// Takes a member out. Of one that stands twice the last counts.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a str> {
        #[cfg(test)]
        self.asked.push(name.into());
        let own = self.members.iter_mut().filter(|(own, _)| own == name);
        own.fold(None, |found, (_, value)| value.take().or(found))
    }

    /// Reads a member that must be there.
    pub(crate) fn required<T>(&mut self, name: &str, read: Reader<T>) -> Option<T> {
        read(self.take(name)?)
    }

    /// Reads a member that may be absent, or `null`: nothing, if it is there and cannot
    /// be read.
    pub(crate) fn optional<T>(&mut self, name: &str, read: Reader<T>) -> Option<Option<T>> {
        match self.take(name) {
            None | Some("null") => Some(None),
            Some(value) => read(value).map(Some),
        }
    }

    /// Reads a boolean that is false if it is absent.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        self.take(name).map_or(Some(false), boolean)
    }

    /// Whether everything has been taken out.
    pub(crate) fn is_spent(&self) -> bool {
        self.members.iter().all(|(_, value)| value.is_none())
    }

    /// What has not been taken out, in the order of the text.
    pub(crate) fn rest(self) -> impl Iterator<Item = (Cow<'a, str>, &'a str)> {
        self.members.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

/// Reads a value out of its JSON, if that is what it is.
pub(crate) type Reader<T> = fn(&str) -> Option<T>;

/// Reads an object that has no other members than those that `read` takes out.
pub(crate) fn closed<T>(json: &str, read: fn(&mut Object<'_>) -> Option<T>) -> Option<T> {
    let mut object = Object::read(json)?;
    let value = read(&mut object)?;
    object.is_spent().then_some(value)
}

/// The values of a list, if each of them can be read.
pub(crate) fn list<'a, T>(json: &'a str, read: fn(&'a str) -> Option<T>) -> Option<Vec<T>> {
    let mut values = Vec::new();
    let mut from = Cut::new(json);
    from.each('[', ']', |from| {
        values.push(read(from.value()?)?);
        Some(())
    })?;
    from.is_at_end().then_some(values)
}

/// A text; the value is one already that has been read past.
pub(crate) fn text(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    let plain = bytes::all(inner.as_bytes(), |byte| byte != b'\\');
    if plain { Some(Cow::Borrowed(inner)) } else { unescaped(inner).map(Cow::Owned) }
}

pub(crate) fn string(value: &str) -> Option<String> {
    text(value).map(Cow::into_owned)
}

pub(crate) fn shared(value: &str) -> Option<Arc<str>> {
    text(value).map(Arc::from)
}

pub(crate) fn secret(value: &str) -> Option<Secret> {
    string(value).map(Secret::new)
}

/// An integer without a sign; what has a fraction or an exponent is none.
pub(crate) fn integer<T: TryFrom<u64>>(value: &str) -> Option<T> {
    value.parse::<u64>().ok()?.try_into().ok()
}

pub(crate) fn boolean(value: &str) -> Option<bool> {
    value.parse().ok()
}

/// The value that a pointer (RFC 6901) names.
pub(crate) fn at<'a>(json: &'a str, pointer: &str) -> Option<&'a str> {
    let mut from = Cut::new(json);
    let whole = from.value().filter(|_| from.is_at_end())?;
    pointer.split('/').skip(1).try_fold(whole, |value, name| {
        if value.starts_with('[') {
            let plain = name == "0" || !name.starts_with(['0', '+']);
            let index = integer::<usize>(name).filter(|_| plain)?;
            list(value, Some)?.get(index).copied()
        } else {
            Object::read(value)?.take(&pointed(name))
        }
    })
}

/// A member's name as a pointer has it.
fn pointed(name: &str) -> String {
    let mut parts = name.split('~');
    let mut plain = String::from(parts.next().unwrap_or_default());
    for part in parts {
        let (c, rest) = match part.split_at_checked(1) {
            Some(("0", rest)) => ('~', rest),
            Some(("1", rest)) => ('/', rest),
            Some(_) | None => ('~', part),
        };
        plain.push(c);
        plain.push_str(rest);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn members_are_taken_out_once_and_the_last_of_two_counts() {
        let json = r#" {"a":1, "b" : [1, {"a":2}],"\u0061":3,"c":null,"d":"x\n"} "#;
        let mut object = Object::read(json).unwrap();
        assert_eq!(object.take("a"), Some("3"));
        assert_eq!(object.take("a"), None);
        assert_eq!(object.optional("c", string), Some(None));
        assert_eq!(object.optional("none", string), Some(None));
        let rest: Vec<_> = object.rest().collect();
        assert_eq!(rest, [("b".into(), r#"[1, {"a":2}]"#), ("d".into(), r#""x\n""#)]);
        for json in ["", "[]", "null", "1", r#"{"a":1"#, r#"{"a":1} x"#, r#"{"\ud800":1}"#] {
            assert!(Object::read(json).is_none(), "{json}");
        }
    }

    #[test]
    fn what_a_closed_object_does_not_know_makes_it_unreadable() {
        let read: Reader<u16> = |json| closed(json, |object| object.required("a", integer));
        assert_eq!(read(r#"{"a":7}"#), Some(7));
        for json in [r#"{"a":7,"b":1}"#, "{}", r#"{"a":null}"#, r#"{"a":65536}"#, r#"{"a":"7"}"#] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn values_are_of_their_type_or_nothing() {
        for (json, value) in [("7", Some(7)), ("7.0", None), ("7e0", None), ("-7", None)] {
            assert_eq!(integer::<u64>(json), value, "{json}");
        }
        for (json, value) in [
            (r#""""#, Some("")),
            (r#""a""#, Some("a")),
            (r#""\"\\\u00e9""#, Some("\"\\\u{e9}")),
            (r#""\ud800""#, None),
            ("7", None),
            ("null", None),
        ] {
            assert_eq!(text(json).as_deref(), value, "{json}");
        }
        assert_eq!(list("[1,[2], \"3\" ]", Some), Some(vec!["1", "[2]", "\"3\""]));
        assert_eq!(list("{}", Some), None);
        assert_eq!([boolean("true"), boolean("false")], [Some(true), Some(false)]);
        assert_eq!([boolean("1"), boolean("null")], [None, None]);
    }

    #[test]
    fn pointers_are_followed_as_serde_json_follows_them() {
        let json = r#"{"a":{"b/c":[10,{"~d":"x"}],"":5},"e":1,"e":2}"#;
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        for pointer in [
            "",
            "/a/b~1c/0",
            "/a/b~1c/1/~0d",
            "/a/b~1c/01",
            "/a/b~1c/+1",
            "/a/b~1c/2",
            "/a/b~1c/-",
            "/a/",
            "/e",
            "/e/0",
            "/x",
            "/a/b~1c/1/~0d/y",
        ] {
            let found = at(json, pointer).map(|value| serde_json::from_str(value).unwrap());
            assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer}");
        }
    }
}
