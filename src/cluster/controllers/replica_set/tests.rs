//! ReplicaSets from end to end, over a cluster in memory.

use crate::api::Propagation;
use crate::controllers::shared::testing::{Bench, pod, workload};
use kctl_base::json::json;
use kctl_base::object::{ObjectMeta, ValueRead};

fn names(bench: &mut Bench) -> Vec<String> {
    bench.list("pods").iter().filter(|p| !p.is_deleting()).map(|p| p.name().to_string()).collect()
}

#[test]
fn replicas_are_created_scaled_and_counted() {
    let mut bench = Bench::open();
    bench.create("replicasets.apps", workload("apps/v1", "ReplicaSet", "web", 2, "nginx:1.25"));
    bench.settle();
    let first = names(&mut bench);
    assert_eq!(first.len(), 2);
    let status = bench.get("replicasets.apps", "web");
    assert_eq!(
        status["status"],
        json!({"replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
               "terminatingReplicas": 0, "observedGeneration": 1})
    );
    bench.cluster.advance(kctl_base::sim::Duration::from_secs(10)).unwrap();
    bench.patch("replicasets.apps", "web", json!({"spec": {"replicas": 4}}));
    bench.settle();
    assert_eq!(names(&mut bench).len(), 4);
    bench.patch("replicasets.apps", "web", json!({"spec": {"replicas": 2}}));
    assert_eq!(bench.get("replicasets.apps", "web").int("/status/terminatingReplicas"), Some(2));
    bench.settle();
    assert_eq!(names(&mut bench), first, "the younger ones went");
    let events = bench.events("web");
    assert_eq!(events.iter().filter(|e| e.starts_with("SuccessfulCreate Created pod: web-")).count(), 4);
    assert_eq!(events.iter().filter(|e| e.starts_with("SuccessfulDelete Deleted pod: web-")).count(), 2);
}

#[test]
fn bare_pods_are_adopted_released_and_counted() {
    let mut bench = Bench::open();
    for name in ["bare-1", "bare-2"] {
        bench.create("pods", pod(name, json!({"app": "front"})));
    }
    bench.create("pods", pod("other", json!({"app": "back"})));
    bench.settle();
    bench.create("replicasets.apps", workload("apps/v1", "ReplicaSet", "front", 3, "nginx:1.25"));
    bench.settle();
    assert_eq!(names(&mut bench).len(), 4, "two were adopted and one made");
    assert!(bench.get("pods", "bare-1").controller_of().is_some_and(|o| o.name == "front"));
    bench.patch("pods", "bare-1", json!({"metadata": {"labels": {"app": "none"}}}));
    bench.settle();
    assert!(bench.get("pods", "bare-1").owners().is_empty());
    assert_eq!(names(&mut bench).len(), 5, "a new one takes the place of the released");
    bench.create("pods", pod("newcomer", json!({"app": "front"})));
    bench.settle();
    assert_eq!(bench.find("pods", "newcomer"), None, "the surplus one goes");
    bench.delete("replicasets.apps", "front", Propagation::Background);
    bench.settle();
    assert_eq!(names(&mut bench), ["bare-1", "other"]);
}

#[test]
fn pods_are_available_after_a_while() {
    let mut bench = Bench::open();
    let mut set = workload("apps/v1", "ReplicaSet", "slow", 1, "nginx:1.25");
    set["spec"]["minReadySeconds"] = 20.into();
    bench.create("replicasets.apps", set);
    bench.settle();
    let available = |bench: &mut Bench| bench.get("replicasets.apps", "slow").int("/status/availableReplicas");
    assert_eq!(available(&mut bench), None);
    bench.cluster.advance(kctl_base::sim::Duration::from_secs(25)).unwrap();
    assert_eq!(available(&mut bench), Some(1));
}

#[test]
fn pods_that_change_together_are_looked_at_together() {
    let mut bench = Bench::open();
    let before = bench.cluster.server().revision();
    bench.create("replicasets.apps", workload("apps/v1", "ReplicaSet", "many", 100, "nginx:1.25"));
    bench.settle();
    assert_eq!(bench.get("replicasets.apps", "many").int("/status/readyReplicas"), Some(100));
    let changes = bench.cluster.server().changes_since(before).unwrap();
    let writes = changes.iter().filter(|c| c.key.resource == "replicasets.apps").count();
    assert!(writes <= 8, "{writes} writes of the set for 100 pods");
}

#[test]
fn replication_controllers_do_the_same() {
    let mut bench = Bench::open();
    let mut classic = workload("v1", "ReplicationController", "classic", 2, "nginx:1.25");
    classic["spec"]["selector"] = json!({"app": "classic"});
    bench.create("replicationcontrollers", classic);
    bench.settle();
    let status = bench.get("replicationcontrollers", "classic")["status"].clone();
    assert_eq!(
        status,
        json!({"replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
               "observedGeneration": 1})
    );
    assert_eq!(bench.events("classic").len(), 2);
    bench.delete("replicationcontrollers", "classic", Propagation::Orphan);
    bench.settle();
    assert_eq!(names(&mut bench).len(), 2);
    assert!(bench.list("pods").iter().all(|p| p.owners().is_empty()));
}

#[test]
fn a_set_that_may_not_create_pods_says_so() {
    let mut bench = Bench::open();
    let mut set = workload("apps/v1", "ReplicaSet", "stuck", 3, "nginx:1.25");
    set["spec"]["template"]["spec"]["serviceAccountName"] = "nobody".into();
    bench.create("replicasets.apps", set);
    let stuck = bench.get("replicasets.apps", "stuck");
    assert_eq!(stuck["status"]["conditions"][0]["reason"], "FailedCreate");
    assert!(bench.events("stuck")[0].starts_with("FailedCreate Error creating: pods \"stuck-"));
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}});
    bench.create("serviceaccounts", account);
    bench.cluster.advance(kctl_base::sim::Duration::from_secs(20)).unwrap();
    let well = bench.get("replicasets.apps", "stuck");
    assert_eq!((well.int("/status/replicas"), well["status"].get("conditions")), (Some(3), None));
}

#[test]
fn a_set_of_any_size_grows_by_a_burst_a_second() {
    let mut bench = Bench::open();
    bench.create("replicasets.apps", workload("apps/v1", "ReplicaSet", "web", i32::MAX.into(), "nginx:1.25"));
    assert_eq!(bench.list("pods").len(), 500);
    bench.advance(1);
    assert_eq!(bench.list("pods").len(), 1_000);
    assert_eq!(bench.get("replicasets.apps", "web").int("/status/replicas"), Some(1_000));
    bench.patch("replicasets.apps", "web", json!({"spec": {"replicas": 3}}));
    bench.settle();
    assert_eq!(names(&mut bench).len(), 3);
}
