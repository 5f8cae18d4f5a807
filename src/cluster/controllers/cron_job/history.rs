//! What a CronJob knows of its jobs: which are running, when one last succeeded, which are too many.

use std::collections::HashSet;
use std::sync::Arc;

use crate::controllers::job;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition_is_true};

/// An event to record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Whether it is a warning.
    pub(super) warning: bool,
    /// CamelCase.
    pub(super) reason: &'static str,
    /// The text.
    pub(super) message: String,
}

impl Note {
    /// A note about something usual.
    pub(super) fn normal(reason: &'static str, message: String) -> Note {
        Note { warning: false, reason, message }
    }

    /// A note about something unusual.
    pub(super) fn warning(reason: &'static str, message: String) -> Note {
        Note { warning: true, reason, message }
    }
}

/// The finished jobs that the limits leave no room for, oldest first, failures after successes.
pub(super) fn superfluous(cron_job: &Object, jobs: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let limits = [("Complete", "/spec/successfulJobsHistoryLimit"), ("Failed", "/spec/failedJobsHistoryLimit")];
    let mut out = Vec::new();
    for (kind, limit) in limits {
        let Some(limit) = cron_job.int(limit).and_then(|limit| usize::try_from(limit).ok()) else { continue };
        let mut ended: Vec<_> = jobs.iter().filter(|j| condition_is_true(j, kind)).cloned().collect();
        // Jobs that never started are the youngest.
        ended.sort_by_cached_key(|j| {
            let start = j.time("/status/startTime");
            (start.is_none(), start, j.name().to_string())
        });
        let count = ended.len().saturating_sub(limit);
        out.extend(ended.into_iter().take(count));
    }
    out
}

/// Brings `status` up to date with the jobs that there are, and says what is worth an event.
pub(super) fn observe(status: &mut Value, jobs: &[Arc<Object>]) -> Vec<Note> {
    let mut notes = Vec::new();
    let active: HashSet<String> = status.list("/active").iter().map(|entry| entry.str("/uid").to_string()).collect();
    for job in jobs {
        let (known, finished) = (active.contains(job.uid()), job::is_finished(job));
        if !known && !finished {
            let text = format!("Saw a job that the controller did not create or forgot: {}", job.name());
            notes.push(Note::warning("UnexpectedJob", text));
        } else if known && finished {
            forget(status, job.uid());
            let end = if condition_is_true(job, "Complete") { "Complete" } else { "Failed" };
            let text = format!("Saw completed job: {}, condition: {end}", job.name());
            notes.push(Note::normal("SawCompletedJob", text));
        }
        let success = job.time("/status/completionTime").filter(|_| condition_is_true(job, "Complete"));
        if success > status.time("/lastSuccessfulTime") {
            status.put("/lastSuccessfulTime", job.str("/status/completionTime"));
        }
    }
    let there: HashSet<&str> = jobs.iter().map(|job| job.uid()).collect();
    let lost = |entry: &&Value| !there.contains(entry.str("/uid"));
    let lost: Vec<Value> = status.list("/active").iter().filter(lost).cloned().collect();
    for entry in lost {
        forget(status, entry.str("/uid"));
        notes.push(Note::normal("MissingJob", format!("Active job went missing: {}", entry.str("/name"))));
    }
    notes
}

/// Whether a job is in the list of active ones.
fn is_active(status: &Value, uid: &str) -> bool {
    status.list("/active").iter().any(|entry| entry.str("/uid") == uid)
}

/// Takes a job off the list of active ones; an empty list goes too.
pub(super) fn forget(status: &mut Value, uid: &str) {
    if is_active(status, uid) {
        let active = status.list_mut("/active");
        active.retain(|entry| entry.str("/uid") != uid);
        if active.is_empty() {
            status.remove_at("/active");
        }
    }
}

/// Puts a job that has just been started on the list of active ones.
pub(super) fn remember(status: &mut Value, job: &Object) {
    status.list_mut("/active").push(json!({
        "apiVersion": job.api_version(), "kind": job.kind(), "namespace": job.namespace(), "name": job.name(),
        "uid": job.uid(), "resourceVersion": job.resource_version(),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::sim::Time;

    fn job(name: &str, started: i64, end: &str) -> Arc<Object> {
        let at = |seconds| Time::from_secs(seconds).rfc3339();
        let mut job = json!({"metadata": {"name": name, "uid": name}, "status": {"startTime": at(started)}});
        if !end.is_empty() {
            job["status"]["conditions"] = json!([{"type": end, "status": "True"}]);
        }
        if end == "Complete" {
            job["status"]["completionTime"] = at(started + 5).into();
        }
        Arc::new(job)
    }

    #[test]
    fn the_oldest_ended_jobs_are_superfluous() {
        let jobs = [
            job("d", 40, "Complete"),
            job("a", 10, "Complete"),
            job("b", 20, "Failed"),
            job("c", 30, "Failed"),
            job("e", 5, ""),
        ];
        let names = |spec: Value| {
            let chosen = superfluous(&json!({"spec": spec}), &jobs);
            chosen.iter().map(|j| j.name().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(json!({"successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 0})), ["a", "b", "c"]);
        assert_eq!(names(json!({"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1})), ["b"]);
        assert!(names(json!({})).is_empty());
    }

    #[test]
    fn the_status_follows_the_jobs() {
        let jobs = [job("done", 10, "Complete"), job("by-hand", 20, ""), job("runs", 30, "")];
        let mut status = json!({});
        for job in [&jobs[0], &jobs[2], &self::job("lost", 1, "")] {
            remember(&mut status, job);
        }
        let notes = observe(&mut status, &jobs);
        let want = [
            Note::normal("SawCompletedJob", "Saw completed job: done, condition: Complete".into()),
            Note::warning("UnexpectedJob", "Saw a job that the controller did not create or forgot: by-hand".into()),
            Note::normal("MissingJob", "Active job went missing: lost".into()),
        ];
        assert_eq!(notes, want);
        assert_eq!(status.list("/active").iter().map(|a| a.str("/name")).collect::<Vec<_>>(), ["runs"]);
        assert_eq!(status.str("/lastSuccessfulTime"), Time::from_secs(15).rfc3339());
    }
}
