//! Jobs from end to end, over a cluster in memory.

use serde_json::{Value, json};

use super::view::{FAILURES, INDEX};
use crate::api::Propagation;
use crate::controllers::shared::testing::Bench;
use crate::machinery::object::{Meta, Reading};
use crate::sim::Duration;

fn bench() -> Option<Bench> {
    Bench::new(&["pods", "jobs.batch"])
}

fn job(name: &str, command: &[&str], changes: Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.36", "command": command}]}}},
    });
    for (key, value) in changes.as_object().into_iter().flatten() {
        job["spec"][key] = value.clone();
    }
    job
}

fn advance(bench: &mut Bench, seconds: i64) {
    bench.cluster.advance(Duration::from_secs(seconds)).unwrap();
}

/// `Type=Status Reason` of every condition.
fn conditions(bench: &mut Bench, name: &str) -> Vec<String> {
    let job = bench.get("jobs.batch", name);
    let conditions = job.list("/status/conditions");
    conditions.iter().map(|c| format!("{}={} {}", c.str("/type"), c.str("/status"), c.str("/reason"))).collect()
}

fn number(bench: &mut Bench, name: &str, field: &str) -> i64 {
    bench.get("jobs.batch", name).int(&format!("/status/{field}")).unwrap_or(0)
}

#[test]
fn a_job_runs_to_its_end() {
    let Some(mut bench) = bench() else { return };
    bench.create("jobs.batch", job("hello", &["true"], json!({})));
    let status = bench.get("jobs.batch", "hello")["status"].clone();
    assert_eq!((status.int("/active"), status.int("/ready"), status.int("/terminating")), (Some(1), Some(0), Some(0)));
    assert!(bench.list("pods")[0].name().starts_with("hello-"));
    advance(&mut bench, 20);
    let status = bench.get("jobs.batch", "hello")["status"].clone();
    assert_eq!((status.int("/succeeded"), status.int("/active")), (Some(1), None));
    assert_eq!(status["uncountedTerminatedPods"], json!({}));
    assert!(status.time("/completionTime") > status.time("/startTime"));
    assert_eq!(
        conditions(&mut bench, "hello"),
        ["SuccessCriteriaMet=True CompletionsReached", "Complete=True CompletionsReached"]
    );
    assert_eq!(bench.list("pods")[0].finalizers(), [""; 0]);
    let events = bench.events("hello");
    assert!(events[0].starts_with("SuccessfulCreate Created pod: hello-"), "{events:?}");
    assert_eq!(events[1..], ["Completed Job completed"]);
    bench.delete("jobs.batch", "hello", Propagation::Background);
    bench.settle();
    assert_eq!(bench.list("pods").len(), 0);
}

#[test]
fn several_completions_and_indexes() {
    let Some(mut bench) = bench() else { return };
    bench.create("jobs.batch", job("wide", &["true"], json!({"completions": 5, "parallelism": 2})));
    assert_eq!(number(&mut bench, "wide", "active"), 2);
    advance(&mut bench, 30);
    assert_eq!((number(&mut bench, "wide", "succeeded"), bench.list("pods").len()), (5, 5));
    bench.delete("jobs.batch", "wide", Propagation::Background);
    bench.settle();

    let indexed = json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed"});
    bench.create("jobs.batch", job("indexed", &["true"], indexed));
    advance(&mut bench, 20);
    assert_eq!(bench.get("jobs.batch", "indexed").str("/status/completedIndexes"), "0-2");
    let mut indexes: Vec<String> =
        bench.list("pods").iter().map(|p| format!("{} {}", p.label(INDEX).unwrap(), p.str("/spec/hostname"))).collect();
    indexes.sort();
    assert_eq!(indexes, ["0 indexed-0", "1 indexed-1", "2 indexed-2"]);
}

#[test]
fn failures_are_tried_again_with_delays_until_the_limit() {
    let Some(mut bench) = bench() else { return };
    bench.create("jobs.batch", job("failing", &["sh", "-c", "exit 1"], json!({"backoffLimit": 1})));
    advance(&mut bench, 8);
    assert_eq!((number(&mut bench, "failing", "failed"), bench.list("pods").len()), (1, 1));
    advance(&mut bench, 8);
    assert_eq!(bench.list("pods").len(), 2, "ten seconds after the first has ended");
    advance(&mut bench, 8);
    let reason = "BackoffLimitExceeded";
    assert_eq!(
        conditions(&mut bench, "failing"),
        [format!("FailureTarget=True {reason}"), format!("Failed=True {reason}")]
    );
    assert_eq!(number(&mut bench, "failing", "failed"), 2);
    assert!(bench.events("failing").contains(&format!("{reason} Job has reached the specified backoff limit")));
}

#[test]
fn deadlines_end_a_job_and_its_pods() {
    let Some(mut bench) = bench() else { return };
    bench.create("jobs.batch", job("late", &["sleep", "100"], json!({"activeDeadlineSeconds": 10})));
    advance(&mut bench, 9);
    assert_eq!(number(&mut bench, "late", "ready"), 1);
    advance(&mut bench, 1);
    assert_eq!(conditions(&mut bench, "late"), ["FailureTarget=True DeadlineExceeded"], "its pod is still going");
    assert_eq!((number(&mut bench, "late", "active"), number(&mut bench, "late", "terminating")), (0, 1));
    advance(&mut bench, 40);
    assert_eq!(conditions(&mut bench, "late").len(), 2);
    assert_eq!((bench.list("pods").len(), number(&mut bench, "late", "failed")), (0, 1));
}

#[test]
fn a_suspended_job_waits_and_begins_anew() {
    let Some(mut bench) = bench() else { return };
    bench.create("jobs.batch", job("asleep", &["sleep", "30"], json!({"suspend": true})));
    assert_eq!(conditions(&mut bench, "asleep"), ["Suspended=True JobSuspended"]);
    assert_eq!((bench.list("pods").len(), bench.get("jobs.batch", "asleep").at("/status/startTime")), (0, None));
    bench.patch("jobs.batch", "asleep", json!({"spec": {"suspend": false}}));
    advance(&mut bench, 5);
    assert_eq!(
        (conditions(&mut bench, "asleep"), bench.list("pods").len()),
        (vec!["Suspended=False JobResumed".into()], 1)
    );
    bench.patch("jobs.batch", "asleep", json!({"spec": {"suspend": true}}));
    bench.settle();
    assert_eq!((bench.list("pods").len(), number(&mut bench, "asleep", "failed")), (0, 0));
    assert_eq!(bench.get("jobs.batch", "asleep").at("/status/active"), None);
    let reasons: Vec<String> =
        bench.events("asleep").iter().map(|e| e.split(' ').next().unwrap().to_string()).collect();
    for reason in ["Suspended", "Resumed", "SuccessfulCreate", "SuccessfulDelete"] {
        assert!(reasons.iter().any(|r| r == reason), "{reason} in {reasons:?}");
    }
}

#[test]
fn policies_decide_what_a_failure_means() {
    let Some(mut bench) = bench() else { return };
    let rule = json!({"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}});
    let policy = json!({"podFailurePolicy": {"rules": [rule]}});
    bench.create("jobs.batch", job("strict", &["sh", "-c", "exit 42"], policy));
    advance(&mut bench, 20);
    assert_eq!(
        conditions(&mut bench, "strict"),
        ["FailureTarget=True PodFailurePolicy", "Failed=True PodFailurePolicy"]
    );

    let limits = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 1});
    bench.create("jobs.batch", job("perindex", &["sh", "-c", "exit 1"], limits));
    advance(&mut bench, 60);
    assert_eq!(conditions(&mut bench, "perindex"), ["FailureTarget=True FailedIndexes", "Failed=True FailedIndexes"]);
    assert_eq!(bench.get("jobs.batch", "perindex").str("/status/failedIndexes"), "0,1");
    let pods = bench.list("pods");
    let mut failures: Vec<&str> = pods.iter().filter_map(|p| p.annotation(FAILURES)).collect();
    failures.sort_unstable();
    assert_eq!(failures, ["0", "0", "1", "1"]);
}

#[test]
fn orphaned_pods_lose_their_finalizer() {
    let Some(mut bench) = bench() else { return };
    bench.create("jobs.batch", job("left", &["sleep", "1000"], json!({})));
    advance(&mut bench, 5);
    bench.delete("jobs.batch", "left", Propagation::Orphan);
    bench.settle();
    let pods = bench.list("pods");
    assert_eq!((pods.len(), pods[0].finalizers(), pods[0].owners().len()), (1, vec![], 0));
}
