//! The five fields of a schedule and the search for the next minute that they select (`SpecSchedule.Next` of `robfig/cron`).
//!
//! The search walks months and days by the calendar, but hours and minutes by the clock. So a time that a change of the clock
//! skips never runs and one that it repeats runs twice, unlike in most crates for schedules.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;

const HOUR: i64 = 3600;
const MINUTE: i64 = 60;
/// The number of years after which the search gives up.
const YEARS_MAX: i32 = 5;

/// The lowest and highest value of each field, and the names of values.
const BOUNDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// The values that each field selects, as bits.
pub(super) struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both day fields restrict the days, so that one of them suffices.
    has_both_days: bool,
}

impl Fields {
    /// Parses five fields, which validation has accepted.
    ///
    /// # Errors
    /// Returns why they are not a schedule.
    pub(super) fn parse(text: &str) -> Result<Fields, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
        };
        let is_open = |field: &str| field.split(',').any(|part| matches!(part, "*" | "?" | "*/1" | "?/1"));
        Ok(Fields {
            minutes: bits(minutes, 0)?,
            hours: bits(hours, 1)?,
            days: bits(days, 2)?,
            months: bits(months, 3)?,
            weekdays: bits(weekdays, 4)?,
            has_both_days: !is_open(days) && !is_open(weekdays),
        })
    }

    /// Returns the first selected minute after an instant, both in Unix seconds; `None` when there is none in five years.
    pub(super) fn next(&self, after: i64, zone: &Tz) -> Option<i64> {
        let mut at = Walk { now: after + 1, zone, is_aligned: false };
        let last_year = at.local()?.year() + YEARS_MAX;
        while at.local()?.year() <= last_year {
            if self.find_month(&mut at)?
                && self.find_day(&mut at)?
                && self.find_hour(&mut at)?
                && self.find_minute(&mut at)?
            {
                return Some(at.now);
            }
        }
        None
    }

    /// Moves to a selected month. Like the following, returns `false` when a larger unit has changed.
    fn find_month(&self, at: &mut Walk<'_>) -> Option<bool> {
        while !has(self.months, at.local()?.month()) {
            if at.align() {
                at.set(at.local()?.date_naive().with_day(1)?.and_time(NaiveTime::MIN))?;
            }
            at.set(at.local()?.naive_local().checked_add_months(Months::new(1))?)?;
            if at.local()?.month() == 1 {
                return Some(false);
            }
        }
        Some(true)
    }

    fn find_day(&self, at: &mut Walk<'_>) -> Option<bool> {
        while !self.selects_day(at.local()?.date_naive()) {
            if at.align() {
                at.set(at.local()?.date_naive().and_time(NaiveTime::MIN))?;
            }
            at.set(at.local()?.naive_local().checked_add_days(Days::new(1))?)?;
            // A change of the clock at midnight leaves another hour.
            let hour = i64::from(at.local()?.hour());
            at.now += if hour > 12 { (24 - hour) * HOUR } else { -hour * HOUR };
            if at.local()?.day() == 1 {
                return Some(false);
            }
        }
        Some(true)
    }

    fn selects_day(&self, date: NaiveDate) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().num_days_from_sunday());
        if self.has_both_days { day || weekday } else { day && weekday }
    }

    fn find_hour(&self, at: &mut Walk<'_>) -> Option<bool> {
        while !has(self.hours, at.local()?.hour()) {
            if at.align() {
                let local = at.local()?;
                at.now -= i64::from(local.minute()) * MINUTE + i64::from(local.second());
            }
            at.now += HOUR;
            if at.local()?.hour() == 0 {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Moves to a selected minute, at its first second.
    fn find_minute(&self, at: &mut Walk<'_>) -> Option<bool> {
        loop {
            let local = at.local()?;
            let is_full = local.second() == 0;
            if is_full && has(self.minutes, local.minute()) {
                return Some(true);
            }
            at.align();
            at.now += MINUTE - i64::from(local.second());
            let minute = at.local()?.minute();
            if minute != 0 {
                let later = self.minutes >> minute;
                at.skip(if later == 0 { 60 - minute } else { later.trailing_zeros() })?;
            }
            if at.local()?.minute() == 0 {
                return Some(false);
            }
        }
    }
}

/// The instant that a search has reached.
struct Walk<'z> {
    now: i64,
    zone: &'z Tz,
    /// The smaller units have been set to their lowest value.
    is_aligned: bool,
}

impl Walk<'_> {
    fn local(&self) -> Option<DateTime<Tz>> {
        self.zone.timestamp_opt(self.now, 0).single()
    }

    /// Marks the smaller units as set; returns whether they were not.
    fn align(&mut self) -> bool {
        !std::mem::replace(&mut self.is_aligned, true)
    }

    /// Moves to a local time. If the clock skips it, to the instant that Go's `time.Date` returns.
    fn set(&mut self, local: NaiveDateTime) -> Option<()> {
        let wanted = local.and_utc().timestamp();
        let guess = self.offset(wanted)?;
        let offset = self.offset(wanted - guess)?;
        self.now = wanted - offset;
        Some(())
    }

    /// Moves on by minutes, unless the clock changes in between.
    fn skip(&mut self, minutes: u32) -> Option<()> {
        let to = self.now + i64::from(minutes) * MINUTE;
        if self.offset(to)? == self.offset(self.now)? {
            self.now = to;
        }
        Some(())
    }

    /// The seconds by which the zone is ahead of UTC at an instant.
    fn offset(&self, at: i64) -> Option<i64> {
        let at = self.zone.timestamp_opt(at, 0).single()?;
        Some(i64::from(at.offset().fix().local_minus_utc()))
    }
}

fn has(bits: u64, value: u32) -> bool {
    bits & (1 << value) != 0
}

/// Parses a list of values, ranges and steps of one field.
fn bits(text: &str, field: usize) -> Result<u64, String> {
    text.split(',').filter(|part| !part.is_empty()).try_fold(0, |bits, part| Ok(bits | range(part, field)?))
}

/// Parses `value`, `value-value`, `*` or `?`, each with an optional `/step`; `N/step` ends at the highest value.
fn range(text: &str, field: usize) -> Result<u64, String> {
    let (lowest, highest, _) = BOUNDS[field];
    let (span, step) = text.split_once('/').map_or((text, None), |(span, step)| (span, Some(step)));
    let (first, last) = match span.split_once('-') {
        _ if span == "*" || span == "?" => (lowest, highest),
        Some((first, last)) => (value(first, field)?, value(last, field)?),
        None => {
            let first = value(span, field)?;
            (first, if step.is_some() { highest } else { first })
        }
    };
    let step = step.map_or(Ok(1), |step| step.parse::<usize>()).ok().filter(|step| *step > 0);
    let step = step.ok_or_else(|| format!("step of range should be a positive number: {text}"))?;
    if first < lowest || last > highest || first > last {
        return Err(format!("range out of bounds: {text}"));
    }
    Ok((first..=last).step_by(step).fold(0, |bits, value| bits | 1 << value))
}

fn value(text: &str, field: usize) -> Result<u32, String> {
    let (lowest, _, names) = BOUNDS[field];
    let named = (lowest..).zip(names).find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(value, _)| value);
    named.or_else(|| text.parse().ok()).ok_or_else(|| format!("failed to parse int from {text}"))
}
