//! One message: a tag, numbers and texts, how many of each the tag decides.
//!
//! ```text
//! u8 tag | u16 present | u64 for each number | u32 length of each text | the texts
//! ```
//! Little-endian; all but the texts is the head, which is read in one go. The lowest
//! bits of `present` say which numbers are there, the next which texts; what is not
//! there is written as 0, so that a message has one form only.

use zeroize::Zeroize as _;

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What follows the tag: `N` numbers and `T` texts.
type Fields<'a, const N: usize, const T: usize> = ([Option<u64>; N], [Option<&'a [u8]>; T]);

/// Reads messages, and never beyond their end.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn tag(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn fields<const N: usize, const T: usize>(
        &mut self,
    ) -> Result<Fields<'a, N, T>, Malformed> {
        let mut present = u16::from_le_bytes(self.array()?);
        let mut is_there = || {
            let bit = present & 1 == 1;
            present >>= 1;
            bit
        };
        let mut numbers = [None; N];
        for number in &mut numbers {
            *number = there(is_there(), u64::from_le_bytes(self.array()?))?;
        }
        let mut lengths = [None; T];
        for length in &mut lengths {
            *length = there(is_there(), u32::from_le_bytes(self.array()?))?;
        }
        if present != 0 {
            return Err(Malformed);
        }
        let mut texts = [None; T];
        for (text, length) in texts.iter_mut().zip(lengths) {
            *text = length.map(|length| self.take(length)).transpose()?;
        }
        Ok((numbers, texts))
    }

    /// A text that is a list: for each part its length, u32, and the part.
    pub(super) fn list(bytes: &'a [u8]) -> Result<Vec<String>, Malformed> {
        let mut from = Self(bytes);
        let mut parts = Vec::new();
        while !from.0.is_empty() {
            let length = u32::from_le_bytes(from.array()?);
            parts.push(text(from.take(length)?)?);
        }
        Ok(parts)
    }

    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    fn take(&mut self, length: u32) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }
}

fn there<T: Default + PartialEq>(is_there: bool, value: T) -> Result<Option<T>, Malformed> {
    match is_there {
        true => Ok(Some(value)),
        false if value == T::default() => Ok(None),
        false => Err(Malformed),
    }
}

/// What must be there.
pub(super) fn need<T>(value: Option<T>) -> Result<T, Malformed> {
    value.ok_or(Malformed)
}

pub(super) fn text(bytes: &[u8]) -> Result<String, Malformed> {
    // Checked before it is copied: an error would drop the copy unwiped.
    str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed)
}

pub(super) fn optional_text(bytes: Option<&[u8]>) -> Result<Option<String>, Malformed> {
    bytes.map(text).transpose()
}

/// Messages that are read by the other side. Their heads stand together behind their
/// texts and a line break, in hexadecimal digits: all of it is text, since UniFFI
/// hands a `String` over as it is, but copies other bytes one by one, over a vector
/// that grows.
#[derive(Default)]
pub(super) struct Writer {
    texts: String,
    heads: Vec<u8>,
}

impl Writer {
    pub(super) fn message(&mut self, tag: u8, numbers: &[Option<u64>], texts: &[Option<&str>]) {
        self.make_room(texts.iter().flatten().map(|text| text.len()).sum());
        for text in texts.iter().flatten() {
            self.texts.push_str(text);
        }
        self.heads.push(tag);
        let there = numbers.iter().map(Option::is_some).chain(texts.iter().map(Option::is_some));
        let present = there.enumerate().fold(0u16, |bits, (i, there)| bits | u16::from(there) << i);
        self.heads.extend_from_slice(&present.to_le_bytes());
        for number in numbers {
            self.heads.extend_from_slice(&number.unwrap_or(0).to_le_bytes());
        }
        for text in texts {
            // Nothing comes near 4 GiB: answers have a limit.
            let length = text.map_or(0, |text| u32::try_from(text.len()).unwrap_or(u32::MAX));
            self.heads.extend_from_slice(&length.to_le_bytes());
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.make_room(1 + 2 * self.heads.len());
        self.texts.push('\n');
        let digit = |four: u8| char::from(b"0123456789abcdef"[usize::from(four)]);
        for byte in self.heads {
            self.texts.push(digit(byte >> 4));
            self.texts.push(digit(byte & 15));
        }
        self.texts
    }

    /// A string that grows by itself leaves copies of secrets behind.
    fn make_room(&mut self, length: usize) {
        if self.texts.capacity() - self.texts.len() < length {
            let mut larger = String::with_capacity(2 * (self.texts.len() + length) + 1_024);
            larger.push_str(&self.texts);
            self.texts.zeroize();
            self.texts = larger;
        }
    }
}
