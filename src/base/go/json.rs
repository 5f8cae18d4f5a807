//! The scanner of `encoding/json` (`scanner.go`): the error messages, the end and the repeated keys of a JSON text.
//!
//! It only checks; `serde_json` makes the values. Repeated keys are reported as by `sigs.k8s.io/json`.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::{quote, quote_char};
use crate::json::{self, OBJECT_DEPTH_MAX, Value};

/// An error in the syntax of a JSON text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// The text ends before the value does.
    #[error("unexpected end of JSON input")]
    UnexpectedEnd,
    /// A byte is wrong.
    #[error("{message}")]
    At {
        /// The number of bytes that were read, including the wrong one.
        offset: usize,
        /// The message, such as `invalid character 'a' after object key`.
        message: String,
    },
}

/// The first value of a text.
pub(crate) struct Scanned {
    /// The offset of the byte after the value.
    pub(crate) end: usize,
    /// A message for each key that is repeated, such as `duplicate field "spec.replicas"`.
    pub(crate) duplicates: Vec<String>,
}

/// Scans the value that starts at the byte offset `start`, after white space.
///
/// # Errors
///
/// Returns the first syntax error.
pub(crate) fn scan(text: &str, start: usize) -> Result<Scanned, SyntaxError> {
    let mut scanner = Scanner { text, at: start, path: String::new(), duplicates: Vec::new() };
    scanner.value(0, "looking for beginning of value")?;
    Ok(Scanned { end: scanner.at, duplicates: scanner.duplicates })
}

/// Scans a text that must hold exactly one value.
///
/// # Errors
///
/// Returns the first syntax error, as `json.Unmarshal` does.
pub(crate) fn scan_all(text: &str) -> Result<Scanned, SyntaxError> {
    let scanned = scan(text, 0)?;
    let rest = text[scanned.end..].trim_start();
    match rest.chars().next() {
        None => Ok(scanned),
        Some(c) => Err(SyntaxError::At {
            offset: text.len() - rest.len() + 1,
            message: format!("invalid character {} after top-level value", quote_char(c)),
        }),
    }
}

/// Parses a JSON text that holds one value.
///
/// # Errors
///
/// Returns the message of `json.Unmarshal`.
pub fn parse(text: &str) -> Result<Value, String> {
    scan_all(text).map_err(|error| error.to_string())?;
    parse_scanned(text).map_err(|error| error.to_string())
}

/// Parses a JSON text without syntax errors. Half a surrogate pair is read as U+FFFD, as Go does.
///
/// # Errors
///
/// Returns an error for a number out of range.
pub(crate) fn parse_scanned<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    json::from_str(text).or_else(|error| match without_lone_surrogates(text) {
        Cow::Owned(repaired) => json::from_str(&repaired),
        Cow::Borrowed(_) => Err(error),
    })
}

/// Replaces escapes of half a surrogate pair by that of U+FFFD.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let mut repaired = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = text[at..].find('\\') {
        at += found;
        match (surrogate(text, at), surrogate(text, at + 6)) {
            (Some(Half::High), Some(Half::Low)) => at += 12,
            (Some(_), _) => {
                repaired.push_str(&text[kept..at]);
                repaired.push_str("\\ufffd");
                at += 6;
                kept = at;
            }
            // The character after a backslash may be a backslash.
            (None, _) => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    match kept {
        0 => text.into(),
        _ => (repaired + &text[kept..]).into(),
    }
}

/// A half of a surrogate pair.
enum Half {
    High,
    Low,
}

/// Returns the half of a surrogate pair whose escape is at an offset.
fn surrogate(text: &str, at: usize) -> Option<Half> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    match u32::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

/// Returns the message of `json.Unmarshal` into a `map[string]interface{}`; `None` if the text holds an object or null.
pub fn object_error(text: &str) -> Option<String> {
    if let Err(error) = scan_all(text) {
        return Some(error.to_string());
    }
    let kind = match text.trim_start().as_bytes().first()? {
        b'{' | b'n' => return None,
        b'[' => "array",
        b'"' => "string",
        b't' | b'f' => "bool",
        _ => "number",
    };
    Some(format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"))
}

/// The scanner; `at` is the byte offset of the next byte.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// The path of the current field (`spec.containers[0].name`).
    path: String,
    duplicates: Vec<String>,
}

impl Scanner<'_> {
    fn value(&mut self, depth: usize, expected: &str) -> Result<(), SyntaxError> {
        match self.next_token()? {
            b'{' if depth < OBJECT_DEPTH_MAX => self.object(depth),
            b'[' if depth < OBJECT_DEPTH_MAX => self.array(depth),
            b'{' | b'[' => Err(SyntaxError::At { offset: self.at + 1, message: "exceeded max depth".to_owned() }),
            b'"' => self.string().map(drop),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.unexpected(expected)),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), SyntaxError> {
        self.at += 1;
        let outer = self.path.len();
        let mut seen = HashSet::new();
        if self.next_token()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.next_token()? != b'"' {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            if !self.path.is_empty() {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if !seen.insert(key) {
                self.duplicates.push(format!("duplicate field {}", quote(&self.path)));
            }
            self.expect(b':', "after object key")?;
            self.value(depth + 1, "looking for beginning of value")?;
            self.path.truncate(outer);
            match self.next_token()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), SyntaxError> {
        self.at += 1;
        let outer = self.path.len();
        if self.next_token()? == b']' {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            self.path.push_str(&format!("[{index}]"));
            self.value(depth + 1, "looking for beginning of value")?;
            self.path.truncate(outer);
            match self.next_token()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return Err(self.unexpected("after array element")),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Skips a string and returns it without quotes and escapes.
    fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.byte()? {
                b'"' => break,
                b'\\' => {
                    self.at += 1;
                    self.escape()?;
                }
                0..=0x1f => return Err(self.unexpected("in string literal")),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        // A string without syntax errors can be parsed.
        Ok(parse_scanned(&self.text[start..self.at]).unwrap_or_default())
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        match self.byte()? {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.at += 1,
            b'u' => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.byte()?.is_ascii_hexdigit() {
                        return Err(self.unexpected("in \\u hexadecimal character escape"));
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.unexpected("in string escape code")),
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), SyntaxError> {
        for letter in word.bytes() {
            if self.byte()? != letter {
                return Err(self.unexpected(&format!("in literal {word} (expecting '{}')", char::from(letter))));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        if self.byte()? == b'-' {
            self.at += 1;
        }
        match self.byte()? {
            b'0' => self.at += 1,
            _ => self.digits("in numeric literal")?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, place: &str) -> Result<(), SyntaxError> {
        if !self.byte()?.is_ascii_digit() {
            return Err(self.unexpected(place));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn expect(&mut self, wanted: u8, place: &str) -> Result<(), SyntaxError> {
        if self.next_token()? != wanted {
            return Err(self.unexpected(place));
        }
        self.at += 1;
        Ok(())
    }

    fn next_token(&mut self) -> Result<u8, SyntaxError> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.byte()
    }

    fn byte(&self) -> Result<u8, SyntaxError> {
        self.peek().ok_or(SyntaxError::UnexpectedEnd)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, place: &str) -> SyntaxError {
        // Go converts the byte, not the character at this place, to a rune.
        let byte = char::from(self.peek().unwrap_or_default());
        let message = format!("invalid character {} {place}", quote_char(byte));
        SyntaxError::At { offset: self.at + 1, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_go() {
        let cases = [
            (r#"{"a": [1, 2.5e3, null, true, "x\u00e4"]}"#, None),
            ("null", None),
            ("nojson", Some("invalid character 'o' in literal null (expecting 'u')")),
            ("", Some("unexpected end of JSON input")),
            ("xyz", Some("invalid character 'x' looking for beginning of value")),
            ("{} x", Some("invalid character 'x' after top-level value")),
            ("{a: 1}", Some("invalid character 'a' looking for beginning of object key string")),
            (r#"{"a" 1}"#, Some("invalid character '1' after object key")),
            (r#"{"a": 1 2}"#, Some("invalid character '2' after object key:value pair")),
            (r#"{"a": 'x'}"#, Some(r"invalid character '\'' looking for beginning of value")),
            ("[1]", Some("json: cannot unmarshal array into Go value of type map[string]interface {}")),
        ];
        for (text, want) in cases {
            assert_eq!(object_error(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn values_are_parsed() {
        assert_eq!(parse(r#" {"a": [1]} "#), Ok(crate::json::json!({"a": [1]})));
        let halves = r#"["\ud800", "a\uDC00b", "\ud83d\ude00", "\\ud800", "\ud800\ud83d\ude00", {"\udfff": 1}]"#;
        let expected = crate::json::json!(["\u{fffd}", "a\u{fffd}b", "\u{1F600}", "\\ud800", "\u{fffd}\u{1F600}", {"\u{fffd}": 1}]);
        assert_eq!(parse(halves), Ok(expected));
        assert_eq!(parse("[1").as_ref().map_err(String::as_str), Err("unexpected end of JSON input"));
    }
}
