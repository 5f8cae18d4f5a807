//! One look at a CronJob: starts what is due, tidies up, writes the status.

use std::sync::Arc;

use serde_json::{Value, json};

use super::active::{self, News};
use super::due::{Due, due};
use super::schedule::Schedule;
use super::{CRON_JOBS, JOBS};
use crate::controllers::context::Result;
use crate::controllers::shared::pod_control::is_namespace_terminating;
use crate::controllers::{Action, Context};
use crate::kinds::batch::cron_job::schedule::is_zone;
use crate::machinery::object::{Meta, Object, OwnerReference, Reading, Writing};
use crate::sim::{Duration, Time};

/// The annotation with the time for which a job was made, in the zone of the schedule.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// Brings one CronJob up to date.
pub(super) fn run(context: &mut Context<'_>, cron_job: &Object) -> Result<Action> {
    let mut jobs = context.owned(JOBS, cron_job.uid())?;
    jobs.retain(|job| job.is_controlled_by(cron_job.uid()));
    let status = cron_job.get("status").filter(|s| s.is_object()).cloned().unwrap_or_else(|| json!({}));
    let mut sync = Sync { context, cron_job, status };
    let news = active::refresh(&mut sync.status, &jobs);
    sync.announce(news);
    let next = sync.start();
    sync.clean_up(&jobs);
    sync.write()?;
    Ok(next?.map_or(Action::Done, Action::Recurring))
}

/// A CronJob under work.
struct Sync<'c, 's> {
    context: &'c mut Context<'s>,
    cron_job: &'c Object,
    /// Its status as it will be written.
    status: Value,
}

impl Sync<'_, '_> {
    fn announce(&mut self, news: impl IntoIterator<Item = News>) {
        for one in news {
            self.context.event(self.cron_job, one.kind, one.reason, &one.message);
        }
    }

    fn warn(&mut self, reason: &'static str, message: String) {
        self.announce([News::new("Warning", reason, message)]);
    }

    /// Starts the run that is due; answers when the next one is.
    fn start(&mut self) -> Result<Option<Time>> {
        if self.cron_job.is_deleting() {
            return Ok(None);
        }
        let zone = self.cron_job.str("/spec/timeZone").to_string();
        if !zone.is_empty() && !is_zone(&zone) {
            self.warn("UnknownTimeZone", format!("invalid timeZone: {zone:?}: unknown time zone {zone}"));
            return Ok(None);
        }
        if self.cron_job.flag("/spec/suspend") {
            return Ok(None);
        }
        let text = self.cron_job.str("/spec/schedule").to_string();
        let schedule = match Schedule::parse(&text, &zone) {
            Ok(schedule) => schedule,
            Err(why) => {
                self.warn("UnparseableSchedule", format!("unparseable schedule: {text:?} : {why}"));
                return Ok(None);
            }
        };
        let made = self.cron_job.creation_time().unwrap_or(self.context.now);
        let since = self.status.time("/lastScheduleTime").unwrap_or(made);
        let deadline = self.cron_job.int("/spec/startingDeadlineSeconds").map(Duration::from_secs);
        let Ok(Due { run, missed_many, next }) = due(&schedule, since, deadline, self.context.now) else {
            let why = "time difference between two schedules is less than 1 second";
            self.warn("InvalidSchedule", format!("invalid schedule: {text} : {why}"));
            return Ok(None);
        };
        if missed_many {
            let advice = "Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            self.warn("TooManyMissedTimes", format!("too many missed start times. {advice}"));
        }
        if let Some(run) = run {
            self.start_run(run, deadline, &zone)?;
        }
        Ok(next)
    }

    fn start_run(&mut self, run: Time, deadline: Option<Duration>, zone: &str) -> Result<()> {
        if deadline.is_some_and(|span| run + span < self.context.now) {
            self.warn("MissSchedule", format!("Missed scheduled time to start a job: {}", run.rfc1123()));
            return Ok(());
        }
        let name = format!("{}-{}", self.cron_job.name(), run.secs() / 60);
        let running = self.status.list("/active");
        if running.iter().any(|entry| entry.str("/name") == name) || self.status.time("/lastScheduleTime") == Some(run)
        {
            return Ok(());
        }
        let is_running = !running.is_empty();
        match self.cron_job.str("/spec/concurrencyPolicy") {
            "Forbid" if is_running => {
                let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.announce([News::new("Normal", "JobAlreadyActive", message.into())]);
                return Ok(());
            }
            "Replace" => self.replace()?,
            _ => {}
        }
        let Some(job) = self.create(run, &name, zone)? else { return Ok(()) };
        active::add(&mut self.status, &job);
        self.status.put("/lastScheduleTime", run.rfc3339());
        Ok(())
    }

    /// Deletes the jobs that are still running.
    fn replace(&mut self) -> Result<()> {
        for entry in self.status.list("/active").to_vec() {
            if let Some(job) = self.context.get(JOBS, self.cron_job.namespace(), entry.str("/name"))? {
                self.delete(&job)?;
            }
        }
        Ok(())
    }

    /// Makes the job of a run. One that is there already serves as well, if it is ours and not known yet.
    fn create(&mut self, run: Time, name: &str, zone: &str) -> Result<Option<Arc<Object>>> {
        match self.context.create(JOBS, self.make(run, name, zone)) {
            Ok(job) => {
                self.announce([News::new("Normal", "SuccessfulCreate", format!("Created job {name}"))]);
                Ok(Some(job))
            }
            Err(status) if status.is_already_exists() => {
                let job = self.context.get(JOBS, self.cron_job.namespace(), name)?;
                Ok(job.filter(|job| job.is_controlled_by(self.cron_job.uid())))
            }
            Err(status) => {
                if !is_namespace_terminating(&status) {
                    self.warn("FailedCreate", format!("Error creating job: {status}"));
                }
                Err(status)
            }
        }
    }

    /// The job of a run, out of the template.
    fn make(&self, run: Time, name: &str, zone: &str) -> Object {
        let template = &self.cron_job["spec"]["jobTemplate"];
        let mut job = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": name,
                "namespace": self.cron_job.namespace(),
                "ownerReferences": [OwnerReference::controller(self.cron_job).to_value()],
            },
            "spec": template.at("/spec").cloned().unwrap_or_else(|| json!({})),
        });
        for field in ["labels", "annotations"] {
            if let Some(value) = template.at(&format!("/metadata/{field}")) {
                job["metadata"][field] = value.clone();
            }
        }
        job.set_annotation(SCHEDULED, &in_zone(run, zone));
        job
    }

    /// Drops the jobs beyond the history limits.
    fn clean_up(&mut self, jobs: &[Arc<Object>]) {
        let limit = |field: &str| self.cron_job.int(&format!("/spec/{field}"));
        for job in active::surplus(jobs, limit("successfulJobsHistoryLimit"), limit("failedJobsHistoryLimit")) {
            if !job.is_deleting() {
                // A failure is told by an event, and the next look tries again.
                let _ = self.delete(&job);
            }
        }
    }

    fn delete(&mut self, job: &Object) -> Result<()> {
        if let Err(status) = self.context.delete(JOBS, job) {
            self.warn("FailedDelete", format!("Deleted job: {status}"));
            return Err(status);
        }
        active::drop_entry(&mut self.status, job.uid());
        self.announce([News::new("Normal", "SuccessfulDelete", format!("Deleted job {}", job.name()))]);
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        if self.cron_job.get("status") == Some(&self.status) {
            return Ok(());
        }
        let mut changed = self.cron_job.clone();
        changed.put("/status", self.status.take());
        match self.context.update_status(CRON_JOBS, changed) {
            Err(status) if status.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }
}

/// An instant as the clocks of a zone show it.
fn in_zone(time: Time, zone: &str) -> String {
    match zone.parse::<chrono_tz::Tz>() {
        Ok(zone) if zone != chrono_tz::Tz::UTC => {
            time.to_chrono().with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        }
        _ => time.rfc3339(),
    }
}
