//! Go's `fmt` package: `print`, `println` and the verbs of `printf` (`fmt/print.go`, `fmt/format.go`).

use super::value::Val;
use crate::go::{float_g, quote, quote_ascii, quote_char, type_name, value_syntax, value_text};
use crate::json::Value;

/// The limit of width and precision in Go (`tooLarge`).
const MAX_WIDTH: usize = 1_000_000;

/// The number of digits from which on those of every float are zeros. The formatter of Rust has a limit, Go has none.
const DIGITS_MAX: usize = 1_100;

/// `fmt.Sprint`: puts a space between two operands if neither is a string.
pub(super) fn sprint(args: &[Val]) -> String {
    let mut out = String::new();
    let mut after_string = true;
    for arg in args {
        let is_string = arg.as_str().is_some();
        if !is_string && !after_string {
            out.push(' ');
        }
        out.push_str(&value_text(&arg.json()));
        after_string = is_string;
    }
    out
}

/// `fmt.Sprintln`: puts spaces between all operands and appends a line break.
pub(super) fn sprintln(args: &[Val]) -> String {
    let texts: Vec<String> = args.iter().map(|arg| value_text(&arg.json())).collect();
    texts.join(" ") + "\n"
}

/// `fmt.Sprintf`, which stops once the text has more than `text_max` bytes.
pub(super) fn sprintf(format: &str, args: &[Val], text_max: usize) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    let mut args = Args { args, next: 0, reordered: false };
    while let Some(c) = chars.next() {
        if out.len() > text_max {
            return out;
        }
        if c != '%' {
            out.push(c);
            continue;
        }
        let Some(spec) = Spec::read(&mut chars, &mut args, &mut out) else {
            out.push_str("%!(NOVERB)");
            continue;
        };
        match (spec.verb, args.take()) {
            ('%', Taken::Arg(_)) => {
                args.next -= 1;
                out.push('%');
            }
            ('%', _) => out.push('%'),
            (_, Taken::Arg(arg)) => out.push_str(&spec.print_arg(arg, text_max)),
            (verb, Taken::None) => out.push_str(&format!("%!{verb}(MISSING)")),
            (verb, Taken::BadIndex) => out.push_str(&format!("%!{verb}(BADINDEX)")),
        }
    }
    args.write_extra_args(&mut out);
    out
}

/// The operands of a format, in order unless it has explicit indexes (`%[2]d`).
struct Args<'a, 'v> {
    args: &'a [Val<'v>],
    next: usize,
    reordered: bool,
}

enum Taken<'a, 'v> {
    Arg(&'a Val<'v>),
    None,
    BadIndex,
}

impl<'a, 'v> Args<'a, 'v> {
    fn take(&mut self) -> Taken<'a, 'v> {
        if self.next == usize::MAX {
            return Taken::BadIndex;
        }
        match self.args.get(self.next) {
            Some(arg) => {
                self.next += 1;
                Taken::Arg(arg)
            }
            None => Taken::None,
        }
    }

    /// Parses an explicit index `[n]` before a verb or star.
    fn reorder(&mut self, chars: &mut std::iter::Peekable<std::str::Chars>) {
        if chars.next_if_eq(&'[').is_none() {
            return;
        }
        self.reordered = true;
        let inside: String = std::iter::from_fn(|| chars.next_if(|&c| c != ']')).collect();
        chars.next();
        let index = inside.parse::<usize>().ok().filter(|index| (1..=self.args.len()).contains(index));
        self.next = index.map_or(usize::MAX, |index| index - 1);
    }

    fn write_extra_args(&self, out: &mut String) {
        if self.reordered || self.next >= self.args.len() {
            return;
        }
        let rest = self.args[self.next..].iter().map(|arg| match arg.is_nil() {
            true => "<nil>".to_owned(),
            false => format!("{}={}", arg.type_name(), value_text(&arg.json())),
        });
        out.push_str(&format!("%!(EXTRA {})", rest.collect::<Vec<_>>().join(", ")));
    }
}

/// The flags, width and precision of a verb.
#[derive(Default)]
struct Spec {
    verb: char,
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

impl Spec {
    /// Parses what follows a percent sign; a bad width or precision is noted in `out` and ignored. `None` if there is no
    /// verb.
    fn read(chars: &mut std::iter::Peekable<std::str::Chars>, args: &mut Args, out: &mut String) -> Option<Self> {
        let mut spec = Self::default();
        while let Some(flag) = chars.next_if(|c| "+-# 0".contains(*c)) {
            match flag {
                '+' => spec.plus = true,
                '-' => spec.minus = true,
                '#' => spec.sharp = true,
                ' ' => spec.space = true,
                _ => spec.zero = true,
            }
        }
        args.reorder(chars);
        if chars.next_if_eq(&'*').is_some() {
            match number_of(args.take()) {
                Some(width) => {
                    spec.minus |= width < 0;
                    spec.width = Some(width.unsigned_abs() as usize);
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
        } else {
            spec.width = digits(chars);
        }
        if chars.next_if_eq(&'.').is_some() {
            args.reorder(chars);
            spec.precision = if chars.next_if_eq(&'*').is_some() {
                let precision = number_of(args.take()).and_then(|precision| usize::try_from(precision).ok());
                if precision.is_none() {
                    out.push_str("%!(BADPREC)");
                }
                precision
            } else {
                Some(digits(chars).unwrap_or(0))
            };
        }
        args.reorder(chars);
        spec.verb = chars.next()?;
        // In Go `%+v` adds field names, which JSON data does not have.
        spec.plus &= spec.verb != 'v';
        Some(spec)
    }

    fn print_arg(&self, arg: &Val, text_max: usize) -> String {
        let value = arg.json();
        match (self.verb, value.as_ref()) {
            ('T', _) => self.pad(if arg.is_nil() { "<nil>" } else { arg.type_name() }),
            ('v', Value::Null) => self.pad("<nil>"),
            (_, Value::Null) => format!("%!{}(<nil>)", self.verb),
            (_, value) => self.print(value, arg.type_name(), text_max),
        }
    }

    /// Prints a value; a list or map ends once it has more than `text_max` bytes.
    fn print(&self, value: &Value, type_name: &str, text_max: usize) -> String {
        if self.verb == 'v' && self.sharp {
            return self.pad(&value_syntax(value));
        }
        let printed = match value {
            Value::Null => Some("<nil>".to_owned()),
            Value::Bool(flag) => matches!(self.verb, 't' | 'v').then(|| self.pad(&flag.to_string())),
            Value::Number(number) => match number.as_i64() {
                Some(int) => self.int(int),
                None => number.as_f64().and_then(|float| self.float(float)),
            },
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.print_inner(item, text_max));
                Some(format!("[{}]", joined(items, text_max)))
            }
            Value::Object(fields) => {
                let pairs = fields.iter().map(|(key, item)| {
                    let key = self.print_inner(&Value::from(key.as_str()), text_max);
                    format!("{key}:{}", self.print_inner(item, text_max))
                });
                Some(format!("map[{}]", joined(pairs, text_max)))
            }
        };
        printed.unwrap_or_else(|| format!("%!{}({type_name}={})", self.verb, value_text(value)))
    }

    fn print_inner(&self, value: &Value, text_max: usize) -> String {
        self.print(value, type_name(value), text_max)
    }

    fn int(&self, int: i64) -> Option<String> {
        let magnitude = int.unsigned_abs();
        let (digits, prefix) = match self.verb {
            'v' | 'd' => (magnitude.to_string(), ""),
            'b' => (format!("{magnitude:b}"), if self.sharp { "0b" } else { "" }),
            'o' => (format!("{magnitude:o}"), if self.sharp { "0" } else { "" }),
            'O' => (format!("{magnitude:o}"), "0o"),
            'x' => (format!("{magnitude:x}"), if self.sharp { "0x" } else { "" }),
            'X' => (format!("{magnitude:X}"), if self.sharp { "0X" } else { "" }),
            'c' => return Some(self.pad(&code_point(int).to_string())),
            'q' => return Some(self.pad(&quote_char(code_point(int)))),
            'U' => return Some(self.pad(&format!("U+{magnitude:04X}"))),
            _ => return None,
        };
        let sign = self.sign(int < 0);
        if self.precision == Some(0) && int == 0 {
            return Some(self.pad(""));
        }
        let least = match (self.precision, self.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if self.zero && !self.minus => width.saturating_sub(sign.len()),
            (None, _) => 0,
        };
        let zeros = "0".repeat(least.saturating_sub(digits.len()));
        Some(self.pad(&format!("{sign}{prefix}{zeros}{digits}")))
    }

    fn float(&self, float: f64) -> Option<String> {
        let magnitude = float.abs();
        let digits = match (self.verb, self.precision) {
            _ if !float.is_finite() => float_g(magnitude),
            ('v' | 'g' | 'G', None) => float_g(magnitude),
            ('v' | 'g' | 'G', Some(precision)) => general(magnitude, precision),
            ('e' | 'E', precision) => exponent(magnitude, precision.unwrap_or(6)),
            ('f' | 'F', precision) => fixed(magnitude, precision.unwrap_or(6)),
            _ => return None,
        };
        let digits = if matches!(self.verb, 'E' | 'G') { digits.to_uppercase() } else { digits };
        let sign = self.sign(float.is_sign_negative() && !float.is_nan());
        let zeros = match self.width {
            Some(width) if self.zero && !self.minus && float.is_finite() => {
                "0".repeat(width.saturating_sub(sign.len() + digits.len()))
            }
            _ => String::new(),
        };
        Some(self.pad(&format!("{sign}{zeros}{}", digits.trim_start_matches('+'))))
    }

    fn string(&self, text: &str) -> Option<String> {
        let cut: String = match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        };
        let between = if self.space { " " } else { "" };
        let hex = |upper: bool| {
            let bytes = cut.bytes().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") });
            bytes.collect::<Vec<_>>().join(between)
        };
        Some(match self.verb {
            's' | 'v' => self.pad(&cut),
            'q' if self.sharp && !cut.contains('`') => self.pad(&format!("`{cut}`")),
            'q' if self.plus => self.pad(&quote_ascii(&cut)),
            'q' => self.pad(&quote(&cut)),
            'x' => self.pad(&hex(false)),
            'X' => self.pad(&hex(true)),
            _ => return None,
        })
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        }
    }

    fn pad(&self, text: &str) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        match (self.minus, self.zero && !matches!(self.verb, 'd' | 'f' | 'e' | 'g')) {
            (true, _) => format!("{text}{}", " ".repeat(missing)),
            (false, true) => format!("{}{text}", "0".repeat(missing)),
            (false, false) => format!("{}{text}", " ".repeat(missing)),
        }
    }
}

/// Joins texts with blanks; ends once they have more than `text_max` bytes.
fn joined(texts: impl Iterator<Item = String>, text_max: usize) -> String {
    let mut out = String::new();
    for (index, text) in texts.enumerate() {
        if out.len() > text_max {
            break;
        }
        out.push_str(if index > 0 { " " } else { "" });
        out.push_str(&text);
    }
    out
}

/// Returns the number for a star; `None` if it is not an integer or too large.
fn number_of(taken: Taken) -> Option<i64> {
    match taken {
        Taken::Arg(arg) => arg.as_int().filter(|int| int.unsigned_abs() <= MAX_WIDTH as u64),
        Taken::None | Taken::BadIndex => None,
    }
}

/// Parses digits. As in Go's `parsenum`, a number that is too large takes the rest of the format with it.
fn digits(chars: &mut std::iter::Peekable<std::str::Chars>) -> Option<usize> {
    let mut number = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        let before = number.unwrap_or(0);
        if before > MAX_WIDTH {
            chars.by_ref().for_each(drop);
            return None;
        }
        chars.next();
        number = Some(before * 10 + digit as usize);
    }
    number
}

fn code_point(int: i64) -> char {
    u32::try_from(int).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// `%f`.
fn fixed(float: f64, precision: usize) -> String {
    let exact = precision.min(DIGITS_MAX);
    format!("{float:.exact$}") + &"0".repeat(precision - exact)
}

/// `%e`: the exponent has a sign and at least two digits.
fn exponent(float: f64, precision: usize) -> String {
    let exact = precision.min(DIGITS_MAX);
    let text = format!("{float:.exact$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let zeros = "0".repeat(precision - exact);
    format!("{mantissa}{zeros}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// `%.3g`: formats with that many significant digits, and an exponent if necessary.
fn general(float: f64, precision: usize) -> String {
    // Trailing zeros are dropped.
    let precision = precision.clamp(1, DIGITS_MAX);
    let scientific = exponent(float, precision - 1);
    let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if power < -4 || power >= precision as i32 {
        return format!("{}e{}{:02}", trim(mantissa), if power < 0 { '-' } else { '+' }, power.abs());
    }
    trim(&format!("{float:.*}", (precision as i32 - 1 - power).max(0) as usize))
}

#[cfg(test)]
mod tests;
