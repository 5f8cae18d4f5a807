//! Lookups against a cluster with one service of each kind.

use super::*;
use crate::api::Request;
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::sim::Duration;

fn cluster() -> Cluster {
    let mut cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster");
    let pod = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {"nodeName": "k8s-node1", "hostname": name, "subdomain": "peers",
                     "containers": [{"name": "c", "image": "nginx:1.25"}]}})
    };
    let service = |name: &str, more: Value| {
        let mut spec = json!({"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]});
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key.as_str()] = value.clone();
        }
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
    };
    let objects = [
        ("pods", pod("web-0")),
        ("pods", pod("web-1")),
        ("services", service("peers", json!({"clusterIP": "None"}))),
        ("services", service("front", json!({"clusterIP": "10.96.7.7"}))),
        ("services", service("outside", json!({"type": "ExternalName", "externalName": "db.example.com"}))),
    ];
    for (resource, object) in objects {
        cluster.handle(&Request::create(resource, "default", object)).expect("created");
    }
    cluster.advance(Duration::from_secs(5)).expect("time passes");
    cluster
}

#[test]
fn names_and_addresses_resolve() {
    use RecordType::{A, Cname, Ptr, Srv};
    let mut cluster = cluster();
    let cases: &[(&str, RecordType, bool, &[&str])] = &[
        ("front", A, true, &["10.96.7.7"]),
        ("front.default", A, true, &["10.96.7.7"]),
        ("front.default.svc", A, true, &["10.96.7.7"]),
        ("FRONT.default.svc.cluster.local.", A, true, &["10.96.7.7"]),
        ("front.", A, false, &[]),
        ("kubernetes", A, true, &["10.96.0.1"]),
        ("peers", A, true, &["10.244.1.2", "10.244.1.3"]),
        ("web-1.peers", A, true, &["10.244.1.3"]),
        ("web-1.front", A, false, &[]),
        ("10-244-1-2.front", A, true, &["10.244.1.2"]),
        ("web-9.peers", A, false, &[]),
        ("nothing", A, false, &[]),
        ("example.com", A, false, &[]),
        ("default.svc.cluster.local", A, true, &[]),
        ("outside", A, true, &["db.example.com."]),
        ("outside", Cname, true, &["db.example.com."]),
        ("front", Cname, true, &[]),
        ("_http._tcp.front", Srv, true, &["0 100 80 front.default.svc.cluster.local."]),
        ("_nope._tcp.front", Srv, false, &[]),
        (
            "_http._tcp.peers",
            Srv,
            true,
            &["0 50 8080 web-0.peers.default.svc.cluster.local.", "0 50 8080 web-1.peers.default.svc.cluster.local."],
        ),
        ("10-1-2-3.default.pod", A, true, &["10.1.2.3"]),
        ("10-1-2-3.nowhere.pod", A, false, &[]),
        ("10.96.7.7", Ptr, true, &["front.default.svc.cluster.local."]),
        (
            "2.1.244.10.in-addr.arpa",
            Ptr,
            true,
            &["10-244-1-2.front.default.svc.cluster.local.", "web-0.peers.default.svc.cluster.local."],
        ),
        ("10.0.0.99", Ptr, false, &[]),
    ];
    for (name, kind, exists, want) in cases {
        let answer = lookup(cluster.server(), "default", name, *kind).expect("a readable store");
        let data: Vec<&str> = answer.records.iter().map(|r| r.data.as_str()).collect();
        assert_eq!((answer.exists, &data[..]), (*exists, *want), "{name} {kind:?}");
    }
    let other = lookup(cluster.server(), "kube-system", "front", A).expect("a readable store");
    assert!(!other.exists, "a short name is looked up in the namespace of the client");
}
