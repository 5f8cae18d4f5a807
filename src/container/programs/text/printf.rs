//! `printf`, as a program and as a builtin of shells.

use std::fmt::Write as _;

use kctl_base::sim::Time;

use super::conversion::{Conversion, float, signed, unsigned};
use super::escapes::{Escape, Place, escape, unescape};
use super::times::Times;
use super::variant::Variant;
use crate::call::{Call, Stop};

/// The output of `printf`.
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
    let Some((format, values)) = args.split_first() else {
        return Err(super::super::opts::Spec::new("", &[], "FORMAT [ARG]...").misuse(call, "missing operand"));
    };
    let printed = render(Variant::of(call), format, values, Times::of(call));
    call.print(&printed.out)?;
    for error in &printed.errors {
        call.complain(error);
    }
    Ok(printed.code)
}

/// Formats arguments; the format is used again while there are arguments left.
pub(crate) fn render(variant: Variant, format: &str, values: &[String], times: Times) -> Printed {
    let mut printer = Printer { variant, values, times, shown: None, taken: 0, printed: Printed::default() };
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

/// Formats as the `printf` of `awk`: once, with exact values, and how they are shown as texts and whether they are numbers.
pub(crate) fn render_awk(format: &str, values: &[String], shown: &[(String, bool)]) -> Vec<u8> {
    let (variant, times) = (Variant::Gnu, Times::default());
    let mut printer = Printer { variant, values, times, shown: Some(shown), taken: 0, printed: Printed::default() };
    printer.pass(format.as_bytes());
    printer.printed.out
}

struct Printer<'a> {
    variant: Variant,
    values: &'a [String],
    times: Times,
    /// The values as texts, and whether they are numbers; only `awk` tells.
    shown: Option<&'a [(String, bool)]>,
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
                b'\\' if self.shown.is_none() => match escape(tail, self.variant, Place::Format) {
                    Escape::Bytes(bytes, length) => {
                        self.printed.out.extend(bytes);
                        rest = &tail[length..];
                    }
                    Escape::Stop => return false,
                    Escape::NoDigits if self.variant == Variant::Gnu => {
                        self.printed.errors.push("missing hexadecimal number in escape".to_owned());
                        self.printed.code = 1;
                        return false;
                    }
                    no_escape => {
                        if matches!(no_escape, Escape::NoDigits) {
                            self.printed.errors.push("missing hex digit for \\x".to_owned());
                        }
                        self.printed.out.push(b'\\');
                        rest = tail;
                    }
                },
                b'%' if tail.first() == Some(&b'%') => {
                    self.printed.out.push(b'%');
                    rest = &tail[1..];
                }
                b'%' => match self.time(tail).or_else(|| self.conversion(tail)) {
                    Some(length) => rest = &tail[length..],
                    None => return false,
                },
                other => {
                    self.printed.out.push(*other);
                    rest = tail;
                }
            }
        }
        true
    }

    /// Formats an instant if a `%(FORMAT)T` of bash begins here; returns its length. -1 is now, -2 the start of the shell.
    fn time(&mut self, text: &[u8]) -> Option<usize> {
        let inner = text.strip_prefix(b"(").filter(|_| self.variant == Variant::Bash)?;
        let end = inner.windows(2).position(|pair| pair == b")T")?;
        let instant = match self.next().as_deref() {
            None | Some("-1" | "") => self.times.now,
            Some("-2") => self.times.started,
            Some(seconds) => Time::from_secs(seconds.parse().unwrap_or(0)),
        };
        let format = String::from_utf8_lossy(&inner[..end]);
        let format = if format.is_empty() { "%X" } else { &format };
        let mut formatted = String::new();
        // An invalid format leaves out the rest.
        let _ = write!(formatted, "{}", instant.to_chrono().format(format));
        self.printed.out.extend(formatted.bytes());
        Some(end + 3)
    }

    /// Formats the next argument with the conversion behind a percent sign; returns the length of the conversion, or `None`
    /// where all output ends.
    fn conversion(&mut self, text: &[u8]) -> Option<usize> {
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
        let sizes = at;
        while self.variant != Variant::Dash && text.get(at).is_some_and(|byte| b"hlLqjzt".contains(byte)) {
            // `q` is a size only before another letter.
            if text[at] == b'q' && !text.get(at + 1).is_some_and(u8::is_ascii_alphabetic) {
                break;
            }
            at += 1;
        }
        conversion.letter = text.get(at).map_or('\0', |byte| char::from(*byte));
        let is_quoting = conversion.letter == 'q' && matches!(self.variant, Variant::Bash | Variant::Gnu);
        if !"diouxXcsbeEfFgG".contains(conversion.letter) && !is_quoting {
            self.invalid(&text[..sizes], &text[at..]);
            return None;
        }
        self.convert(&conversion).then_some(at + 1)
    }

    /// Complains about a conversion; `rest` begins with what should be its letter, and is empty at the end of the format.
    fn invalid(&mut self, flags: &[u8], rest: &[u8]) {
        // busybox shows all of the format that is left.
        let letter = if self.variant == Variant::Busybox { rest } else { rest.get(..1).unwrap_or_default() };
        let text = String::from_utf8_lossy(&[b"%", flags, letter].concat()).into_owned();
        let (message, code) = match self.variant {
            Variant::Busybox => (format!("{text}: invalid format"), 1),
            Variant::Gnu => (format!("{text}: invalid conversion specification"), 1),
            Variant::Dash if letter.is_empty() => ("missing format character".into(), 1),
            Variant::Dash => (format!("{text}: invalid directive"), 2),
            Variant::Bash if letter.is_empty() => (format!("`{text}': missing format character"), 1),
            Variant::Bash => (format!("`{}': invalid format character", String::from_utf8_lossy(letter)), 1),
        };
        self.printed.errors.push(message);
        self.printed.code = code;
    }

    /// Parses a width or precision, or takes it from the arguments.
    fn number(&mut self, text: &[u8], at: &mut usize) -> i64 {
        if text.get(*at) == Some(&b'*') {
            *at += 1;
            let value = self.next().unwrap_or_default();
            return if value.is_empty() { 0 } else { self.integer(&value, false) };
        }
        let digits = text[*at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = String::from_utf8_lossy(&text[*at..*at + digits]).parse().unwrap_or(0);
        *at += digits;
        number
    }

    fn convert(&mut self, conversion: &Conversion) -> bool {
        let mut value = self.next();
        let shown = self.shown.and_then(|shown| shown.get(self.taken - 1));
        if let ('s', Some((text, _))) = (conversion.letter, shown) {
            value = Some(text.clone());
        }
        let text = value.clone().unwrap_or_default();
        let is_number = shown.is_some_and(|(_, is_number)| *is_number);
        let formatted = match conversion.letter {
            's' => cut(text.as_bytes(), conversion.precision),
            'c' if is_number => {
                let code = text.parse::<f64>().unwrap_or(0.0) as u32;
                char::from_u32(code).map(String::from).unwrap_or_default().into_bytes()
            }
            'c' => text.chars().next().map(String::from).unwrap_or_default().into_bytes(),
            'b' => {
                let mut out = Vec::new();
                let goes_on = unescape(text.as_bytes(), &mut out, self.variant, Place::Argument);
                pad(&mut self.printed.out, &cut(&out, conversion.precision), conversion);
                return goes_on;
            }
            'q' if self.variant == Variant::Bash => crate::shell::backslashed(&text).into_bytes(),
            'q' => quoted(&text).into_bytes(),
            'd' | 'i' => signed(self.integer(&text, false), conversion).into_bytes(),
            'o' | 'u' | 'x' | 'X' => unsigned(self.integer(&text, true), conversion).into_bytes(),
            _ => {
                let number = self.float(&text);
                float(number, conversion).into_bytes()
            }
        };
        pad(&mut self.printed.out, &formatted, conversion);
        true
    }

    /// Complains about a number; `is_partial` if it begins as one.
    fn complain(&mut self, text: &str, is_partial: bool) {
        self.printed.code = 1;
        self.printed.errors.push(match (self.variant, is_partial) {
            (Variant::Busybox, _) => format!("invalid number '{text}'"),
            (Variant::Bash, _) => format!("{text}: invalid number"),
            (Variant::Dash, true) => format!("{text}: not completely converted"),
            (Variant::Dash, false) => format!("{text}: expected numeric value"),
            (Variant::Gnu, true) => format!("'{text}': value not completely converted"),
            (Variant::Gnu, false) => format!("'{text}': expected a numeric value"),
        });
    }

    /// Complains about a number that is too large.
    fn overflow(&mut self, text: &str) {
        const MESSAGE: &str = "Numerical result out of range";
        let (message, code) = match self.variant {
            Variant::Busybox => (format!("invalid number '{text}'"), 1),
            Variant::Gnu => (format!("'{text}': {MESSAGE}"), 1),
            Variant::Bash => (format!("warning: {text}: {MESSAGE}"), 0),
            Variant::Dash => (format!("{text}: {MESSAGE}"), 1),
        };
        self.printed.errors.push(message);
        self.printed.code = self.printed.code.max(code);
    }

    /// Reads an integer: decimal, octal, hexadecimal, or a quote and the character whose code it is.
    fn integer(&mut self, text: &str, is_unsigned: bool) -> i64 {
        if self.shown.is_some() {
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
        let has_digits = length > 0 || radix == 8;
        let is_missing = !has_digits && (!text.is_empty() || matches!(self.variant, Variant::Busybox | Variant::Dash));
        if length < digits.len() || is_missing {
            self.complain(text, has_digits);
            if self.variant == Variant::Busybox {
                return 0;
            }
        }
        let magnitude = match length {
            0 => Some(0),
            _ => u64::from_str_radix(&digits[..length], radix).ok(),
        };
        // Numbers above the signed ones are for `%u` and its kin.
        let value = match (magnitude, is_negative, is_unsigned) {
            (Some(value), false, true) => Some(value as i64),
            (Some(value), true, true) => Some((value as i64).wrapping_neg()),
            (Some(value), false, false) => i64::try_from(value).ok(),
            (Some(value), true, false) => 0i64.checked_sub_unsigned(value),
            (None, ..) => None,
        };
        value.unwrap_or_else(|| {
            self.overflow(text);
            match (self.variant, is_unsigned, is_negative) {
                (Variant::Busybox, ..) => 0,
                (_, true, _) => -1,
                (_, false, false) => i64::MAX,
                (_, false, true) => i64::MIN,
            }
        })
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
                if self.variant == Variant::Busybox { 0.0 } else { value }
            }
            None => {
                self.complain(text, false);
                0.0
            }
        }
    }
}

/// Quotes as `%q` of GNU does: only what a shell would change.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "%+,-./:=@_".contains(c);
    match text.chars().all(is_plain) && !text.is_empty() {
        true => text.to_owned(),
        false if text.contains('\'') && !text.contains(['"', '$', '`', '\\', '!']) => format!("\"{text}\""),
        false => format!("'{}'", text.replace('\'', "'\\''")),
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
    let is_number = !"scbq".contains(conversion.letter);
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
    String::from_utf8_lossy(&render(Variant::Gnu, format, &[text], Times::default()).out).into_owned()
}

/// Formats a number with so many significant digits (`%.6g`).
pub(crate) fn significant(value: f64, digits: usize) -> String {
    float(value, &Conversion { letter: 'g', precision: Some(digits), ..Conversion::default() })
}
