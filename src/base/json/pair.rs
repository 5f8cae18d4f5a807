//! The entries of maps, with marks of their keys: numbers that tell most keys apart.

use super::{SharedStr, Value};

/// The bit of the marks that do not tell everything about their keys.
pub(super) const MIXED: u64 = 1 << 63;

/// An entry with a mark of its key, which spares most comparisons of keys in a scan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    pub(super) mark: u64,
    pub(super) key: SharedStr,
    pub(super) value: Value,
}

/// Returns the mark of a key: the key itself if it has up to eight bytes, so that short keys with equal marks are equal.
/// Longer keys have a mark with the bit [`MIXED`], of their length and of their first and last bytes; so have the rare short
/// ones that would have the mark of another, which end in a zero byte, or in one that sets the bit.
#[inline]
pub(super) fn mark_of(key: &[u8]) -> u64 {
    let content = match ends(key) {
        Some((first, last)) if key.len() > 8 => first ^ last.rotate_left(29) ^ key.len() as u64 | MIXED,
        Some((first, _)) => first,
        None => short_content(key),
    };
    if key.last() == Some(&0) { content | MIXED } else { content }
}

/// Returns the bytes of a key of up to seven bytes as a number.
#[inline]
pub(super) fn short_content(key: &[u8]) -> u64 {
    match (key.first_chunk::<4>(), key.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (key.len() - 4))
        }
        _ => key.iter().rev().fold(0, |content, byte| content << 8 | u64::from(*byte)),
    }
}

/// Returns the first and the last eight bytes of a key, which are all of one of up to sixteen; `None` for a shorter one.
#[inline]
pub(super) fn ends(key: &[u8]) -> Option<(u64, u64)> {
    Some((u64::from_le_bytes(*key.first_chunk()?), u64::from_le_bytes(*key.last_chunk()?)))
}

impl Pair {
    #[inline]
    pub(super) fn new(key: SharedStr, value: Value) -> Pair {
        Pair { mark: mark_of(key.as_bytes()), key, value }
    }

    /// Returns `true` if the key is less than that of another entry.
    #[inline]
    pub(super) fn precedes(&self, other: &Pair) -> bool {
        match self.mark < MIXED && other.mark < MIXED {
            // The marks are the keys; their first bytes are the lowest.
            true => self.mark.swap_bytes() < other.mark.swap_bytes(),
            false => self.key < other.key,
        }
    }

    /// Returns `true` if the key has a length of eight to sixteen bytes, and these [`ends`].
    #[inline]
    pub(super) fn has_ends(&self, length: usize, those: (u64, u64)) -> bool {
        let key = self.key.as_bytes();
        key.len() == length && ends(key) == Some(those)
    }
}
