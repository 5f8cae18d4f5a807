//! JSON as Go's encoder writes it: the key order, escapes and numbers of `kubectl -o json` (`encoding/json/encode.go`).

use super::{Map, Number, SharedStr, Value};
use crate::go::float_json;

/// The order of the fields of a value and of those inside it.
pub trait FieldOrder: Copy {
    /// Iterates over the fields of an object, each with the order of its value.
    fn fields(self, object: &Map) -> impl Iterator<Item = (&SharedStr, &Value, Self)>;

    /// Returns the order of the items of a list.
    fn items(self) -> Self;
}

/// The order of the alphabet, in which Go encodes maps.
#[derive(Clone, Copy, Debug)]
pub struct Alphabet;

impl FieldOrder for Alphabet {
    fn fields(self, object: &Map) -> impl Iterator<Item = (&SharedStr, &Value, Self)> {
        object.iter().map(|(name, value)| (name, value, Alphabet))
    }

    fn items(self) -> Self {
        self
    }
}

/// Formats a value with four spaces of indentation, without a final line break.
pub fn to_pretty(value: &Value) -> String {
    to_pretty_in(value, Alphabet)
}

/// Formats a value as [`to_pretty`] does, with its fields in an order.
pub fn to_pretty_in(value: &Value, order: impl FieldOrder) -> String {
    let mut out = String::new();
    write_value(&mut out, value, order, Some(0));
    out
}

/// Appends a value as [`to_pretty_in`] formats it, for a place that is this number of levels deep.
pub fn write_pretty(out: &mut String, value: &Value, order: impl FieldOrder, depth: usize) {
    write_value(out, value, order, Some(depth));
}

/// Formats a value on one line without spaces.
pub fn to_compact(value: &Value) -> String {
    to_compact_in(value, Alphabet)
}

/// Formats a value as [`to_compact`] does, with its fields in an order.
pub fn to_compact_in(value: &Value, order: impl FieldOrder) -> String {
    let mut out = String::new();
    write_value(&mut out, value, order, None);
    out
}

/// Formats a number: integral floats have no fraction, and only very large and small ones an exponent.
pub fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float_json(float),
        _ => number.to_string(),
    }
}

/// Returns the name of a JSON type in error messages of Go's decoder, such as `array`.
pub fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn write_value(out: &mut String, value: &Value, order: impl FieldOrder, depth: Option<usize>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::String(text) => write_string(out, text),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Object(fields) if fields.is_empty() => out.push_str("{}"),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                start_item(out, index, depth);
                write_value(out, item, order.items(), depth.map(|d| d + 1));
            }
            end_items(out, depth);
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (key, item, inner)) in order.fields(fields).enumerate() {
                start_item(out, index, depth);
                write_string(out, key);
                out.push_str(if depth.is_some() { ": " } else { ":" });
                write_value(out, item, inner, depth.map(|d| d + 1));
            }
            end_items(out, depth);
            out.push('}');
        }
    }
}

fn start_item(out: &mut String, index: usize, depth: Option<usize>) {
    if index > 0 {
        out.push(',');
    }
    if let Some(depth) = depth {
        break_line(out, depth + 1);
    }
}

fn end_items(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        break_line(out, depth);
    }
}

fn break_line(out: &mut String, depth: usize) {
    const INDENT: &str = "                                                                ";
    out.push('\n');
    let mut spaces = 4 * depth;
    while spaces > 0 {
        let here = spaces.min(INDENT.len());
        out.push_str(&INDENT[..here]);
        spaces -= here;
    }
}

/// Returns `true` for the first byte of each character that [`write_string`] escapes. Few texts have one.
fn may_be_escaped(byte: u8) -> bool {
    // U+2028 and U+2029 begin with e2.
    byte < b' ' || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
}

/// Writes a JSON string with Go's escapes: besides those that JSON requires `<`, `>`, `&` and the Unicode line
/// separators.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    if !text.bytes().fold(false, |found, byte| found | may_be_escaped(byte)) {
        out.push_str(text);
        return out.push('"');
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn strings_escape_markup_and_controls() {
        let text = json!("<a> & \"b\" \\ \n\t\u{1}\u{7f}\u{2028}\u{1F600}");
        let expected = "\"\\u003ca\\u003e \\u0026 \\\"b\\\" \\\\ \\n\\t\\u0001\u{7f}\\u2028\u{1F600}\"";
        assert_eq!(to_compact(&text), expected);
    }

    #[test]
    fn pretty_output_is_indented_by_four() {
        let value = json!({"b": [1, {"c": null}], "a": {}, "d": [], "e": 1.0});
        let expected = "{\n    \"a\": {},\n    \"b\": [\n        1,\n        {\n            \"c\": null\n        }\n    ],\n    \"d\": [],\n    \"e\": 1\n}";
        assert_eq!(to_pretty(&value), expected);
    }
}
