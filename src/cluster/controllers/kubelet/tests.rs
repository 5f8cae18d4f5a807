//! Pods on simulated nodes, from their start to their deletion.

use crate::api::Propagation;
use crate::controllers::shared::testing::Bench;
use kctl_base::json::json;
use kctl_base::object::ValueRead;
use kctl_base::sim::Duration;

#[test]
fn init_containers_succeed_after_the_runs_that_a_script_declares() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "annotations": {"kctl.dev/life": "run=1s exit=1 times=1"}},
        "spec": {"initContainers": [{"name": "prepare", "image": "busybox", "command": ["true"]}],
                 "containers": [{"name": "serve", "image": "nginx"}]}});
    bench.create("pods", pod);
    bench.cluster.advance(Duration::from_secs(120)).expect("time passes");
    let pod = bench.find("pods", "web").expect("the pod");
    let status = |list: &str| pod.list(&format!("/status/{list}"))[0].clone();
    assert_eq!(pod.str("/status/phase"), "Running");
    assert_eq!(status("initContainerStatuses").int("/restartCount"), Some(1));
    assert_eq!(status("initContainerStatuses").str("/state/terminated/reason"), "Completed");
    assert_eq!(status("containerStatuses").int("/restartCount"), Some(1));
}

#[test]
fn invalid_settings_of_a_script_are_reported() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "annotations": {"kctl.dev/life": "run=1s lasts=2s exit=x"}},
        "spec": {"containers": [{"name": "a", "image": "nginx"}, {"name": "b", "image": "nginx"}]}});
    bench.create("pods", pod);
    bench.cluster.advance(Duration::from_secs(30)).expect("time passes");
    let events = bench.cluster.server().read_all("events", Some("default")).expect("readable");
    let messages: Vec<&str> =
        events.iter().filter(|e| e.str("/reason") == "InvalidLife").map(|e| e.str("/message")).collect();
    assert_eq!(messages, ["Annotation kctl.dev/life has invalid settings: exit=x lasts=2s"]);
}

#[test]
fn the_status_of_a_terminated_pod_with_a_finalizer_stays() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "finalizers": ["example.com/x"]},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": [{"name": "a", "image": "nginx"}]}});
    bench.create("pods", pod);
    bench.cluster.advance(Duration::from_secs(10)).expect("time passes");
    let address = bench.get("pods", "web").str("/status/podIP").to_string();
    bench.delete("pods", "web", Propagation::Background);
    bench.cluster.advance(Duration::from_secs(20)).expect("time passes");
    bench.patch("pods", "web", json!({"metadata": {"labels": {"a": "b"}}}));
    bench.settle();
    let pod = bench.get("pods", "web");
    assert!(!address.is_empty());
    assert_eq!(pod.str("/status/podIP"), address);
    assert!(pod.list("/status/containerStatuses")[0].at("/state/terminated").is_some());
}
