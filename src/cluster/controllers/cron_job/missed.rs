//! Finds the run of a schedule that is due, and the instant of the next one (`pkg/controller/cronjob/utils.go`).

use super::schedule::Schedule;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};

/// The number of missed runs above which a warning is recorded.
const MISSED_MAX: i64 = 100;

/// The most recent of the runs that have been missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MissedRun {
    /// The instant at which it was due.
    pub(super) at: Time,
    /// More than 100 runs have been missed.
    pub(super) too_many: bool,
}

/// The runs of a schedule between the last one that was started and now.
struct Elapsed {
    /// The instant after which runs were looked for.
    since: Time,
    /// The most recent run, if any was due.
    latest: Option<Time>,
    /// The number of runs that were due, as estimated from the first two; 0 for at most one.
    missed: i64,
}

/// Returns the runs that were due between the last one, or the creation of the CronJob, and now (`mostRecentScheduleTime`).
fn elapsed(cron_job: &Object, schedule: &Schedule, now: Time, with_deadline: bool) -> Result<Elapsed, String> {
    let created = cron_job.creation_time().unwrap_or_default();
    let mut since = cron_job.time("/status/lastScheduleTime").unwrap_or(created);
    if let Some(seconds) = cron_job.int("/spec/startingDeadlineSeconds").filter(|_| with_deadline) {
        since = since.max(now - Duration::from_secs(seconds));
    }
    let too_short = || "time difference between two schedules is less than 1 second".to_string();
    let first = schedule.next(since).ok_or_else(too_short)?;
    if now < first {
        return Ok(Elapsed { since, latest: None, missed: 0 });
    }
    let second = schedule.next(first).ok_or_else(too_short)?;
    if now < second {
        return Ok(Elapsed { since, latest: Some(first), missed: 0 });
    }
    let between = (second - first).secs().max(1);
    let missed = (now - first).secs() / between + 1;
    // Skipping whole intervals keeps this cheap after a long time; the schedule is followed exactly from there.
    let mut latest = None;
    let mut next = schedule.next(first + Duration::from_secs((missed - 2) * between));
    while let Some(due) = next.filter(|due| *due <= now) {
        latest = Some(due);
        next = schedule.next(due);
    }
    Ok(Elapsed { since, latest, missed })
}

/// Returns the most recent run that is due; `None` when none is.
///
/// # Errors
/// When the schedule has no further run.
pub(super) fn most_recent(cron_job: &Object, schedule: &Schedule, now: Time) -> Result<Option<MissedRun>, String> {
    let elapsed = elapsed(cron_job, schedule, now, true)?;
    Ok(elapsed.latest.map(|at| MissedRun { at, too_many: elapsed.missed > MISSED_MAX }))
}

/// Returns the instant of the next run, at which the CronJob is reconciled again (`nextScheduleTimeDuration`).
pub(super) fn next_requeue(cron_job: &Object, schedule: &Schedule, now: Time) -> Option<Time> {
    let from = match elapsed(cron_job, schedule, now, false) {
        Ok(Elapsed { latest: Some(latest), .. }) => latest,
        Ok(Elapsed { since, missed: 0, .. }) => since,
        _ => now,
    };
    schedule.next(from).map(|next| next.max(now))
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn the_latest_missed_run_is_due() {
        let at = |text: &str| Time::parse(&format!("2026-01-01T{text}Z")).expect(text);
        // (schedule, last run, starting deadline, now, due, too many, next)
        type Case<'a> = (&'a str, Option<&'a str>, Option<i64>, &'a str, Option<&'a str>, bool, &'a str);
        let cases: &[Case<'_>] = &[
            ("*/5 * * * *", None, None, "00:04:00", None, false, "00:05:00"),
            ("*/5 * * * *", None, None, "00:05:00", Some("00:05:00"), false, "00:10:00"),
            ("*/5 * * * *", Some("00:05:00"), None, "00:05:00", None, false, "00:10:00"),
            ("*/5 * * * *", Some("00:05:00"), None, "00:22:00", Some("00:20:00"), false, "00:25:00"),
            ("* * * * *", None, None, "02:00:30", Some("02:00:00"), true, "02:01:00"),
            ("* * * * *", None, Some(200), "02:00:30", Some("02:00:00"), false, "02:01:00"),
            ("*/5 * * * *", Some("00:05:00"), Some(60), "00:12:00", None, false, "00:15:00"),
            ("@every 7m", None, None, "00:15:00", Some("00:14:00"), false, "00:21:00"),
        ];
        for (text, last, deadline, now, want, too_many, then) in cases {
            let mut cron_job =
                json!({"metadata": {"creationTimestamp": at("00:00:00").rfc3339()}, "spec": {}, "status": {}});
            if let Some(last) = last {
                cron_job["status"]["lastScheduleTime"] = at(last).rfc3339().into();
            }
            if let Some(deadline) = deadline {
                cron_job["spec"]["startingDeadlineSeconds"] = (*deadline).into();
            }
            let schedule = Schedule::parse(text, "").expect(text);
            let found = most_recent(&cron_job, &schedule, at(now)).expect(text);
            assert_eq!(found, want.map(|w| MissedRun { at: at(w), too_many: *too_many }), "{text} at {now}");
            assert_eq!(next_requeue(&cron_job, &schedule, at(now)), Some(at(then)), "{text} at {now}");
        }
    }

    #[test]
    fn a_schedule_without_runs_is_an_error() {
        let cron_job = json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}});
        let schedule = Schedule::parse("0 0 31 2 *", "").expect("it can be read");
        assert!(most_recent(&cron_job, &schedule, Time::from_secs(1_800_000_000)).is_err());
    }
}
