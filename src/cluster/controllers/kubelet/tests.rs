//! Whole lives of pods on the simulated nodes.

use crate::api::Propagation;
use crate::controllers::shared::testing::Bench;
use kctl_base::json::json;
use kctl_base::object::ValueRead;
use kctl_base::sim::Duration;

#[test]
fn a_declared_life_of_all_containers_lets_init_containers_succeed_in_the_end() {
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
fn words_of_a_declared_life_that_mean_nothing_make_an_event() {
    let mut bench = Bench::open();
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "annotations": {"kctl.dev/life": "run=1s lasts=2s exit=x"}},
        "spec": {"containers": [{"name": "a", "image": "nginx"}, {"name": "b", "image": "nginx"}]}});
    bench.create("pods", pod);
    bench.cluster.advance(Duration::from_secs(30)).expect("time passes");
    let events = bench.cluster.server().read_all("events", Some("default")).expect("readable");
    let told: Vec<&str> =
        events.iter().filter(|e| e.str("/reason") == "UnknownLife").map(|e| e.str("/message")).collect();
    assert_eq!(told, ["Annotation kctl.dev/life says what means nothing: exit=x lasts=2s"]);
}

#[test]
fn a_pod_that_a_finalizer_holds_back_stays_as_it_ended() {
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
