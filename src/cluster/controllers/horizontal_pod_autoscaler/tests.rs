//! Autoscalers with the whole control plane.

use super::*;
use crate::controllers::shared::testing::{Bench, workload};
use kctl_base::json::json;
use kctl_base::object::condition;

fn bench(replicas: i64, spec: Value) -> Bench {
    let mut bench = Bench::open();
    let mut web = workload("apps/v1", "Deployment", "web", replicas, "nginx:1.25");
    web["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "100m"}});
    bench.create("deployments.apps", web);
    bench.settle();
    let mut all = json!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2, "maxReplicas": 6,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]});
    for (key, value) in spec.as_object().into_iter().flatten() {
        all[key.as_str()] = value.clone();
    }
    let hpa = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"}, "spec": all});
    bench.create(AUTOSCALERS, hpa);
    bench
}

fn advance(bench: &mut Bench, seconds: i64) {
    bench.cluster.advance(Duration::from_secs(seconds)).expect("time passes");
}

fn replicas(bench: &mut Bench) -> i64 {
    bench.get("deployments.apps", "web").int("/spec/replicas").unwrap_or(0)
}

fn conditions(bench: &mut Bench) -> Vec<String> {
    let hpa = bench.get(AUTOSCALERS, "h");
    let text = |c: &Value| format!("{}={} {}", c.str("/type"), c.str("/status"), c.str("/reason"));
    hpa.list("/status/conditions").iter().map(text).collect()
}

/// Declares the CPU usage of every pod.
fn measure(bench: &mut Bench, cpu: &str) {
    let mut faults = bench.cluster.faults().expect("readable");
    for pod in bench.list("pods") {
        let usage = [("cpu".to_string(), cpu.parse().expect("a quantity"))];
        faults.metrics.set(&Key::of(&pod).to_string(), usage.into());
    }
    bench.cluster.set_faults(&faults).expect("autoscalers are run");
}

#[test]
fn without_metrics_only_the_bounds_apply() {
    let mut bench = bench(3, json!({}));
    assert_eq!(bench.get(AUTOSCALERS, "h").int("/status/currentReplicas"), None, "not reconciled yet");
    advance(&mut bench, 16);
    let hpa = bench.get(AUTOSCALERS, "h");
    assert_eq!(hpa.int("/status/currentReplicas"), Some(3));
    assert_eq!(
        conditions(&mut bench),
        ["AbleToScale=True SucceededGetScale", "ScalingActive=False FailedGetResourceMetric"]
    );
    let text = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics \
                for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the \
                requested resource (get pods.metrics.k8s.io)";
    assert_eq!(condition(&hpa, "ScalingActive").map(|c| c.str("/message")), Some(text));
    bench.patch(AUTOSCALERS, "h", json!({"spec": {"minReplicas": 4}}));
    advance(&mut bench, 20);
    assert_eq!(replicas(&mut bench), 4);
    assert!(bench.events("h").contains(
        &"SuccessfulRescale New size: 4; reason: Current number of replicas below Spec.MinReplicas".to_string()
    ));
    bench.delete("deployments.apps", "web", crate::api::Propagation::Background);
    advance(&mut bench, 20);
    assert_eq!(
        conditions(&mut bench),
        ["AbleToScale=False FailedGetScale", "ScalingActive=False FailedGetResourceMetric"]
    );
}

#[test]
fn metrics_scale_up_at_once_and_down_after_the_window() {
    let mut bench = bench(2, json!({}));
    advance(&mut bench, 16);
    measure(&mut bench, "100m");
    advance(&mut bench, 20);
    assert_eq!(replicas(&mut bench), 4);
    assert_eq!(
        bench.get(AUTOSCALERS, "h").int("/status/currentMetrics/0/resource/current/averageUtilization"),
        Some(100)
    );
    bench.settle();
    measure(&mut bench, "10m");
    advance(&mut bench, 120);
    assert_eq!(replicas(&mut bench), 4, "the highest recommendation of five minutes counts");
    assert!(conditions(&mut bench).contains(&"AbleToScale=True ScaleDownStabilized".to_string()));
    advance(&mut bench, 300);
    assert_eq!(replicas(&mut bench), 2);
    assert!(conditions(&mut bench).contains(&"ScalingLimited=True TooFewReplicas".to_string()));
    advance(&mut bench, 60);
    let later = bench.cluster.server().due(100).expect("readable");
    assert!(!later.iter().any(|d| d.controller == NAME), "a stable autoscaler is not requeued");
}

#[test]
fn autoscalers_of_the_same_pods_do_not_scale_by_metrics() {
    let mut bench = bench(3, json!({}));
    let mut other = (*bench.get(AUTOSCALERS, "h")).clone();
    other["metadata"] = json!({"name": "other"});
    other["status"] = json!({});
    bench.create(AUTOSCALERS, other);
    advance(&mut bench, 16);
    measure(&mut bench, "100m");
    advance(&mut bench, 40);
    assert_eq!(replicas(&mut bench), 3);
    let hpa = bench.get(AUTOSCALERS, "h");
    let text = "pods by selector app=web are controlled by multiple HPAs: [{h default} {other default}]";
    let active = condition(&hpa, "ScalingActive").expect("a condition");
    assert_eq!((active.str("/reason"), active.str("/message")), ("AmbiguousSelector", text));
    bench.delete(AUTOSCALERS, "other", crate::api::Propagation::Background);
    advance(&mut bench, 40);
    assert_eq!(replicas(&mut bench), 6);
}
