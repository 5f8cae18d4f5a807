//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use super::Value;
use super::pair::short_content;

impl Value {
    /// Returns the value at a pointer such as `/spec/containers/0/name`; the empty pointer is the value itself.
    ///
    /// Controllers call this in every loop, so no token is allocated.
    #[inline]
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        let (mut here, mut rest) = (self, pointer.as_bytes());
        while let Some((b'/', text)) = rest.split_first() {
            let token = Token::find(text);
            if token.has_escape {
                return tokens(pointer)?.try_fold(self, |here, token| here.child(token.as_bytes()));
            }
            let (name, after) = text.split_at(token.end);
            let short = match here {
                Value::Object(map) if token.end <= 8 => map.get_short(token.word, token.end),
                _ => None,
            };
            (here, rest) = (short.unwrap_or_else(|| here.child(name))?, after);
        }
        rest.is_empty().then_some(here)
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

/// A token at the beginning of the rest of a pointer.
struct Token {
    /// The position of the slash behind the token, or of its first tilde, or the end of the text.
    end: usize,
    /// `true` if the token has a tilde.
    has_escape: bool,
    /// The bytes up to the end as a number, the first one lowest, if there are at most eight.
    word: u64,
}

impl Token {
    /// Finds the end of a token, eight bytes at a time: tokens are short, for which this beats `memchr`.
    #[inline]
    fn find(text: &[u8]) -> Token {
        let word = first_word(text);
        match ends_in(word) {
            0 if text.len() < 8 => Token { end: text.len(), has_escape: false, word },
            // Most pointers begin with `/metadata/`.
            0 if text.get(8).is_none_or(|next| *next == b'/') => Token { end: 8, has_escape: false, word },
            0 => Token::find_long(text),
            found => {
                let bits = found.trailing_zeros() & !7;
                let end = bits as usize / 8;
                Token { end, has_escape: text[end] == b'~', word: word & !(u64::MAX << bits) }
            }
        }
    }

    /// Like [`find`](Self::find), for a token of more than eight bytes.
    fn find_long(text: &[u8]) -> Token {
        let mut start = 8;
        loop {
            let rest = &text[start..];
            match ends_in(first_word(rest)) {
                0 if rest.len() <= 8 => return Token { end: text.len(), has_escape: false, word: 0 },
                0 => start += 8,
                found => {
                    let end = start + found.trailing_zeros() as usize / 8;
                    return Token { end, has_escape: text[end] == b'~', word: 0 };
                }
            }
        }
    }
}

/// Returns the first eight bytes of a text as a number, the first one lowest; those that are missing are zero.
#[inline]
fn first_word(text: &[u8]) -> u64 {
    text.first_chunk().map_or_else(|| short_content(text), |bytes| u64::from_le_bytes(*bytes))
}

/// Returns a number whose lowest set bit is the highest one of the first slash or tilde of a word; zero if there is none.
#[inline]
fn ends_in(word: u64) -> u64 {
    bytes_equal(word, b'/') | bytes_equal(word, b'~')
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
        let text = rest.strip_prefix('/')?;
        let token = Token::find(text.as_bytes());
        let end = if token.has_escape { text.find('/').unwrap_or(text.len()) } else { token.end };
        let (this, after) = text.split_at(end);
        rest = after;
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
