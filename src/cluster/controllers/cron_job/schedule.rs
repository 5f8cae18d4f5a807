//! Schedules: five fields, a descriptor or an interval, in a time zone, as `robfig/cron` v3 reads them.

mod fields;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono_tz::Tz;

use fields::Fields;
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
    fields: Fields,
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
        let next = self.fields.next(after.to_chrono().timestamp(), &self.zone).map(Time::from_secs);
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
        let fields = Fields::parse(fields)?;
        Ok(Schedule::Clock(Box::new(Clock { fields, zone, results: Mutex::default() })))
    }

    /// Returns the first instant after another one at which the schedule is due; `None` when there is none.
    pub(super) fn next(&self, after: Time) -> Option<Time> {
        match self {
            Schedule::Every(span) => Some(after.truncate_secs() + *span),
            Schedule::Clock(clock) => clock.next(after),
        }
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
            // A time that a change of the clock skips does not run, one that it repeats runs twice.
            ("30 2 * * *", "Europe/Berlin", "2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            // After a change by half an hour the search passes over the hour.
            ("15 3 * * *", "Australia/Lord_Howe", "2026-10-02T17:00:00Z", "2026-10-04T16:15:00Z"),
        ] {
            let read = Schedule::parse(schedule, zone).expect(schedule);
            let next = read.next(Time::parse(after).expect(after));
            assert_eq!(next.map(Time::rfc3339).as_deref(), Some(want), "{schedule}");
        }
        assert!(Schedule::parse("59 23 31 2 *", "").expect("it can be read").next(Time::default()).is_none());
        assert!(Schedule::parse("* * * * *", "Mars/Olympus").is_err());
    }
}
