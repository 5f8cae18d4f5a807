//! CronJobs from end to end, over a cluster in memory.

use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, OwnerReference, ValueRead};

fn cron_job(name: &str, schedule: &str, script: &str, spec: Value) -> Value {
    let container = json!({"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", script]});
    let mut cron_job = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec});
    cron_job["spec"]["schedule"] = schedule.into();
    cron_job["spec"]["jobTemplate"] = json!({
        "metadata": {"labels": {"made-by": name}},
        "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    });
    cron_job
}

fn bench_with(cron_job: Value) -> Bench {
    let mut bench = Bench::open();
    bench.create("cronjobs.batch", cron_job);
    bench
}

/// Returns the minutes after the start of the test at which the Jobs of `name` were due.
fn runs(bench: &mut Bench, name: &str) -> Vec<i64> {
    let epoch = kctl_base::sim::clock::DEFAULT_EPOCH.secs() / 60;
    let jobs = bench.list("jobs.batch");
    let minutes = jobs.iter().filter_map(|j| j.name().strip_prefix(&format!("{name}-"))?.parse::<i64>().ok());
    minutes.map(|m| m - epoch).collect()
}

#[test]
fn runs_start_on_time_and_the_last_ones_are_kept() {
    let mut bench = bench_with(cron_job("tick", "*/5 * * * *", "true", json!({})));
    bench.advance(301);
    assert_eq!(runs(&mut bench, "tick"), [5]);
    let tick = bench.get("cronjobs.batch", "tick");
    assert_eq!((tick.list("/status/active").len(), tick.str("/status/lastScheduleTime")), (1, "2026-01-01T00:05:00Z"));
    let job = bench.list("jobs.batch")[0].clone();
    assert_eq!(job.label("made-by"), Some("tick"));
    assert_eq!(job.annotation(super::SCHEDULED_TIMESTAMP), Some("2026-01-01T00:05:00Z"));
    bench.advance(1200);
    assert_eq!(runs(&mut bench, "tick"), [15, 20, 25], "three are kept");
    bench.advance(10);
    let tick = bench.get("cronjobs.batch", "tick");
    assert!(tick.at("/status/active").is_none() && tick.at("/status/lastSuccessfulTime").is_some());
    let name = job.name().to_string();
    let events = bench.events("tick");
    for want in [
        format!("SuccessfulCreate Created job {name}"),
        format!("SawCompletedJob Saw completed job: {name}, condition: Complete"),
        format!("SuccessfulDelete Deleted job {name}"),
    ] {
        assert!(events.contains(&want), "{want}: {events:?}");
    }
}

#[test]
fn failed_jobs_have_their_own_limit() {
    let spec = json!({"failedJobsHistoryLimit": 0});
    let mut bench = bench_with(cron_job("failing", "@every 1m", "exit 1", spec));
    bench.advance(70);
    assert!(runs(&mut bench, "failing").is_empty());
    assert!(bench.events("failing").iter().any(|e| e.starts_with("SuccessfulDelete Deleted job failing-")));
}

#[test]
fn the_concurrency_policy_applies_to_overlapping_runs() {
    for (policy, want) in [("Allow", vec![1, 2]), ("Forbid", vec![1]), ("Replace", vec![2])] {
        let spec = json!({"concurrencyPolicy": policy});
        let mut bench = bench_with(cron_job("long", "* * * * *", "sleep 1000", spec));
        bench.advance(150);
        assert_eq!(runs(&mut bench, "long"), want, "{policy}");
        let active = bench.get("cronjobs.batch", "long").list("/status/active").len();
        assert_eq!(active, want.len(), "{policy}");
        let told = bench.events("long").iter().any(|e| e.starts_with("JobAlreadyActive"));
        assert_eq!(told, policy == "Forbid");
    }
}

#[test]
fn after_a_suspension_the_last_missed_run_is_started() {
    let mut bench = bench_with(cron_job("asleep", "* * * * *", "true", json!({"suspend": true})));
    bench.advance(7230);
    assert!(runs(&mut bench, "asleep").is_empty());
    bench.patch("cronjobs.batch", "asleep", json!({"spec": {"suspend": false}}));
    assert_eq!(runs(&mut bench, "asleep"), [120]);
    assert!(bench.events("asleep").iter().any(|e| e.starts_with("TooManyMissedTimes")));
}

#[test]
fn a_run_past_its_deadline_is_skipped() {
    let spec = json!({"suspend": true, "startingDeadlineSeconds": 10});
    let mut bench = bench_with(cron_job("late", "* * * * *", "true", spec));
    bench.advance(90);
    bench.patch("cronjobs.batch", "late", json!({"spec": {"suspend": false}}));
    assert!(runs(&mut bench, "late").is_empty());
    bench.advance(31);
    assert_eq!(runs(&mut bench, "late"), [2]);
}

#[test]
fn jobs_created_by_hand_count() {
    let spec = json!({"suspend": true, "successfulJobsHistoryLimit": 0});
    let mut bench = bench_with(cron_job("tick", "* * * * *", "true", spec));
    let owner = bench.get("cronjobs.batch", "tick");
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {
            "name": "by-hand", "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [OwnerReference::controller(&owner).to_value()]},
        "spec": owner["spec"]["jobTemplate"]["spec"].clone()});
    bench.create("jobs.batch", job);
    let text = "UnexpectedJob Saw a job that the controller did not create or forgot: by-hand".to_string();
    assert!(bench.events("tick").contains(&text));
    bench.settle();
    assert!(bench.find("jobs.batch", "by-hand").is_none(), "its history has no room");
    assert!(bench.get("cronjobs.batch", "tick").at("/status/lastSuccessfulTime").is_some());
}

#[test]
fn schedules_follow_their_time_zone() {
    let spec = json!({"timeZone": "Asia/Tokyo"});
    let mut bench = bench_with(cron_job("tokyo", "5 9 * * *", "true", spec));
    bench.advance(301);
    assert_eq!(runs(&mut bench, "tokyo"), [5]);
    let job = bench.list("jobs.batch")[0].clone();
    assert_eq!(job.annotation(super::SCHEDULED_TIMESTAMP), Some("2026-01-01T09:05:00+09:00"));
}

#[test]
fn deleted_runs_leave_no_state_behind() {
    let mut bench = bench_with(cron_job("tick", "*/5 * * * *", "true", json!({})));
    bench.advance(310);
    let first = bench.list("jobs.batch")[0].clone();
    bench.advance(3 * 3600);
    let pods = bench.list("pods");
    assert_eq!(pods.len(), 3);
    let store = bench.cluster.server().store();
    let remembered = store.rows_with_prefix("memory/kubelet/pod/").unwrap();
    let mut remembered: Vec<&str> = remembered.iter().filter_map(|(row, _)| row.rsplit('/').next()).collect();
    let mut uids: Vec<&str> = pods.iter().map(|pod| pod.uid()).collect();
    remembered.sort_unstable();
    uids.sort_unstable();
    assert_eq!(remembered, uids, "the kubelet remembers the pods that there are");
    for purpose in ["name", "uid/pods"] {
        assert_eq!(store.next_counter(purpose, first.uid()).unwrap(), 0, "the counters of a job go with it");
    }
}
