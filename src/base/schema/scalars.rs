//! Canonical forms of base64 and times, with the error messages of the server's decoder.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::go::quote;

/// The precision of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Seconds,
    Micros,
}

/// Validates base64 and removes line breaks and unused bits.
pub(crate) fn canonical_base64(text: &str) -> Result<String, String> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    if let Some(at) = corrupt_byte(text.as_bytes()) {
        return Err(format!("illegal base64 data at input byte {at}"));
    }
    let joined: String = text.chars().filter(|letter| !is_break(*letter as u32)).collect();
    // The check above is stricter, so this fails only if the two disagree.
    let bytes = LENIENT.decode(joined).map_err(|_| "illegal base64 data at input byte 0".to_owned())?;
    Ok(LENIENT.encode(bytes))
}

fn is_break(letter: u32) -> bool {
    letter == u32::from('\n') || letter == u32::from('\r')
}

/// Returns the offset at which Go's decoder fails; it skips line breaks and reads groups of four characters.
fn corrupt_byte(text: &[u8]) -> Option<usize> {
    let mut letters = text.iter().enumerate().filter(|(_, byte)| !is_break(u32::from(**byte)));
    loop {
        for place in 0..4 {
            match letters.next() {
                None if place == 0 => return None,
                None => return Some(text.len() - place),
                Some((at, b'=')) if place < 2 => return Some(at),
                Some((_, b'=')) => {
                    if place == 2 {
                        match letters.next() {
                            None => return Some(text.len()),
                            Some((_, b'=')) => {}
                            Some((at, _)) => return Some(at),
                        }
                    }
                    return letters.next().map(|(at, _)| at);
                }
                Some((_, byte)) if byte.is_ascii_alphanumeric() || *byte == b'+' || *byte == b'/' => {}
                Some((at, _)) => return Some(at),
            }
        }
    }
}

/// Validates a time and converts it to UTC with the precision of its type.
pub(crate) fn canonical_time(text: &str, precision: Precision) -> Result<String, String> {
    TimeReader::new(text, precision).check()?;
    let time = DateTime::parse_from_rfc3339(text).map_err(|error| format!("parsing time {}: {error}", quote(text)))?;
    let format = match precision {
        Precision::Seconds => SecondsFormat::Secs,
        Precision::Micros => SecondsFormat::Micros,
    };
    Ok(time.with_timezone(&Utc).to_rfc3339_opts(format, true))
}

/// Parses a time chunk by chunk, to find the chunk that Go's `time.Parse` reports.
struct TimeReader<'a> {
    text: &'a str,
    rest: &'a str,
    precision: Precision,
}

/// The chunks of the layout: the separator before them, their text, their maximum, and the name of their range.
const CHUNKS: [(&str, &str, u32, &str); 6] = [
    ("", "2006", 9999, "year"),
    ("-", "01", 12, "month"),
    ("-", "02", 99, "day"),
    ("T", "15", 23, "hour"),
    (":", "04", 59, "minute"),
    (":", "05", 59, "second"),
];

impl<'a> TimeReader<'a> {
    fn new(text: &'a str, precision: Precision) -> TimeReader<'a> {
        TimeReader { text, rest: text, precision }
    }

    fn check(mut self) -> Result<(), String> {
        let mut numbers = [0; 6];
        for (number, (before, layout, most, name)) in numbers.iter_mut().zip(CHUNKS) {
            self.skip(before)?;
            let hold = self.rest;
            *number = self.digits(layout.len()).ok_or_else(|| self.bad(hold, layout))?;
            if *number > most || name == "month" && *number == 0 {
                return Err(self.range(&format!("{name} out of range")));
            }
        }
        self.fraction()?;
        self.zone()?;
        if !self.rest.is_empty() {
            return Err(self.range(&format!("extra text: {}", quote(self.rest))));
        }
        let [year, month, day, ..] = numbers;
        if chrono::NaiveDate::from_ymd_opt(year as i32, month, day).is_none() {
            return Err(self.range("day out of range"));
        }
        Ok(())
    }

    fn skip(&mut self, prefix: &'static str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(prefix).ok_or_else(|| self.bad(self.rest, prefix))?;
        Ok(())
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.rest.get(..count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = &self.rest[count..];
        digits.parse().ok()
    }

    fn fraction(&mut self) -> Result<(), String> {
        let digits = |text: &str| text.bytes().skip(1).take_while(u8::is_ascii_digit).count();
        let starts = self.rest.starts_with(['.', ',']);
        match self.precision {
            Precision::Seconds if starts && digits(self.rest) > 0 => self.rest = &self.rest[1 + digits(self.rest)..],
            Precision::Seconds => {}
            Precision::Micros if starts && digits(self.rest) >= 6 => self.rest = &self.rest[7..],
            Precision::Micros => return Err(self.bad(self.rest, ".000000")),
        }
        Ok(())
    }

    fn zone(&mut self) -> Result<(), String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(());
        }
        let hold = self.rest;
        let bad = self.bad(hold, "Z07:00");
        let offset = hold.get(..6).ok_or_else(|| bad.clone())?;
        let number = |from: usize| offset.get(from..from + 2).and_then(|digits| digits.parse::<u32>().ok());
        let (Some(hours), Some(minutes), true) = (number(1), number(4), offset.get(3..4) == Some(":")) else {
            return Err(bad);
        };
        if hours > 24 {
            return Err(self.range("time zone offset hour out of range"));
        }
        if minutes > 60 {
            return Err(self.range("time zone offset minute out of range"));
        }
        if !offset.starts_with(['+', '-']) {
            return Err(bad);
        }
        self.rest = &hold[6..];
        Ok(())
    }

    fn bad(&self, rest: &str, layout: &str) -> String {
        let whole = match self.precision {
            Precision::Seconds => "2006-01-02T15:04:05Z07:00",
            Precision::Micros => "2006-01-02T15:04:05.000000Z07:00",
        };
        format!("parsing time {} as {whole:?}: cannot parse {} as {layout:?}", quote(self.text), quote(rest))
    }

    fn range(&self, what: &str) -> String {
        format!("parsing time {}: {what}", quote(self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_stops_where_go_stops() {
        let cases = [
            ("", Ok("")),
            ("YQ==", Ok("YQ==")),
            ("YW\nJj\r\n", Ok("YWJj")),
            ("YR==", Ok("YQ==")),
            ("not base64!", Err(3)),
            ("YQ=", Err(3)),
            ("YQ", Err(0)),
            ("Y=", Err(1)),
            ("YQ=a", Err(3)),
            ("YQ==YQ==", Err(4)),
            ("YWJjZ", Err(4)),
        ];
        for (text, want) in cases {
            let want = want.map(str::to_owned).map_err(|at| format!("illegal base64 data at input byte {at}"));
            assert_eq!(canonical_base64(text), want, "{text:?}");
        }
    }

    #[test]
    fn times() {
        let as_seconds = |text: &str, rest: &str, layout: &str| {
            let (text, rest) = (quote(text), quote(rest));
            Err(format!("parsing time {text} as \"2006-01-02T15:04:05Z07:00\": cannot parse {rest} as {layout:?}"))
        };
        let cases = [
            ("2026-01-02T03:04:05Z", Ok("2026-01-02T03:04:05Z".to_owned())),
            ("2026-01-02T03:04:05.9+02:00", Ok("2026-01-02T01:04:05Z".to_owned())),
            ("yesterday", as_seconds("yesterday", "yesterday", "2006")),
            ("2026-01-02", as_seconds("2026-01-02", "", "T")),
            ("2026-01-02 03:04:05Z", as_seconds("2026-01-02 03:04:05Z", " 03:04:05Z", "T")),
            ("2026-01-02T03:04:05", as_seconds("2026-01-02T03:04:05", "", "Z07:00")),
            ("2026-13-02T03:04:05Z", Err("parsing time \"2026-13-02T03:04:05Z\": month out of range".to_owned())),
            ("2026-02-30T03:04:05Z", Err("parsing time \"2026-02-30T03:04:05Z\": day out of range".to_owned())),
            ("2026-02-03T03:04:05Zx", Err("parsing time \"2026-02-03T03:04:05Zx\": extra text: \"x\"".to_owned())),
        ];
        for (text, want) in cases {
            assert_eq!(canonical_time(text, Precision::Seconds), want, "{text}");
        }
        assert_eq!(
            canonical_time("2026-01-02T03:04:05.123456Z", Precision::Micros),
            Ok("2026-01-02T03:04:05.123456Z".to_owned())
        );
        assert_eq!(
            canonical_time("2026-01-02T03:04:05Z", Precision::Micros),
            Err("parsing time \"2026-01-02T03:04:05Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as \".000000\"".to_owned())
        );
    }
}
