//! JSON documents: where each ends in a stream, what is wrong with one in the words of Go's decoder, which keys come twice.
//!
//! The text is only checked here; `serde_json` makes the values.

use std::collections::HashSet;

use super::Loaded;
use super::errors::YamlError;
use crate::go_text;
use crate::json::Value;

/// Nesting beyond this is refused; it is less than what `serde_json` reads.
const MAX_DEPTH: usize = 120;

/// Whether kubectl takes a text for JSON: its first character is a brace.
pub(super) fn starts_as_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Reads one JSON document, with errors in the words of Go's decoder.
pub fn parse_json(text: &str) -> Result<Loaded, YamlError> {
    let (loaded, end) = next_json(text, 0)?;
    let rest = text[end..].trim_start();
    match rest.chars().next() {
        None => Ok(loaded),
        Some(c) => Err(YamlError::Json {
            offset: text.len() - rest.len() + 1,
            problem: format!("invalid character {} after top-level value", go_text::quote_char(c)),
        }),
    }
}

/// Reads the JSON document that starts at `start` (after blanks) and says where it ends.
pub(super) fn next_json(text: &str, start: usize) -> Result<(Loaded, usize), YamlError> {
    let mut checker = Checker { text, at: start, path: String::new(), duplicates: Vec::new() };
    checker.value(0, "looking for beginning of value")?;
    let (end, duplicates) = (checker.at, checker.duplicates);
    let value: Value = serde_json::from_str(&text[start..end])
        .map_err(|error| YamlError::Json { offset: end, problem: error.to_string() })?;
    Ok((Loaded { value, duplicates, other_keys: Vec::new() }, end))
}

/// Walks over one value, byte by byte.
struct Checker<'t> {
    text: &'t str,
    at: usize,
    /// The field being read, as messages name it (`spec.containers[0].name`).
    path: String,
    duplicates: Vec<String>,
}

impl Checker<'_> {
    fn value(&mut self, depth: usize, expected: &str) -> Result<(), YamlError> {
        match self.next_token()? {
            b'{' if depth < MAX_DEPTH => self.object(depth),
            b'[' if depth < MAX_DEPTH => self.array(depth),
            b'{' | b'[' => Err(YamlError::Json { offset: self.at + 1, problem: "exceeded max depth".to_owned() }),
            b'"' => self.string().map(drop),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.unexpected(expected)),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), YamlError> {
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
                self.duplicates.push(format!("duplicate field {}", go_text::quote(&self.path)));
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

    fn array(&mut self, depth: usize) -> Result<(), YamlError> {
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

    /// Passes over a string and returns its text.
    fn string(&mut self) -> Result<String, YamlError> {
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
        // Lone surrogates pass Go's check; serde_json refuses them when the document is read.
        Ok(serde_json::from_str(&self.text[start..self.at]).unwrap_or_default())
    }

    fn escape(&mut self) -> Result<(), YamlError> {
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

    fn literal(&mut self, word: &str) -> Result<(), YamlError> {
        for letter in word.bytes() {
            if self.byte()? != letter {
                return Err(self.unexpected(&format!("in literal {word} (expecting '{}')", char::from(letter))));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), YamlError> {
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

    fn digits(&mut self, place: &str) -> Result<(), YamlError> {
        if !self.byte()?.is_ascii_digit() {
            return Err(self.unexpected(place));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn expect(&mut self, wanted: u8, place: &str) -> Result<(), YamlError> {
        if self.next_token()? != wanted {
            return Err(self.unexpected(place));
        }
        self.at += 1;
        Ok(())
    }

    fn next_token(&mut self) -> Result<u8, YamlError> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.byte()
    }

    fn byte(&self) -> Result<u8, YamlError> {
        self.peek().ok_or(YamlError::UnexpectedEnd)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, place: &str) -> YamlError {
        // Go names the byte, not the character.
        let byte = char::from(self.peek().unwrap_or_default());
        let shown = if byte == '"' { "'\"'".to_owned() } else { go_text::quote_char(byte) };
        YamlError::Json { offset: self.at + 1, problem: format!("invalid character {shown} {place}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_go_words_and_places() {
        let cases = [
            ("{a: 1}", "json: offset 2: invalid character 'a' looking for beginning of object key string"),
            (r#"{"a" 1}"#, "json: offset 6: invalid character '1' after object key"),
            (r#"{"a":1 "b"}"#, "json: offset 8: invalid character '\"' after object key:value pair"),
            (r#"{"a":[1 2]}"#, "json: offset 9: invalid character '2' after array element"),
            (r#"{"a":tru}"#, "json: offset 9: invalid character '}' in literal true (expecting 'e')"),
            (r#"{"a":-}"#, "json: offset 7: invalid character '}' in numeric literal"),
            (r#"{"a":"\q"}"#, "json: offset 8: invalid character 'q' in string escape code"),
            (r#"{"a":}"#, "json: offset 6: invalid character '}' looking for beginning of value"),
            (r#"{"a":1"#, "unexpected EOF"),
            ("{} x", "json: offset 4: invalid character 'x' after top-level value"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_json(text).map_err(|e| e.to_string()), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn keys_given_twice_are_named_by_their_path() {
        let text = r#"{"spec":{"a":1,"a":2,"l":[{"b":1,"b":1}]}}"#;
        let loaded = parse_json(text).expect("valid JSON");
        assert_eq!(loaded.duplicates, [r#"duplicate field "spec.a""#, r#"duplicate field "spec.l[0].b""#]);
        assert_eq!(loaded.value["spec"]["a"], 2);
    }
}
