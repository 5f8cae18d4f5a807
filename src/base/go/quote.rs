//! Go's quoted strings: `strconv.Quote` and its relatives, and `strconv.Unquote`.

use std::fmt::Write;

/// Quotes a string with Go's escapes (`%q`, `strconv.Quote`).
pub fn quote(text: &str) -> String {
    quote_with(text, '"', false)
}

/// Like [`quote`], and escapes everything beyond ASCII (`%+q`).
pub(crate) fn quote_ascii(text: &str) -> String {
    quote_with(text, '"', true)
}

/// Quotes a character in single quotes (`strconv.QuoteRune`).
pub(crate) fn quote_char(c: char) -> String {
    quote_with(c.encode_utf8(&mut [0; 4]), '\'', false)
}

fn quote_with(text: &str, mark: char, ascii: bool) -> String {
    let mut out = String::from(mark);
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            _ if c == mark => out.extend(['\\', c]),
            _ if c.is_ascii_graphic() || c == ' ' || (!ascii && is_printable(c)) => out.push(c),
            _ => {
                // Writing to a string cannot fail.
                let _ = match u32::from(c) {
                    code @ 0..0x80 => write!(out, "\\x{code:02x}"),
                    code @ 0..=0xFFFF => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(mark);
    out
}

/// Unescapes the text between two quotes (`strconv.Unquote`); `None` if an escape is invalid.
pub(crate) fn unquote(body: &str, mark: char) -> Option<String> {
    let mut out = String::new();
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        if c == mark {
            return None;
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        let c = match chars.next()? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' => '\\',
            c @ ('"' | '\'') if c == mark => c,
            'x' => code(&mut chars, 2, 16, 0)?,
            'u' => code(&mut chars, 4, 16, 0)?,
            'U' => code(&mut chars, 8, 16, 0)?,
            c @ '0'..='7' => code(&mut chars, 2, 8, c.to_digit(8)?)?,
            _ => return None,
        };
        out.push(c);
    }
    Some(out)
}

fn code(chars: &mut impl Iterator<Item = char>, count: usize, radix: u32, first: u32) -> Option<char> {
    let mut value = first;
    for _ in 0..count {
        value = value.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)?;
    }
    char::from_u32(value)
}

/// Returns `true` for what `strconv.IsPrint` accepts: letters, marks, numbers, punctuation, symbols and the ASCII
/// space.
///
/// Rust's `escape_debug` draws the same line, except that it escapes a combining mark at the start of a string; hence
/// the letter before the character.
fn is_printable(c: char) -> bool {
    String::from_iter(['a', c]).escape_debug().nth(1) != Some('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_as_go_quotes_them() {
        let cases = [
            ("a\"b'", "\"a\\\"b'\""),
            ("\u{7}\n\u{1}\u{7f}", "\"\\a\\n\\x01\\x7f\""),
            ("é\u{a0}\u{200b}", "\"é\\u00a0\\u200b\""),
            ("e\u{301}\u{301}", "\"e\u{301}\u{301}\""),
            ("\u{301}", "\"\u{301}\""),
            ("\u{378}\u{e000}", "\"\\u0378\\ue000\""),
            ("\u{1F600}\u{E0001}", "\"\u{1F600}\\U000e0001\""),
        ];
        for (text, expected) in cases {
            assert_eq!(quote(text), expected);
        }
        assert_eq!(quote_ascii("é\u{1F600}"), "\"\\u00e9\\U0001f600\"");
        assert_eq!(quote_char('\''), "'\\''");
    }

    #[test]
    fn quoted_strings_are_unquoted() {
        for text in ["a\"b'\\", "\u{7}\n\u{1}\u{7f}", "é\u{a0}\u{1F600}"] {
            let quoted = quote(text);
            assert_eq!(unquote(&quoted[1..quoted.len() - 1], '"').as_deref(), Some(text));
        }
        for body in ["\"", "\\q", "\\x1", "\\ud800"] {
            assert_eq!(unquote(body, '"'), None, "{body}");
        }
    }
}
