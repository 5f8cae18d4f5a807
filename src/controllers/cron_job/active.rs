//! The jobs of a CronJob that are running, and what has become of the others, out of plain values.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::controllers::job::has_finished;
use crate::machinery::object::{Meta, Object, Reading, Writing, condition_is_true};

/// Something worth an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct News {
    /// `Normal` or `Warning`.
    pub(super) kind: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl News {
    pub(super) fn new(kind: &'static str, reason: &'static str, message: String) -> News {
        News { kind, reason, message }
    }
}

/// Brings the list of running jobs and the time of the last success up to date.
pub(super) fn refresh(status: &mut Value, jobs: &[Arc<Object>]) -> Vec<News> {
    let mut news = Vec::new();
    for job in jobs {
        let listed = status.list("/active").iter().any(|entry| entry.str("/uid") == job.uid());
        match (listed, has_finished(job)) {
            (false, false) => {
                let message = format!("Saw a job that the controller did not create or forgot: {}", job.name());
                news.push(News::new("Warning", "UnexpectedJob", message));
            }
            (true, true) => {
                let condition = if condition_is_true(job, "Complete") { "Complete" } else { "Failed" };
                drop_entry(status, job.uid());
                let message = format!("Saw completed job: {}, condition: {condition}", job.name());
                news.push(News::new("Normal", "SawCompletedJob", message));
            }
            _ => {}
        }
        if condition_is_true(job, "Complete") {
            let ended = job.time("/status/completionTime");
            if ended > status.time("/lastSuccessfulTime") {
                status.put("/lastSuccessfulTime", job.str("/status/completionTime"));
            }
        }
    }
    let gone = status.list("/active").iter().filter(|entry| !jobs.iter().any(|job| job.uid() == entry.str("/uid")));
    let gone: Vec<Value> = gone.cloned().collect();
    for entry in gone {
        drop_entry(status, entry.str("/uid"));
        let message = format!("Active job went missing: {}", entry.str("/name"));
        news.push(News::new("Normal", "MissingJob", message));
    }
    news
}

/// Adds a job to the list of those that are running.
pub(super) fn add(status: &mut Value, job: &Object) {
    let entry = json!({
        "apiVersion": "batch/v1", "kind": "Job", "namespace": job.namespace(), "name": job.name(), "uid": job.uid(),
        "resourceVersion": job.resource_version(),
    });
    status.list_mut("/active").push(entry);
}

/// Takes a job off the list; an empty list goes too.
pub(super) fn drop_entry(status: &mut Value, uid: &str) {
    let list = status.list_mut("/active");
    list.retain(|entry| entry.str("/uid") != uid);
    if list.is_empty() {
        status.remove_at("/active");
    }
}

/// The jobs beyond the history limits: those that have ended, by their success, the ones that were started first. No limit
/// keeps them all.
pub(super) fn surplus(jobs: &[Arc<Object>], successful_max: Option<i64>, failed_max: Option<i64>) -> Vec<Arc<Object>> {
    let ended = |kind: &str, max: Option<i64>| {
        let mut ended: Vec<Arc<Object>> = jobs.iter().filter(|job| condition_is_true(job, kind)).cloned().collect();
        ended.sort_by_key(|job| {
            let start = job.time("/status/startTime");
            (start.is_none(), start, job.name().to_string())
        });
        let kept = max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(0));
        ended.truncate(ended.len().saturating_sub(kept));
        ended
    };
    let mut surplus = ended("Complete", successful_max);
    surplus.extend(ended("Failed", failed_max));
    surplus
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Time;

    fn job(name: &str, end: &str, at: i64) -> Arc<Object> {
        let time = Time::from_secs(at).rfc3339();
        Arc::new(json!({"metadata": {"name": name, "uid": name}, "status": {
            "startTime": time, "completionTime": time, "conditions": [{"type": end, "status": "True"}]}}))
    }

    #[test]
    fn the_list_follows_the_jobs() {
        let mut status =
            json!({"active": [{"uid": "a", "name": "a"}, {"uid": "b", "name": "b"}, {"uid": "x", "name": "x"}]});
        let jobs = [job("a", "Complete", 5), job("b", "Failed", 6), job("c", "Suspended", 7), job("d", "Complete", 3)];
        let news = refresh(&mut status, &jobs);
        let texts: Vec<String> = news.iter().map(|n| format!("{} {}", n.reason, n.message)).collect();
        assert_eq!(
            texts,
            [
                "SawCompletedJob Saw completed job: a, condition: Complete",
                "SawCompletedJob Saw completed job: b, condition: Failed",
                "UnexpectedJob Saw a job that the controller did not create or forgot: c",
                "MissingJob Active job went missing: x",
            ]
        );
        assert_eq!(status, json!({"lastSuccessfulTime": Time::from_secs(5).rfc3339()}));
    }

    #[test]
    fn history_limits_drop_the_oldest() {
        let jobs = [job("a", "Complete", 3), job("b", "Complete", 1), job("c", "Complete", 2), job("d", "Failed", 1)];
        let names = |successful, failed| -> Vec<String> {
            surplus(&jobs, successful, failed).iter().map(|j| j.name().to_string()).collect()
        };
        assert_eq!(names(Some(1), Some(1)), ["b", "c"]);
        assert_eq!(names(Some(3), Some(0)), ["d"]);
        assert_eq!(names(None, None), [""; 0]);
    }
}
