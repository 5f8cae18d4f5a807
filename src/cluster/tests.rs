//! The whole control plane in memory: what follows from a request.

use crate::api::Request;
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"nodeName": "k8s-node1", "containers": [{"name": "c", "image": "nginx:1.25"}]}})
}

#[test]
fn a_bound_pod_runs_after_its_image_is_there() {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    cluster.handle(&Request::create("pods", "default", pod("web"))).expect("created");
    let phase = |c: &mut Cluster| {
        c.server().read("pods", "default", "web").expect("readable").expect("there").str("/status/phase").to_string()
    };
    assert_eq!(phase(&mut cluster), "Pending");
    cluster.advance(Duration::from_secs(2)).expect("time passes");
    assert_eq!(phase(&mut cluster), "Running");
    cluster.handle(&Request::delete("pods", "default", "web")).expect("deleted");
    cluster.advance(Duration::from_secs(1)).expect("time passes");
    assert!(cluster.server().read("pods", "default", "web").expect("readable").is_none());
    let events = cluster.server().read_all("events", Some("default")).expect("events");
    let reasons: Vec<&str> =
        events.iter().filter(|e| e.str("/involvedObject/name") == "web").map(|e| e.str("/reason")).collect();
    assert_eq!(
        reasons,
        ["Pulling", "Pulled", "Created", "Started", "Killing"],
        "{:?}",
        events.iter().map(|e| e.name()).collect::<Vec<_>>()
    );
}
