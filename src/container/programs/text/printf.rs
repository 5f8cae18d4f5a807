//! `printf`, as a program and as a command of shells.

use super::conversion::{Conversion, float, signed, unsigned};
use crate::call::{Call, Stop};
use crate::image::Flavour;

/// What `printf` prints for its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Printed {
    /// Standard output.
    pub(crate) out: Vec<u8>,
    /// Messages for standard error, without the name of the program.
    pub(crate) errors: Vec<String>,
    /// Exit code.
    pub(crate) code: i32,
}

/// Most characters of a field.
const MAX_WIDTH: usize = 65_536;
/// Most bytes that are printed.
const MAX_OUT: usize = 16 << 20;

/// `printf`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    let args = if args.first().is_some_and(|first| first == "--") { &args[1..] } else { &args[..] };
    let flavour = call.image().flavour;
    let Some((format, values)) = args.split_first() else {
        return Err(super::super::opts::Spec::new("", &[], "FORMAT [ARG]...").misuse(call, "missing operand"));
    };
    let printed = render(flavour, format, values);
    call.print(&printed.out)?;
    for error in &printed.errors {
        call.complain(error);
    }
    Ok(printed.code)
}

/// Formats arguments; the format is used again while there are arguments left.
pub(crate) fn render(flavour: Flavour, format: &str, values: &[String]) -> Printed {
    let mut printer = Printer { flavour, values, numbers: None, taken: 0, printed: Printed::default() };
    loop {
        let before = printer.taken;
        let goes_on = printer.pass(format.as_bytes());
        let is_stuck = printer.taken == before || printer.printed.out.len() > MAX_OUT;
        if !goes_on || printer.taken >= values.len() || is_stuck {
            break;
        }
    }
    printer.printed
}

/// Formats as the `printf` of `awk`: once, with the values that are numbers marked.
pub(crate) fn render_awk(format: &str, values: &[String], numbers: &[bool]) -> Vec<u8> {
    let mut printer =
        Printer { flavour: Flavour::Gnu, values, numbers: Some(numbers), taken: 0, printed: Printed::default() };
    printer.pass(format.as_bytes());
    printer.printed.out
}

/// How octal escapes are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Octal {
    /// `\0101`, as `echo` and `%b` take them; also `\101`.
    WithZero,
    /// `\101`, as formats take them.
    Plain,
}

/// Resolves the escapes of a text; `false` when `\c` ends all output.
pub(crate) fn unescape(text: &[u8], out: &mut Vec<u8>, octal: Octal) -> bool {
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        match escape(tail, octal) {
            Escape::Bytes(bytes, length) => {
                out.extend(bytes);
                rest = &tail[length..];
            }
            Escape::Stop => return false,
            Escape::None => out.push(b'\\'),
        }
    }
    true
}

/// What follows a backslash.
enum Escape {
    /// It stands for bytes; so many were read.
    Bytes(Vec<u8>, usize),
    /// It ends all output.
    Stop,
    /// It is no escape.
    None,
}

fn escape(rest: &[u8], octal: Octal) -> Escape {
    let Some(first) = rest.first() else { return Escape::None };
    let byte = match first {
        b'\\' => b'\\',
        b'a' => 7,
        b'b' => 8,
        b'c' => return Escape::Stop,
        b'e' => 27,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'"' if octal == Octal::Plain => b'"',
        b'\'' if octal == Octal::Plain => b'\'',
        b'0'..=b'7' => {
            let skip = usize::from(octal == Octal::WithZero && *first == b'0');
            return number(&rest[skip..], 8, 3, skip);
        }
        b'x' if rest.get(1).is_some_and(u8::is_ascii_hexdigit) => return number(&rest[1..], 16, 2, 1),
        _ => return Escape::None,
    };
    Escape::Bytes(vec![byte], 1)
}

fn number(digits: &[u8], radix: u32, most: usize, skipped: usize) -> Escape {
    let length = digits.iter().take(most).take_while(|digit| char::from(**digit).is_digit(radix)).count();
    let value =
        digits[..length].iter().fold(0, |value, digit| value * radix + char::from(*digit).to_digit(radix).unwrap_or(0));
    Escape::Bytes(vec![value.to_le_bytes()[0]], length + skipped)
}

struct Printer<'a> {
    flavour: Flavour,
    values: &'a [String],
    /// Which values are numbers; only `awk` tells.
    numbers: Option<&'a [bool]>,
    taken: usize,
    printed: Printed,
}

impl Printer<'_> {
    fn next(&mut self) -> Option<String> {
        let value = self.values.get(self.taken).cloned();
        self.taken += 1;
        value
    }

    /// Prints the format once; `false` ends all output.
    fn pass(&mut self, format: &[u8]) -> bool {
        let mut rest = format;
        while let [first, tail @ ..] = rest {
            match first {
                b'\\' if self.numbers.is_none() => match escape(tail, Octal::Plain) {
                    Escape::Bytes(bytes, length) => {
                        self.printed.out.extend(bytes);
                        rest = &tail[length..];
                    }
                    Escape::Stop => return false,
                    Escape::None => {
                        self.printed.out.push(b'\\');
                        rest = tail;
                    }
                },
                b'%' if tail.first() == Some(&b'%') => {
                    self.printed.out.push(b'%');
                    rest = &tail[1..];
                }
                b'%' => {
                    let Some((conversion, length)) = self.conversion(tail) else {
                        self.invalid(tail);
                        return false;
                    };
                    rest = &tail[length..];
                    if !self.convert(&conversion) {
                        return false;
                    }
                }
                other => {
                    self.printed.out.push(*other);
                    rest = tail;
                }
            }
        }
        true
    }

    fn invalid(&mut self, rest: &[u8]) {
        let length = rest.iter().position(u8::is_ascii_alphabetic).map_or(rest.len(), |at| at + 1);
        let text = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.printed.errors.push(match self.flavour {
            Flavour::Busybox => format!("%{text}: invalid format"),
            _ => format!("%{text}: invalid conversion specification"),
        });
        self.printed.code = 1;
    }

    /// Parses a conversion behind its percent sign; returns its length, too.
    fn conversion(&mut self, text: &[u8]) -> Option<(Conversion, usize)> {
        let mut conversion = Conversion::default();
        let mut at = 0;
        while let Some(flag) = text.get(at).filter(|byte| b"-0+ #".contains(byte)) {
            match flag {
                b'-' => conversion.is_left = true,
                b'0' => conversion.has_zeros = true,
                b'+' => conversion.has_plus = true,
                b' ' => conversion.has_space = true,
                _ => conversion.is_alternative = true,
            }
            at += 1;
        }
        let width = self.number(text, &mut at);
        conversion.is_left |= width < 0;
        conversion.width = width.unsigned_abs().min(MAX_WIDTH as u64) as usize;
        if text.get(at) == Some(&b'.') {
            at += 1;
            let precision = self.number(text, &mut at);
            conversion.precision = usize::try_from(precision).ok().map(|precision| precision.min(MAX_WIDTH));
        }
        while text.get(at).is_some_and(|byte| b"hlLqjzt".contains(byte)) {
            at += 1;
        }
        let letter = char::from(*text.get(at)?);
        conversion.letter = letter;
        let is_quoting = letter == 'q' && self.flavour != Flavour::Busybox;
        ("diouxXcsbeEfFgGaA".contains(letter) || is_quoting).then_some((conversion, at + 1))
    }

    /// Parses a width or precision, or takes it from the arguments.
    fn number(&mut self, text: &[u8], at: &mut usize) -> i64 {
        if text.get(*at) == Some(&b'*') {
            *at += 1;
            let value = self.next().unwrap_or_default();
            return self.integer(&value);
        }
        let digits = text[*at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = String::from_utf8_lossy(&text[*at..*at + digits]).parse().unwrap_or(0);
        *at += digits;
        number
    }

    fn convert(&mut self, conversion: &Conversion) -> bool {
        let value = self.next();
        let text = value.clone().unwrap_or_default();
        let is_number = self.numbers.is_some_and(|numbers| numbers.get(self.taken - 1) == Some(&true));
        let formatted = match conversion.letter {
            's' => cut(text.as_bytes(), conversion.precision),
            'c' if is_number => {
                let code = text.parse::<f64>().unwrap_or(0.0) as u32;
                char::from_u32(code).map(String::from).unwrap_or_default().into_bytes()
            }
            'c' => text.chars().next().map(String::from).unwrap_or_default().into_bytes(),
            'b' => {
                let mut out = Vec::new();
                let goes_on = unescape(text.as_bytes(), &mut out, Octal::WithZero);
                pad(&mut self.printed.out, &cut(&out, conversion.precision), conversion);
                return goes_on;
            }
            'd' | 'i' => signed(self.integer(&text), conversion).into_bytes(),
            'o' | 'u' | 'x' | 'X' => unsigned(self.integer(&text), conversion).into_bytes(),
            _ => {
                let number = self.float(&text);
                float(number, conversion).into_bytes()
            }
        };
        pad(&mut self.printed.out, &formatted, conversion);
        true
    }

    fn complain(&mut self, text: &str, is_partial: bool) {
        self.printed.code = 1;
        self.printed.errors.push(match (self.flavour, is_partial) {
            (Flavour::Busybox, _) => format!("invalid number '{text}'"),
            (_, true) => format!("'{text}': value not completely converted"),
            (_, false) => format!("'{text}': expected a numeric value"),
        });
    }

    fn integer(&mut self, text: &str) -> i64 {
        if self.numbers.is_some() {
            return self.float(text) as i64;
        }
        if let Some(c) = text.strip_prefix(['"', '\'']).and_then(|rest| rest.chars().next()) {
            return i64::from(u32::from(c));
        }
        let trimmed = text.trim_start();
        let (is_negative, digits) = match trimmed.as_bytes().first() {
            Some(b'-') => (true, &trimmed[1..]),
            Some(b'+') => (false, &trimmed[1..]),
            _ => (false, trimmed),
        };
        let lower = digits.to_ascii_lowercase();
        let (radix, digits) = match lower.strip_prefix("0x") {
            Some(hex) => (16, hex),
            None if lower.starts_with('0') && lower.len() > 1 => (8, &lower[1..]),
            None => (10, lower.as_str()),
        };
        let length = digits.bytes().take_while(|digit| char::from(*digit).is_digit(radix)).count();
        let value = match length {
            0 => 0,
            _ => u64::from_str_radix(&digits[..length], radix).unwrap_or(u64::MAX),
        };
        let has_digits = length > 0 || radix == 8;
        if length < digits.len() || !has_digits && !text.is_empty() {
            self.complain(text, has_digits);
            if self.flavour == Flavour::Busybox {
                return 0;
            }
        }
        let value = value as i64;
        if is_negative { value.wrapping_neg() } else { value }
    }

    fn float(&mut self, text: &str) -> f64 {
        if let Some(c) = text.strip_prefix(['"', '\'']).and_then(|rest| rest.chars().next()) {
            return f64::from(u32::from(c));
        }
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return 0.0;
        }
        let longest = (1..=trimmed.len().min(64)).rev().filter(|end| trimmed.is_char_boundary(*end));
        let found = longest.into_iter().find_map(|end| Some((trimmed[..end].parse::<f64>().ok()?, end)));
        match found {
            Some((value, end)) if end == trimmed.len() => value,
            Some((value, _)) => {
                self.complain(text, true);
                value
            }
            None => {
                self.complain(text, false);
                0.0
            }
        }
    }
}

fn cut(text: &[u8], precision: Option<usize>) -> Vec<u8> {
    text[..precision.unwrap_or(text.len()).min(text.len())].to_vec()
}

fn pad(out: &mut Vec<u8>, text: &[u8], conversion: &Conversion) {
    let fill = conversion.width.saturating_sub(text.len());
    if conversion.is_left {
        out.extend_from_slice(text);
        out.extend(std::iter::repeat_n(b' ', fill));
        return;
    }
    let is_number = !"scb".contains(conversion.letter);
    if conversion.has_zeros && is_number && (conversion.precision.is_none() || "eEfFgG".contains(conversion.letter)) {
        let prefix = text.iter().take_while(|byte| b"+- ".contains(byte)).count();
        let prefix =
            if text[prefix..].starts_with(b"0x") || text[prefix..].starts_with(b"0X") { prefix + 2 } else { prefix };
        out.extend_from_slice(&text[..prefix]);
        out.extend(std::iter::repeat_n(b'0', fill));
        out.extend_from_slice(&text[prefix..]);
    } else {
        out.extend(std::iter::repeat_n(b' ', fill));
        out.extend_from_slice(text);
    }
}

/// Formats one number with a format such as `%.2f`, as `seq -f` and `awk` do.
pub(crate) fn format_float(format: &str, value: f64) -> String {
    let text = format!("{value:?}");
    String::from_utf8_lossy(&render(Flavour::Gnu, format, &[text]).out).into_owned()
}

/// Formats a number with so many significant digits (`%.6g`).
pub(crate) fn significant(value: f64, digits: usize) -> String {
    float(value, &Conversion { letter: 'g', precision: Some(digits), ..Conversion::default() })
}
