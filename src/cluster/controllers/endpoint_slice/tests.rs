//! EndpointSlices from end to end, over a cluster in memory.

use crate::api::Propagation;
use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};

const SLICES: &str = "endpointslices.discovery.k8s.io";

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}}, "spec": {
        "nodeName": "k8s-node1", "containers": [{"name": "c", "image": "nginx:1.25"}]}})
}

fn service(name: &str, selector: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": selector, "ports": [{"port": 80, "targetPort": 8080}]}})
}

#[test]
fn a_slice_follows_its_pods_and_is_deleted_with_its_service() {
    let mut bench = Bench::open();
    bench.create("services", service("web", json!({"app": "web"})));
    let [empty] = &bench.list(SLICES)[..] else { panic!("one empty slice") };
    assert!(empty.name().starts_with("web-") && empty["endpoints"].is_null() && empty["ports"].is_null());
    bench.create("pods", pod("a"));
    bench.create("pods", pod("b"));
    bench.advance(3);
    let [full] = &bench.list(SLICES)[..] else { panic!("the same slice") };
    assert_eq!(full.name(), empty.name());
    assert_eq!(full["ports"], json!([{"name": "", "port": 8080, "protocol": "TCP"}]));
    let ready = json!({"ready": true, "serving": true, "terminating": false});
    assert!(full.list("/endpoints").len() == 2 && full.list("/endpoints").iter().all(|e| e["conditions"] == ready));
    assert_eq!(full.str("/endpoints/0/nodeName"), "k8s-node1");
    bench.delete("pods", "a", Propagation::Background);
    let [going] = &bench.list(SLICES)[..] else { panic!("the same slice") };
    assert_eq!(going["endpoints"][0]["conditions"], json!({"ready": false, "serving": true, "terminating": true}));
    bench.delete("services", "web", Propagation::Background);
    assert!(bench.list(SLICES).is_empty());
}

#[test]
fn handwritten_endpoints_are_mirrored() {
    let mut bench = Bench::open();
    let mut by_hand = service("db", Value::Null);
    by_hand["spec"]["ports"][0]["targetPort"] = 5432.into();
    bench.create("services", by_hand);
    assert!(bench.list(SLICES).is_empty());
    bench.create(
        "endpoints",
        json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "db"},
        "subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 5432}]}]}),
    );
    let [slice] = &bench.list(SLICES)[..] else { panic!("one slice") };
    assert_eq!(slice.str("/endpoints/0/addresses/0"), "192.0.2.1");
    assert_eq!(slice.label("endpointslice.kubernetes.io/managed-by"), Some("endpointslicemirroring-controller.k8s.io"));
}
