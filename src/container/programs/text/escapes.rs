//! Escapes with a backslash, as `echo`, `printf` and `%b` resolve them.

use super::variant::Variant;

/// Where an escape stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the format of `printf`: an octal number is `\101`.
    Format,
    /// In the arguments of `echo` and `%b`: an octal number is `\0101`, and except in bash also `\101`.
    Argument,
}

/// The meaning of the characters behind a backslash.
pub(super) enum Escape {
    /// It stands for bytes; so many were read.
    Bytes(Vec<u8>, usize),
    /// It ends all output.
    Stop,
    /// It lacks its hexadecimal digits, which is an error.
    NoDigits,
    /// It is no escape.
    None,
}

/// Resolves the escapes of a text; `false` when `\c` ends all output.
pub(crate) fn unescape(text: &[u8], out: &mut Vec<u8>, variant: Variant, place: Place) -> bool {
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        match escape(tail, variant, place) {
            Escape::Bytes(bytes, length) => {
                out.extend(bytes);
                rest = &tail[length..];
            }
            Escape::Stop => return false,
            Escape::None | Escape::NoDigits => {
                out.push(b'\\');
                // What is no escape is not the begin of another one either.
                if let [next, tail @ ..] = rest {
                    out.push(*next);
                    rest = tail;
                }
            }
        }
    }
    true
}

/// Resolves the escape whose backslash stands before `rest`.
pub(super) fn escape(rest: &[u8], variant: Variant, place: Place) -> Escape {
    let Some(first) = rest.first() else { return Escape::None };
    let byte = match first {
        b'\\' => b'\\',
        b'a' => 7,
        b'b' => 8,
        // In a format, the shells do not know it.
        b'c' if place == Place::Format && matches!(variant, Variant::Bash | Variant::Dash) => return Escape::None,
        b'c' => return Escape::Stop,
        b'e' if variant != Variant::Dash => 27,
        b'E' if variant == Variant::Bash => 27,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'"' if place == Place::Format && matches!(variant, Variant::Bash | Variant::Gnu) => b'"',
        b'\'' if place == Place::Format && variant == Variant::Bash => b'\'',
        b'0' if place == Place::Argument => return number(&rest[1..], 8, 3, 1),
        b'0'..=b'7' if place == Place::Format || variant != Variant::Bash => return number(rest, 8, 3, 0),
        b'x' if variant != Variant::Dash && rest.get(1).is_some_and(u8::is_ascii_hexdigit) => {
            return number(&rest[1..], 16, 2, 1);
        }
        b'x' if matches!(variant, Variant::Bash | Variant::Gnu) && place == Place::Format => return Escape::NoDigits,
        b'u' if variant == Variant::Bash => return character(&rest[1..], 4),
        b'U' if variant == Variant::Bash => return character(&rest[1..], 8),
        _ => return Escape::None,
    };
    Escape::Bytes(vec![byte], 1)
}

/// The byte of at most `most` digits, behind `skipped` characters.
fn number(digits: &[u8], radix: u32, most: usize, skipped: usize) -> Escape {
    let length = digits.iter().take(most).take_while(|digit| char::from(**digit).is_digit(radix)).count();
    let value =
        digits[..length].iter().fold(0, |value, digit| value * radix + char::from(*digit).to_digit(radix).unwrap_or(0));
    Escape::Bytes(vec![value.to_le_bytes()[0]], length + skipped)
}

/// The character of at most `most` hexadecimal digits, behind a letter.
fn character(digits: &[u8], most: usize) -> Escape {
    let length = digits.iter().take(most).take_while(|digit| digit.is_ascii_hexdigit()).count();
    let code = std::str::from_utf8(&digits[..length]).ok().and_then(|code| u32::from_str_radix(code, 16).ok());
    match code.and_then(char::from_u32) {
        Some(c) => Escape::Bytes(c.to_string().into_bytes(), length + 1),
        None => Escape::None,
    }
}
