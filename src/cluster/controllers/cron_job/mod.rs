//! CronJobs: start Jobs on a schedule and keep the last finished ones (`pkg/controller/cronjob`).
//!
//! [`schedule`] parses schedules, [`missed`] finds the run that is due, [`history`] keeps track of the Jobs. A Job is named
//! after the minute at which its run was due, so that no run is started twice.

mod history;
mod missed;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use history::PendingEvent;
use missed::MissedRun;
use schedule::Schedule;

use super::runtime::Result;
use super::shared::pod_control::is_namespace_terminating;
use super::{Action, Context, Controller, Key, Watch};
use kctl_base::go::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::{Reason, Status};

const CRON_JOBS: &str = "cronjobs.batch";
const JOBS: &str = "jobs.batch";
/// The annotation of a Job with the instant at which its run was due (`CronJobScheduledTimestampAnnotation`).
const SCHEDULED_TIMESTAMP: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The CronJob controller.
pub(super) const CONTROLLER: Controller = Controller {
    name: "cronjob-controller",
    watches: &[Watch::primary(CRON_JOBS), Watch::owned(JOBS, "CronJob")],
    reconcile,
};

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(cron_job) = ctx.get_key(CRON_JOBS, key)? else { return Ok(Action::AwaitChange) };
    let mut jobs = ctx.owned(JOBS, cron_job.uid())?;
    jobs.retain(|j| j.is_controlled_by(cron_job.uid()));
    let mut cron_job = (*cron_job).clone();
    let before = cron_job.get("status").cloned();
    for job in history::jobs_to_delete(&cron_job, &jobs) {
        // A failure has been recorded as an event, and the Job is tried again the next time.
        delete(ctx, &mut cron_job, &job).ok();
    }
    let result = sync(ctx, &mut cron_job, &jobs);
    if cron_job.get("status") != before.as_ref() {
        ctx.update_status(CRON_JOBS, cron_job)?;
    }
    result
}

/// Updates the status from the Jobs, then starts the run that is due (`syncCronJob`).
fn sync(ctx: &mut Context<'_>, cron_job: &mut Object, jobs: &[Arc<Object>]) -> Result<Action> {
    for event in history::observe(cron_job.status_mut(), jobs) {
        record(ctx, cron_job, &event);
    }
    if cron_job.is_deleting() || cron_job.flag("/spec/suspend") {
        return Ok(Action::AwaitChange);
    }
    let schedule = match cached_schedule(ctx, cron_job) {
        Ok(schedule) => schedule,
        Err(event) => {
            record(ctx, cron_job, &event);
            return Ok(Action::AwaitChange);
        }
    };
    let missed = match missed::most_recent(cron_job, &schedule, ctx.now) {
        Ok(missed) => missed,
        Err(why) => {
            let text = format!("invalid schedule: {} : {why}", cron_job.str("/spec/schedule"));
            record(ctx, cron_job, &PendingEvent::warning("InvalidSchedule", text));
            return Ok(Action::AwaitChange);
        }
    };
    if let Some(missed) = missed {
        if missed.too_many {
            let text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            record(ctx, cron_job, &PendingEvent::warning("TooManyMissedTimes", text.into()));
        }
        match decide(cron_job, missed, ctx.now) {
            Decision::Skip(event) => event.iter().for_each(|event| record(ctx, cron_job, event)),
            Decision::Start { replacing } => {
                for name in replacing {
                    replace(ctx, cron_job, &name)?;
                }
                start(ctx, cron_job, missed.at)?;
            }
        }
    }
    Ok(missed::next_requeue(cron_job, &schedule, ctx.now).map_or(Action::AwaitChange, Action::ResyncAt))
}

/// Returns the instant of the next run of a CronJob; `None` when its schedule has no further one.
///
/// # Errors
/// What is wrong with the schedule or the time zone.
pub(crate) fn next_run(cron_job: &Object, now: Time) -> std::result::Result<Option<Time>, String> {
    let schedule = parse_schedule(cron_job).map_err(|event| event.message)?;
    Ok(missed::next_requeue(cron_job, &schedule, now))
}

/// Parses the schedule of a CronJob.
///
/// # Errors
/// Returns the event to record.
fn parse_schedule(cron_job: &Object) -> std::result::Result<Schedule, PendingEvent> {
    let (text, zone) = (cron_job.str("/spec/schedule"), cron_job.str("/spec/timeZone"));
    if let Err(why) = schedule::zone(zone) {
        return Err(PendingEvent::warning("UnknownTimeZone", format!("invalid timeZone: {}: {why}", quote(zone))));
    }
    Schedule::parse(text, zone).map_err(|why| {
        PendingEvent::warning("UnparseableSchedule", format!("unparseable schedule: {} : {why}", quote(text)))
    })
}

/// Parsed schedules by text and time zone, cached because every change of a Job needs one.
#[derive(Default)]
struct Schedules(HashMap<(String, String), Arc<Schedule>>);

fn cached_schedule(ctx: &mut Context<'_>, cron_job: &Object) -> std::result::Result<Arc<Schedule>, PendingEvent> {
    let key = (cron_job.str("/spec/schedule").to_string(), cron_job.str("/spec/timeZone").to_string());
    let Schedules(known) = ctx.cache();
    if let Some(schedule) = known.get(&key) {
        return Ok(schedule.clone());
    }
    let schedule = Arc::new(parse_schedule(cron_job)?);
    let Schedules(known) = ctx.cache();
    known.insert(key, schedule.clone());
    Ok(schedule)
}

/// The decision about a run that is due.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// Do nothing, with an event or without.
    Skip(Option<PendingEvent>),
    /// Start the run after deleting the active Jobs of these names.
    Start { replacing: Vec<String> },
}

fn decide(cron_job: &Object, missed: MissedRun, now: Time) -> Decision {
    let deadline = cron_job.int("/spec/startingDeadlineSeconds").map(Duration::from_secs);
    if deadline.is_some_and(|deadline| missed.at + deadline < now) {
        let text = format!("Missed scheduled time to start a job: {}", missed.at.rfc1123());
        return Decision::Skip(Some(PendingEvent::warning("MissSchedule", text)));
    }
    let active = || cron_job.list("/status/active").iter().map(|entry| entry.str("/name").to_string());
    let name = job_name(cron_job, missed.at);
    if active().any(|known| known == name) || cron_job.time("/status/lastScheduleTime") == Some(missed.at) {
        return Decision::Skip(None);
    }
    match cron_job.str("/spec/concurrencyPolicy") {
        "Forbid" if active().next().is_some() => {
            let text = "Not starting job because prior execution is running and concurrency policy is Forbid";
            Decision::Skip(Some(PendingEvent::normal("JobAlreadyActive", text.into())))
        }
        "Replace" => Decision::Start { replacing: active().collect() },
        _ => Decision::Start { replacing: Vec::new() },
    }
}

/// Returns the name `NAME-MINUTES` of a run's Job, with the minutes since 1970 (`getJobName`).
fn job_name(cron_job: &Object, at: Time) -> String {
    format!("{}-{}", cron_job.name(), at.secs() / 60)
}

/// Returns the Job of the run that was due at `at` (`getJobFromTemplate2`).
fn new_job(cron_job: &Object, at: Time) -> Object {
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {
        "name": job_name(cron_job, at),
        "namespace": cron_job.namespace(),
        "ownerReferences": [OwnerReference::controller(cron_job).to_value()],
    }});
    for field in ["labels", "annotations"] {
        if let Some(value) = cron_job.at(&format!("/spec/jobTemplate/metadata/{field}")) {
            job["metadata"][field] = value.clone();
        }
    }
    job["spec"] = cron_job.at("/spec/jobTemplate/spec").cloned().unwrap_or_else(|| json!({}));
    job.set_annotation(SCHEDULED_TIMESTAMP, &in_zone(at, cron_job.str("/spec/timeZone")));
    job
}

/// Formats an instant in a time zone as RFC 3339.
fn in_zone(at: Time, zone: &str) -> String {
    let zone = schedule::zone(zone).unwrap_or(chrono_tz::Tz::UTC);
    at.to_chrono().with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Starts the run that was due at `at` and adds it to the status.
fn start(ctx: &mut Context<'_>, cron_job: &mut Object, at: Time) -> Result<()> {
    let job = new_job(cron_job, at);
    match ctx.create(JOBS, job) {
        Ok(job) => {
            record(ctx, cron_job, &PendingEvent::normal("SuccessfulCreate", format!("Created job {}", job.name())));
            history::add_active(cron_job.status_mut(), &job);
        }
        Err(status) if status.reason == Reason::AlreadyExists => {
            let name = job_name(cron_job, at);
            let known = ctx.get(JOBS, cron_job.namespace(), &name)?;
            if !known.is_some_and(|job| job.is_controlled_by(cron_job.uid())) {
                return Err(status);
            }
        }
        Err(status) => {
            if !is_namespace_terminating(&status) {
                record(ctx, cron_job, &PendingEvent::warning("FailedCreate", format!("Error creating job: {status}")));
            }
            return Err(status);
        }
    }
    cron_job.put("/status/lastScheduleTime", at.rfc3339());
    Ok(())
}

/// Deletes an active Job that a new one replaces.
fn replace(ctx: &mut Context<'_>, cron_job: &mut Object, name: &str) -> Result<()> {
    let Some(job) = ctx.get(JOBS, cron_job.namespace(), name)? else {
        let missing = Status::not_found("batch", "jobs", name);
        record(ctx, cron_job, &PendingEvent::warning("FailedGet", format!("Get job: {missing}")));
        return Err(missing);
    };
    delete(ctx, cron_job, &job)
}

/// Deletes a Job and removes it from the status (`deleteJob`).
fn delete(ctx: &mut Context<'_>, cron_job: &mut Object, job: &Object) -> Result<()> {
    if let Err(status) = ctx.delete(JOBS, job) {
        record(ctx, cron_job, &PendingEvent::warning("FailedDelete", format!("Deleted job: {status}")));
        return Err(status);
    }
    history::remove_active(cron_job.status_mut(), job.uid());
    record(ctx, cron_job, &PendingEvent::normal("SuccessfulDelete", format!("Deleted job {}", job.name())));
    Ok(())
}

fn record(ctx: &mut Context<'_>, cron_job: &Object, event: &PendingEvent) {
    let event_type = if event.is_warning { "Warning" } else { "Normal" };
    ctx.event(cron_job, event_type, event.reason, &event.message);
}

/// Access to the status of an object.
trait StatusMut {
    /// Returns the status, which is created where there is none.
    fn status_mut(&mut self) -> &mut Value;
}

impl StatusMut for Object {
    fn status_mut(&mut self) -> &mut Value {
        self.put_default("/status", json!({}));
        &mut self["status"]
    }
}
