//! Lines of output as text: bytes that are no text are written `\xNN` in a line that ends in ` (esc)`.

/// Returns a line as text. `reserved` lines have another meaning in a transcript; their first character is escaped.
pub(super) fn escape(line: &[u8], reserved: bool) -> Option<String> {
    let text = std::str::from_utf8(line).ok();
    if !reserved && text.is_some_and(|text| text.chars().all(|c| c == '\t' || !c.is_control())) {
        return None;
    }
    let mut escaped = String::new();
    for (at, chunk) in line.utf8_chunks().enumerate() {
        for (index, c) in chunk.valid().char_indices() {
            match c {
                '\\' => escaped.push_str("\\\\"),
                '\t' => escaped.push('\t'),
                '\r' => escaped.push_str("\\r"),
                c if c.is_control() || (reserved && at == 0 && index == 0) => {
                    let mut buffer = [0; 4];
                    c.encode_utf8(&mut buffer).bytes().for_each(|byte| escaped.push_str(&hexadecimal(byte)));
                }
                c => escaped.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| escaped.push_str(&hexadecimal(*byte)));
    }
    Some(escaped)
}

fn hexadecimal(byte: u8) -> String {
    format!("\\x{byte:02x}")
}

/// Returns the bytes that an escaped text stands for: `\xNN`, `\0NN` (octal), `\\` and C's letters.
///
/// # Errors
/// A sequence that has no meaning, in a sentence without a full stop.
pub(super) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let (byte, length) = sequence(&rest[at..]).ok_or_else(|| format!("unknown escape sequence in {text:?}"))?;
        bytes.push(byte);
        rest = &rest[at + length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// The byte of the escape sequence at the beginning of a text, and the length of the sequence.
fn sequence(text: &str) -> Option<(u8, usize)> {
    let simple = match text.as_bytes().get(1)? {
        b'\\' => b'\\',
        b't' => b'\t',
        b'r' => b'\r',
        b'n' => b'\n',
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'e' => 27,
        b'x' => return Some((u8::from_str_radix(text.get(2..4)?, 16).ok()?, 4)),
        b'0'..=b'7' => return Some((u8::from_str_radix(text.get(1..4)?, 8).ok()?, 4)),
        _ => return None,
    };
    Some((simple, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_text_is_escaped() {
        for (line, text) in [
            (&b"a\tb \\ \xc3\xa4"[..], None),
            (b"\x1b[0m\\", Some("\\x1b[0m\\\\")),
            (b"a\xffb\r", Some("a\\xffb\\r")),
            (b"\xc2\x85", Some("\\xc2\\x85")),
        ] {
            assert_eq!(escape(line, false).as_deref(), text);
            if let Some(text) = text {
                assert_eq!(unescape(text), Ok(line.to_vec()));
            }
        }
        assert_eq!(escape(b"$ a", true).as_deref(), Some("\\x24 a"));
        assert_eq!(unescape("\\x24\\033\\e\\n"), Ok(b"$\x1b\x1b\n".to_vec()));
        for text in ["\\", "\\q", "\\x1", "\\x\u{e4}"] {
            assert!(unescape(text).is_err(), "{text}");
        }
    }
}
