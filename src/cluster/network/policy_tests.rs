//! Tables of policies and traffic.

use super::*;
use kctl_base::json::json;

fn pod(namespace: &str, app: &str) -> Arc<Object> {
    Arc::new(json!({"metadata": {"namespace": namespace, "name": app, "labels": {"app": app}},
        "spec": {"containers": [{"ports": [{"name": "web", "containerPort": 8080}, {"name": "dns", "protocol": "UDP",
            "containerPort": 5353}]}]}}))
}

fn party(namespace: &str, app: &str, address: [u8; 4]) -> Party {
    let namespace_labels = json!({"kubernetes.io/metadata.name": namespace});
    Party { address: address.into(), pod: Some(pod(namespace, app)), namespace_labels }
}

fn client() -> Party {
    party("shop", "front", [10, 244, 1, 2])
}

fn server() -> Party {
    party("shop", "db", [10, 244, 1, 3])
}

fn outside() -> Party {
    Party { address: [203, 0, 113, 9].into(), pod: None, namespace_labels: json!({}) }
}

fn policy(spec: Value) -> Vec<Arc<Object>> {
    vec![Arc::new(json!({"metadata": {"namespace": "shop", "name": "p"}, "spec": spec}))]
}

const PORT: Traffic = Traffic::Tcp(8080);

/// Decides about traffic from the client to the server.
fn decide(spec: Value, traffic: Traffic) -> bool {
    permits(&policy(spec), &client(), &server(), traffic)
}

#[test]
fn selected_pods_are_isolated_for_the_types_of_the_policy() {
    let cases = [
        (json!({"podSelector": {}, "policyTypes": ["Ingress"]}), false),
        (json!({"podSelector": {}, "policyTypes": ["Egress"]}), false),
        (json!({"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Egress"]}), true),
        (json!({"podSelector": {"matchLabels": {"app": "front"}}, "policyTypes": ["Ingress"]}), true),
        (json!({"podSelector": {"matchLabels": {"app": "other"}}, "policyTypes": ["Ingress", "Egress"]}), true),
        (json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}), true),
        (json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]}), false),
        (json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}), true),
    ];
    for (spec, expected) in cases {
        assert_eq!(decide(spec.clone(), PORT), expected, "{spec:?}");
    }
}

#[test]
fn ports_are_matched_by_number_range_name_and_protocol() {
    let cases = [
        (json!([{"port": 8080}]), PORT, true),
        (json!([{"port": 80}]), PORT, false),
        (json!([{"port": 8000, "endPort": 8080}]), PORT, true),
        (json!([{"port": 8000, "endPort": 8079}]), PORT, false),
        (json!([{"port": "web"}]), PORT, true),
        (json!([{"port": "dns"}]), PORT, false),
        (json!([{"port": "dns", "protocol": "UDP"}]), Traffic::Udp(5353), true),
        (json!([{"port": 8080, "protocol": "UDP"}]), PORT, false),
        (json!([{"protocol": "TCP"}]), PORT, true),
        (json!([{"port": 1}, {"port": 8080}]), PORT, true),
        (json!([{"port": 8080}]), Traffic::Icmp, false),
        (json!([]), Traffic::Icmp, true),
    ];
    for (ports, traffic, expected) in cases {
        let spec = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": ports.clone()}]});
        assert_eq!(decide(spec, traffic), expected, "{ports:?} {traffic:?}");
    }
}

#[test]
fn peers_are_selected_by_labels_namespaces_and_blocks() {
    let own = json!({"kubernetes.io/metadata.name": "shop"});
    let other = json!({"kubernetes.io/metadata.name": "other"});
    let cases = [
        (json!({"podSelector": {"matchLabels": {"app": "front"}}}), true),
        (json!({"podSelector": {"matchLabels": {"app": "back"}}}), false),
        (json!({"podSelector": {}}), true),
        (json!({"namespaceSelector": {}}), true),
        (json!({"namespaceSelector": {"matchLabels": own.clone()}}), true),
        (json!({"namespaceSelector": {"matchLabels": other}}), false),
        (
            json!({"namespaceSelector": {"matchLabels": own.clone()}, "podSelector": {"matchLabels": {"app": "front"}}}),
            true,
        ),
        (json!({"namespaceSelector": {"matchLabels": own}, "podSelector": {"matchLabels": {"app": "back"}}}), false),
        (json!({"ipBlock": {"cidr": "10.244.0.0/16"}}), true),
        (json!({"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.1.0/24"]}}), false),
        (json!({"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.2.0/24"]}}), true),
        (json!({"ipBlock": {"cidr": "192.168.0.0/16"}}), false),
    ];
    for (peer, expected) in cases {
        let spec = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [peer.clone()]}]});
        assert_eq!(decide(spec, PORT), expected, "{peer:?}");
    }
}

#[test]
fn a_pod_selector_alone_means_the_namespace_of_the_policy() {
    let spec = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]});
    let stranger = party("other", "front", [10, 244, 2, 2]);
    assert!(!permits(&policy(spec), &stranger, &server(), PORT));
    let spec = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [
        {"podSelector": {}, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}]}]});
    assert!(permits(&policy(spec), &stranger, &server(), PORT));
}

#[test]
fn rules_of_several_policies_add_up() {
    let deny = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    let allow = json!({"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"], "ingress": [
        {"from": [{"podSelector": {"matchLabels": {"app": "front"}}}], "ports": [{"port": 8080}]}]});
    let both = [policy(deny), policy(allow)].concat();
    assert!(permits(&both, &client(), &server(), PORT));
    assert!(!permits(&both, &client(), &server(), Traffic::Tcp(81)));
    assert!(!permits(&both, &outside(), &server(), PORT));
}

#[test]
fn only_blocks_match_what_is_no_pod() {
    let egress = |to: Value| json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [to]}]});
    let cases = [
        (json!({"ipBlock": {"cidr": "0.0.0.0/0"}}), true),
        (json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["203.0.113.0/24"]}}), false),
        (json!({"podSelector": {}}), false),
        (json!({"namespaceSelector": {}}), false),
    ];
    for (to, expected) in cases {
        assert_eq!(permits(&policy(egress(to.clone())), &client(), &outside(), PORT), expected, "{to:?}");
    }
}

#[test]
fn a_pod_reaches_itself() {
    let spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    assert!(permits(&policy(spec), &server(), &server(), PORT));
}
