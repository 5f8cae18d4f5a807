//! KYAML: YAML in the flow style, with quoted strings and a comma after every entry.
//!
//! Upstream: `sigs.k8s.io/yaml/kyaml/kyaml.go`.

use kctl_base::json::{self, FieldOrder, Value};

/// Appends the text of a value, without a line break at its end, for a place that is this number of levels deep.
pub(super) fn write(out: &mut String, value: &Value, order: impl FieldOrder, depth: usize) {
    match value {
        Value::Array(items) => write_list(out, items, order.items(), depth),
        Value::Object(fields) => {
            if fields.is_empty() {
                return out.push_str("{}");
            }
            out.push_str("{\n");
            for (key, value, inner) in order.fields(fields) {
                indent(out, depth + 1);
                write_key(out, key, depth + 1);
                out.push_str(": ");
                write(out, value, inner, depth + 1);
                out.push_str(",\n");
            }
            indent(out, depth);
            out.push('}');
        }
        Value::String(text) => write_string(out, text, depth + 1),
        scalar => out.push_str(&json::to_compact(scalar)),
    }
}

/// Writes a list. Brackets of its objects and lists share the lines of its own.
fn write_list(out: &mut String, items: &[Value], order: impl FieldOrder, depth: usize) {
    let nested = items.iter().all(|item| matches!(item, Value::Array(_) | Value::Object(_)));
    out.push('[');
    if nested {
        for (at, item) in items.iter().enumerate() {
            out.push_str(if at > 0 { ", " } else { "" });
            write(out, item, order, depth);
        }
    } else {
        out.push('\n');
        for item in items {
            indent(out, depth + 1);
            write(out, item, order, depth + 1);
            out.push_str(",\n");
        }
        indent(out, depth);
    }
    out.push(']');
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

/// Writes a key, without quotes if no parser takes it for something else than a string.
fn write_key(out: &mut String, key: &str, depth: usize) {
    if needs_quotes(key) { write_string(out, key, depth) } else { out.push_str(key) }
}

fn needs_quotes(text: &str) -> bool {
    let last = text.chars().count().saturating_sub(1);
    let plain = |(at, char): (usize, char)| {
        char.is_alphanumeric() || char == '_' || (at > 0 && at < last && matches!(char, '-' | '.' | '/'))
    };
    text.is_empty() || !text.chars().enumerate().all(plain) || is_ambiguous(text)
}

/// True for a text that a YAML parser may take for null, a boolean, a number or a time.
fn is_ambiguous(text: &str) -> bool {
    let lower = text.to_lowercase();
    let word = matches!(
        lower.as_str(),
        "null" | "~" | "true" | "t" | "y" | "yes" | "on" | "false" | "f" | "n" | "no" | "off" | ".inf" | ".nan"
    );
    // `t` and `f` are booleans of Go; other spellings than T and F do not exist.
    let number = lower.replace('_', "");
    let digits = |prefix: &str, radix: u32| {
        number.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    word || number.parse::<f64>().is_ok() || digits("0x", 16) || digits("0o", 8) || digits("0b", 2) || is_date(text)
}

/// True for `2006-1-2`, the only form of a time without characters that need quotes.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    matches!(parts.as_slice(), [year, month, day] if number(year, 4..=4) && number(month, 1..=2) && number(day, 1..=2))
}

/// Writes a string in double quotes. Each line of a text with several stands on its own, folded to the original.
fn write_string(out: &mut String, text: &str, depth: usize) {
    let folded = text.contains('\n');
    out.push('"');
    if folded {
        out.push_str("\\\n");
    }
    let mut line_start = folded;
    for char in text.chars() {
        if std::mem::take(&mut line_start) {
            indent(out, depth);
            // White space at the start of a line is dropped unless it is escaped.
            out.push(if char.is_whitespace() && char != '\n' { '\\' } else { ' ' });
        }
        match char {
            '\n' => {
                out.push_str("\\n\\\n");
                line_start = true;
            }
            char => write_char(out, char),
        }
    }
    if folded {
        if !line_start {
            out.push_str("\\\n");
        }
        indent(out, depth);
    }
    out.push('"');
}

fn write_char(out: &mut String, char: char) {
    match char {
        '"' | '\\' => out.extend(['\\', char]),
        '\t' => out.push('\t'),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        '\x0b' => out.push_str("\\v"),
        '\0' => out.push_str("\\0"),
        '\x1b' => out.push_str("\\e"),
        '\u{85}' => out.push_str("\\N"),
        '\u{a0}' => out.push_str("\\_"),
        '\u{2028}' => out.push_str("\\L"),
        '\u{2029}' => out.push_str("\\P"),
        char if char < ' ' || char == '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(char))),
        char if char.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(char))),
        char => out.push(char),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn values_are_written_in_the_flow_style() {
        let value = json!({"a": [{"num": 1}, {"on": "yes"}], "b": ["x", null], "c": {}, "d/e": "l1\n  l2"});
        let expected = r#"{
  a: [{
    num: 1,
  }, {
    "on": "yes",
  }],
  b: [
    "x",
    null,
  ],
  c: {},
  d/e: "\
     l1\n\
    \  l2\
    ",
}"#;
        let mut text = String::new();
        write(&mut text, &value, json::Alphabet, 0);
        assert_eq!(text, expected);
    }

    #[test]
    fn keys_of_other_types_are_quoted() {
        for (key, quoted) in [
            ("a.b/c-d", false),
            ("1", true),
            ("0x1f", true),
            ("no", true),
            ("2001-1-2", true),
            ("", true),
            (".a", true),
        ] {
            assert_eq!(needs_quotes(key), quoted, "{key}");
        }
    }
}
