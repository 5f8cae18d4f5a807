//! Times: how they are printed (`strftime(3)`) and read.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use kctl_base::sim::{Duration, Time};

/// Formats a time with the conversions of `strftime(3)` and the flags of GNU (`-`, `_`, `0`, `^`, width). The zone is UTC.
pub(crate) fn format(time: Time, format: &str) -> String {
    let date = time.to_chrono();
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut directive = String::from("%");
        let mut flag = None;
        while let Some(c) = chars.next_if(|c| "-_0^#".contains(*c)) {
            flag = Some(c);
            directive.push(c);
        }
        let mut width = String::new();
        while let Some(c) = chars.next_if(char::is_ascii_digit) {
            width.push(c);
            directive.push(c);
        }
        while let Some(c) = chars.next_if(|c| ":EO".contains(*c)) {
            directive.push(c);
        }
        let Some(conversion) = chars.next() else {
            out.push_str(&directive);
            break;
        };
        let width: Option<usize> = width.parse().ok().filter(|width| *width < 256);
        match convert(&date, conversion, flag, width) {
            Some(_) if conversion == 'z' && directive.contains(':') => out.push_str("+00:00"),
            Some(text) => out.push_str(&text),
            None => {
                out.push_str(&directive);
                out.push(conversion);
            }
        }
    }
    out
}

fn convert(date: &DateTime<Utc>, conversion: char, flag: Option<char>, width: Option<usize>) -> Option<String> {
    if let Some((number, digits, pad)) = number(date, conversion) {
        let digits = width.unwrap_or(digits);
        return Some(match flag {
            Some('-') => number.to_string(),
            Some('_') => format!("{number:digits$}"),
            Some('0') => format!("{number:0digits$}"),
            _ if pad == ' ' => format!("{number:digits$}"),
            _ => format!("{number:0digits$}"),
        });
    }
    if conversion == 'N' {
        let nanos = format!("{:09}", date.nanosecond());
        let digits = width.unwrap_or(9).min(9);
        return Some(if flag == Some('-') { nanos } else { nanos[..digits].to_owned() });
    }
    let text = match conversion {
        'a' | 'A' | 'b' | 'B' | 'p' | 'P' => date.format(&format!("%{conversion}")).to_string(),
        'h' => date.format("%b").to_string(),
        'c' => date.format("%a %b %e %H:%M:%S %Y").to_string(),
        'D' | 'x' => date.format("%m/%d/%y").to_string(),
        'F' => date.format("%Y-%m-%d").to_string(),
        'T' | 'X' => date.format("%H:%M:%S").to_string(),
        'R' => date.format("%H:%M").to_string(),
        'r' => date.format("%I:%M:%S %p").to_string(),
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        'z' => "+0000".to_owned(),
        'Z' => "UTC".to_owned(),
        '%' => "%".to_owned(),
        _ => return None,
    };
    Some(if flag == Some('^') { text.to_uppercase() } else { text })
}

/// Returns a numeric conversion: the number, its digits, and what fills them.
fn number(date: &DateTime<Utc>, conversion: char) -> Option<(i64, usize, char)> {
    let hour = i64::from(date.hour());
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let week = date.iso_week();
    let day_of_year = i64::from(date.ordinal());
    let weekday = i64::from(date.weekday().num_days_from_sunday());
    Some(match conversion {
        'Y' => (date.year().into(), 4, '0'),
        'C' => (i64::from(date.year() / 100), 2, '0'),
        'y' => (i64::from(date.year() % 100), 2, '0'),
        'm' => (date.month().into(), 2, '0'),
        'd' => (date.day().into(), 2, '0'),
        'e' => (date.day().into(), 2, ' '),
        'H' => (hour, 2, '0'),
        'k' => (hour, 2, ' '),
        'I' => (hour12, 2, '0'),
        'l' => (hour12, 2, ' '),
        'M' => (date.minute().into(), 2, '0'),
        'S' => (date.second().into(), 2, '0'),
        's' => (date.timestamp(), 1, '0'),
        'j' => (day_of_year, 3, '0'),
        'u' => (if weekday == 0 { 7 } else { weekday }, 1, '0'),
        'w' => (weekday, 1, '0'),
        'V' => (week.week().into(), 2, '0'),
        'G' => (week.year().into(), 4, '0'),
        'U' => ((day_of_year + 6 - weekday) / 7, 2, '0'),
        'W' => ((day_of_year + 6 - (weekday + 6) % 7) / 7, 2, '0'),
        _ => return None,
    })
}

/// Parses what `date -d` and `touch -d` take: `@SECONDS`, RFC 3339, `2026-01-02 03:04:05`, `03:04`, and words of GNU such as
/// `now`, `tomorrow`, `2 days ago`, `+1 hour`, also behind a date; `None` for anything else.
pub(crate) fn parse(text: &str, now: Time) -> Option<Time> {
    let text = text.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        let (whole, fraction) = seconds.split_once('.').map_or((seconds, ""), |(whole, fraction)| (whole, fraction));
        let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
        return Some(Time::from_micros(whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)?));
    }
    if let Some(time) = Time::parse(text) {
        return Some(time);
    }
    let mut words = text.split([' ', 'T']).filter(|word| !word.is_empty()).peekable();
    let today = now.to_chrono().date_naive();
    let mut date = None;
    let mut clock = None;
    let mut shift = Duration::ZERO;
    while let Some(word) = words.next() {
        if let Some(day) = ["%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%Y%m%d"].iter().find_map(|f| parse_date(word, f)) {
            date = Some(day);
        } else if let Some(time) = parse_clock(word) {
            clock = Some(time);
        } else {
            let next = words.peek().copied();
            let (step, used) = relative(word, next)?;
            shift = Duration::from_micros(shift.micros().checked_add(step)?);
            if used {
                words.next();
            }
        }
        if words.next_if_eq(&"ago").is_some() {
            shift = Duration::from_micros(-shift.micros());
        }
    }
    let base = match (date, clock) {
        (None, None) => now,
        (date, clock) => {
            let moment = NaiveDateTime::new(date.unwrap_or(today), clock.unwrap_or(NaiveTime::MIN));
            Time::from_micros(moment.and_utc().timestamp_micros())
        }
    };
    Some(Time::from_micros(base.micros().checked_add(shift.micros())?))
}

fn parse_date(word: &str, format: &str) -> Option<NaiveDate> {
    // A number alone is a date only with eight digits.
    if format == "%Y%m%d" && (word.len() != 8 || !word.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    NaiveDate::parse_from_str(word, format).ok()
}

fn parse_clock(word: &str) -> Option<NaiveTime> {
    let word = word.strip_suffix('Z').unwrap_or(word);
    ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(word, format).ok())
}

/// Returns microseconds of a word such as `tomorrow`, or of a number and a unit; whether the second word was used.
fn relative(word: &str, next: Option<&str>) -> Option<(i64, bool)> {
    const DAY: i64 = 86_400_000_000;
    match word {
        "now" | "today" | "UTC" | "utc" | "Z" => return Some((0, false)),
        "tomorrow" => return Some((DAY, false)),
        "yesterday" => return Some((-DAY, false)),
        _ => {}
    }
    let digits = word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len());
    let (count, unit) = word.split_at(digits);
    let count: i64 = match count {
        "" if unit == "next" => 1,
        "" if unit == "last" => -1,
        "" => return unit_micros(unit).map(|micros| (micros, false)),
        count => count.strip_prefix('+').unwrap_or(count).parse().ok()?,
    };
    let is_joined = !unit.is_empty() && unit != "next" && unit != "last";
    let unit = if is_joined { unit } else { next? };
    Some((count.checked_mul(unit_micros(unit)?)?, !is_joined))
}

fn unit_micros(unit: &str) -> Option<i64> {
    let seconds = match unit.strip_suffix('s').unwrap_or(unit) {
        "sec" | "second" => 1,
        "min" | "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        "fortnight" => 14 * 86_400,
        _ => return None,
    };
    Some(seconds * 1_000_000)
}

/// Creates a time from numbers of the calendar; `None` if there is no such time.
pub(crate) fn from_parts(year: i32, month: u32, day: u32, clock: (u32, u32, u32)) -> Option<Time> {
    let moment = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(clock.0, clock.1, clock.2)?;
    Some(Time::from_secs(moment.and_utc().timestamp()))
}

/// Returns the year of a time.
pub(crate) fn year(time: Time) -> i32 {
    time.to_chrono().year()
}
