//! A member of a JSON object that a peer wrote: of any type, and none of them wrong.

use crate::{bytes, json};
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::{iter, ops::Deref};
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
            Some(b'[') => json::list(value, json::string).map_or(Self::Other, Self::List),
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

fn number(value: &str) -> Member<'static> {
    if let Some(value) = json::integer(value) {
        return Member::Number { value, exact: true };
    }
    let exact = bytes::all(value.as_bytes(), |byte| !matches!(byte, b'.' | b'e' | b'E'));
    Member::Number { value: whole_part(value), exact }
}

/// What stands before the point of a number, once its exponent has moved that: the fraction
/// of a second does not matter. What is out of range is as far as that goes.
fn whole_part(number: &str) -> i64 {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or((1, mantissa), |rest| (-1, rest));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = before.bytes().chain(after.bytes()).map(|digit| i64::from(digit & 0xf));
    if digits.clone().all(|digit| digit == 0) {
        return 0;
    }
    let far = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    let moved = exponent.parse().unwrap_or(far);
    let length = i64::try_from(before.len()).unwrap_or(i64::MAX).saturating_add(moved);
    let length = usize::try_from(length.max(0)).unwrap_or(usize::MAX);
    let mut whole = 0_i64;
    for digit in digits.chain(iter::repeat(0)).take(length) {
        whole = whole.saturating_mul(10).saturating_add(digit);
        if whole == i64::MAX {
            break;
        }
    }
    whole.saturating_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_exact_where_it_is_an_integer() {
        for (number, value, exact) in [
            ("3600", 3_600, true),
            ("-5", -5, true),
            ("9223372036854775808", i64::MAX, true),
            ("99999999999999999999", i64::MAX, true),
            ("3600.0", 3_600, false),
            ("36e2", 3_600, false),
            ("36E2", 3_600, false),
        ] {
            assert_eq!(Member::read(number), Member::Number { value, exact }, "{number}");
        }
    }

    #[test]
    fn of_a_number_only_the_whole_part_counts() {
        for (number, whole) in [
            ("3600.0", 3_600),
            ("3600.99", 3_600),
            ("3.6e3", 3_600),
            ("36E+2", 3_600),
            ("3600000e-3", 3_600),
            ("-1.5", -1),
            ("0.999", 0),
            ("9e-1", 0),
            ("0.001e6", 1_000),
            ("-0.0e99999", 0),
            ("0e99999999999999999999", 0),
            ("1e400", i64::MAX),
            ("1e99999999999999999999", i64::MAX),
            ("1e-99999999999999999999", 0),
            ("123456789012345678901234567890", i64::MAX),
            ("-123456789012345678901234567890", -i64::MAX),
        ] {
            assert_eq!(whole_part(number), whole, "{number}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_is_left_once_the_point_has_moved(
            digits in "0{0,3}[0-9]{1,12}", after in "[0-9]{0,6}", negative: bool, by in -20..20_i32,
            e in "[eE][+]?0{0,2}",
        ) {
            let exponent = if by < 0 { format!("e-0{}", -by) } else { format!("{e}{by}") };
            let point = if after.is_empty() { "" } else { "." };
            let sign = if negative { "-" } else { "" };
            let text = format!("{sign}{digits}{point}{after}{exponent}");
            // Truncated towards zero, as integers are divided.
            let value: i128 = format!("{sign}{digits}{after}").parse().unwrap();
            let moved = by - i32::try_from(after.len()).unwrap();
            let by_ten = 10_i128.pow(moved.unsigned_abs());
            let whole = if moved < 0 { value / by_ten } else { value.saturating_mul(by_ten) };
            let most = i128::from(i64::MAX);
            prop_assert_eq!(i128::from(whole_part(&text)), whole.clamp(-most, most), "{}", text);
        }
    }
}
