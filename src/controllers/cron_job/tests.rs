//! CronJobs from end to end, over a cluster in memory.

use serde_json::{Value, json};

use crate::api::Propagation;
use crate::controllers::shared::testing::Bench;
use crate::machinery::object::{Meta, Reading};
use crate::sim::Duration;

fn bench() -> Option<Bench> {
    Bench::new(&["pods", "jobs.batch", "cronjobs.batch"])
}

fn cron_job(name: &str, schedule: &str, command: &[&str], changes: Value) -> Value {
    let mut cron_job = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
        "spec": {"schedule": schedule, "jobTemplate": {
            "metadata": {"labels": {"made-by": name}},
            "spec": {"backoffLimit": 0, "template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.36", "command": command}]}}}}},
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        cron_job["spec"][key] = value.clone();
    }
    cron_job
}

fn advance(bench: &mut Bench, seconds: i64) {
    bench.cluster.advance(Duration::from_secs(seconds)).unwrap();
}

fn jobs(bench: &mut Bench) -> Vec<String> {
    bench.list("jobs.batch").iter().filter(|j| !j.is_deleting()).map(|j| j.name().to_string()).collect()
}

/// The name of the job of the `n`th minute of the simulation, which begins with the year 2026.
fn minute(name: &str, n: i64) -> String {
    format!("{name}-{}", 29_453_760 + n)
}

#[test]
fn runs_come_end_and_are_tidied_away() {
    let Some(mut bench) = bench() else { return };
    bench.create("cronjobs.batch", cron_job("tick", "* * * * *", &["date"], json!({"successfulJobsHistoryLimit": 1})));
    assert_eq!(bench.get("cronjobs.batch", "tick")["status"], json!({}));
    advance(&mut bench, 61);
    assert_eq!(jobs(&mut bench), [minute("tick", 1)]);
    let job = bench.get("jobs.batch", &minute("tick", 1));
    assert_eq!(job.label("made-by"), Some("tick"));
    assert_eq!(job.annotation("batch.kubernetes.io/cronjob-scheduled-timestamp"), Some("2026-01-01T00:01:00Z"));
    let tick = bench.get("cronjobs.batch", "tick");
    assert_eq!(tick.str("/status/lastScheduleTime"), "2026-01-01T00:01:00Z");
    assert_eq!((tick.str("/status/active/0/name"), tick.str("/status/active/0/kind")), (job.name(), "Job"));
    advance(&mut bench, 20);
    let tick = bench.get("cronjobs.batch", "tick");
    assert_eq!((tick.list("/status/active").len(), tick.at("/status/lastSuccessfulTime").is_some()), (0, true));
    advance(&mut bench, 60);
    assert_eq!(jobs(&mut bench), [minute("tick", 2)], "one is kept");
    let events = bench.events("tick");
    for want in [
        format!("SuccessfulCreate Created job {}", minute("tick", 1)),
        format!("SawCompletedJob Saw completed job: {}, condition: Complete", minute("tick", 1)),
        format!("SuccessfulDelete Deleted job {}", minute("tick", 1)),
    ] {
        assert!(events.contains(&want), "{want} in {events:?}");
    }
    bench.delete("cronjobs.batch", "tick", Propagation::Background);
    bench.settle();
    assert_eq!((jobs(&mut bench).len(), bench.list("pods").len()), (0, 0));
}

#[test]
fn policies_decide_about_runs_that_are_not_over() {
    let Some(mut bench) = bench() else { return };
    for (name, policy) in [("allow", "Allow"), ("forbid", "Forbid"), ("replace", "Replace")] {
        let policy = json!({"concurrencyPolicy": policy});
        bench.create("cronjobs.batch", cron_job(name, "* * * * *", &["sleep", "1000"], policy));
    }
    advance(&mut bench, 125);
    assert_eq!(jobs(&mut bench), [minute("allow", 1), minute("allow", 2), minute("forbid", 1), minute("replace", 2)]);
    let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
    assert!(bench.events("forbid").contains(&format!("JobAlreadyActive {message}")));
    // What has been held up is made up for as soon as it can be.
    bench.delete("jobs.batch", &minute("forbid", 1), Propagation::Background);
    bench.settle();
    assert!(jobs(&mut bench).contains(&minute("forbid", 2)));
}

#[test]
fn failures_and_suspension() {
    let Some(mut bench) = bench() else { return };
    bench.create("cronjobs.batch", cron_job("failing", "@every 1m", &["false"], json!({"failedJobsHistoryLimit": 0})));
    advance(&mut bench, 90);
    assert_eq!(jobs(&mut bench), [""; 0]);
    let ended = format!("SawCompletedJob Saw completed job: {}, condition: Failed", minute("failing", 1));
    assert!(bench.events("failing").contains(&ended));
    bench.patch("cronjobs.batch", "failing", json!({"spec": {"suspend": true}}));
    let last = bench.get("cronjobs.batch", "failing").str("/status/lastScheduleTime").to_string();
    advance(&mut bench, 8 * 3600);
    assert_eq!(bench.get("cronjobs.batch", "failing").str("/status/lastScheduleTime"), last);
    bench.patch("cronjobs.batch", "failing", json!({"spec": {"suspend": false}}));
    let events = bench.events("failing");
    assert!(events.iter().any(|e| e.starts_with("TooManyMissedTimes")), "{events:?}");
}

#[test]
fn runs_of_many_days_cost_little_each() {
    let Some(mut bench) = bench() else { return };
    bench.create("cronjobs.batch", cron_job("hourly", "@hourly", &["true"], json!({})));
    advance(&mut bench, 3 * 24 * 3600 + 60);
    assert_eq!(jobs(&mut bench).len(), 3, "the history limit");
    assert_eq!(bench.get("cronjobs.batch", "hourly").str("/status/lastScheduleTime"), "2026-01-04T00:00:00Z");
    let rows = bench.list("events").len();
    assert!(rows < 60, "{rows} events: the old ones have expired");
}
