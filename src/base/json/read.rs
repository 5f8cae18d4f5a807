//! Reading JSON that may be nested more deeply than `serde_json` allows by itself.

use serde::de::{DeserializeOwned, Error as _};

use super::Value;

/// The greatest number of maps and lists that may be nested in an object of the API.
///
/// Go's decoders of JSON and YAML have the same limit (`encoding/json/scanner.go`), on a stack that grows. Every walk over a
/// value recurses here, so that one that may be nested this deeply is for [`super::on_deep_stack`].
pub const OBJECT_DEPTH_MAX: usize = 10_000;

/// The greatest nesting that the reader of the store accepts. It exceeds [`OBJECT_DEPTH_MAX`], because a row may hold an
/// object inside a list or a change.
pub const READ_DEPTH_MAX: usize = 10_100;

/// The nesting up to which `serde_json` reads without further ado.
const PLAIN_DEPTH_MAX: usize = 127;

/// Parses JSON that is nested up to [`READ_DEPTH_MAX`].
///
/// # Errors
///
/// Returns the parser's error.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    // Checking all the text for UTF-8 at once is faster than checking every string.
    match str::from_utf8(bytes) {
        Ok(text) => from_str(text),
        Err(_) => Err(not_utf8(bytes)),
    }
}

/// Parses a JSON text that is nested up to [`READ_DEPTH_MAX`].
///
/// # Errors
///
/// As [`from_slice`].
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    parse(text, false).or_else(|error| {
        let is_deep = (PLAIN_DEPTH_MAX + 1..=READ_DEPTH_MAX).contains(&depth(text.as_bytes()));
        if is_deep { parse(text, true) } else { Err(error) }
    })
}

/// Parses a text. One that is nested more deeply than the stack of a thread allows must not be parsed as `deep`.
fn parse<T: DeserializeOwned>(text: &str, deep: bool) -> Result<T, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(text);
    if deep {
        parser.disable_recursion_limit();
    }
    let value = T::deserialize(&mut parser)?;
    parser.end().map(|()| value)
}

/// Returns the parser's error for bytes that are not UTF-8. It is found with one type for all, because a parser of bytes would
/// double the code of every type that is read.
fn not_utf8(bytes: &[u8]) -> serde_json::Error {
    serde_json::from_slice::<Value>(bytes).err().unwrap_or_else(|| serde_json::Error::custom("invalid UTF-8"))
}

/// Returns the nesting of a JSON text: 0 for a scalar. Brackets in strings do not count.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest): (usize, usize) = (0, 0);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while bytes.next().is_some_and(|byte| match byte {
                    b'"' => false,
                    b'\\' => bytes.next().is_some(),
                    _ => true,
                }) {}
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::super::{on_deep_stack, to_compact};
    use super::*;

    fn nested(depth: usize) -> String {
        let (open, close) = (r#"{"]":["#.repeat(depth / 2), "]}".repeat(depth / 2));
        format!("{open}\"\\\"[[[\"{close}")
    }

    #[test]
    fn deep_values_are_read_up_to_the_limit() {
        for depth in [0, 2, 126, 128, READ_DEPTH_MAX] {
            let text = nested(depth);
            let read = || from_str(&text).map(|value: Value| to_compact(&value));
            let written = on_deep_stack(read).expect("a stack").unwrap_or_else(|error| panic!("{depth}: {error}"));
            assert_eq!(written, text);
        }
        for depth in [READ_DEPTH_MAX + 2, 100_000] {
            let error = from_str::<Value>(&nested(depth)).expect_err("too deep");
            assert!(error.to_string().starts_with("recursion limit exceeded"), "{error}");
        }
    }

    #[test]
    fn damage_is_reported_at_any_depth() {
        for text in ["{".repeat(200), format!("{} x", nested(200)), "[1,]".to_owned()] {
            assert!(from_str::<Value>(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_reported_with_their_place() {
        for (bytes, expected) in [
            (&b"[\n\"\xff\"]"[..], "invalid unicode code point at line 2 column 2"),
            (b"[\xff", "expected value at line 1 column 2"),
        ] {
            assert_eq!(from_slice::<Vec<String>>(bytes).expect_err("not UTF-8").to_string(), expected);
        }
    }
}
