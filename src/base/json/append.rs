//! JSON as `serde_json` writes it, appended to bytes: the change log is written with it. Strings, which are most of an object,
//! are copied at once unless they have an escape.

use super::{Number, Value};

/// Appends the JSON of a value, on one line without spaces.
pub fn append(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => append_number(number, out),
        Value::String(text) => append_string(text, out),
        Value::Array(items) => append_items(items, out),
        Value::Object(fields) => {
            out.push(b'{');
            for (index, (key, value)) in fields.iter().enumerate() {
                append_key(index == 0, key, out);
                append(value, out);
            }
            out.push(b'}');
        }
    }
}

/// Appends the JSON of a list.
pub fn append_items(items: &[Value], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        append(item, out);
    }
    out.push(b']');
}

/// Appends the key of an entry of a map, after a comma unless it is the first one, and a colon.
pub fn append_key(is_first: bool, key: &str, out: &mut Vec<u8>) {
    if !is_first {
        out.push(b',');
    }
    append_string(key, out);
    out.push(b':');
}

fn append_number(number: &Number, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    drop(serde_json::to_writer(out, number));
}

fn append_string(text: &str, out: &mut Vec<u8>) {
    if has_escape(text.as_bytes()) {
        // Writing to memory cannot fail.
        return drop(serde_json::to_writer(out, text));
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Returns `true` if one of the bytes is escaped in a string: a quotation mark, a backslash or a control character. Looks at
/// eight at a time.
fn has_escape(bytes: &[u8]) -> bool {
    match bytes.last_chunk::<8>() {
        Some(last) => is_escaped_in(last) || bytes.as_chunks().0.iter().any(is_escaped_in),
        None => bytes.iter().any(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')),
    }
}

fn is_escaped_in(chunk: &[u8; 8]) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(*chunk);
    // The highest bit of a byte is set where it is less than a bound, if no byte has its own highest bit set.
    let below = |word: u64, bound: u8| word.wrapping_sub(LOW * u64::from(bound)) & !word;
    let equal = |byte: u8| below(word ^ (LOW * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & (LOW << 7) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::json;
    use super::*;

    fn text(value: &Value) -> String {
        let mut out = Vec::new();
        append(value, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn values_are_written_as_serde_json_writes_them() {
        let value = json!({"a": [null, true, false, 1, -1, 1.0, 0.1, u64::MAX, []], "b": {"c": {}}, "d\"e": "\n"});
        assert_eq!(text(&value), serde_json::to_string(&value).expect("JSON"));
    }

    proptest! {
        #[test]
        fn strings_are_written_as_serde_json_writes_them(
            string in prop_oneof!["[a-c\"\\\\\u{1f} !#/é\u{7f}\u{80}]{0,20}", "\\PC{0,30}", any::<String>()],
        ) {
            prop_assert_eq!(text(&string.as_str().into()), serde_json::to_string(&string).expect("JSON"));
        }
    }
}
