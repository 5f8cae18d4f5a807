//! Which run of a schedule is due, and when the next one will be, out of plain values.

use super::schedule::Schedule;
use crate::sim::{Duration, Time};

/// More runs than this can not have been missed in good order.
const MISSED_MAX: i64 = 100;

/// Where a schedule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The latest run that should have happened and has not.
    pub(super) run: Option<Time>,
    /// Whether suspiciously many have been missed.
    pub(super) missed_many: bool,
    /// When the next run will be due.
    pub(super) next: Option<Time>,
}

/// A schedule that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Senseless;

/// What has been missed since some instant.
struct Missed {
    latest: Option<Time>,
    count: i64,
}

/// Where a schedule stands that has run last, or has been made, at `since`. Runs that are later than `deadline` are not
/// started any more.
pub(super) fn due(schedule: &Schedule, since: Time, deadline: Option<Duration>, now: Time) -> Result<Due, Senseless> {
    let earliest = deadline.map_or(since, |span| since.max(now - span));
    let missed = missed(schedule, earliest, now)?;
    let all = if earliest == since { None } else { Some(self::missed(schedule, since, now)?) };
    let all = all.as_ref().unwrap_or(&missed);
    let base = all.latest.unwrap_or(if all.count == 0 { since } else { now });
    Ok(Due { run: missed.latest, missed_many: missed.count > MISSED_MAX, next: schedule.next(base) })
}

/// The runs that should have happened after `since`. Of very many only the latest is looked for.
fn missed(schedule: &Schedule, since: Time, now: Time) -> Result<Missed, Senseless> {
    let first = schedule.next(since).ok_or(Senseless)?;
    if now < first {
        return Ok(Missed { latest: None, count: 0 });
    }
    let second = schedule.next(first).ok_or(Senseless)?;
    if now < second {
        return Ok(Missed { latest: Some(first), count: 1 });
    }
    let gap = (second - first).secs();
    if gap < 1 {
        return Err(Senseless);
    }
    let count = (now - first).secs() / gap + 1;
    let mut latest = None;
    let mut time = first + Duration::from_secs((count - 2) * gap);
    while let Some(run) = schedule.next(time).filter(|run| *run <= now) {
        (time, latest) = (run, Some(run));
    }
    Ok(Missed { latest, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_missed_run_is_due() {
        let schedule = Schedule::parse("0 * * * *", "").unwrap();
        let at = |hours: f64| Time::from_secs((hours * 3600.0) as i64);
        // (last run, deadline in seconds, now; due run, many missed, next)
        let cases = [
            (0.5, None, 0.75, None, false, 1.0),
            (0.5, None, 1.0, Some(1.0), false, 2.0),
            (0.5, None, 1.5, Some(1.0), false, 2.0),
            (0.5, None, 5.5, Some(5.0), false, 6.0),
            (0.5, None, 150.5, Some(150.0), true, 151.0),
            (0.5, Some(600), 5.5, None, false, 6.0),
            (0.5, Some(3600), 5.5, Some(5.0), false, 6.0),
            (0.5, Some(7200), 150.5, Some(150.0), false, 151.0),
        ];
        for (since, deadline, now, run, missed_many, next) in cases {
            let found = due(&schedule, at(since), deadline.map(Duration::from_secs), at(now));
            assert_eq!(found, Ok(Due { run: run.map(at), missed_many, next: Some(at(next)) }), "{since} {now}");
        }
    }

    #[test]
    fn spans_count_from_the_last_run() {
        let schedule = Schedule::parse("@every 60s", "").unwrap();
        let at = Time::from_secs;
        let found = due(&schedule, at(13), None, at(200)).unwrap();
        assert_eq!((found.run, found.next), (Some(at(193)), Some(at(253))));
    }

    #[test]
    fn senseless_schedules_are_refused() {
        let schedule = Schedule::parse("59 23 31 2 *", "").unwrap();
        assert_eq!(due(&schedule, Time::from_secs(0), None, Time::from_secs(100)), Err(Senseless));
    }
}
