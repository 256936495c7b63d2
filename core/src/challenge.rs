//! `WWW-Authenticate` (RFC 9110 §11.6.1): what an API says when it refuses.
//!
//! Commas stand between challenges and between their parameters alike, so that only
//! what follows a name tells which it is. Whatever cannot be read is skipped up to
//! the next comma: a peer wrote it, and one bad challenge must not hide a good one.

use alloc::{
    borrow::{Cow, ToOwned as _},
    string::String,
    vec::Vec,
};

/// One challenge of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge<'a> {
    /// In any case.
    pub(crate) scheme: &'a str,
    /// The one value that some schemes have instead of parameters.
    pub(crate) token68: Option<&'a str>,
    pub(crate) parameters: Vec<(&'a str, Cow<'a, str>)>,
}

/// More challenges, or parameters of one, are dropped: memory is bounded.
const LIMIT: usize = 16;

/// A longer header is not read at all.
const LONGEST: usize = 16_384;

/// What `Bearer` says (RFC 6750 §3): the last challenge of that scheme that carries an `error`.
pub(crate) fn bearer(headers: &[(String, String)]) -> Option<Challenge<'_>> {
    let named = |name: &str| name.eq_ignore_ascii_case("www-authenticate");
    let mut said = None;
    for (_, value) in headers.iter().filter(|(name, _)| named(name)).take(LIMIT) {
        for challenge in parse(value) {
            let bearer = challenge.scheme.eq_ignore_ascii_case("bearer");
            if bearer && challenge.value("error").is_some() {
                said = Some(challenge);
            }
        }
    }
    said
}

/// All challenges of one header.
pub(crate) fn parse(value: &str) -> Vec<Challenge<'_>> {
    let mut challenges: Vec<Challenge<'_>> = Vec::new();
    let mut rest = if value.len() > LONGEST { "" } else { value };
    loop {
        rest = rest.trim_start_matches(|c| is_space(c) || c == ',');
        if rest.is_empty() {
            return challenges;
        }
        let (name, after) = split_while(rest, is_token);
        if name.is_empty() {
            rest = skip_element(rest);
            continue;
        }
        if let Some((value, left)) = parameter(after) {
            if let Some(challenge) = challenges.last_mut().filter(|it| it.token68.is_none())
                && challenge.parameters.len() < LIMIT
            {
                challenge.parameters.push((name, value));
            }
            rest = skip_element(left);
            continue;
        }
        let mut challenge = Challenge { scheme: name, token68: None, parameters: Vec::new() };
        rest = after;
        if let Some((token, left)) = token68(after) {
            challenge.token68 = Some(token);
            rest = left;
        } else if !after.starts_with(|c: char| is_space(c) || c == ',') && !after.is_empty() {
            // A name that runs on into something else is no scheme.
            rest = skip_element(after);
            continue;
        }
        if challenges.len() == LIMIT {
            return challenges;
        }
        challenges.push(challenge);
    }
}

impl Challenge<'_> {
    /// A parameter's value by its name in any case. One that stands twice says
    /// nothing: two readers could choose differently.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }
}

/// `= token` or `= "quoted"`, with spaces around the `=` (they are bad, but read).
fn parameter(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    let rest = rest.trim_start_matches(is_space).strip_prefix('=')?;
    let rest = rest.trim_start_matches(is_space);
    if let Some(quoted) = rest.strip_prefix('"') {
        return unquote(quoted);
    }
    let (value, rest) = split_while(rest, is_token);
    (!value.is_empty()).then_some((Cow::Borrowed(value), rest))
}

/// The text up to the closing quote, its escapes undone; none without that quote.
fn unquote(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let plain = quoted.find(['"', '\\'])?;
    let (text, rest) = quoted.split_at_checked(plain)?;
    if let Some(rest) = rest.strip_prefix('"') {
        return Some((Cow::Borrowed(text), rest));
    }
    let mut text = text.to_owned();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some((Cow::Owned(text), chars.as_str())),
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
}

/// A run of token68 characters that fills the element.
fn token68(rest: &str) -> Option<(&str, &str)> {
    let start = rest.trim_start_matches(is_space);
    if start.len() == rest.len() {
        return None;
    }
    let body = start.trim_start_matches(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/')
    });
    if body.len() == start.len() {
        return None;
    }
    let left = body.trim_start_matches('=');
    let token = start.strip_suffix(left)?;
    let end = left.trim_start_matches(is_space);
    (end.is_empty() || end.starts_with(',')).then_some((token, end))
}

/// What follows the next comma outside of quotes.
fn skip_element(rest: &str) -> &str {
    let mut chars = rest.chars();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => drop(chars.next()),
            ',' if !quoted => break,
            _ => {}
        }
    }
    chars.as_str()
}

fn split_while(text: &str, wanted: fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !wanted(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token(c: char) -> bool {
    let others = matches!(c, '!' | '#'..='\'' | '*' | '+' | '-' | '.' | '^'..='`' | '|' | '~');
    c.is_ascii_alphanumeric() || others
}

#[cfg(test)]
#[path = "challenge_tests.rs"]
mod tests;
