//! CronJobs: why no job was started.

use super::reader::Reader;
use super::{Finding, words};
use crate::api::Result;
use crate::controllers::cron_job::next_run;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Tells when the last job was started.
pub(super) fn summary(cron_job: &Object) -> String {
    match cron_job.str("/status/lastScheduleTime") {
        "" => "it has not started a job yet".into(),
        last => format!("it has last started a job for {last}"),
    }
}

/// Finds why a CronJob does not start jobs, or when it will.
pub(super) fn diagnose(reader: &mut Reader<'_>, cron_job: &Object) -> Result<Vec<Finding>> {
    if cron_job.flag("/spec/suspend") {
        let hint = "it goes on when spec.suspend is false; runs that it missed meanwhile are started if a startingDeadlineSeconds allows";
        return Ok(vec![Finding::problem("is suspended, so that it starts no jobs").shown_by(hint)]);
    }
    let mut found = Vec::new();
    match next_run(cron_job, reader.now) {
        Err(problem) => {
            return Ok(vec![
                Finding::problem("can never start a job, because its schedule is not valid").shown_by(problem),
            ]);
        }
        Ok(None) => {
            return Ok(vec![Finding::problem(format!(
                "will never start a job: no time matches its schedule \"{}\"",
                cron_job.str("/spec/schedule")
            ))]);
        }
        Ok(Some(next)) => {
            let words = match cron_job.str("/status/lastScheduleTime") {
                "" => "has not been due yet",
                _ => "is not due now",
            };
            let zone = match cron_job.str("/spec/timeZone") {
                "" => String::new(),
                zone => format!(" in the time zone {zone}"),
            };
            let schedule = format!("its schedule is \"{}\"{zone}", cron_job.str("/spec/schedule"));
            found.push(
                Finding::remark(format!("{words}: the next job is started at {}", next.rfc3339())).shown_by(schedule),
            );
        }
    }
    found.extend(running(reader, cron_job)?);
    found.extend(missed(reader, cron_job)?);
    Ok(found)
}

/// Finds a job that is still at work, beside which the policy allows no other.
fn running(reader: &mut Reader<'_>, cron_job: &Object) -> Result<Option<Finding>> {
    let active: Vec<&str> = cron_job.list("/status/active").iter().map(|entry| entry.str("/name")).collect();
    if active.is_empty() || cron_job.str("/spec/concurrencyPolicy") != "Forbid" {
        return Ok(None);
    }
    let mut causes = Vec::new();
    for name in &active {
        causes.extend(reader.follow_name("jobs.batch", cron_job.namespace(), name)?);
    }
    let skipped = reader.last_event(cron_job, &["JobAlreadyActive"])?;
    let sentence = format!(
        "starts no further job while {} {} at work (concurrencyPolicy Forbid)",
        active.iter().map(|name| format!("job/{name}")).collect::<Vec<_>>().join(", "),
        words::are(active.len() as i64)
    );
    let finding = if skipped.is_some() { Finding::problem(sentence) } else { Finding::remark(sentence) };
    Ok(Some(
        finding.because(causes).shown_by(skipped.map_or_else(String::new, |event| event.str("/message").to_string())),
    ))
}

/// Finds runs that were not started.
fn missed(reader: &mut Reader<'_>, cron_job: &Object) -> Result<Option<Finding>> {
    let event = reader.last_event(cron_job, &["MissSchedule", "TooManyMissedTimes", "FailedCreate"])?;
    Ok(event.map(|event| {
        let sentence = match event.str("/reason") {
            "FailedCreate" => "could not create its last job".to_string(),
            _ => "has missed a run".into(),
        };
        let deadline = cron_job.int("/spec/startingDeadlineSeconds");
        let deadline = deadline.map_or_else(String::new, |seconds| {
            format!("a run is started no later than {seconds} s after it was due (startingDeadlineSeconds)")
        });
        Finding::problem(sentence).shown_by(event.str("/message")).shown_by(deadline)
    }))
}
