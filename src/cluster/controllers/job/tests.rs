//! Jobs from end to end, over a cluster in memory.

use std::sync::Arc;

use super::pods::{FAILURES, INDEX};
use crate::api::Propagation;
use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// Returns a Job that runs a shell script.
fn job(name: &str, script: &str, spec: Value) -> Value {
    let container = json!({"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", script]});
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec});
    job.put_default("/spec/template/spec/restartPolicy", "Never");
    job.put("/spec/template/spec/containers", json!([container]));
    job
}

fn bench_with(jobs: Vec<Value>) -> Bench {
    let mut bench = Bench::open();
    for job in jobs {
        bench.create("jobs.batch", job);
    }
    bench
}

fn conditions(bench: &mut Bench, name: &str) -> Vec<String> {
    let job = bench.get("jobs.batch", name);
    let text = |c: &Value| format!("{}={} {}", c.str("/type"), c.str("/status"), c.str("/reason"));
    job.list("/status/conditions").iter().map(text).collect()
}

fn pods_of(bench: &mut Bench, job: &str) -> Vec<Arc<Object>> {
    bench.list("pods").into_iter().filter(|p| p.label("job-name") == Some(job)).collect()
}

#[test]
fn a_job_runs_to_completion() {
    let mut bench = bench_with(vec![job("wide", "true", json!({"completions": 5, "parallelism": 2}))]);
    let status = bench.get("jobs.batch", "wide")["status"].clone();
    assert_eq!((status.int("/active"), status.int("/ready"), status.int("/terminating")), (Some(2), Some(0), Some(0)));
    assert!(pods_of(&mut bench, "wide").iter().all(|p| super::pods::is_tracked(p)));
    bench.settle();
    let status = bench.get("jobs.batch", "wide")["status"].clone();
    assert_eq!((status.int("/succeeded"), status.int("/active")), (Some(5), None));
    assert_eq!(status["uncountedTerminatedPods"], json!({}));
    assert!(status.time("/completionTime").is_some());
    assert_eq!(
        conditions(&mut bench, "wide"),
        ["SuccessCriteriaMet=True CompletionsReached", "Complete=True CompletionsReached"]
    );
    let pods = pods_of(&mut bench, "wide");
    assert!(pods.len() == 5 && pods.iter().all(|p| !super::pods::is_tracked(p)));
    let events = bench.events("wide");
    assert_eq!(events.iter().filter(|e| e.starts_with("SuccessfulCreate Created pod: wide-")).count(), 5);
    assert!(events.contains(&"Completed Job completed".to_string()));
    bench.delete("jobs.batch", "wide", Propagation::Background);
    bench.settle();
    assert!(pods_of(&mut bench, "wide").is_empty());
}

#[test]
fn indexes_are_in_names_and_counted() {
    let spec = json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed"});
    let mut bench = bench_with(vec![job("indexed", "true", spec)]);
    bench.settle();
    let job = bench.get("jobs.batch", "indexed");
    assert_eq!((job.str("/status/completedIndexes"), job.int("/status/succeeded")), ("0-2", Some(3)));
    for (index, pod) in pods_of(&mut bench, "indexed").iter().enumerate() {
        assert!(pod.name().starts_with(&format!("indexed-{index}-")), "{}", pod.name());
        assert_eq!(pod.str("/spec/hostname"), format!("indexed-{index}"));
        assert_eq!(pod.label(INDEX), Some(index.to_string().as_str()));
    }
}

#[test]
fn failed_pods_are_replaced_after_a_delay_up_to_the_limit() {
    let mut bench = bench_with(vec![job("failing", "exit 1", json!({"backoffLimit": 1}))]);
    bench.advance(11);
    assert_eq!(pods_of(&mut bench, "failing").len(), 1, "10 s after the failure");
    bench.advance(4);
    let job = bench.get("jobs.batch", "failing");
    assert_eq!(job.int("/status/failed"), Some(2));
    let want = ["FailureTarget=True BackoffLimitExceeded", "Failed=True BackoffLimitExceeded"];
    assert_eq!(conditions(&mut bench, "failing"), want);
    let events = bench.events("failing");
    assert!(events.contains(&"BackoffLimitExceeded Job has reached the specified backoff limit".to_string()));
}

#[test]
fn a_deadline_stops_active_pods() {
    let mut bench = bench_with(vec![job("late", "sleep 100", json!({"activeDeadlineSeconds": 5}))]);
    bench.advance(5);
    assert_eq!(conditions(&mut bench, "late"), ["FailureTarget=True DeadlineExceeded"], "its pod is still going");
    bench.settle();
    let want = ["FailureTarget=True DeadlineExceeded", "Failed=True DeadlineExceeded"];
    assert_eq!(conditions(&mut bench, "late"), want);
    assert!(pods_of(&mut bench, "late").is_empty());
    let job = bench.get("jobs.batch", "late");
    assert_eq!(
        (job.int("/status/failed"), job.int("/status/active"), job.int("/status/terminating")),
        (Some(1), None, Some(0))
    );
    let events = bench.events("late");
    assert!(
        events.contains(&"DeadlineExceeded Job was active longer than specified deadline".to_string()),
        "{events:?}"
    );
}

#[test]
fn a_job_is_suspended_and_resumed() {
    let spec = json!({"suspend": true, "parallelism": 2, "completions": 2});
    let mut bench = bench_with(vec![job("asleep", "sleep 20", spec)]);
    bench.settle();
    assert_eq!(conditions(&mut bench, "asleep"), ["Suspended=True JobSuspended"]);
    assert_eq!(bench.get("jobs.batch", "asleep").at("/status/startTime"), None);
    bench.patch("jobs.batch", "asleep", json!({"spec": {"suspend": false}}));
    bench.advance(5);
    assert_eq!(conditions(&mut bench, "asleep"), ["Suspended=False JobResumed"]);
    assert_eq!(bench.get("jobs.batch", "asleep").int("/status/ready"), Some(2));
    bench.patch("jobs.batch", "asleep", json!({"spec": {"suspend": true}}));
    bench.settle();
    let job = bench.get("jobs.batch", "asleep");
    assert_eq!((job.int("/status/active"), job.int("/status/failed")), (None, None), "stopping is not failing");
    assert!(pods_of(&mut bench, "asleep").is_empty());
    bench.patch("jobs.batch", "asleep", json!({"spec": {"suspend": false}}));
    bench.advance(30);
    assert_eq!(bench.get("jobs.batch", "asleep").int("/status/succeeded"), Some(2));
    let events = bench.events("asleep");
    for want in ["Suspended Job suspended", "Resumed Job resumed", "Completed Job completed"] {
        assert!(events.contains(&want.to_string()), "{want}: {events:?}");
    }
}

#[test]
fn indexes_have_their_own_backoff_limit() {
    let spec = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 1});
    let mut bench = bench_with(vec![job("each", "exit 1", spec)]);
    bench.advance(4);
    let job = bench.get("jobs.batch", "each");
    assert_eq!(
        (job.str("/status/failedIndexes"), job.int("/status/failed")),
        ("", None),
        "not counted before they are replaced"
    );
    bench.advance(30);
    let job = bench.get("jobs.batch", "each");
    assert_eq!((job.str("/status/failedIndexes"), job.int("/status/failed")), ("0,1", Some(4)));
    assert_eq!(conditions(&mut bench, "each"), ["FailureTarget=True FailedIndexes", "Failed=True FailedIndexes"]);
    let counts: Vec<_> =
        pods_of(&mut bench, "each").iter().filter_map(|p| p.annotation(FAILURES).map(String::from)).collect();
    assert_eq!(counts.iter().filter(|c| *c == "1").count(), 2);
}

#[test]
fn the_failure_policy_is_applied() {
    let rules =
        |action: &str| json!({"rules": [{"action": action, "onExitCodes": {"operator": "In", "values": [42]}}]});
    let fatal = json!({"podFailurePolicy": rules("FailJob")});
    let ignored = json!({"podFailurePolicy": rules("Ignore"), "backoffLimit": 0});
    let mut bench = bench_with(vec![job("fatal", "exit 42", fatal), job("ignored", "exit 42", ignored)]);
    bench.advance(16);
    assert_eq!(
        conditions(&mut bench, "fatal"),
        ["FailureTarget=True PodFailurePolicy", "Failed=True PodFailurePolicy"]
    );
    assert_eq!(bench.get("jobs.batch", "fatal").int("/status/failed"), Some(1));
    assert!(pods_of(&mut bench, "ignored").len() > 1);
    assert_eq!(bench.get("jobs.batch", "ignored").int("/status/failed"), None);
    assert!(conditions(&mut bench, "ignored").is_empty());
}

#[test]
fn the_success_policy_completes_a_job_early() {
    let rules = json!([{"succeededCount": 1}]);
    let spec =
        json!({"completions": 3, "parallelism": 1, "completionMode": "Indexed", "successPolicy": {"rules": rules}});
    let mut bench = bench_with(vec![job("early", "true", spec)]);
    bench.settle();
    assert_eq!(
        conditions(&mut bench, "early"),
        ["SuccessCriteriaMet=True SuccessPolicy", "Complete=True SuccessPolicy"]
    );
    assert_eq!(bench.get("jobs.batch", "early").int("/status/succeeded"), Some(1));
}

#[test]
fn pods_are_deleted_scaled_and_orphaned() {
    let mut bench = bench_with(vec![job("long", "sleep 1000", json!({"parallelism": 3}))]);
    bench.advance(5);
    bench.patch("jobs.batch", "long", json!({"spec": {"parallelism": 1}}));
    bench.settle();
    assert_eq!(pods_of(&mut bench, "long").len(), 1);
    assert_eq!(bench.get("jobs.batch", "long").int("/status/failed"), None);
    let victim = pods_of(&mut bench, "long")[0].name().to_string();
    bench.delete("pods", &victim, Propagation::Background);
    bench.advance(20);
    assert_eq!(bench.get("jobs.batch", "long").int("/status/failed"), Some(1), "a deleted pod has failed");
    assert_eq!(pods_of(&mut bench, "long").len(), 1, "and is replaced");
    bench.delete("jobs.batch", "long", Propagation::Orphan);
    bench.settle();
    let left = pods_of(&mut bench, "long");
    assert!(left.len() == 1 && !super::pods::is_tracked(&left[0]), "nobody tracks it any more");
}

#[test]
fn a_job_of_any_parallelism_grows_by_a_burst_a_second() {
    for mode in ["NonIndexed", "Indexed"] {
        let spec = json!({"parallelism": 100_000, "completions": 100_000, "completionMode": mode});
        let mut bench = bench_with(vec![job("wide", "sleep 1000", spec)]);
        assert_eq!(bench.list("pods").len(), 500, "{mode}");
        bench.advance(1);
        assert_eq!(bench.list("pods").len(), 1_000, "{mode}");
    }
}
