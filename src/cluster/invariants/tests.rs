//! Invariants over simulated clusters.

use super::*;
use crate::api::Request;
use crate::{Cluster, OpenOptions};
use kctl_base::json::json;
use kctl_base::sim::Duration;

fn cluster(invariants: &[&str]) -> Cluster {
    let invariants = invariants.iter().map(|text| (*text).to_owned()).collect();
    Cluster::open(OpenOptions { invariants, ..OpenOptions::memory(1) }).expect("a cluster")
}

fn deployment(replicas: i64) -> kctl_base::json::Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}}
    })
}

#[test]
fn the_change_that_breaks_an_invariant_is_found_with_its_causes() {
    let mut cluster = cluster(&["cluster.objects('pods').size() < 3"]);
    let error = cluster.handle(&Request::create("deployments.apps", "default", deployment(5))).expect_err("broken");
    let broken = cluster.broken_invariant().expect("a report");
    assert!(error.to_string().contains("is false"), "{error}");
    assert_eq!(broken.causes.len(), 3, "{broken}");
    assert!(broken.causes[0].starts_with("pods/default/web-"), "{broken}");
    assert!(broken.causes[0].ends_with("created by replicaset-controller"), "{broken}");
    assert!(broken.causes[1].ends_with("created by deployment-controller"), "{broken}");
    assert_eq!(broken.causes[2], "deployments.apps/default/web created by a command");
}

#[test]
fn every_single_change_is_checked_and_not_only_the_last_state() {
    // Of the ten pods that the controller creates at once, the second one breaks it, whatever follows.
    let mut cluster = cluster(&["cluster.objects('pods', 'app=web').size() != 2"]);
    cluster.handle(&Request::create("deployments.apps", "default", deployment(10))).expect_err("broken");
}

#[test]
fn ready_pods_and_time_can_be_asked_for() {
    let mut cluster = cluster(&[
        "cluster.readyPods('app=web').size() < 2 || now > timestamp('2026-01-01T00:00:01Z')",
        "cluster.objects('deployments.apps').all(d, d.spec.replicas <= 3)",
    ]);
    cluster.handle(&Request::create("deployments.apps", "default", deployment(3))).expect("created");
    cluster.advance(Duration::from_secs(10)).expect("all pods become ready");
    let scaled = json!({"spec": {"replicas": 4}});
    let scaled = Request::patch("deployments.apps", "default", "web", crate::PatchType::Merge, scaled);
    cluster.handle(&scaled).expect_err("too many replicas");
}

#[test]
fn an_expression_that_fails_is_reported_as_such() {
    let mut cluster = cluster(&["cluster.objects('pods').all(p, p.metadata.annotations.owner == 'me')"]);
    cluster.handle(&Request::create("deployments.apps", "default", deployment(1))).expect_err("no annotations");
    let broken = cluster.broken_invariant().expect("a report");
    assert_eq!(broken.reason, "cannot be evaluated: no such key: annotations");
}

#[test]
fn an_expression_that_cannot_be_used_is_refused_at_once() {
    for text in ["1 +", "cluster.pods()", "cluster.objects('pods').size()", "x == 1"] {
        assert!(Invariant::parse(text).is_err(), "{text}");
    }
}
