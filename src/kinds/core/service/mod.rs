//! Services (`pkg/registry/core/service/strategy.go`).
//!
//! Cluster IPs and node ports are allocated by the API server, which knows those in use; everything that depends on the
//! Service alone is here.

mod describe;
mod families;
mod prepare;
mod validate;
mod validate_ips;
mod warnings;

use std::collections::BTreeSet;

use crate::shared::describe::{joined, non_empty_or};
use crate::shared::table::columns;
use crate::{Describer, Kind, NameRule, Names, age, pairs};
use kctl_base::field::ErrorList;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

pub(crate) use describe::slice_addresses;
pub(crate) use describe::{host_port, slices_of};
pub(crate) use validate::special_ip_problem;

/// The index of Services by their cluster IPs.
pub const CLUSTER_IPS: &str = "clusterIP";
/// The index of Services by their node ports, that of health checks included.
pub const NODE_PORTS: &str = "nodePort";

/// The Service kind.
pub(crate) struct Service;

static NAMES: Names =
    Names::namespaced(("", "v1"), "Service", "services", "service").short(&["svc"]).categories(&["all"]);

impl Kind for Service {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        object.put_default("/spec/sessionAffinity", "None");
        match object.str("/spec/sessionAffinity") {
            "None" => drop(object.remove_at("/spec/sessionAffinityConfig")),
            "ClientIP" => object.put_default("/spec/sessionAffinityConfig/clientIP/timeoutSeconds", 10800),
            _ => {}
        }
        object.put_default("/spec/type", "ClusterIP");
        for port in object.items_mut("/spec/ports") {
            port.put_default("/protocol", "TCP");
            if port.at("/targetPort").is_none_or(|t| *t == json!(0) || *t == json!("")) {
                let number = port.at("/port").cloned().unwrap_or(json!(0));
                port.put("/targetPort", number);
            }
        }
        let kind = object.str("/spec/type").to_string();
        if is_external(object) && object.str("/spec/externalTrafficPolicy").is_empty() {
            object.put("/spec/externalTrafficPolicy", "Cluster");
        }
        if has_cluster_ip(&kind) {
            object.put_default("/spec/internalTrafficPolicy", "Cluster");
        }
        if kind == "LoadBalancer" {
            object.put_default("/spec/allocateLoadBalancerNodePorts", true);
            for ingress in object.items_mut("/status/loadBalancer/ingress") {
                if !ingress.str("/ip").is_empty() {
                    ingress.put_default("/ipMode", "VIP");
                }
            }
        }
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({"loadBalancer": {}}));
        prepare::normalize_cluster_ips(new, None);
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        new.put("/status", old.at("/status").cloned().unwrap_or_else(|| json!({"loadBalancer": {}})));
        prepare::normalize_cluster_ips(new, Some(old));
        prepare::patch_allocated_values(new, old);
        prepare::drop_type_dependent_fields(new, old);
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let addresses = validate_ips::address_errors(object);
        if addresses.is_empty() { validate::validate(object) } else { addresses }
    }

    fn init_allocated(&self, new: &mut Object, old: Option<&Object>) -> ErrorList {
        families::init(new, old)
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        warnings::of(new)
    }

    fn tells_change_first(&self) -> bool {
        true
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate_ips::update_errors(new, old)
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "+Selector"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let cluster_ip = object.list("/spec/clusterIPs").first().and_then(Value::as_str);
        vec![
            object.name().into(),
            object.str("/spec/type").into(),
            non_empty_or(cluster_ip.unwrap_or(""), "<none>").into(),
            external_ip(object),
            ports(object),
            age(object, now),
            pairs(object, "/spec/selector"),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        match field {
            "spec.clusterIP" => Some(object.str("/spec/clusterIP").into()),
            "spec.type" => Some(object.str("/spec/type").into()),
            _ => None,
        }
    }

    /// One pair of the selector is enough to find all Services that may select a pod with this label.
    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        let first = object.strings("/spec/selector").into_iter().next();
        let selector = first.map(|(key, value)| ("selector", format!("{}/{key}={value}", object.namespace())));
        let ips = object.list("/spec/clusterIPs").iter().filter_map(Value::as_str).filter(|ip| *ip != "None");
        let ports = object.list("/spec/ports").iter().filter_map(|port| port.int("/nodePort"));
        let ports = ports.chain(object.int("/spec/healthCheckNodePort")).collect::<BTreeSet<i64>>();
        let mut entries: Vec<_> = selector.into_iter().chain(ips.map(|ip| (CLUSTER_IPS, ip.to_string()))).collect();
        entries.extend(ports.into_iter().map(|port| (NODE_PORTS, port.to_string())));
        entries
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe::describe)
    }
}

/// Returns whether Services of a type have cluster IPs.
fn has_cluster_ip(kind: &str) -> bool {
    matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer")
}

/// Returns whether a Service has node ports.
fn has_node_ports(service: &Object) -> bool {
    matches!(service.str("/spec/type"), "NodePort" | "LoadBalancer")
}

/// Returns whether a Service can be reached from outside of the cluster.
fn is_external(service: &Object) -> bool {
    has_node_ports(service)
        || (service.str("/spec/type") == "ClusterIP" && !service.list("/spec/externalIPs").is_empty())
}

/// Returns whether a Service is headless.
pub(crate) fn is_headless(service: &Object) -> bool {
    service.list("/spec/clusterIPs").first().is_some_and(|ip| ip == "None") || service.str("/spec/clusterIP") == "None"
}

/// The EXTERNAL-IP column.
fn external_ip(service: &Object) -> String {
    let own = joined(service.list("/spec/externalIPs"), ",");
    match service.str("/spec/type") {
        "ClusterIP" | "NodePort" => non_empty_or(&own, "<none>").into(),
        "ExternalName" => service.str("/spec/externalName").into(),
        "LoadBalancer" => {
            let given: Vec<&str> = service
                .list("/status/loadBalancer/ingress")
                .iter()
                .map(|i| non_empty_or(i.str("/ip"), i.str("/hostname")))
                .filter(|text| !text.is_empty())
                .collect();
            let given = given.join(",");
            match (given.is_empty(), own.is_empty()) {
                (true, true) => "<pending>".into(),
                (true, false) => own,
                (false, true) => given,
                (false, false) => format!("{given},{own}"),
            }
        }
        _ => "<unknown>".into(),
    }
}

/// The PORT(S) column.
fn ports(service: &Object) -> String {
    let ports: Vec<String> = service
        .list("/spec/ports")
        .iter()
        .map(|p| {
            let (port, protocol) = (p.int("/port").unwrap_or(0), p.str("/protocol"));
            match p.int("/nodePort").unwrap_or(0) {
                0 => format!("{port}/{protocol}"),
                node_port => format!("{port}:{node_port}/{protocol}"),
            }
        })
        .collect();
    if ports.is_empty() { "<none>".into() } else { ports.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(errors: ErrorList) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    fn errors_of(spec: Value) -> Vec<String> {
        let mut service = json!({"metadata": {"name": "s", "namespace": "default"}, "spec": spec});
        Service.set_defaults(&mut service);
        Service.prepare_create(&mut service);
        texts(Service.validate(&service))
    }

    #[test]
    fn invalid_services_are_refused() {
        assert_eq!(
            errors_of(json!({"ports": [{"port": 80}, {"port": 80}]})),
            [
                "spec.ports[0].name: Required value",
                "spec.ports[1].name: Required value",
                "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\
                 \"TargetPort\":0,\"NodePort\":0}",
            ]
        );
        assert_eq!(
            errors_of(json!({"type": "Weird", "ports": [{"port": 80}], "clusterIP": "1.2.3.4.5"})),
            ["spec.clusterIPs[0]: Invalid value: \"1.2.3.4.5\": must be a valid IP address, (e.g. 10.9.8.7 or \
                 2001:db8::ffff)"]
        );
        assert_eq!(errors_of(json!({})), ["spec.ports: Required value"]);
        assert_eq!(errors_of(json!({"type": "ExternalName", "externalName": "db.example.com"})), Vec::<String>::new());
    }

    #[test]
    fn the_cluster_ip_is_immutable() {
        let old = json!({"spec": {"type": "ClusterIP", "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "ports": [{"port": 80}]}});
        let mut new = old.clone();
        new["spec"]["clusterIP"] = "10.96.200.200".into();
        Service.prepare_update(&mut new, &old);
        let want = "spec.clusterIPs[0]: Invalid value: [\"10.96.200.200\"]: may not change once set";
        assert_eq!(texts(Service.validate_update(&new, &old)), [want]);
        let mut kept = old.clone();
        kept.remove_at("/spec/clusterIP");
        kept.remove_at("/spec/clusterIPs");
        Service.prepare_update(&mut kept, &old);
        assert_eq!(kept["spec"]["clusterIPs"], json!(["10.96.0.9"]));
    }

    #[test]
    fn the_port_of_health_checks_is_immutable() {
        let old =
            json!({"spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30009}});
        let mut new = old.clone();
        new["spec"]["healthCheckNodePort"] = 30010.into();
        let want = "spec.healthCheckNodePort: Forbidden: field is immutable";
        assert_eq!(texts(Service.validate_update(&new, &old)), [want]);
        new["spec"]["externalTrafficPolicy"] = "Cluster".into();
        assert_eq!(texts(Service.validate_update(&new, &old)), [""; 0]);
    }

    #[test]
    fn rows_show_addresses_and_ports() {
        let service = json!({"metadata": {"name": "web"}, "spec": {
            "type": "LoadBalancer", "clusterIPs": ["10.96.0.9"], "ports": [{"port": 80, "nodePort": 31706, "protocol": "TCP"}],
        }});
        let row = Service.row(&service, Time::default());
        assert_eq!(row[..5], ["web", "LoadBalancer", "10.96.0.9", "<pending>", "80:31706/TCP"]);
    }
}
