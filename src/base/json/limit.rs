//! Limits of the depth and of the size of a value.

use super::{OBJECT_DEPTH_MAX, Value, number_text};

/// The unit in which the length of a string is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strings {
    /// In JSON as Go writes it, with escapes.
    Escaped,
    /// As they are, as in protocol buffers.
    Raw,
}

/// The limit that a value exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// More than [`OBJECT_DEPTH_MAX`] maps and lists are nested.
    Depth,
    /// It takes more bytes than allowed.
    Size,
}

/// Checks that a value is nested no deeper than [`OBJECT_DEPTH_MAX`] and takes at most `bytes_max` bytes in compact JSON.
///
/// It stops at the first excess, so that it is fast for a small value that refers to itself many times.
///
/// # Errors
///
/// Returns the limit that is exceeded.
pub fn check_limits(value: &Value, bytes_max: usize, strings: Strings) -> Result<(), Excess> {
    Budget { bytes: bytes_max, strings }.value(value, 0)
}

/// The bytes that are left.
struct Budget {
    bytes: usize,
    strings: Strings,
}

impl Budget {
    fn take(&mut self, bytes: usize) -> Result<(), Excess> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Excess::Size)?;
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Excess> {
        if depth >= OBJECT_DEPTH_MAX && matches!(value, Value::Array(_) | Value::Object(_)) {
            return Err(Excess::Depth);
        }
        match value {
            Value::Null | Value::Bool(true) => self.take(4),
            Value::Bool(false) => self.take(5),
            Value::Number(number) => self.take(number_text(number).len()),
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                self.take(2 + items.len().saturating_sub(1))?;
                items.iter().try_for_each(|item| self.value(item, depth + 1))
            }
            Value::Object(fields) => {
                self.take(2 + fields.len().saturating_sub(1))?;
                fields.iter().try_for_each(|(key, field)| {
                    self.string(key)?;
                    self.take(1)?;
                    self.value(field, depth + 1)
                })
            }
        }
    }

    fn string(&mut self, text: &str) -> Result<(), Excess> {
        let escapes = match self.strings {
            Strings::Escaped => escapes_length(text),
            Strings::Raw => 0,
        };
        self.take(2 + text.len() + escapes)
    }
}

/// Returns the number of bytes that the escapes of [`write_string`](super::write_string) add to a string.
fn escapes_length(text: &str) -> usize {
    let added = |byte: u8| match byte {
        b'"' | b'\\' | 8 | 9 | 10 | 12 | 13 => 1,
        0..=0x1f | b'<' | b'>' | b'&' => 5,
        _ => 0,
    };
    // The two line separators take three bytes each, and six as an escape.
    let separators = if text.is_ascii() { 0 } else { text.matches(['\u{2028}', '\u{2029}']).count() };
    text.bytes().map(added).sum::<usize>() + 3 * separators
}

#[cfg(test)]
mod tests {
    use super::super::{json, on_deep_stack, to_compact};
    use super::*;

    #[test]
    fn sizes_are_those_of_the_encoded_json() {
        let value = json!({
            "a": [1, -2.5, 1e30, null, true, false, [], {}, [{}, {}]],
            "k\n": "<\u{1}\"\\\u{2028}\u{e9}\u{1F600}&\t",
            "": {"x": "y", "z": 18446744073709551615u64},
        });
        let length = to_compact(&value).len();
        assert_eq!(check_limits(&value, length, Strings::Escaped), Ok(()));
        assert_eq!(check_limits(&value, length - 1, Strings::Escaped), Err(Excess::Size));
        assert_eq!(check_limits(&json!("\n\n"), 4, Strings::Raw), Ok(()));
    }

    #[test]
    fn depth_is_limited() {
        let nest = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        let check = |depth| on_deep_stack(|| check_limits(&nest(depth), 100_000, Strings::Raw)).expect("a stack");
        assert_eq!(check(OBJECT_DEPTH_MAX), Ok(()));
        assert_eq!(check(OBJECT_DEPTH_MAX + 1), Err(Excess::Depth));
    }

    #[test]
    fn values_that_share_their_parts_are_counted_in_full() {
        let huge = (0..200).fold(json!("x"), |inner, _| json!([inner, inner]));
        assert_eq!(check_limits(&huge, 1 << 20, Strings::Escaped), Err(Excess::Size));
    }
}
