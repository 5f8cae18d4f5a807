//! The encoding of the fields of a key, in both directions.

use std::borrow::Cow;

use crate::store::ObjectKey;
use kctl_base::json::SharedStr;

/// Appends fields to a key.
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
}

impl Encoder {
    /// Starts a key with its tag.
    pub(super) fn new(tag: u8) -> Encoder {
        let mut bytes = Vec::with_capacity(128);
        bytes.push(tag);
        Encoder { bytes }
    }

    /// Appends a string.
    pub(super) fn string(mut self, string: &str) -> Encoder {
        let bytes = string.as_bytes();
        match has_zero(bytes) {
            false => self.bytes.extend_from_slice(bytes),
            true => bytes.iter().for_each(|byte| match byte {
                0 => self.bytes.extend_from_slice(&[0, 0xff]),
                other => self.bytes.push(*other),
            }),
        }
        self.bytes.extend_from_slice(&[0, 1]);
        self
    }

    /// Appends a string if there is one.
    pub(super) fn optional(self, string: Option<&str>) -> Encoder {
        match string {
            Some(string) => self.string(string),
            None => self,
        }
    }

    /// Appends the three strings of an object's key.
    pub(super) fn object(self, key: &ObjectKey) -> Encoder {
        self.string(&key.resource).string(&key.namespace).string(&key.name)
    }

    /// Appends an unsigned number.
    pub(super) fn number(mut self, number: u64) -> Encoder {
        self.bytes.extend(number.to_be_bytes());
        self
    }

    /// Appends a signed number.
    pub(super) fn signed(self, number: i64) -> Encoder {
        self.number(number.cast_unsigned() ^ (1 << 63))
    }

    /// Returns the key.
    pub(super) fn done(self) -> Vec<u8> {
        self.bytes
    }
}

/// Returns true if one of the bytes is zero, which is rare. Looks at eight at a time, because names are short.
fn has_zero(bytes: &[u8]) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let is_zero_in = |chunk: &[u8; 8]| {
        let word = u64::from_le_bytes(*chunk);
        word.wrapping_sub(LOW) & !word & (LOW << 7) != 0
    };
    let (chunks, _) = bytes.as_chunks::<8>();
    match bytes.last_chunk::<8>() {
        Some(last) => is_zero_in(last) || chunks.iter().any(is_zero_in),
        None => bytes.contains(&0),
    }
}

/// Reads fields from a key.
pub(super) struct Decoder<'a> {
    /// The bytes that have not been read.
    pub(super) rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Reads a string; `None` if it is not terminated or not UTF-8.
    pub(super) fn string(&mut self) -> Option<Cow<'static, str>> {
        Some(Cow::Owned(str::from_utf8(&self.bytes()?).ok()?.to_owned()))
    }

    /// Reads the bytes of a string.
    pub(super) fn bytes(&mut self) -> Option<Cow<'a, [u8]>> {
        let mut bytes = Cow::Borrowed(&[][..]);
        loop {
            let end = self.rest.iter().position(|b| *b == 0)?;
            match bytes.is_empty() {
                true => bytes = Cow::Borrowed(&self.rest[..end]),
                false => bytes.to_mut().extend_from_slice(&self.rest[..end]),
            }
            let mark = *self.rest.get(end + 1)?;
            self.rest = &self.rest[end + 2..];
            match mark {
                1 => return Some(bytes),
                0xff => bytes.to_mut().push(0),
                _ => return None,
            }
        }
    }

    /// Reads the three strings of an object's key.
    pub(super) fn object(&mut self) -> Option<Cow<'static, ObjectKey>> {
        let mut text = || Some(SharedStr::new(str::from_utf8(&self.bytes()?).ok()?));
        Some(Cow::Owned(ObjectKey { resource: text()?, namespace: text()?, name: text()? }))
    }

    /// Reads an unsigned number.
    pub(super) fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_be_bytes(*number))
    }
}
