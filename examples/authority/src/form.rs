use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

/// The parameters of a query or a form body. A parameter without a value counts as omitted, and
/// one sent twice is remembered as such (RFC 6749 §3.1, §3.2).
pub(crate) struct Params {
    values: BTreeMap<String, String>,
    repeated: BTreeSet<String>,
}

impl Params {
    /// `None` if a part is not `application/x-www-form-urlencoded` UTF-8 text.
    pub(crate) fn parse(encoded: &[u8]) -> Option<Self> {
        let mut params = Self { values: BTreeMap::new(), repeated: BTreeSet::new() };
        for pair in encoded.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let split = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            let name = decode(&pair[..split])?;
            let value = decode(pair.get(split + 1..).unwrap_or_default())?;
            match params.values.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(value);
                }
                Entry::Occupied(taken) => {
                    params.repeated.insert(taken.key().clone());
                }
            }
        }
        Some(params)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.values().map(String::as_str)
    }

    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    pub(crate) fn any_repeated(&self) -> bool {
        !self.repeated.is_empty()
    }
}

/// Decodes one name or value. Stricter than browsers are: a stray `%` or broken UTF-8 is an error,
/// since a lenient server would hide the client that forgot to encode.
pub(crate) fn decode(encoded: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => (hex(bytes.next())? << 4) | hex(bytes.next())?,
            other => *other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    let digit = char::from(*digit?).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn omitted_repeated_and_broken() {
        let params = Params::parse(b"a=1&b=&c&a=2&d=%C3%A9+%2B").unwrap();
        assert_eq!(params.value("a"), Some("1"));
        assert_eq!(params.value("b"), None);
        assert_eq!(params.value("c"), None);
        assert_eq!(params.value("d"), Some("é +"));
        assert!(params.is_repeated("a") && !params.is_repeated("b"));
        for broken in ["a=%", "a=%4", "a=%zz", "a=%FF", "%=a"] {
            assert!(Params::parse(broken.as_bytes()).is_none(), "{broken}");
        }
    }
}
