//! How Go prints floats and quotes strings, shared by the formats that kubectl gets from Go's libraries.

use std::fmt::Write;

use crate::json::Value;

/// A float as Go's `%g` and `%v` print it: shortest digits, with an exponent below 1e-4 and from a million on.
pub fn float_g(float: f64) -> String {
    special_float(float).map_or_else(|| Shortest::of(&format!("{float:e}")).general(), str::to_owned)
}

/// As [`float_g`], with only as many digits as a 32-bit float needs: the keys of YAML mappings are written so.
pub fn float32_g(float: f32) -> String {
    special_float(float.into()).map_or_else(|| Shortest::of(&format!("{float:e}")).general(), str::to_owned)
}

/// A float as Go's JSON encoder writes it: exponents only below 1e-6 and from 1e21 on.
pub fn float_json(float: f64) -> String {
    let digits = Shortest::of(&format!("{float:e}"));
    if float == 0.0 || (float.abs() >= 1e-6 && float.abs() < 1e21) {
        return digits.positional();
    }
    let text = digits.scientific();
    // Go's JSON drops the leading zero of a small negative exponent: e-09 becomes e-9.
    match text.strip_suffix(|c: char| c.is_ascii_digit()) {
        Some(head) if head.ends_with("e-0") => text.replace("e-0", "e-"),
        _ => text,
    }
}

fn special_float(float: f64) -> Option<&'static str> {
    if float.is_nan() {
        Some("NaN")
    } else if float.is_infinite() {
        Some(if float > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

/// The shortest decimal digits that read back as the same float.
struct Shortest {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Shortest {
    /// From Rust's `{:e}` form, which has the shortest digits too.
    fn of(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        Self { negative, digits: mantissa.replace('.', ""), exponent: exponent.parse().unwrap_or(0) }
    }

    fn general(&self) -> String {
        // Go decides for the exponent form as if six digits had been asked for, whatever their real number.
        if self.exponent < -4 || self.exponent >= 6 { self.scientific() } else { self.positional() }
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn scientific(&self) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{}{first}{point}{rest}e{sign}{:02}", self.sign(), self.exponent.abs())
    }

    fn positional(&self) -> String {
        let count = self.digits.len() as i32;
        let body = if self.exponent < 0 {
            format!("0.{}{}", "0".repeat((-self.exponent - 1) as usize), self.digits)
        } else if self.exponent + 1 >= count {
            format!("{}{}", self.digits, "0".repeat((self.exponent + 1 - count) as usize))
        } else {
            let (whole, fraction) = self.digits.split_at(self.exponent as usize + 1);
            format!("{whole}.{fraction}")
        };
        format!("{}{body}", self.sign())
    }
}

/// A value as Go's `%v` prints it: maps as `map[key:value]` in key order, lists as `[a b]`, null as `<nil>`.
pub fn value_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => out.push_str(&float_g(float)),
            _ => out.push_str(&number.to_string()),
        },
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push_str("map[");
            for (index, (key, item)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_value(out, item);
            }
            out.push(']');
        }
    }
}

/// A value in Go's own syntax (`%#v`).
pub fn value_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(_) => value.to_string(),
        Value::Number(_) => value_text(value),
        Value::String(text) => quote(text),
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(value_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let pairs: Vec<String> =
                fields.iter().map(|(key, item)| format!("{}:{}", quote(key), value_syntax(item))).collect();
            format!("map[string]interface {{}}{{{}}}", pairs.join(", "))
        }
    }
}

/// The name of the Go type that a JSON value has in kubectl.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A string in double quotes with Go's escapes (`%q`, `strconv.Quote`).
pub fn quote(text: &str) -> String {
    quote_with(text, '"', false)
}

/// As [`quote`], with everything beyond ASCII escaped (`%+q`).
pub fn quote_ascii(text: &str) -> String {
    quote_with(text, '"', true)
}

/// A character in single quotes with Go's escapes (`strconv.QuoteRune`).
pub fn quote_char(c: char) -> String {
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
                // Writing into a string cannot fail.
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

/// The text between two quotes with Go's escapes undone (`strconv.Unquote`); `None` if they are wrong.
pub fn unquote(body: &str, mark: char) -> Option<String> {
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

/// Go prints letters, marks, numbers, punctuation and symbols, and of the blanks only the ASCII one.
fn is_printable(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let unassigned =
        matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..);
    !(c.is_control() || c.is_whitespace() || invisible || unassigned)
}

/// An error of the operating system in Go's words.
pub fn io_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "is a directory".into(),
        std::io::ErrorKind::NotADirectory => "not a directory".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_take_go_forms() {
        let cases = [
            (1.5, "1.5", "1.5"),
            (1_234_567.5, "1.2345675e+06", "1234567.5"),
            (100_000.5, "100000.5", "100000.5"),
            (1e21, "1e+21", "1e+21"),
            (1e20, "1e+20", "100000000000000000000"),
            (1e-7, "1e-07", "1e-7"),
            (1e-10, "1e-10", "1e-10"),
            (0.00001, "1e-05", "0.00001"),
            (0.0001, "0.0001", "0.0001"),
            (-2.25, "-2.25", "-2.25"),
            (0.0, "0", "0"),
        ];
        for (float, general, json) in cases {
            assert_eq!(float_g(float), general);
            assert_eq!(float_json(float), json);
        }
    }

    #[test]
    fn strings_are_quoted_as_go_quotes_them() {
        let cases = [
            ("a\"b'", "\"a\\\"b'\""),
            ("\u{7}\n\u{1}\u{7f}", "\"\\a\\n\\x01\\x7f\""),
            ("é\u{a0}\u{200b}", "\"é\\u00a0\\u200b\""),
        ];
        for (text, expected) in cases {
            assert_eq!(quote(text), expected);
        }
        assert_eq!(quote_ascii("é\u{1F600}"), "\"\\u00e9\\U0001f600\"");
        assert_eq!(quote_char('\''), "'\\''");
    }
}
