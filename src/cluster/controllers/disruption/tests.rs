//! Disruption budgets with the whole control plane.

use super::*;
use crate::controllers::shared::testing::{Bench, pod, workload};
use kctl_base::json::{Value, json};
use kctl_base::object::condition;
use kctl_base::sim::Duration;

fn budget(name: &str, spec: Value) -> Value {
    let mut budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": "web"}}}});
    for (key, value) in spec.as_object().into_iter().flatten() {
        budget["spec"][key.as_str()] = value.clone();
    }
    budget
}

fn counts(bench: &mut Bench, name: &str) -> [i64; 4] {
    let budget = bench.get(BUDGETS, name);
    ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"]
        .map(|f| budget.int(&format!("/status/{f}")).unwrap_or(-1))
}

#[test]
fn a_budget_follows_its_pods() {
    let mut bench = Bench::open();
    bench.create(BUDGETS, budget("web", json!({"maxUnavailable": 1})));
    assert_eq!(counts(&mut bench, "web"), [0, 0, 0, 0]);
    assert_eq!(bench.events("web"), ["NoPods No matching pods found"]);
    bench.create("deployments.apps", workload("apps/v1", "Deployment", "web", 3, "nginx:1.25"));
    bench.settle();
    assert_eq!(counts(&mut bench, "web"), [1, 3, 2, 3]);
    let found = bench.get(BUDGETS, "web");
    assert_eq!(condition(&found, "DisruptionAllowed").map(|c| c.str("/reason")), Some("SufficientPods"));
    let first = bench.list("pods")[0].name().to_string();
    let second = bench.list("pods")[1].name().to_string();
    let evict = |bench: &mut Bench, name: &str| {
        let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}});
        let mut request = Request::create("pods", "default", eviction).subresource("eviction");
        request.name = name.into();
        bench.cluster.handle(&request)
    };
    evict(&mut bench, &first).expect("one may go");
    assert_eq!(counts(&mut bench, "web")[0], 0);
    assert!(evict(&mut bench, &second).is_err(), "a second may not");
    bench.settle();
    assert_eq!(counts(&mut bench, "web"), [1, 3, 2, 3]);
}

#[test]
fn a_percentage_needs_pods_with_a_controller() {
    let mut bench = Bench::open();
    let mut bare = pod("a", json!({"app": "web"}));
    bare["spec"]["nodeName"] = "k8s-node1".into();
    bench.create("pods", bare);
    bench.create(BUDGETS, budget("number", json!({"minAvailable": 1})));
    bench.create(BUDGETS, budget("share", json!({"minAvailable": "50%"})));
    bench.cluster.advance(Duration::from_secs(5)).expect("time passes");
    assert_eq!(counts(&mut bench, "number"), [0, 1, 1, 1]);
    assert_eq!(counts(&mut bench, "share"), [0, 1, 0, 0]);
    assert!(bench.events("share")[0].starts_with("UnmanagedPods Pods selected by this PodDisruptionBudget"));
}
