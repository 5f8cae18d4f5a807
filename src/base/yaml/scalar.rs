//! The meaning of unquoted YAML 1.1 scalars (go-yaml v2, `resolve.go`).

use super::Dialect;

/// The meaning of an unquoted scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Timestamp,
    Text,
}

/// Resolves an unquoted scalar without a tag.
pub(super) fn meaning(text: &str) -> Meaning {
    if let Some(known) = keyword(text) {
        return known;
    }
    match text.as_bytes().first() {
        Some(b'.') => finite(text).map_or(Meaning::Text, Meaning::Float),
        Some(b'+' | b'-' | b'0'..=b'9') => number_or_timestamp(text),
        _ => Meaning::Text,
    }
}

impl Dialect {
    /// Resolves an unquoted scalar without a tag.
    pub(super) fn meaning(self, text: &str) -> Meaning {
        match (self, meaning(text)) {
            (Dialect::Core, Meaning::Bool(_)) if !matches!(text.to_lowercase().as_str(), "true" | "false") => {
                Meaning::Text
            }
            (_, meaning) => meaning,
        }
    }
}

/// Formats a timestamp as Go's JSON encoder does: with `T`, a zone, and two digits for each part.
pub(super) fn instant(text: &str) -> String {
    let at = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let (date, clock) = (&text[..at], text[at..].trim_start_matches(['T', 't', ' ']));
    let zone = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let padded = |text: &str, separator: &str| -> String {
        text.split(separator).map(|part| format!("{part:0>2}")).collect::<Vec<_>>().join(separator)
    };
    let clock = if clock.is_empty() { "00:00:00".to_owned() } else { padded(clock, ":") };
    let fraction = fraction.trim_end_matches('0');
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    let zone = if matches!(zone, "" | "+00:00" | "-00:00") { "Z" } else { zone };
    format!("{}T{clock}{fraction}{zone}", padded(date, "-"))
}

/// Returns `true` if a string must be quoted because it would otherwise be read as another type.
pub(super) fn needs_quotes(text: &str) -> bool {
    meaning(text) != Meaning::Text || is_base60(text)
}

/// Returns `true` for a word that has a meaning of its own, such as `null` or `yes`.
pub(super) fn is_keyword(text: &str) -> bool {
    keyword(text).is_some()
}

fn keyword(text: &str) -> Option<Meaning> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Meaning::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Meaning::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Meaning::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Meaning::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Meaning::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number_or_timestamp(text: &str) -> Meaning {
    if is_timestamp(text) {
        return Meaning::Timestamp;
    }
    let plain = text.replace('_', "");
    if let Some(int) = parse_int(&plain) {
        return int;
    }
    if looks_like_float(&plain) { finite(&plain).map_or(Meaning::Text, Meaning::Float) } else { Meaning::Text }
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|float| float.is_finite())
}

/// Parses an integer in the syntax of Go literals: decimal, `0x`, `0b`, `0o` and, with a leading zero, octal.
fn parse_int(text: &str) -> Option<Meaning> {
    let (negative, signed, body) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match body.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &body[2..]),
        [b'0', b'b' | b'B', ..] => (2, &body[2..]),
        [b'0', b'o' | b'O', ..] => (8, &body[2..]),
        [b'0', _, ..] => (8, &body[1..]),
        _ => (10, body),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Meaning::Int);
    }
    match i64::try_from(magnitude) {
        Ok(int) => Some(Meaning::Int(int)),
        // Beyond the signed range Go accepts only digits without a sign.
        Err(_) if !signed => Some(Meaning::Uint(magnitude)),
        Err(_) => None,
    }
}

/// Returns `true` for `[-+]? ( .digits | digits [. digits?] ) ( [eE] [-+]? digits )?`.
fn looks_like_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_ok = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    mantissa_ok && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

/// Returns `true` for base 60 numbers such as `1:30`. They are read as strings, but quoted for older readers that take
/// them for numbers.
fn is_base60(text: &str) -> bool {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut groups = body.split(':');
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    let Some((last, middle)) = rest.split_last() else { return false };
    let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
    let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let sixtieth = |part: &str| match part.as_bytes() {
        [b'0'..=b'9'] => true,
        [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
        _ => false,
    };
    first.starts_with(|c: char| c.is_ascii_digit())
        && number(first)
        && number(fraction)
        && middle.iter().all(|part| sixtieth(part))
        && sixtieth(last)
}

/// Returns `true` for the timestamps of YAML: a date, or a date and time with a zone (after `T`) or without one (after
/// a space).
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return false;
    }
    let split = text.find(['T', 't', ' ']);
    let (date, clock) = split.map_or((text, None), |at| (&text[..at], Some((bytes[at], &text[at + 1..]))));
    if !is_date(date) {
        return false;
    }
    match clock {
        None => true,
        Some((b' ', clock)) => is_clock(clock),
        Some((_, clock)) => split_zone(clock).is_some_and(is_clock),
    }
}

fn is_date(date: &str) -> bool {
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let (Ok(year), Some(month), Some(day)) = (year.parse::<u32>(), short_number(month), short_number(day)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_clock(clock: &str) -> bool {
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts[..] else { return false };
    let (second, fraction) = second.split_once('.').map_or((second, None), |(s, f)| (s, Some(f)));
    let below = |part: &str, limit| short_number(part).is_some_and(|n| n < limit);
    let fraction_ok = fraction.is_none_or(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()));
    below(hour, 24) && below(minute, 60) && below(second, 60) && fraction_ok
}

/// Returns the time without its zone (`Z`, `+hh:mm`, `-hh:mm`); `None` if there is no zone.
fn split_zone(clock: &str) -> Option<&str> {
    if let Some(head) = clock.strip_suffix('Z') {
        return Some(head);
    }
    let at = clock.rfind(['+', '-'])?;
    let zone = &clock.as_bytes()[at + 1..];
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    (zone.len() == 5 && digits(&zone[..2]) && zone[2] == b':' && digits(&zone[3..])).then(|| &clock[..at])
}

fn short_number(part: &str) -> Option<u32> {
    let ok = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if ok { part.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_yaml_1_1() {
        let cases = [
            ("yes", Meaning::Bool(true)),
            ("n", Meaning::Bool(false)),
            ("Off", Meaning::Bool(false)),
            ("oN", Meaning::Text),
            ("~", Meaning::Null),
            ("0644", Meaning::Int(420)),
            ("0o17", Meaning::Int(15)),
            ("-0777", Meaning::Int(-511)),
            ("0x1F", Meaning::Int(31)),
            ("-0b11", Meaning::Int(-3)),
            ("0b2", Meaning::Text),
            ("08", Meaning::Float(8.0)),
            ("1_000", Meaning::Int(1000)),
            ("1e3", Meaning::Float(1000.0)),
            ("1.", Meaning::Float(1.0)),
            (".5", Meaning::Float(0.5)),
            ("1e", Meaning::Text),
            ("1e999", Meaning::Text),
            ("18446744073709551615", Meaning::Uint(u64::MAX)),
            ("+18446744073709551615", Meaning::Float(18446744073709551615.0)),
            ("2001-01-01", Meaning::Timestamp),
            ("2001-13-01", Meaning::Text),
            ("2001-1-1T1:2:3Z", Meaning::Timestamp),
            ("2001-01-01 01:02:03.5", Meaning::Timestamp),
            ("2001-01-01T01:02:03", Meaning::Text),
            ("1:30", Meaning::Text),
            ("<<", Meaning::Text),
            ("-", Meaning::Text),
            ("1.2.3.4", Meaning::Text),
        ];
        for (text, expected) in cases {
            assert_eq!(meaning(text), expected, "{text}");
        }
    }

    #[test]
    fn core_dialect_has_string_booleans_and_timestamps() {
        for (text, expected) in [
            ("yes", Meaning::Text),
            ("Off", Meaning::Text),
            ("y", Meaning::Text),
            ("true", Meaning::Bool(true)),
            ("FALSE", Meaning::Bool(false)),
            ("0644", Meaning::Int(420)),
            ("~", Meaning::Null),
        ] {
            assert_eq!(Dialect::Core.meaning(text), expected, "{text}");
        }
        for (text, expected) in [
            ("2001-01-01", "2001-01-01T00:00:00Z"),
            ("2001-1-2 3:4:5.50", "2001-01-02T03:04:05.5Z"),
            ("2001-01-02T03:04:05+02:00", "2001-01-02T03:04:05+02:00"),
        ] {
            assert_eq!(instant(text), expected);
        }
    }

    #[test]
    fn base_sixty_numbers_need_quotes() {
        for (text, quoted) in
            [("1:30", true), ("190:20:30.15", true), ("12:99", false), ("a:30", false), ("80:80:8080", false)]
        {
            assert_eq!(needs_quotes(text), quoted, "{text}");
        }
    }
}
