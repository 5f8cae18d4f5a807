//! Schedules: five fields, a descriptor or an interval, in a time zone, as `robfig/cron` v3 reads them.
//!
//! Fields are rewritten for the `croner` crate where it reads them differently.

use std::collections::VecDeque;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use chrono_tz::Tz;
use croner::Cron;

use kctl_base::sim::{Duration, Time};

/// A parsed schedule.
pub(super) enum Schedule {
    /// At certain minutes in a time zone.
    Clock(Box<Clock>),
    /// At an interval after the previous run (`@every`).
    Every(Duration),
}

/// Certain minutes in a time zone.
pub(super) struct Clock {
    cron: Cron,
    zone: Tz,
    /// The last results of [`Clock::next`] by argument, because every change of a Job asks for the same ones.
    results: Mutex<VecDeque<(Time, Option<Time>)>>,
}

/// The number of results to keep.
const RESULTS_MAX: usize = 4;

impl Clock {
    fn next(&self, after: Time) -> Option<Time> {
        // A panic of another thread cannot leave a wrong result behind.
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, next)) = results.iter().find(|(asked, _)| *asked == after) {
            return *next;
        }
        let local = after.to_chrono().with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&local, false).ok().map(|next| Time::from_secs(next.timestamp()));
        results.truncate(RESULTS_MAX - 1);
        results.push_front((after, next));
        next
    }
}

/// The descriptors and their fields.
const DESCRIPTORS: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
/// The highest value of each field, at which `N/step` ends.
const HIGHEST: [&str; 5] = ["59", "23", "31", "12", "6"];

/// Returns the time zone of a name; an empty name is UTC.
pub(super) fn zone(name: &str) -> Result<Tz, String> {
    match name {
        "" | "Local" => Ok(Tz::UTC),
        name => name.parse().map_err(|_| format!("unknown time zone {name}")),
    }
}

impl Schedule {
    /// Parses a schedule. A time zone before it (`TZ=`) applies when `zone_name` is empty.
    ///
    /// # Errors
    /// Returns why it is not a schedule.
    pub(super) fn parse(text: &str, zone_name: &str) -> Result<Schedule, String> {
        let (own_zone, rest) = match text.split_once('=') {
            Some(("TZ" | "CRON_TZ", rest)) => rest.split_once(' ').unwrap_or((rest, "")),
            _ => ("", text.trim()),
        };
        let zone = zone(if zone_name.is_empty() { own_zone } else { zone_name })?;
        let rest = rest.trim();
        if let Some(span) = rest.strip_prefix("@every ") {
            let span = Duration::parse(span).ok_or_else(|| format!("failed to parse duration {rest}"))?;
            // As upstream: at least one second, without fractions.
            return Ok(Schedule::Every(Duration::from_secs(span.secs().max(1))));
        }
        let fields = DESCRIPTORS.iter().find(|(name, _)| *name == rest).map_or(rest, |(_, fields)| fields);
        let cron = Cron::from_str(&plain_fields(fields)).map_err(|e| e.to_string())?;
        Ok(Schedule::Clock(Box::new(Clock { cron, zone, results: Mutex::default() })))
    }

    /// Returns the first instant after another one at which the schedule is due; `None` when there is none.
    pub(super) fn next(&self, after: Time) -> Option<Time> {
        match self {
            Schedule::Every(span) => Some(after.truncate_secs() + *span),
            Schedule::Clock(clock) => clock.next(after),
        }
    }
}

/// Rewrites five fields without the forms that the library reads differently or not at all.
fn plain_fields(text: &str) -> String {
    let fields = text.split_whitespace().zip(HIGHEST).map(|(field, highest)| {
        let parts: Vec<String> = field.split(',').filter(|p| !p.is_empty()).map(|p| plain_part(p, highest)).collect();
        // A list with `*` counts as `*`, so that only the other of the two day fields restricts the days.
        if parts.iter().any(|p| p == "*") { "*".to_string() } else { parts.join(",") }
    });
    fields.collect::<Vec<_>>().join(" ")
}

/// Rewrites one part of a list: `?` is `*`, a step of 1 is dropped, and `N/step` ends at the highest value.
fn plain_part(part: &str, highest: &str) -> String {
    let part = part.replace('?', "*");
    match part.split_once('/') {
        None => part,
        Some((range, step)) if step.parse() == Ok(1) && (range == "*" || range.contains('-')) => range.to_string(),
        Some((range, step)) if range == "*" || range.contains('-') => format!("{range}/{step}"),
        Some((first, step)) => format!("{first}-{highest}/{step}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_run_of_a_schedule_is_found() {
        // 2026-01-01 is a Thursday.
        for (schedule, zone, after, want) in [
            ("*/5 * * * *", "", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"),
            ("*/5 * * * *", "", "2026-01-01T00:04:59Z", "2026-01-01T00:05:00Z"),
            ("0 0 13 * 5", "", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("0 0 13 * ?", "", "2026-01-01T00:00:00Z", "2026-01-13T00:00:00Z"),
            ("0 0 */1 * mon", "", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"),
            ("0 22/1 * JAN-mar *", "", "2026-01-01T22:00:00Z", "2026-01-01T23:00:00Z"),
            ("30 6-16/4 * * 1-5", "", "2026-01-02T14:30:00Z", "2026-01-05T06:30:00Z"),
            ("@hourly", "", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"),
            ("@yearly", "", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("@every 90s", "", "2026-01-01T00:00:00.5Z", "2026-01-01T00:01:30Z"),
            ("0 9 * * *", "Asia/Tokyo", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("TZ=Asia/Tokyo 0 9 * * *", "", "2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z"),
        ] {
            let read = Schedule::parse(schedule, zone).expect(schedule);
            let next = read.next(Time::parse(after).expect(after));
            assert_eq!(next.map(Time::rfc3339).as_deref(), Some(want), "{schedule}");
        }
        assert!(Schedule::parse("59 23 31 2 *", "").expect("it can be read").next(Time::default()).is_none());
        assert!(Schedule::parse("* * * * *", "Mars/Olympus").is_err());
    }
}
