//! NetworkPolicies: which traffic they permit (`networking.k8s.io/v1`, as network plugins enforce them).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_kinds::shared::formats::{cidr_contains, parse_cidr};

/// One side of a connection.
pub(super) struct Party {
    /// Its address.
    pub(super) address: Ipv4Addr,
    /// Namespace, labels and container ports of a pod; `None` for what is no pod on the network of pods: a node, a pod on the
    /// network of its node, the outside world.
    pub(super) pod: Option<Arc<Object>>,
    /// Labels of the namespace of the pod.
    pub(super) namespace_labels: Value,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// To a TCP port.
    Tcp(u16),
    /// To a UDP port.
    Udp(u16),
    /// An ICMP echo, for which policies have no ports.
    Icmp,
}

/// The directions of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    /// Returns the names of type, rules and peers.
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Direction::Ingress => ("Ingress", "/spec/ingress", "/from"),
            Direction::Egress => ("Egress", "/spec/egress", "/to"),
        }
    }
}

/// Reports whether policies permit traffic: the egress rules of the source and the ingress rules of the target. `policies` are
/// those of both namespaces.
pub(super) fn permits(policies: &[Arc<Object>], source: &Party, target: &Party, traffic: Traffic) -> bool {
    let is_own = source.address == target.address;
    let judge = |own, peer, direction| Judgement { policies, own, peer, target, traffic, direction }.permits();
    is_own || judge(source, target, Direction::Egress) && judge(target, source, Direction::Ingress)
}

struct Judgement<'a> {
    policies: &'a [Arc<Object>],
    own: &'a Party,
    peer: &'a Party,
    target: &'a Party,
    traffic: Traffic,
    direction: Direction,
}

impl Judgement<'_> {
    /// A pod that no policy selects for the direction is not isolated; one that is may do what any rule permits.
    fn permits(&self) -> bool {
        let Some(pod) = &self.own.pod else { return true };
        let (kind, rules, _) = self.direction.names();
        let mut is_isolated = false;
        for policy in self.policies.iter().filter(|policy| policy.namespace() == pod.namespace()) {
            let has_type = policy.list("/spec/policyTypes").iter().any(|t| t.as_str() == Some(kind));
            if !has_type || !selects(policy.at("/spec/podSelector"), &pod["metadata"]["labels"]) {
                continue;
            }
            is_isolated = true;
            if policy.list(rules).iter().any(|rule| self.rule_permits(policy, rule)) {
                return true;
            }
        }
        !is_isolated
    }

    /// A rule without ports is for all of them, one without peers for everybody.
    fn rule_permits(&self, policy: &Object, rule: &Value) -> bool {
        let (.., peers) = self.direction.names();
        let (ports, peers) = (rule.list("/ports"), rule.list(peers));
        (ports.is_empty() || ports.iter().any(|port| self.port_matches(port)))
            && (peers.is_empty() || peers.iter().any(|peer| self.peer_matches(policy, peer)))
    }

    fn port_matches(&self, port: &Value) -> bool {
        let (protocol, number) = match self.traffic {
            Traffic::Tcp(number) => ("TCP", number),
            Traffic::Udp(number) => ("UDP", number),
            Traffic::Icmp => return false,
        };
        let wanted = if port.str("/protocol").is_empty() { "TCP" } else { port.str("/protocol") };
        let number = i64::from(number);
        wanted == protocol
            && match (port.get("port"), port.int("/port")) {
                (None, _) => true,
                (Some(_), Some(first)) => (first..=port.int("/endPort").unwrap_or(first)).contains(&number),
                (Some(_), None) => self.named_port(port.str("/port"), protocol) == Some(number),
            }
    }

    /// Returns the number that the pod that is connected to gives a named port.
    fn named_port(&self, name: &str, protocol: &str) -> Option<i64> {
        let pod = self.target.pod.as_ref()?;
        let mut ports = pod.list("/spec/containers").iter().flat_map(|container| container.list("/ports"));
        let own =
            |port: &&Value| if port.str("/protocol").is_empty() { "TCP" } else { port.str("/protocol") } == protocol;
        ports.find(|port| port.str("/name") == name && own(port))?.int("/containerPort")
    }

    fn peer_matches(&self, policy: &Object, peer: &Value) -> bool {
        if let Some(block) = peer.get("ipBlock") {
            return block_contains(block, self.peer.address);
        }
        let Some(pod) = &self.peer.pod else { return false };
        let in_namespace = match peer.get("namespaceSelector") {
            Some(selector) => selects(Some(selector), &self.peer.namespace_labels),
            None => pod.namespace() == policy.namespace(),
        };
        in_namespace && selects(peer.get("podSelector"), &pod["metadata"]["labels"])
    }
}

/// Reports whether a selector matches labels; no selector matches all.
fn selects(selector: Option<&Value>, labels: &Value) -> bool {
    let selector = selector.map_or(Ok(Selector::everything()), Selector::from_object);
    selector.unwrap_or(Selector::Nothing).matches(labels)
}

fn block_contains(block: &Value, address: Ipv4Addr) -> bool {
    let contains = |cidr: &str| parse_cidr(cidr).is_some_and(|cidr| cidr_contains(cidr, (IpAddr::V4(address), 32)));
    contains(block.str("/cidr")) && !block.list("/except").iter().filter_map(Value::as_str).any(contains)
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
