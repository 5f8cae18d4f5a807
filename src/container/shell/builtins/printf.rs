//! `printf`

use super::Outcome;
use super::echo::{number, unescape};
use super::format;
use crate::call::Call;
use crate::shell::Shell;
use crate::shell::syntax::Dialect;

/// Most bytes of one field.
const MAX_WIDTH: usize = 65_536;

/// `printf [-v variable] format [argument ...]`
pub(super) fn printf(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut rest = &args[1..];
    let mut variable = None;
    if shell.dialect == Dialect::Bash && rest.first().is_some_and(|arg| arg == "-v") && rest.len() > 1 {
        variable = Some(rest[1].clone());
        rest = &rest[2..];
    }
    if rest.first().is_some_and(|arg| arg == "--") {
        rest = &rest[1..];
    }
    let Some(format) = rest.first() else {
        match shell.dialect {
            Dialect::Dash => shell.builtin_error(call, "printf", "usage: printf format [arg ...]"),
            Dialect::Bash => shell.say(call, "printf: usage: printf [-v var] format [arguments]\n"),
            Dialect::Busybox => {
                shell.error(call, "usage: printf FORMAT [ARGUMENT...]");
                return Ok(2);
            }
        }
        return Ok(2);
    };
    let mut printer =
        Printer { args: &rest[1..], next: 0, out: Vec::new(), errors: Vec::new(), dialect: shell.dialect };
    loop {
        let before = printer.next;
        let goes_on = printer.print(format.as_bytes(), call);
        if !goes_on || printer.next >= printer.args.len() || printer.next == before || printer.out.len() > 1 << 24 {
            break;
        }
    }
    let Printer { out, errors, .. } = printer;
    for error in &errors {
        match shell.dialect {
            Dialect::Busybox => shell.error(call, error),
            _ => shell.builtin_error(call, "printf", error),
        }
    }
    let is_bad_format = errors.iter().any(|error| error.ends_with("invalid directive"));
    let failed = if is_bad_format { 2 } else { i32::from(!errors.is_empty()) };
    if let Some(name) = variable {
        shell.assign(call, &name, String::from_utf8_lossy(&out).into_owned())?;
        return Ok(failed);
    }
    let printed = shell.print(call, "printf", out);
    Ok(if printed == 0 { failed } else { printed })
}

struct Printer<'a> {
    args: &'a [String],
    next: usize,
    out: Vec<u8>,
    errors: Vec<String>,
    dialect: Dialect,
}

/// Flags, width and precision of a conversion.
#[derive(Default)]
struct Spec {
    is_left: bool,
    is_zero: bool,
    is_plus: bool,
    is_space: bool,
    is_alternate: bool,
    width: usize,
    precision: Option<usize>,
}

impl Printer<'_> {
    fn argument(&mut self) -> Option<String> {
        let argument = self.args.get(self.next).cloned();
        self.next += 1;
        argument
    }

    /// Prints the format once; false if the output ends here.
    fn print(&mut self, format: &[u8], call: &mut Call<'_>) -> bool {
        let mut at = 0;
        while let Some(&byte) = format.get(at) {
            at += 1;
            match byte {
                b'\\' => match self.escape(format, at) {
                    Some(length) => at += length,
                    None => return false,
                },
                b'%' if format.get(at) == Some(&b'%') => {
                    self.out.push(b'%');
                    at += 1;
                }
                b'%' => match self.conversion(format, at, call) {
                    Some(end) => at = end,
                    None => return false,
                },
                byte => self.out.push(byte),
            }
        }
        true
    }

    /// Interprets a backslash in the format; returns the length after it, `None` for `\c`.
    fn escape(&mut self, format: &[u8], at: usize) -> Option<usize> {
        match format.get(at) {
            None => {
                self.out.push(b'\\');
                Some(0)
            }
            Some(b'0'..=b'7') => Some(number(&format[at..], 8, 3, &mut self.out)),
            Some(b'"' | b'\'') if self.dialect == Dialect::Bash => {
                self.out.push(format[at]);
                Some(1)
            }
            Some(b'c') if self.dialect == Dialect::Bash => {
                self.out.extend(b"\\c");
                Some(1)
            }
            Some(_) => {
                let hex = format[at + 1..].iter().take(8).take_while(|byte| byte.is_ascii_hexdigit()).count();
                let length = match format[at] {
                    b'x' => 1 + hex.min(2),
                    b'u' => 1 + hex.min(4),
                    b'U' => 1 + hex,
                    _ => 1,
                };
                let text = String::from_utf8_lossy(&format[at..at + length]).into_owned();
                unescape(&format!("\\{text}"), &mut self.out, self.dialect).then_some(length)
            }
        }
    }

    fn conversion(&mut self, format: &[u8], mut at: usize, call: &mut Call<'_>) -> Option<usize> {
        let start = at;
        let mut spec = Spec::default();
        while let Some(flag) = format.get(at).filter(|byte| b"-0+ #".contains(byte)) {
            match flag {
                b'-' => spec.is_left = true,
                b'0' => spec.is_zero = true,
                b'+' => spec.is_plus = true,
                b' ' => spec.is_space = true,
                _ => spec.is_alternate = true,
            }
            at += 1;
        }
        let (width, next) = self.size(format, at);
        at = next;
        if width < 0 {
            spec.is_left = true;
        }
        spec.width = usize::try_from(width.unsigned_abs()).unwrap_or(0).min(MAX_WIDTH);
        if format.get(at) == Some(&b'.') {
            let (precision, next) = self.size(format, at + 1);
            at = next;
            spec.precision = usize::try_from(precision).ok().map(|precision| precision.min(MAX_WIDTH));
        }
        let length = at;
        while self.dialect != Dialect::Dash && format.get(at).is_some_and(|byte| b"lhjzt".contains(byte)) {
            at += 1;
        }
        let rest = &format[start..];
        if rest.first() == Some(&b'(')
            && self.dialect == Dialect::Bash
            && let Some(end) = rest.windows(2).position(|pair| pair == b")T")
        {
            self.time(&String::from_utf8_lossy(&rest[1..end]), call);
            return Some(start + end + 2);
        }
        let Some(&conversion) = format.get(at) else {
            self.errors.push(match self.dialect {
                Dialect::Bash => {
                    format!("`{}': missing format character", String::from_utf8_lossy(&format[start - 1..]))
                }
                Dialect::Dash => "missing format character".into(),
                Dialect::Busybox => format!("{}: invalid format", String::from_utf8_lossy(&format[start - 1..])),
            });
            return None;
        };
        let text = match self.dialect {
            // busybox takes the length out of the format and shows what is left.
            Dialect::Busybox => [&format[start - 1..length], &format[at..]].concat(),
            _ => format[start - 1..=at].to_vec(),
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        self.convert(conversion, &spec, &text).then_some(at + 1)
    }

    /// Takes a number from the format, or with `*` from the arguments.
    fn size(&mut self, format: &[u8], at: usize) -> (i64, usize) {
        if format.get(at) == Some(&b'*') {
            let argument = self.argument();
            return (self.integer(argument), at + 1);
        }
        let digits = format[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&format[at..at + digits]).unwrap_or_default();
        (text.parse().unwrap_or(0), at + digits)
    }

    fn time(&mut self, format: &str, call: &Call<'_>) {
        let argument = self.argument();
        let seconds = match argument.as_deref() {
            None | Some("-1" | "") => call.now().secs(),
            Some("-2") => call.process.started.secs(),
            Some(text) => text.parse().unwrap_or(0),
        };
        let time = kctl_base::sim::Time::from_secs(seconds).to_chrono();
        let format = if format.is_empty() { "%X" } else { format };
        let mut text = String::new();
        // An invalid format leaves out the rest.
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{}", time.format(format)));
        self.out.extend(text.bytes());
    }

    fn convert(&mut self, conversion: u8, spec: &Spec, text: &str) -> bool {
        match conversion {
            b's' => {
                let argument = self.argument().unwrap_or_default();
                self.text(argument.as_bytes(), spec);
            }
            b'b' => {
                let argument = self.argument().unwrap_or_default();
                let mut bytes = Vec::new();
                let goes_on = unescape(&argument, &mut bytes, self.dialect);
                self.text(&bytes, spec);
                return goes_on;
            }
            b'q' if self.dialect == Dialect::Bash => {
                let argument = self.argument().unwrap_or_default();
                self.text(format::backslashed(&argument).as_bytes(), spec);
            }
            b'c' => {
                let argument = self.argument().unwrap_or_default();
                let first = argument.chars().next().map(String::from).unwrap_or_default();
                self.text(first.as_bytes(), spec);
            }
            b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => self.whole_number(conversion, spec),
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => self.decimal_number(conversion, spec),
            other => {
                self.errors.push(match self.dialect {
                    Dialect::Bash => format!("`{}': invalid format character", char::from(other)),
                    Dialect::Dash => format!("{text}: invalid directive"),
                    Dialect::Busybox => format!("{text}: invalid format"),
                });
                return false;
            }
        }
        true
    }

    fn whole_number(&mut self, conversion: u8, spec: &Spec) {
        let argument = self.argument();
        let number = self.integer(argument);
        if matches!(conversion, b'd' | b'i') {
            let sign = match () {
                () if number < 0 => "-",
                () if spec.is_plus => "+",
                () if spec.is_space => " ",
                () => "",
            };
            return self.number(sign, number.unsigned_abs().to_string(), spec);
        }
        let number = number.cast_unsigned();
        let has_prefix = spec.is_alternate && number > 0;
        let (prefix, digits) = match conversion {
            b'u' => ("", number.to_string()),
            b'o' => (if spec.is_alternate { "0" } else { "" }, format!("{number:o}")),
            b'x' => (if has_prefix { "0x" } else { "" }, format!("{number:x}")),
            _ => (if has_prefix { "0X" } else { "" }, format!("{number:X}")),
        };
        self.number(prefix, digits, spec);
    }

    fn decimal_number(&mut self, conversion: u8, spec: &Spec) {
        let argument = self.argument();
        let value = self.float(argument);
        let digits = format::float(value.abs(), conversion, spec.precision);
        let sign = if value.is_sign_negative() {
            "-"
        } else if spec.is_plus {
            "+"
        } else {
            ""
        };
        let Spec { is_left, is_zero, width, .. } = *spec;
        self.number(sign, digits, &Spec { is_left, is_zero, width, ..Spec::default() });
    }

    fn text(&mut self, bytes: &[u8], spec: &Spec) {
        let bytes = &bytes[..spec.precision.unwrap_or(bytes.len()).min(bytes.len())];
        let padding = spec.width.saturating_sub(bytes.len());
        if !spec.is_left {
            self.out.extend(std::iter::repeat_n(b' ', padding));
        }
        self.out.extend(bytes);
        if spec.is_left {
            self.out.extend(std::iter::repeat_n(b' ', padding));
        }
    }

    fn number(&mut self, sign: &str, mut digits: String, spec: &Spec) {
        if let Some(precision) = spec.precision {
            digits.insert_str(0, &"0".repeat(precision.saturating_sub(digits.len())));
        } else if spec.is_zero && !spec.is_left {
            let zeros = spec.width.saturating_sub(digits.len() + sign.len());
            digits.insert_str(0, &"0".repeat(zeros));
        }
        let text = format!("{sign}{digits}");
        self.text(text.as_bytes(), &Spec { width: spec.width, is_left: spec.is_left, ..Spec::default() });
    }

    /// Parses an integer argument: decimal, octal, hexadecimal, or the code of a character after a quote.
    fn integer(&mut self, argument: Option<String>) -> i64 {
        let Some(text) = argument else { return 0 };
        if let Some(rest) = text.strip_prefix(['\'', '"']) {
            return rest.chars().next().map_or(0, |c| i64::from(u32::from(c)));
        }
        let trimmed = text.trim_start();
        let (is_negative, unsigned) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (digits, radix) = match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
            Some(hex) => (hex, 16),
            None if unsigned.len() > 1 && unsigned.starts_with('0') => (&unsigned[1..], 8),
            None => (unsigned, 10),
        };
        let length = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
        let value = i64::from_str_radix(&digits[..length], radix).unwrap_or(if length > 0 { i64::MAX } else { 0 });
        if length < digits.len()
            || text.is_empty() && self.dialect != Dialect::Busybox
            || digits.is_empty() && radix == 10
        {
            self.bad_number(&text, length > 0);
            // busybox takes nothing from a number that is followed by something else.
            if self.dialect == Dialect::Busybox {
                return 0;
            }
        }
        if is_negative { -value } else { value }
    }

    fn bad_number(&mut self, text: &str, has_digits: bool) {
        if text.is_empty() && self.dialect == Dialect::Bash {
            return;
        }
        self.errors.push(match self.dialect {
            Dialect::Busybox => format!("invalid number '{text}'"),
            Dialect::Bash => format!("{text}: invalid number"),
            Dialect::Dash if has_digits => format!("{text}: not completely converted"),
            Dialect::Dash => format!("{text}: expected numeric value"),
        });
    }

    fn float(&mut self, argument: Option<String>) -> f64 {
        let Some(text) = argument else { return 0.0 };
        match text.trim().parse() {
            Ok(value) => value,
            Err(_) if text.is_empty() => 0.0,
            Err(_) => {
                self.bad_number(&text, false);
                0.0
            }
        }
    }
}
