//! The description of a NetworkPolicy (`describeNetworkPolicySpec` in `kubectl/pkg/describe/describe.go`).

use crate::PrefixWriter;
use crate::shared::describe::{annotations, joined, labels, non_empty_or};
use kctl_base::json::Value;
use kctl_base::labels::format_label_selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The wording for the rules of one direction.
struct Direction {
    name: &'static str,
    peers: &'static str,
    peer: &'static str,
    end: &'static str,
}

const INGRESS: Direction = Direction { name: "ingress", peers: "/from", peer: "From", end: "source" };
const EGRESS: Direction = Direction { name: "egress", peers: "/to", peer: "To", end: "destination" };

/// Writes the description.
pub(super) fn describe(policy: &Object, out: &mut PrefixWriter) {
    out.pair(0, "Name", policy.name());
    out.pair(0, "Namespace", policy.namespace());
    let created = policy.str("/metadata/creationTimestamp").replace('T', " ").replace('Z', " +0000 UTC");
    out.pair(0, "Created on", created);
    labels(policy, out);
    annotations(policy, out);
    out.line(0, "Spec:");
    let selector = policy.at("/spec/podSelector").map_or_else(|| "<none>".into(), format_label_selector);
    let all = " (Allowing the specific traffic to all pods in this namespace)";
    out.line(1, format!("PodSelector:     {selector}{}", if selector == "<none>" { all } else { "" }));
    let types = policy.list("/spec/policyTypes");
    for (kind, direction) in [("Ingress", INGRESS), ("Egress", EGRESS)] {
        if types.iter().any(|t| t == kind) {
            out.line(1, format!("Allowing {} traffic:", direction.name));
            rules(policy.list(&format!("/spec/{}", direction.name)), &direction, out);
        } else {
            out.line(1, format!("Not affecting {} traffic", direction.name));
        }
    }
    out.line(1, format!("Policy Types: {}", non_empty_or(&joined(types, ", "), "<none>")));
}

fn rules(rules: &[Value], direction: &Direction, out: &mut PrefixWriter) {
    if rules.is_empty() {
        out.line(2, format!("<none> (Selected pods are isolated for {} connectivity)", direction.name));
    }
    for (index, rule) in rules.iter().enumerate() {
        let ports = rule.list("/ports");
        if ports.is_empty() {
            out.line(2, "To Port: <any> (traffic allowed to all ports)");
        }
        for port in ports {
            let protocol = non_empty_or(port.str("/protocol"), "TCP");
            let start = match &port["port"] {
                Value::Null => "<nil>".into(),
                Value::String(name) => name.to_string(),
                number => number.to_string(),
            };
            match port.int("/endPort") {
                None => out.line(2, format!("To Port: {start}/{protocol}")),
                Some(end) => out.line(2, format!("To Port Range: {start}-{end}/{protocol}")),
            }
        }
        let peers = rule.list(direction.peers);
        if peers.is_empty() {
            out.line(2, format!("{}: <any> (traffic not restricted by {})", direction.peer, direction.end));
        }
        for peer in peers {
            out.line(2, format!("{}:", direction.peer));
            describe_peer(peer, out);
        }
        if index + 1 < rules.len() {
            out.line(2, "----------");
        }
    }
}

fn describe_peer(peer: &Value, out: &mut PrefixWriter) {
    let mut selected = false;
    for (label, name) in [("NamespaceSelector", "namespaceSelector"), ("PodSelector", "podSelector")] {
        if let Some(selector) = peer.get(name).filter(|v| !v.is_null()) {
            out.line(3, format!("{label}: {}", format_label_selector(selector)));
            selected = true;
        }
    }
    if let (Some(block), false) = (peer.at("/ipBlock"), selected) {
        out.line(3, "IPBlock:");
        out.line(4, format!("CIDR: {}", block.str("/cidr")));
        out.line(4, format!("Except: {}", joined(block.list("/except"), ", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn rules_are_described_as_by_kubectl() {
        let policy = json!({"metadata": {"name": "p", "namespace": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {
            "podSelector": {"matchLabels": {"app": "back"}}, "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"port": 8080, "protocol": "TCP"}], "from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
        }});
        let mut out = PrefixWriter::new();
        describe(&policy, &mut out);
        let want = "Name:\tp\nNamespace:\tx\nCreated on:\t2026-01-01 00:00:00 +0000 UTC\nLabels:\t<none>\nAnnotations:\t<none>\n\
                    Spec:\n  PodSelector:     app=back\n  Allowing ingress traffic:\n    To Port: 8080/TCP\n    From:\n      \
                    IPBlock:\n        CIDR: 10.0.0.0/8\n        Except: \n  Not affecting egress traffic\n  Policy Types: Ingress\n";
        assert_eq!(out.text(), want);
    }
}
