use std::fmt;

/// A set of scope tokens, in the order in which they were asked for (RFC 6749 §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope(Vec<String>);

impl Scope {
    /// `None` for an empty scope or characters that RFC 6749 §3.3 does not allow.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut tokens: Vec<String> = Vec::new();
        for token in text.split(' ') {
            let allowed = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
            if token.is_empty() || !token.bytes().all(allowed) {
                return None;
            }
            if !tokens.iter().any(|known| known == token) {
                tokens.push(token.into());
            }
        }
        Some(Self(tokens))
    }

    pub(crate) fn is_within(&self, wider: &[String]) -> bool {
        self.0.iter().all(|token| wider.contains(token))
    }

    pub(crate) fn tokens(&self) -> &[String] {
        &self.0
    }

    pub(crate) fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|known| known == token)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}
