//! CronJobs: a Job whenever the clock says so, and a short memory of those that have ended.
//!
//! When a run is due is [`missed`] over [`schedule`]; what is remembered of jobs is [`history`]. Runs are named after the
//! minute they were due at, so that none is started twice.

mod history;
mod missed;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use history::Note;
use missed::Owed;
use schedule::Schedule;

use super::runtime::Result;
use super::shared::pod_control::is_namespace_terminating;
use super::{Action, Context, Controller, Key, Watch};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::{Reason, Status};

const CRON_JOBS: &str = "cronjobs.batch";
const JOBS: &str = "jobs.batch";
/// On a job: when it was due.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The controller of CronJobs.
pub const CONTROLLER: Controller = Controller {
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
    for job in history::superfluous(&cron_job, &jobs) {
        // A failure has been told; the job is still too much the next time.
        let _ = delete(ctx, &mut cron_job, &job);
    }
    let result = sync(ctx, &mut cron_job, &jobs);
    if cron_job.get("status") != before.as_ref() {
        ctx.update_status(CRON_JOBS, cron_job)?;
    }
    result
}

/// Takes note of what has become of the jobs, then starts what is owed.
fn sync(ctx: &mut Context<'_>, cron_job: &mut Object, jobs: &[Arc<Object>]) -> Result<Action> {
    for note in history::observe(cron_job.status_mut(), jobs) {
        tell(ctx, cron_job, &note);
    }
    if cron_job.is_deleting() || cron_job.flag("/spec/suspend") {
        return Ok(Action::AwaitChange);
    }
    let schedule = match known_schedule(ctx, cron_job) {
        Ok(schedule) => schedule,
        Err(note) => {
            tell(ctx, cron_job, &note);
            return Ok(Action::AwaitChange);
        }
    };
    let owed = match missed::owed(cron_job, &schedule, ctx.now) {
        Ok(owed) => owed,
        Err(why) => {
            let text = format!("invalid schedule: {} : {why}", cron_job.str("/spec/schedule"));
            tell(ctx, cron_job, &Note::warning("InvalidSchedule", text));
            return Ok(Action::AwaitChange);
        }
    };
    if let Some(owed) = owed {
        if owed.too_many {
            let text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            tell(ctx, cron_job, &Note::warning("TooManyMissedTimes", text.into()));
        }
        match decide(cron_job, owed, ctx.now) {
            Decision::Skip(note) => note.iter().for_each(|note| tell(ctx, cron_job, note)),
            Decision::Start { replacing } => {
                for name in replacing {
                    replace(ctx, cron_job, &name)?;
                }
                start(ctx, cron_job, owed.at)?;
            }
        }
    }
    Ok(missed::next(cron_job, &schedule, ctx.now).map_or(Action::AwaitChange, Action::ResyncAt))
}

/// The schedule of a CronJob, or what is to be told about it.
fn read_schedule(cron_job: &Object) -> std::result::Result<Schedule, Note> {
    let (text, zone) = (cron_job.str("/spec/schedule"), cron_job.str("/spec/timeZone"));
    if let Err(why) = schedule::zone(zone) {
        return Err(Note::warning("UnknownTimeZone", format!("invalid timeZone: {zone:?}: {why}")));
    }
    Schedule::parse(text, zone)
        .map_err(|why| Note::warning("UnparseableSchedule", format!("unparseable schedule: {text:?} : {why}")))
}

/// Schedules that have been read, by text and zone: reading one is work, and it is asked for with every change of a job.
#[derive(Default)]
struct Schedules(HashMap<(String, String), Arc<Schedule>>);

fn known_schedule(ctx: &mut Context<'_>, cron_job: &Object) -> std::result::Result<Arc<Schedule>, Note> {
    let key = (cron_job.str("/spec/schedule").to_string(), cron_job.str("/spec/timeZone").to_string());
    let Schedules(known) = ctx.cache();
    if let Some(schedule) = known.get(&key) {
        return Ok(schedule.clone());
    }
    let schedule = Arc::new(read_schedule(cron_job)?);
    let Schedules(known) = ctx.cache();
    known.insert(key, schedule.clone());
    Ok(schedule)
}

/// What to do about a run that is owed.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// Nothing, for a reason that may be worth an event.
    Skip(Option<Note>),
    /// Start it, in the place of the jobs of these names.
    Start { replacing: Vec<String> },
}

fn decide(cron_job: &Object, owed: Owed, now: Time) -> Decision {
    let deadline = cron_job.int("/spec/startingDeadlineSeconds").map(Duration::from_secs);
    if deadline.is_some_and(|deadline| owed.at + deadline < now) {
        let text = format!("Missed scheduled time to start a job: {}", owed.at.rfc1123());
        return Decision::Skip(Some(Note::warning("MissSchedule", text)));
    }
    let active = || cron_job.list("/status/active").iter().map(|entry| entry.str("/name").to_string());
    let name = job_name(cron_job, owed.at);
    if active().any(|known| known == name) || cron_job.time("/status/lastScheduleTime") == Some(owed.at) {
        return Decision::Skip(None);
    }
    match cron_job.str("/spec/concurrencyPolicy") {
        "Forbid" if active().next().is_some() => {
            let text = "Not starting job because prior execution is running and concurrency policy is Forbid";
            Decision::Skip(Some(Note::normal("JobAlreadyActive", text.into())))
        }
        "Replace" => Decision::Start { replacing: active().collect() },
        _ => Decision::Start { replacing: Vec::new() },
    }
}

/// `NAME-MINUTES`: the minutes since 1970 make the name of a run.
fn job_name(cron_job: &Object, at: Time) -> String {
    format!("{}-{}", cron_job.name(), at.secs() / 60)
}

/// The job of the run that was due at `at`.
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
    job.set_annotation(SCHEDULED, &in_zone(at, cron_job.str("/spec/timeZone")));
    job
}

/// An instant as the clocks of a zone show it.
fn in_zone(at: Time, zone: &str) -> String {
    let zone = schedule::zone(zone).unwrap_or(chrono_tz::Tz::UTC);
    at.to_chrono().with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Starts the run that was due at `at` and writes it into the status.
fn start(ctx: &mut Context<'_>, cron_job: &mut Object, at: Time) -> Result<()> {
    let job = new_job(cron_job, at);
    match ctx.create(JOBS, job) {
        Ok(job) => {
            tell(ctx, cron_job, &Note::normal("SuccessfulCreate", format!("Created job {}", job.name())));
            history::remember(cron_job.status_mut(), &job);
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
                tell(ctx, cron_job, &Note::warning("FailedCreate", format!("Error creating job: {status}")));
            }
            return Err(status);
        }
    }
    cron_job.put("/status/lastScheduleTime", at.rfc3339());
    Ok(())
}

/// Deletes a job that is still running, for a new one takes its place.
fn replace(ctx: &mut Context<'_>, cron_job: &mut Object, name: &str) -> Result<()> {
    let Some(job) = ctx.get(JOBS, cron_job.namespace(), name)? else {
        let missing = Status::not_found("batch", "jobs", name);
        tell(ctx, cron_job, &Note::warning("FailedGet", format!("Get job: {missing}")));
        return Err(missing);
    };
    delete(ctx, cron_job, &job)
}

/// Deletes a job and forgets it.
fn delete(ctx: &mut Context<'_>, cron_job: &mut Object, job: &Object) -> Result<()> {
    if let Err(status) = ctx.delete(JOBS, job) {
        tell(ctx, cron_job, &Note::warning("FailedDelete", format!("Deleted job: {status}")));
        return Err(status);
    }
    history::forget(cron_job.status_mut(), job.uid());
    tell(ctx, cron_job, &Note::normal("SuccessfulDelete", format!("Deleted job {}", job.name())));
    Ok(())
}

fn tell(ctx: &mut Context<'_>, cron_job: &Object, note: &Note) {
    let kind = if note.warning { "Warning" } else { "Normal" };
    ctx.event(cron_job, kind, note.reason, &note.message);
}

/// The status of an object, made where there is none.
trait StatusOf {
    fn status_mut(&mut self) -> &mut Value;
}

impl StatusOf for Object {
    fn status_mut(&mut self) -> &mut Value {
        self.put_default("/status", json!({}));
        &mut self["status"]
    }
}
