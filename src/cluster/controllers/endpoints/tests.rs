//! Endpoints of Services, over a cluster in memory.

use super::backends::{Backend, Port};
use super::*;
use crate::controllers::shared::testing::Bench;
use kctl_base::json::json;

fn backend(name: &str, ip: &str, is_ready: bool, number: i64) -> Backend {
    let port = Port { name: "http".into(), number, protocol: "TCP".into(), app_protocol: None };
    Backend {
        ip: ip.into(),
        node: "n".into(),
        pod: name.into(),
        namespace: "d".into(),
        uid: name.into(),
        hostname: None,
        is_ready,
        is_terminating: false,
        ports: Some(vec![port]),
    }
}

#[test]
fn addresses_are_grouped_by_ports() {
    let (a, b, c) =
        (backend("a", "10.0.0.3", true, 80), backend("b", "10.0.0.2", false, 80), backend("c", "10.0.0.1", true, 81));
    let shown = |publishes| -> Vec<String> {
        let ips = |s: &Value, field: &str| -> Vec<String> {
            s.list(field).iter().map(|a| a.str("/ip").to_string()).collect()
        };
        let text = |s: &Value| {
            format!(
                "{} {:?} {:?}",
                s.int("/ports/0/port").unwrap_or(0),
                ips(s, "/addresses"),
                ips(s, "/notReadyAddresses")
            )
        };
        subsets(&[&a, &b, &c], publishes).iter().map(text).collect()
    };
    assert_eq!(shown(false), ["80 [\"10.0.0.3\"] [\"10.0.0.2\"]", "81 [\"10.0.0.1\"] []"]);
    assert_eq!(shown(true), ["80 [\"10.0.0.2\", \"10.0.0.3\"] []", "81 [\"10.0.0.1\"] []"]);
    assert!(subsets(&[&Backend { ports: None, ..a.clone() }], false).is_empty());
}

fn pod(name: &str, port: i64) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}}, "spec": {
        "nodeName": "k8s-node1", "hostname": name, "subdomain": "web",
        "containers": [{"name": "c", "image": "nginx:1.25", "ports": [{"name": "www", "containerPort": port}]}]}})
}

#[test]
fn endpoints_follow_readiness_selector_and_service() {
    let mut bench = Bench::open();
    bench.create("pods", pod("a", 8080));
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"x": "y"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "www"}]}});
    bench.create("services", service);
    assert!(bench.get("endpoints", "web").list("/subsets/0/addresses").is_empty(), "not ready yet");
    bench.advance(3);
    let endpoints = bench.get("endpoints", "web");
    assert_eq!(endpoints.str("/subsets/0/addresses/0/hostname"), "a");
    assert_eq!(endpoints.int("/subsets/0/ports/0/port"), Some(8080));
    assert_eq!((endpoints.label("x"), endpoints.label(MANAGED_BY)), (Some("y"), Some("endpoint-controller")));
    bench.patch("services", "web", json!({"spec": {"selector": {"app": "other"}}}));
    assert!(bench.get("endpoints", "web").list("/subsets").is_empty());
    bench.delete("services", "web", crate::api::Propagation::Background);
    assert!(bench.find("endpoints", "web").is_none());
}
