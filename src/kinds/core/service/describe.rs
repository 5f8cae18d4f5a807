//! The description of a Service and its endpoints.

use std::sync::Arc;

use crate::shared::describe::{describe_events, format_labels, head, joined, non_empty_or};
use crate::{Lookup, PrefixWriter};
use kctl_base::json::{Map, Value};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The label with which an EndpointSlice names its Service.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// The number of addresses that are shown.
const MAX_ADDRESSES: usize = 3;

/// Writes the description.
pub(super) fn describe(service: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    head(service, out);
    out.pair(0, "Selector", format_labels(&service.strings("/spec/selector")));
    out.pair(0, "Type", service.str("/spec/type"));
    optional(service, "IP Family Policy", "/spec/ipFamilyPolicy", out);
    out.pair(0, "IP Families", non_empty_or(&joined(service.list("/spec/ipFamilies"), ","), "<none>"));
    out.pair(0, "IP", service.str("/spec/clusterIP"));
    out.pair(0, "IPs", non_empty_or(&joined(service.list("/spec/clusterIPs"), ","), "<none>"));
    list(service, "External IPs", "/spec/externalIPs", out);
    optional(service, "Desired LoadBalancer IP", "/spec/loadBalancerIP", out);
    optional(service, "External Name", "/spec/externalName", out);
    let ingress = service.list("/status/loadBalancer/ingress");
    if !ingress.is_empty() {
        let texts: Vec<String> = ingress.iter().map(ingress_text).collect();
        out.pair(0, "LoadBalancer Ingress", texts.join(", "));
    }
    let slices = slices_of(lookup, service.namespace(), service.name());
    for port in service.list("/spec/ports") {
        describe_port(port, &slices, out);
    }
    out.pair(0, "Session Affinity", service.str("/spec/sessionAffinity"));
    optional(service, "External Traffic Policy", "/spec/externalTrafficPolicy", out);
    optional(service, "Internal Traffic Policy", "/spec/internalTrafficPolicy", out);
    if let Some(port) = service.int("/spec/healthCheckNodePort").filter(|p| *p != 0) {
        out.pair(0, "HealthCheck NodePort", port);
    }
    list(service, "LoadBalancer Source Ranges", "/spec/loadBalancerSourceRanges", out);
    optional(service, "Traffic Distribution", "/spec/trafficDistribution", out);
    describe_events(lookup, service, out);
}

fn optional(service: &Object, label: &str, pointer: &str, out: &mut PrefixWriter) {
    let text = service.str(pointer);
    if !text.is_empty() {
        out.pair(0, label, text);
    }
}

fn list(service: &Object, label: &str, pointer: &str, out: &mut PrefixWriter) {
    let list = service.list(pointer);
    if !list.is_empty() {
        out.pair(0, label, joined(list, ","));
    }
}

fn ingress_text(ingress: &Value) -> String {
    match (ingress.str("/ip"), ingress.str("/ipMode")) {
        ("", _) => ingress.str("/hostname").into(),
        (ip, "") => ip.into(),
        (ip, mode) => format!("{ip} ({mode})"),
    }
}

fn describe_port(port: &Value, slices: &[Arc<Object>], out: &mut PrefixWriter) {
    let (name, protocol) = (non_empty_or(port.str("/name"), "<unset>"), port.str("/protocol"));
    out.pair(0, "Port", format!("{name}\t{}/{protocol}", port.int("/port").unwrap_or(0)));
    let target = match &port["targetPort"] {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    };
    out.pair(0, "TargetPort", format!("{target}/{protocol}"));
    if let Some(text) = port.at("/appProtocol").and_then(Value::as_str) {
        out.pair(0, "AppProtocol", text);
    }
    if let Some(number) = port.int("/nodePort").filter(|n| *n != 0) {
        out.pair(0, "NodePort", format!("{name}\t{number}/{protocol}"));
    }
    out.pair(0, "Endpoints", slice_addresses(slices, port.str("/name")));
}

/// The EndpointSlices of a Service.
pub(crate) fn slices_of(lookup: &dyn Lookup, namespace: &str, service: &str) -> Vec<Arc<Object>> {
    let labels = Map::from_iter([(SERVICE_LABEL.to_string(), Value::from(service))]);
    lookup.list("endpointslices.discovery.k8s.io", Some(namespace), Some(&Selector::from_map(&labels)))
}

/// The ready addresses of a port, by its name: `1.2.3.4:80,1.2.3.5:80 + 2 more...`.
pub(crate) fn slice_addresses(slices: &[Arc<Object>], port_name: &str) -> String {
    if slices.is_empty() {
        return "<none>".into();
    }
    let mut addresses = Vec::new();
    for slice in slices {
        let ready = slice.list("/endpoints").iter().filter(|e| e.at("/conditions/ready").is_none_or(|r| *r == true));
        let ready: Vec<&str> = ready.filter_map(|e| e.list("/addresses").first()?.as_str()).collect();
        let ports = slice.list("/ports");
        if ports.is_empty() {
            addresses.extend(ready.iter().map(ToString::to_string));
        }
        for port in ports.iter().filter(|p| p.str("/name") == port_name) {
            let number = port.int("/port").unwrap_or(0);
            addresses.extend(ready.iter().map(|ip| host_port(ip, number)));
        }
    }
    let shown = addresses.iter().take(MAX_ADDRESSES).map(String::as_str).collect::<Vec<_>>().join(",");
    match addresses.len().saturating_sub(MAX_ADDRESSES) {
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

/// Joins address and port: `1.2.3.4:80`, `[::1]:80`.
pub(crate) fn host_port(ip: &str, port: i64) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn addresses_beyond_three_are_counted() {
        let end = |ip: &str, ready: bool| json!({"addresses": [ip], "conditions": {"ready": ready}});
        let slice = json!({"ports": [{"name": "http", "port": 80}, {"name": "x", "port": 1}], "endpoints": [
            end("10.0.0.1", true), end("10.0.0.2", false), end("10.0.0.3", true), end("10.0.0.4", true), end("10.0.0.5", true),
        ]});
        let slices = [Arc::new(slice)];
        assert_eq!(slice_addresses(&slices, "http"), "10.0.0.1:80,10.0.0.3:80,10.0.0.4:80 + 1 more...");
        assert_eq!(slice_addresses(&slices, "none"), "");
        assert_eq!(slice_addresses(&[], "http"), "<none>");
    }
}
