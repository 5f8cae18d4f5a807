//! `echo` as each shell has it.

use super::Outcome;
use crate::call::Call;
use crate::shell::Shell;
use crate::shell::syntax::Dialect;

/// `echo [-neE] [text ...]`
pub(super) fn echo(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut words = &args[1..];
    let mut ends_line = true;
    // dash always interprets backslashes, and knows only `-n`.
    let mut interprets = shell.dialect == Dialect::Dash;
    let letters = if shell.dialect == Dialect::Dash { "n" } else { "neE" };
    while let Some(option) = words.first().and_then(|word| word.strip_prefix('-')) {
        if option.is_empty() || !option.chars().all(|letter| letters.contains(letter)) {
            break;
        }
        if shell.dialect == Dialect::Dash && option.len() > 1 {
            break;
        }
        for letter in option.chars() {
            match letter {
                'n' => ends_line = false,
                'e' => interprets = true,
                _ => interprets = false,
            }
        }
        words = &words[1..];
        if shell.dialect == Dialect::Dash {
            break;
        }
    }
    let text = words.join(" ");
    let mut out = Vec::with_capacity(text.len() + 1);
    if !interprets || unescape(&text, &mut out, shell.dialect) {
        if !interprets {
            out.extend(text.bytes());
        }
        if ends_line {
            out.push(b'\n');
        }
    }
    Ok(shell.print(call, "echo", out))
}

/// Interprets backslashes; false after `\c`, which ends the output.
pub(super) fn unescape(text: &str, out: &mut Vec<u8>, dialect: Dialect) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&next) = bytes.get(at) else {
            out.push(b'\\');
            break;
        };
        at += 1;
        match next {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'c' => return false,
            b'e' | b'E' if dialect != Dialect::Dash => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(10),
            b'r' => out.push(13),
            b't' => out.push(9),
            b'v' => out.push(11),
            b'\\' => out.push(b'\\'),
            b'0'..=b'7' => {
                // Only `\0` begins an octal number here, up to three digits follow it; busybox also takes `\1`.
                let is_octal = next == b'0' || dialect != Dialect::Bash;
                if !is_octal {
                    out.extend([b'\\', next]);
                    continue;
                }
                let first = if next == b'0' { at } else { at - 1 };
                at = first + number(&bytes[first..], 8, 3, out);
            }
            b'x' if dialect != Dialect::Dash => {
                let digits = bytes[at..].iter().take(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
                if digits == 0 {
                    out.extend(b"\\x");
                } else {
                    at += number(&bytes[at..], 16, 2, out);
                }
            }
            b'u' | b'U' if dialect == Dialect::Bash => {
                let most = if next == b'u' { 4 } else { 8 };
                let digits = bytes[at..].iter().take(most).take_while(|byte| byte.is_ascii_hexdigit()).count();
                let code = std::str::from_utf8(&bytes[at..at + digits]).ok();
                match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
                    Some(c) => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
                    None => out.extend([b'\\', next]),
                }
                at += digits;
            }
            other => out.extend([b'\\', other]),
        }
    }
    true
}

/// Adds the byte of at most `most` digits; returns how many there were.
pub(super) fn number(bytes: &[u8], radix: u32, most: usize, out: &mut Vec<u8>) -> usize {
    let digits = bytes.iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let value = bytes[..digits]
        .iter()
        .fold(0, |value: u32, byte| value * radix + char::from(*byte).to_digit(radix).unwrap_or_default());
    out.push(value.to_le_bytes()[0]);
    digits
}
