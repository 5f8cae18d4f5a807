//! JSON documents in a stream, with errors as `json.Decoder` reports them.

use super::Loaded;
use super::errors::YamlError;
use crate::go::json::{Scanned, SyntaxError, parse_scanned, scan, scan_all};

impl From<SyntaxError> for YamlError {
    fn from(error: SyntaxError) -> YamlError {
        match error {
            SyntaxError::UnexpectedEnd => YamlError::UnexpectedEnd,
            SyntaxError::At { offset, message } => YamlError::Json { offset, problem: message },
        }
    }
}

/// Returns `true` if kubectl takes a text for JSON: its first character after white space is a brace.
///
/// Follows `hasJSONPrefix` in apimachinery, `pkg/util/yaml/decoder.go`.
pub(super) fn starts_as_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Parses a text that holds one JSON document.
///
/// # Errors
///
/// Returns an error with the message of Go's decoder if the text is not JSON or has something after the document.
pub(super) fn parse_json(text: &str) -> Result<Loaded, YamlError> {
    load(text, scan_all(text)?, 0)
}

/// Parses the JSON document that starts at the byte offset `start`, after white space, and returns the offset of its end.
pub(super) fn next_json(text: &str, start: usize) -> Result<(Loaded, usize), YamlError> {
    let scanned = scan(text, start)?;
    let end = scanned.end;
    Ok((load(text, scanned, start)?, end))
}

fn load(text: &str, Scanned { end, duplicates }: Scanned, start: usize) -> Result<Loaded, YamlError> {
    let value = parse_scanned(&text[start..end])
        .map_err(|error| YamlError::Json { offset: end, problem: error.to_string() })?;
    Ok(Loaded { value, duplicates, other_keys: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_messages_match_go() {
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
    fn repeated_keys_are_reported_with_their_path() {
        let text = r#"{"spec":{"a":1,"a":2,"l":[{"b":1,"b":1}]}}"#;
        let loaded = parse_json(text).expect("valid JSON");
        assert_eq!(loaded.duplicates, [r#"duplicate field "spec.a""#, r#"duplicate field "spec.l[0].b""#]);
        assert_eq!(loaded.value["spec"]["a"], 2);
    }
}
