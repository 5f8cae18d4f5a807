//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use super::Value;

impl Value {
    /// Returns the value at a pointer such as `/spec/containers/0/name`; the empty pointer is the value itself.
    ///
    /// Controllers call this in every loop, so no token is allocated.
    #[inline]
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        let text = pointer.as_bytes();
        let (mut here, mut at) = (self, 0);
        while let Some(slash) = text.get(at) {
            let token = Token::find(text, at + 1);
            if token.has_escape {
                return tokens(pointer)?.try_fold(self, |here, token| here.child(token.as_bytes()));
            }
            here = here.child(&text[at + 1..token.end]).filter(|_| *slash == b'/')?;
            at = token.end;
        }
        Some(here)
    }

    #[inline]
    fn child(&self, token: &[u8]) -> Option<&Value> {
        match self {
            Value::Object(map) => map.get_bytes(token),
            Value::Array(list) => list.get(list_index(str::from_utf8(token).ok()?)?),
            _ => None,
        }
    }

    /// Returns the value at a pointer for changing it; creates nothing.
    #[inline]
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        tokens(pointer)?.try_fold(self, |here, token| match here {
            Value::Object(map) => map.get_mut(&token),
            Value::Array(list) => list.get_mut(list_index(&token)?),
            _ => None,
        })
    }
}

/// A token in the text of a pointer.
struct Token {
    /// The position of the slash behind the token, or the end of the text.
    end: usize,
    /// `true` if the token has a tilde.
    has_escape: bool,
}

impl Token {
    /// Finds the end of the token that starts at a position, eight bytes at a time: tokens are short, for which this beats
    /// `memchr`.
    #[inline]
    fn find(text: &[u8], start: usize) -> Token {
        let (mut at, mut has_escape) = (start, false);
        while let Some(word) = word_at(text, at) {
            let (slashes, tildes) = (bytes_equal(word, b'/'), bytes_equal(word, b'~'));
            if slashes != 0 {
                let bits = slashes.trailing_zeros();
                return Token { end: at + bits as usize / 8, has_escape: has_escape || tildes.trailing_zeros() < bits };
            }
            has_escape |= tildes != 0;
            at += 8;
        }
        Token { end: text.len(), has_escape }
    }
}

/// Returns the eight bytes at a position as a number, the first one lowest, with zeros behind the end of the text; `None` at the
/// end.
#[inline]
fn word_at(text: &[u8], at: usize) -> Option<u64> {
    let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
    Some(match (rest.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(bytes), _) => u64::from_le_bytes(*bytes),
        (None, Some(bytes)) => u64::from_le_bytes(*bytes) >> (8 * (8 - rest.len())),
        (None, None) => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    })
}

/// Returns a number whose lowest set bit is the highest one of the first byte of `word` that equals `byte`; zero if there is none.
#[inline]
fn bytes_equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let zero_where_equal = word ^ (LOW * u64::from(byte));
    zero_where_equal.wrapping_sub(LOW) & !zero_where_equal & (LOW << 7)
}

/// Iterates over the decoded tokens of a pointer; `None` if it does not start with a slash.
pub(crate) fn tokens(pointer: &str) -> Option<impl Iterator<Item = Cow<'_, str>>> {
    let mut rest = pointer;
    let next = move || {
        let token = Token::find(rest.as_bytes(), 1.min(rest.len()));
        let (this, after) = rest.split_at(token.end);
        rest = after;
        let this = this.strip_prefix('/')?;
        Some(if token.has_escape { unescaped(this) } else { this.into() })
    };
    (pointer.is_empty() || pointer.starts_with('/')).then(|| std::iter::from_fn(next))
}

/// Decodes `~1` and `~0` in a token; copies it only if it has such an escape.
pub(crate) fn unescaped(token: &str) -> Cow<'_, str> {
    match token.bytes().any(|byte| byte == b'~') {
        true => token.replace("~1", "/").replace("~0", "~").into(),
        false => token.into(),
    }
}

/// Parses a token as a list index: digits without leading zeros.
fn list_index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with(['0', '+']);
    if plain { token.parse().ok() } else { None }
}
