//! The Jobs of a CronJob: the active ones, the last success, and those to delete beyond the history limits.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// An event that the reconciler records.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PendingEvent {
    /// The event type is `Warning` instead of `Normal`.
    pub(super) is_warning: bool,
    /// The reason in CamelCase.
    pub(super) reason: &'static str,
    /// The message for people.
    pub(super) message: String,
}

impl PendingEvent {
    /// Creates an event of type `Normal`.
    pub(super) fn normal(reason: &'static str, message: String) -> PendingEvent {
        PendingEvent { is_warning: false, reason, message }
    }

    /// Creates an event of type `Warning`.
    pub(super) fn warning(reason: &'static str, message: String) -> PendingEvent {
        PendingEvent { is_warning: true, reason, message }
    }
}

/// Returns the finished Jobs beyond the history limits, oldest first, failed ones after complete ones
/// (`cleanupFinishedJobs`).
pub(super) fn jobs_to_delete(cron_job: &Object, jobs: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let limits = [("Complete", "/spec/successfulJobsHistoryLimit"), ("Failed", "/spec/failedJobsHistoryLimit")];
    let mut out = Vec::new();
    for (kind, limit) in limits {
        let Some(limit) = cron_job.int(limit).and_then(|limit| usize::try_from(limit).ok()) else { continue };
        let mut ended: Vec<_> = jobs.iter().filter(|j| end_of(j) == Some(kind)).cloned().collect();
        let count = ended.len().saturating_sub(limit);
        if count == 0 {
            continue;
        }
        // Jobs without a start time count as the youngest (`byJobStartTime`).
        ended.sort_by_cached_key(|j| {
            let start = j.time("/status/startTime");
            (start.is_none(), start, j.name().to_string())
        });
        out.extend(ended.into_iter().take(count));
    }
    out
}

/// Returns the type of the condition by which a Job is finished: `Complete` or `Failed` (`getFinishedStatus`).
fn end_of(job: &Object) -> Option<&str> {
    // All Jobs of a CronJob are looked at in every reconciliation, and reading by name costs less than by a pointer.
    let conditions = job["status"].get("conditions").and_then(Value::as_array)?;
    let ends = conditions.iter().filter(|c| c.get("status").is_some_and(|status| *status == "True"));
    let mut types = ends.filter_map(|c| c.get("type").and_then(Value::as_str));
    types.find(|type_| matches!(*type_, "Complete" | "Failed"))
}

/// Updates the active Jobs and the last success in `status`. Returns the events to record.
pub(super) fn observe(status: &mut Value, jobs: &[Arc<Object>]) -> Vec<PendingEvent> {
    let mut events = Vec::new();
    let active: FxHashSet<String> = status.list("/active").iter().map(|entry| entry.str("/uid").to_string()).collect();
    for job in jobs {
        let (known, end) = (active.contains(job.uid()), end_of(job));
        if !known && end.is_none() {
            let text = format!("Saw a job that the controller did not create or forgot: {}", job.name());
            events.push(PendingEvent::warning("UnexpectedJob", text));
        } else if let Some(end) = end.filter(|_| known) {
            remove_active(status, job.uid());
            let text = format!("Saw completed job: {}, condition: {end}", job.name());
            events.push(PendingEvent::normal("SawCompletedJob", text));
        }
        let success = if end == Some("Complete") { job.time("/status/completionTime") } else { None };
        if success > status.time("/lastSuccessfulTime") {
            status.put("/lastSuccessfulTime", job.str("/status/completionTime"));
        }
    }
    let existing: FxHashSet<&str> = jobs.iter().map(|job| job.uid()).collect();
    let is_missing = |entry: &&Value| !existing.contains(entry.str("/uid"));
    let missing: Vec<Value> = status.list("/active").iter().filter(is_missing).cloned().collect();
    for entry in missing {
        remove_active(status, entry.str("/uid"));
        events.push(PendingEvent::normal("MissingJob", format!("Active job went missing: {}", entry.str("/name"))));
    }
    events
}

/// Returns `true` when a Job is in the list of active ones.
fn is_active(status: &Value, uid: &str) -> bool {
    status.list("/active").iter().any(|entry| entry.str("/uid") == uid)
}

/// Removes a Job from the list of active ones, and the list when it is empty then.
pub(super) fn remove_active(status: &mut Value, uid: &str) {
    if is_active(status, uid) {
        let active = status.list_mut("/active");
        active.retain(|entry| entry.str("/uid") != uid);
        if active.is_empty() {
            status.remove_at("/active");
        }
    }
}

/// Adds a Job to the list of active ones.
pub(super) fn add_active(status: &mut Value, job: &Object) {
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
    fn the_oldest_finished_jobs_are_deleted() {
        let jobs = [
            job("d", 40, "Complete"),
            job("a", 10, "Complete"),
            job("b", 20, "Failed"),
            job("c", 30, "Failed"),
            job("e", 5, ""),
        ];
        let names = |spec: Value| {
            let chosen = jobs_to_delete(&json!({"spec": spec}), &jobs);
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
            add_active(&mut status, job);
        }
        let events = observe(&mut status, &jobs);
        let want = [
            PendingEvent::normal("SawCompletedJob", "Saw completed job: done, condition: Complete".into()),
            PendingEvent::warning(
                "UnexpectedJob",
                "Saw a job that the controller did not create or forgot: by-hand".into(),
            ),
            PendingEvent::normal("MissingJob", "Active job went missing: lost".into()),
        ];
        assert_eq!(events, want);
        assert_eq!(status.list("/active").iter().map(|a| a.str("/name")).collect::<Vec<_>>(), ["runs"]);
        assert_eq!(status.str("/lastSuccessfulTime"), Time::from_secs(15).rfc3339());
    }
}
