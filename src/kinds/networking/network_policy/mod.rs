//! NetworkPolicies: the traffic that pods may receive and send.

mod describe;

use super::GROUP;
use crate::shared::formats::{NOT_A_CIDR, cidr_contains, parse_cidr, port_name_problems, port_problems};
use crate::shared::selector;
use crate::shared::table::columns;
use crate::{Describer, Kind, Names, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels::format_label_selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The NetworkPolicy kind (`pkg/registry/networking/networkpolicy/strategy.go`).
pub(crate) struct NetworkPolicy;

static NAMES: Names = Names::namespaced(GROUP, "NetworkPolicy", "networkpolicies", "networkpolicy").short(&["netpol"]);

impl Kind for NetworkPolicy {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec/podSelector", json!({}));
        for direction in ["/spec/ingress", "/spec/egress"] {
            for rule in object.items_mut(direction) {
                for port in rule.items_mut("/ports") {
                    port.put_default("/protocol", "TCP");
                }
            }
        }
        if object.list("/spec/policyTypes").is_empty() {
            let both = !object.list("/spec/egress").is_empty();
            let types = if both { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            object.put("/spec/policyTypes", types);
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let spec = Path::new("spec");
        let mut errors = ErrorList::new();
        selector::validate(&mut errors, &spec.child("podSelector"), &object["spec"]["podSelector"]);
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            for (index, rule) in object.list(&format!("/spec/{direction}")).iter().enumerate() {
                let path = spec.child(direction).index(index);
                for (i, port) in rule.list("/ports").iter().enumerate() {
                    errors.extend(port_errors(port, &path.child("ports").index(i)));
                }
                for (i, peer) in rule.list(&format!("/{peers}")).iter().enumerate() {
                    errors.extend(peer_errors(peer, &path.child(peers).index(i)));
                }
            }
        }
        let types = object.list("/spec/policyTypes");
        let path = spec.child("policyTypes");
        if types.len() > 2 {
            errors.push(field::invalid(&path, json!(types), "may not specify more than two policyTypes"));
            return errors;
        }
        for (index, kind) in types.iter().enumerate().filter(|(_, t)| *t != "Ingress" && *t != "Egress") {
            errors.push(field::not_supported(&path.index(index), kind.clone(), &["Ingress", "Egress"]));
        }
        errors
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Pod-Selector", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let selector = object.at("/spec/podSelector").map_or_else(|| "<none>".into(), format_label_selector);
        vec![object.name().into(), selector, age(object, now)]
    }

    fn describer(&self) -> Option<Describer> {
        Some(|policy, _, out| describe::describe(policy, out))
    }
}

fn port_errors(port: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let protocol = port.str("/protocol");
    if !matches!(protocol, "" | "TCP" | "UDP" | "SCTP") {
        errors.push(field::not_supported(&path.child("protocol"), protocol, &["TCP", "UDP", "SCTP"]));
    }
    let end = port.int("/endPort");
    let refuse_end = |text: &str| end.map(|e| field::invalid(&path.child("endPort"), e, text));
    match port.at("/port") {
        None => errors.extend(refuse_end("may not be specified when `port` is not specified")),
        Some(Value::String(name)) => {
            errors.extend(refuse_end("may not be specified when `port` is non-numeric"));
            let problems = port_name_problems(name);
            errors.extend(problems.iter().map(|p| field::invalid(&path.child("port"), name.as_str(), p)));
        }
        Some(number) => {
            let number = number.as_i64().unwrap_or(0);
            errors.extend(port_problems(number).iter().map(|p| field::invalid(&path.child("port"), number, p)));
            if end.is_some_and(|e| e < number) {
                // Upstream prints the port, not its end.
                let why = "must be greater than or equal to `port`";
                errors.push(field::invalid(&path.child("endPort"), number, why));
            }
            for problem in end.map(port_problems).unwrap_or_default() {
                errors.extend(refuse_end(&problem));
            }
        }
    }
    errors
}

fn peer_errors(peer: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut peers = 0;
    for name in ["podSelector", "namespaceSelector"] {
        if let Some(selector) = peer.get(name).filter(|v| !v.is_null()) {
            peers += 1;
            selector::validate(&mut errors, &path.child(name), selector);
        }
    }
    let block = peer.at("/ipBlock");
    if let Some(block) = block {
        errors.extend(block_errors(block, &path.child("ipBlock")));
    }
    match (peers, block) {
        (0, None) => errors.push(field::required(path, "must specify a peer")),
        (1.., Some(_)) => errors.push(field::forbidden(path, "may not specify both ipBlock and another peer")),
        _ => {}
    }
    errors
}

fn block_errors(block: &Value, path: &Path) -> ErrorList {
    let cidr = block.str("/cidr");
    if cidr.is_empty() {
        return vec![field::required(&path.child("cidr"), "")];
    }
    let Some(outer) = parse_cidr(cidr) else {
        return vec![field::invalid(&path.child("cidr"), cidr, NOT_A_CIDR)];
    };
    let mut errors = ErrorList::new();
    for (index, except) in block.list("/except").iter().enumerate() {
        let (text, path) = (except.as_str().unwrap_or(""), path.child("except").index(index));
        match parse_cidr(text) {
            None => errors.push(field::invalid(&path, text, NOT_A_CIDR)),
            Some(inner) if !cidr_contains(outer, inner) || outer.1 >= inner.1 => {
                errors.push(field::invalid(&path, text, "must be a strict subset of `cidr`"));
            }
            Some(_) => {}
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_must_be_inside_the_cidr() {
        let mut policy = json!({"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}, {}]}]}});
        NetworkPolicy.set_defaults(&mut policy);
        let errors: Vec<String> = NetworkPolicy.validate(&policy).iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`",
                "spec.ingress[0].from[1]: Required value: must specify a peer",
            ]
        );
        assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress"]));
    }
}
