//! Instants and durations with the precision and formats of the Kubernetes API.
//!
//! Every instant is in UTC. Cron schedules, which need time zones, are handled by their controller.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, SecondsFormat, Timelike as _, Utc};
use serde::{Deserialize, Serialize};

/// Microseconds per second.
const MICROS: i64 = 1_000_000;

/// An instant in UTC, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(i64);

/// A duration in microseconds; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Duration(i64);

impl Time {
    /// Creates an instant from microseconds since the Unix epoch.
    #[inline]
    pub const fn from_micros(micros: i64) -> Time {
        Time(micros)
    }

    /// Creates an instant from seconds since the Unix epoch; beyond the range it is the first or the last one.
    #[inline]
    pub const fn from_secs(seconds: i64) -> Time {
        Time(seconds.saturating_mul(MICROS))
    }

    /// Returns the microseconds since the Unix epoch.
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns the seconds since the Unix epoch, rounded down.
    #[inline]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// Truncates to seconds, the precision of `metav1.Time`.
    #[inline]
    pub const fn truncate_secs(self) -> Time {
        Time::from_secs(self.secs())
    }

    /// Parses an RFC 3339 timestamp with any offset and fraction; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Time> {
        parse_api(text.as_bytes())
            .or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|t| Time(t.timestamp_micros())))
    }

    /// Formats as `metav1.Time`: `2026-01-01T00:00:00Z`.
    pub fn rfc3339(self) -> String {
        let time = self.to_chrono();
        match u32::try_from(time.year()) {
            Ok(year @ 0..=9999) => format_api(year, &time.naive_utc()),
            _ => time.to_rfc3339_opts(SecondsFormat::Secs, true),
        }
    }

    /// Formats as `metav1.MicroTime`: `2026-01-01T00:00:00.000000Z`.
    pub fn rfc3339_micro(self) -> String {
        self.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// Formats as `kubectl describe` does: `Thu, 01 Jan 2026 00:00:00 +0000`.
    pub fn rfc1123(self) -> String {
        self.to_chrono().format("%a, %d %b %Y %H:%M:%S %z").to_string()
    }

    /// Converts to chrono, for calendar arithmetic.
    pub fn to_chrono(self) -> DateTime<Utc> {
        // This fails only beyond the year 262143, for which the epoch is as good as any other value.
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// The length of `2026-01-01T00:00:00Z`.
const API_LENGTH: usize = 20;

/// Parses the form of [`Time::rfc3339`], in which nearly all timestamps are and which controllers read all the time; `None` for
/// any other one.
fn parse_api(text: &[u8]) -> Option<Time> {
    let text: &[u8; API_LENGTH] = text.try_into().ok()?;
    if (text[4], text[7], text[10], text[13], text[16], text[19]) != (b'-', b'-', b'T', b':', b':', b'Z') {
        return None;
    }
    let number = |digits: &[u8]| {
        let digits = digits.iter().map(|digit| digit.is_ascii_digit().then(|| u32::from(digit - b'0')));
        digits.into_iter().try_fold(0, |number, digit| Some(number * 10 + digit?))
    };
    let date = NaiveDate::from_ymd_opt(number(&text[..4])?.cast_signed(), number(&text[5..7])?, number(&text[8..10])?)?;
    let time = date.and_hms_opt(number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?)?;
    Some(Time::from_secs(time.and_utc().timestamp()))
}

/// Formats a time of a year from 0 to 9999 as [`Time::rfc3339`] does.
fn format_api(year: u32, time: &NaiveDateTime) -> String {
    let mut text = *b"0000-00-00T00:00:00Z";
    let date = [(0, year / 100), (2, year % 100), (5, time.month()), (8, time.day())];
    for (at, number) in date.into_iter().chain([(11, time.hour()), (14, time.minute()), (17, time.second())]) {
        // All numbers are less than 100.
        text[at] += (number / 10) as u8;
        text[at + 1] += (number % 10) as u8;
    }
    // All bytes are ASCII.
    String::from_utf8(text.to_vec()).unwrap_or_default()
}

impl Duration {
    /// The empty duration.
    pub const ZERO: Duration = Duration(0);

    /// Creates a duration from seconds; beyond the range (292,471 years) it is the shortest or the longest one.
    #[inline]
    pub const fn from_secs(seconds: i64) -> Duration {
        Duration(seconds.saturating_mul(MICROS))
    }

    /// Creates a duration from milliseconds, with the same range.
    #[inline]
    pub const fn from_millis(millis: i64) -> Duration {
        Duration(millis.saturating_mul(1000))
    }

    /// Creates a duration from microseconds.
    #[inline]
    pub const fn from_micros(micros: i64) -> Duration {
        Duration(micros)
    }

    /// Returns the microseconds.
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns the seconds, rounded down.
    #[inline]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// Converts to a standard duration; negative durations become zero.
    #[inline]
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(self.0).unwrap_or(0))
    }

    /// Parses Go's duration syntax as in flags and annotations: `1h30m`, `300ms`, `-1.5s`, `0`.
    pub fn parse(text: &str) -> Option<Duration> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(Duration::ZERO);
        }
        if rest.is_empty() {
            return None;
        }
        let mut total = 0f64;
        while !rest.is_empty() {
            let number = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
            let value: f64 = rest[..number].parse().ok()?;
            rest = &rest[number..];
            let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
            total += value * unit_micros(&rest[..unit])?;
            rest = &rest[unit..];
        }
        let micros = total.round();
        (micros.abs() < 9.2e18).then_some(Duration(if negative { -(micros as i64) } else { micros as i64 }))
    }

    /// Formats as in the AGE column of kubectl's tables (`duration.HumanDuration`): `5s`, `2m30s`, `3h`, `2d4h`.
    pub fn human(self) -> String {
        let seconds = self.0 / MICROS;
        match seconds {
            i64::MIN..=-2 => return "<invalid>".into(),
            -1..=0 => return "0s".into(),
            1..120 => return format!("{seconds}s"),
            _ => {}
        }
        let minutes = seconds / 60;
        let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
            0 => format!("{big}{big_unit}"),
            _ => format!("{big}{big_unit}{small}{small_unit}"),
        };
        if minutes < 10 {
            return two(minutes, "m", seconds % 60, "s");
        }
        if minutes < 180 {
            return format!("{minutes}m");
        }
        let hours = minutes / 60;
        if hours < 8 {
            return two(hours, "h", minutes % 60, "m");
        }
        if hours < 48 {
            return format!("{hours}h");
        }
        if hours < 192 {
            return two(hours / 24, "d", hours % 24, "h");
        }
        if hours < 24 * 365 * 2 {
            return format!("{}d", hours / 24);
        }
        if hours < 24 * 365 * 8 {
            return two(hours / 24 / 365, "y", (hours / 24) % 365, "d");
        }
        format!("{}y", hours / 24 / 365)
    }
}

/// Returns the microseconds of one of Go's duration units.
fn unit_micros(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 0.001,
        "us" | "µs" | "μs" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        "m" => 60e6,
        "h" => 3600e6,
        _ => return None,
    })
}

/// Formats like Go's `time.Duration`: `1h30m0s`, `1.5s`, `300ms`, `0s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, micros) = if self.0 < 0 { ("-", self.0.saturating_neg()) } else { ("", self.0) };
        match micros {
            0 => return write!(f, "0s"),
            1..1_000 => return write!(f, "{sign}{micros}µs"),
            1_000..1_000_000 => return write!(f, "{sign}{}ms", micros as f64 / 1e3),
            _ => {}
        }
        let (hours, minutes) = (micros / (3600 * MICROS), micros / (60 * MICROS) % 60);
        let seconds = (micros % (60 * MICROS)) as f64 / 1e6;
        match (hours, minutes) {
            (0, 0) => write!(f, "{sign}{seconds}s"),
            (0, _) => write!(f, "{sign}{minutes}m{seconds}s"),
            _ => write!(f, "{sign}{hours}h{minutes}m{seconds}s"),
        }
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, span: Duration) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, span: Duration) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Sub for Time {
    type Output = Duration;
    fn sub(self, other: Time) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Duration;
    fn sub(self, other: Duration) -> Duration {
        Duration(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_formatted_as_by_kubectl() {
        let cases = [
            (0, "0s"),
            (-1, "0s"),
            (-2, "<invalid>"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (599, "9m59s"),
            (600, "10m"),
            (3599, "59m"),
            (10_800, "3h"),
            (10_860, "3h1m"),
            (8 * 3600, "8h"),
            (48 * 3600, "2d"),
            (49 * 3600, "2d1h"),
            (8 * 86_400, "8d"),
            (730 * 86_400, "2y"),
            (740 * 86_400, "2y10d"),
            (3000 * 86_400, "8y"),
        ];
        for (seconds, want) in cases {
            assert_eq!(Duration::from_secs(seconds).human(), want, "{seconds}");
        }
    }

    #[test]
    fn go_durations_are_read_and_written() {
        for (text, want) in [
            ("1h30m", "1h30m0s"),
            ("90s", "1m30s"),
            ("1.5s", "1.5s"),
            ("300ms", "300ms"),
            ("0", "0s"),
            ("-2m", "-2m0s"),
        ] {
            assert_eq!(Duration::parse(text).map(|d| d.to_string()).as_deref(), Some(want), "{text}");
        }
        for text in ["", "5", "s", "1x", "-"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        for seconds in [i64::MAX, i64::MIN] {
            let (time, span) = (Time::from_secs(seconds), Duration::from_secs(seconds));
            assert_eq!(time.truncate_secs().secs().signum(), seconds.signum());
            assert_eq!(Duration::from_millis(seconds).micros().signum(), seconds.signum());
            for text in [time.rfc3339(), (time + span).rfc1123(), span.human(), span.to_string(), (time - time).human()]
            {
                assert!(!text.is_empty());
            }
        }
    }

    #[test]
    fn instants_round_trip() {
        let t = Time::parse("2026-01-01T00:00:00Z").expect("a timestamp");
        assert_eq!(t.rfc3339(), "2026-01-01T00:00:00Z");
        assert_eq!((t + Duration::from_millis(1)).rfc3339_micro(), "2026-01-01T00:00:00.001000Z");
        assert_eq!(t.rfc1123(), "Thu, 01 Jan 2026 00:00:00 +0000");
        assert_eq!(Time::parse("2026-01-01T01:00:00+01:00"), Some(t));
    }

    #[test]
    fn timestamps_are_those_of_chrono() {
        let seconds = [0, 951_782_399, 951_868_799, 4_102_444_799, -1, -62_167_219_200, -62_167_219_201];
        for second in seconds.into_iter().chain([253_402_300_799, 253_402_300_800]) {
            let time = Time::from_secs(second);
            let text = time.to_chrono().to_rfc3339_opts(SecondsFormat::Secs, true);
            assert_eq!(time.rfc3339(), text);
            assert_eq!(Time::parse(&text), DateTime::parse_from_rfc3339(&text).ok().map(|_| time), "{text}");
        }
        for text in [
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T23:59:60Z",
            "2026-01-01T00:00:0xZ",
            "2026-01-01t00:00:00z",
            "2026-01-01 00:00:00Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.5Z",
            "2026-01-01T00:00:00",
        ] {
            let known = DateTime::parse_from_rfc3339(text).ok().map(|t| Time(t.timestamp_micros()));
            assert_eq!(Time::parse(text), known, "{text}");
        }
    }
}
