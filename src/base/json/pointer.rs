//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use super::Value;

impl Value {
    /// Returns the value at a pointer such as `/spec/containers/0/name`; the empty pointer is the value itself.
    ///
    /// Controllers call this in every loop, so no token is allocated.
    #[inline]
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        if pointer.bytes().fold(false, |found, byte| found | (byte == b'~')) {
            return tokens(pointer)?.try_fold(self, |here, token| here.child(unescaped(token).as_bytes()));
        }
        let mut here = self;
        let mut rest = pointer.as_bytes();
        while let Some((slash, after)) = rest.split_first() {
            // Tokens are short, for which a plain loop beats memchr.
            let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
            here = here.child(&after[..end]).filter(|_| *slash == b'/')?;
            rest = &after[end..];
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
            Value::Object(map) => map.get_mut(&unescaped(token)),
            Value::Array(list) => list.get_mut(list_index(token)?),
            _ => None,
        })
    }
}

/// Splits a pointer into its tokens; `None` if it does not start with a slash.
fn tokens(pointer: &str) -> Option<impl Iterator<Item = &str>> {
    (pointer.is_empty() || pointer.starts_with('/')).then(|| pointer.split('/').skip(1))
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
