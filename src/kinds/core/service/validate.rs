//! Validation of Services, except for their addresses (`ValidateService` in `pkg/apis/core/validation/validation.go`).

use std::collections::BTreeSet;

use super::{has_cluster_ip, has_node_ports, is_external, is_headless};
use crate::shared::formats::{
    NOT_A_CIDR, NOT_AN_IP, dns_label_problems, dns_subdomain_problems, is_ip, parse_cidr, port_problems,
};
use crate::shared::rules::{check, label_map, one_of, port_or_name};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels::key_problems;
use kctl_base::object::{Object, ValueRead};

/// The port of the kubelet, which a load balancer must not expose.
const KUBELET_PORT: i64 = 10250;

/// Validates a Service; errors come in the order of the API server.
pub(super) fn validate(service: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let kind = service.str("/spec/type");
    let ports = service.list("/spec/ports");
    let mut errors = ErrorList::new();
    if ports.is_empty() && !is_headless(service) && kind != "ExternalName" {
        errors.push(field::required(&spec.child("ports"), ""));
    }
    errors.extend(type_errors(service, kind, &spec));
    let mut names = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        errors.extend(port_errors(port, ports.len() > 1, &mut names, &spec.child("ports").index(index)));
    }
    label_map(&mut errors, &spec.child("selector"), service.at("/spec/selector"));
    errors.extend(affinity_errors(service, &spec));
    errors.extend(external_ip_errors(service, &spec));
    errors.extend(one_of(kind, &spec.child("type"), &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]));
    errors.extend(duplicate_errors(ports, kind, &spec.child("ports")));
    errors.extend(balancer_errors(service, kind, &spec));
    errors.extend(traffic_errors(service, &spec));
    errors
}

fn type_errors(service: &Object, kind: &str, spec: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if kind == "LoadBalancer" {
        for (index, port) in service.list("/spec/ports").iter().enumerate() {
            if port.int("/port") == Some(KUBELET_PORT) {
                let text = format!("may not expose port {KUBELET_PORT} externally since it is used by kubelet");
                errors.push(field::invalid(&spec.child("ports").index(index), KUBELET_PORT, &text));
            }
        }
    }
    if has_node_ports(service) && is_headless(service) {
        let text = format!("may not be set to 'None' for {kind} services");
        errors.push(field::invalid(&spec.child("clusterIPs").index(0), "None", &text));
    }
    if kind == "ExternalName" {
        for name in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let value = service.at(&format!("/spec/{name}"));
            if value.is_some_and(|v| v.as_array().is_none_or(|l| !l.is_empty())) {
                errors.push(field::forbidden(&spec.child(name), "may not be set for ExternalName services"));
            }
        }
        let path = spec.child("externalName");
        match service.str("/spec/externalName").trim_end_matches('.') {
            "" => errors.push(field::required(&path, "")),
            name => errors.extend(check(dns_subdomain_problems, name, &path)),
        }
    }
    errors
}

fn port_errors<'a>(port: &'a Value, named: bool, names: &mut BTreeSet<&'a str>, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    match port.str("/name") {
        "" if named => errors.push(field::required(&path.child("name"), "")),
        "" => {}
        name => {
            errors.extend(check(dns_label_problems, name, &path.child("name")));
            if !names.insert(name) {
                errors.push(field::duplicate(&path.child("name"), name));
            }
        }
    }
    let number = port.int("/port").unwrap_or(0);
    errors.extend(port_problems(number).iter().map(|p| field::invalid(&path.child("port"), number, p)));
    errors.extend(one_of(port.str("/protocol"), &path.child("protocol"), &["SCTP", "TCP", "UDP"]));
    port_or_name(&mut errors, &path.child("targetPort"), port.get("targetPort"));
    if let Some(protocol) = port.at("/appProtocol").and_then(Value::as_str) {
        errors.extend(check(key_problems, protocol, &path.child("appProtocol")));
    }
    errors
}

fn affinity_errors(service: &Object, spec: &Path) -> ErrorList {
    let affinity = service.str("/spec/sessionAffinity");
    let mut errors = one_of(affinity, &spec.child("sessionAffinity"), &["ClientIP", "None"]);
    let path = spec.child("sessionAffinityConfig");
    let config = service.at("/spec/sessionAffinityConfig");
    if affinity == "None" && config.is_some() {
        errors.push(field::forbidden(&path, "must not be set when session affinity is None"));
    }
    if affinity == "ClientIP" {
        let seconds = config.and_then(|c| c.int("/clientIP/timeoutSeconds"));
        let path = path.child("clientIP").child("timeoutSeconds");
        match seconds {
            None => errors.push(field::required(&path, "must be set when session affinity is ClientIP")),
            Some(s) if !(1..=86400).contains(&s) => {
                errors.push(field::invalid(&path, s, "must be greater than 0 and less than 86400"));
            }
            Some(_) => {}
        }
    }
    errors
}

fn external_ip_errors(service: &Object, spec: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, ip) in service.list("/spec/externalIPs").iter().enumerate() {
        let path = spec.child("externalIPs").index(index);
        let text = ip.as_str().unwrap_or("");
        if !is_ip(text) {
            errors.push(field::invalid(&path, text, NOT_AN_IP));
        } else {
            errors.extend(special_ip_problem(text).map(|p| field::invalid(&path, text, p)));
        }
    }
    errors
}

/// The problem with an address that cannot be an endpoint, such as a loopback address (`ValidateNonSpecialIP`).
pub(crate) fn special_ip_problem(text: &str) -> Option<&'static str> {
    let address: std::net::IpAddr = text.parse().ok()?;
    if address.is_unspecified() {
        return Some("may not be unspecified (0.0.0.0 or ::)");
    }
    if address.is_loopback() {
        return Some("may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    let link_local = match address {
        std::net::IpAddr::V4(v4) => v4.is_link_local(),
        std::net::IpAddr::V6(v6) => v6.segments()[0] & 0xffc0 == 0xfe80,
    };
    link_local.then_some("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
}

fn duplicate_errors(ports: &[Value], kind: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let node_port = |p: &Value| p.int("/nodePort").unwrap_or(0);
    if kind == "ClusterIP" {
        for (index, _) in ports.iter().enumerate().filter(|(_, p)| node_port(p) != 0) {
            let text = "may not be used when `type` is 'ClusterIP'";
            errors.push(field::forbidden(&path.index(index).child("nodePort"), text));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate().filter(|(_, p)| node_port(p) != 0) {
        if !seen.insert((port.str("/protocol"), node_port(port))) {
            errors.push(field::duplicate(&path.index(index).child("nodePort"), node_port(port)));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let (protocol, number) = (port.str("/protocol"), port.int("/port").unwrap_or(0));
        if !seen.insert((protocol, number)) {
            let mut error = field::duplicate(&path.index(index), Value::Null);
            error.body = format!(
                "Duplicate value: {{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{number},\"TargetPort\":0,\
                 \"NodePort\":0}}",
                json!(protocol)
            );
            errors.push(error);
        }
    }
    errors
}

fn balancer_errors(service: &Object, kind: &str, spec: &Path) -> ErrorList {
    const ONLY: &str = "may only be used when `type` is 'LoadBalancer'";
    let mut errors = ErrorList::new();
    // The API server spells this path with a capital letter.
    let path = spec.child("LoadBalancerSourceRanges");
    let ranges = service.list("/spec/loadBalancerSourceRanges");
    if !ranges.is_empty() && kind != "LoadBalancer" {
        errors.push(field::forbidden(&path, ONLY));
    }
    for (index, range) in ranges.iter().enumerate() {
        let text = range.as_str().unwrap_or("").trim();
        if parse_cidr(text).is_none() {
            errors.push(field::invalid(&path.index(index), text, NOT_A_CIDR));
        }
    }
    let path = spec.child("allocateLoadBalancerNodePorts");
    match service.at("/spec/allocateLoadBalancerNodePorts") {
        Some(_) if kind != "LoadBalancer" => errors.push(field::forbidden(&path, ONLY)),
        None if kind == "LoadBalancer" => errors.push(field::required(&path, "")),
        _ => {}
    }
    if let Some(class) = service.at("/spec/loadBalancerClass").and_then(Value::as_str) {
        let path = spec.child("loadBalancerClass");
        if kind == "LoadBalancer" {
            errors.extend(check(key_problems, class, &path));
        } else {
            errors.push(field::forbidden(&path, ONLY));
        }
    }
    errors
}

fn traffic_errors(service: &Object, spec: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let policies = &["Cluster", "Local"];
    let external = spec.child("externalTrafficPolicy");
    match service.str("/spec/externalTrafficPolicy") {
        "" if is_external(service) => errors.push(field::required(&external, "")),
        "" => {}
        policy if !is_external(service) => {
            errors.push(field::invalid(&external, policy, "may only be set for externally-accessible services"));
        }
        policy => errors.extend(one_of(policy, &external, policies)),
    }
    if service.int("/spec/healthCheckNodePort").unwrap_or(0) != 0
        && (service.str("/spec/type") != "LoadBalancer" || service.str("/spec/externalTrafficPolicy") != "Local")
    {
        let text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        let number = service["spec"]["healthCheckNodePort"].clone();
        errors.push(field::invalid(&spec.child("healthCheckNodePort"), number, text));
    }
    let internal = spec.child("internalTrafficPolicy");
    match service.str("/spec/internalTrafficPolicy") {
        "" if has_cluster_ip(service.str("/spec/type")) => errors.push(field::required(&internal, "")),
        "" => {}
        policy => errors.extend(one_of(policy, &internal, policies)),
    }
    if let Some(way) = service.at("/spec/trafficDistribution").and_then(Value::as_str) {
        let ways = &["PreferClose", "PreferSameZone", "PreferSameNode"];
        errors.extend(one_of(way, &spec.child("trafficDistribution"), ways));
    }
    errors
}
