//! Schedules: five fields, `@hourly` and its like, `@every 90s`; in a time zone.
//!
//! That a schedule can be read has been checked when it was stored; where it can not all the same, the text says why.

use chrono_tz::Tz;
use croner::Cron;

use crate::kinds::batch::cron_job::schedule::check;
use crate::sim::{Duration, Time};

/// When something is to be done, again and again.
pub(super) enum Schedule {
    /// So long after the last time.
    Every(Duration),
    /// When the clock of a zone shows certain times.
    Clock(Box<Cron>, Tz),
}

/// Highest numbers of the fields, for `5/15`, which means from 5 on.
const LAST: [&str; 5] = ["59", "23", "31", "12", "6"];

impl Schedule {
    /// Reads a schedule. A zone in front of it wins over the other one; without any it is UTC.
    pub(super) fn parse(text: &str, zone: &str) -> Result<Schedule, String> {
        check(text)?;
        let (zone, text) = match text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) {
            Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
            None => (zone, text),
        };
        let zone: Tz = match zone {
            "" | "Local" => Tz::UTC,
            name => name.parse().map_err(|_| format!("unknown time zone {name}"))?,
        };
        let text = text.trim();
        if let Some(span) = text.strip_prefix("@every ") {
            let span = Duration::parse(span).ok_or_else(|| format!("failed to parse duration {text}"))?;
            return Ok(Schedule::Every(Duration::from_secs(span.secs().max(1))));
        }
        let fields = nickname(text).map_or_else(|| plain_fields(text), str::to_string);
        let cron: Cron = fields.parse().map_err(|error: croner::errors::CronError| error.to_string())?;
        Ok(Schedule::Clock(Box::new(cron), zone))
    }

    /// The first time after an instant, if there is one within the next years.
    pub(super) fn next(&self, after: Time) -> Option<Time> {
        match self {
            Schedule::Every(span) => Some((after + *span).truncate_secs()),
            Schedule::Clock(cron, zone) => {
                let after = after.truncate_secs().to_chrono().with_timezone(zone);
                let found = cron.find_next_occurrence(&after, false).ok()?;
                Some(Time::from_secs(found.timestamp()))
            }
        }
    }
}

fn nickname(text: &str) -> Option<&'static str> {
    Some(match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return None,
    })
}

/// The fields in the spelling that has one meaning only: `?` is `*`, a list with everything in it is everything, and what
/// begins somewhere says where it ends.
fn plain_fields(text: &str) -> String {
    let field = |(field, last): (&str, &str)| {
        let parts: Vec<String> = field.split(',').filter(|p| !p.is_empty()).map(|p| plain_part(p, last)).collect();
        if parts.is_empty() || parts.iter().any(|p| p == "*") { "*".to_string() } else { parts.join(",") }
    };
    text.split_whitespace().zip(LAST).map(field).collect::<Vec<_>>().join(" ")
}

fn plain_part(part: &str, last: &str) -> String {
    let part = part.replace('?', "*");
    match part.split_once('/') {
        Some((range, "1")) if range == "*" || range.contains('-') => range.into(),
        Some((range, step)) if range != "*" && !range.contains('-') => format!("{range}-{last}/{step}"),
        _ => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(text, zone).unwrap();
        let mut time = Time::parse(after).unwrap();
        let mut runs = Vec::new();
        for _ in 0..count {
            time = schedule.next(time).unwrap();
            runs.push(time.rfc3339());
        }
        runs
    }

    #[test]
    fn fields_nicknames_and_spans_say_when() {
        let start = "2026-01-01T00:00:30.5Z";
        for (text, zone, want) in [
            ("* * * * *", "", ["2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"]),
            ("*/20 * * * *", "", ["2026-01-01T00:20:00Z", "2026-01-01T00:40:00Z"]),
            ("5/20 0 * * ?", "", ["2026-01-01T00:05:00Z", "2026-01-01T00:25:00Z"]),
            ("0 12 * jan MON", "", ["2026-01-05T12:00:00Z", "2026-01-12T12:00:00Z"]),
            // A day of the month or a day of the week; but a star with a step of one is no day.
            ("0 0 6 * mon", "", ["2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"]),
            ("0 0 */1 * mon", "", ["2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"]),
            ("@hourly", "", ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]),
            ("@weekly", "", ["2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"]),
            ("@every 90s", "", ["2026-01-01T00:02:00Z", "2026-01-01T00:03:30Z"]),
            ("0 9 * * *", "Asia/Tokyo", ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]),
            ("TZ=Asia/Tokyo 0 9 * * *", "America/New_York", ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]),
        ] {
            assert_eq!(runs(text, zone, start, 2), want, "{text} {zone}");
        }
    }

    #[test]
    fn summer_time_is_known() {
        let want = ["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"];
        assert_eq!(runs("0 9 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 2), want);
    }

    #[test]
    fn what_never_comes_is_found_out() {
        let schedule = Schedule::parse("59 23 31 2 *", "").unwrap();
        assert_eq!(schedule.next(Time::from_secs(0)), None);
        assert!(Schedule::parse("nope", "").is_err());
        assert!(Schedule::parse("* * * * *", "Mars/Olympus").is_err());
    }
}
