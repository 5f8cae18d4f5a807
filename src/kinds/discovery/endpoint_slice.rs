//! EndpointSlices: up to 1000 of the addresses behind a Service.

use crate::core::service::special_ip_problem;
use crate::shared::describe::{describe_events, head, joined, non_empty_or};
use crate::shared::formats::{NOT_AN_IP, dns_label_problems, dns_subdomain_problems, is_ip};
use crate::shared::rules::{Format, check, one_of};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels::key_problems;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The EndpointSlice kind (`pkg/registry/discovery/endpointslice/strategy.go`).
pub(crate) struct EndpointSlice;

static NAMES: Names = Names::namespaced(("discovery.k8s.io", "v1"), "EndpointSlice", "endpointslices", "endpointslice");

/// The label with the name of the Service.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// The number of ports and addresses that a table shows.
const MAX_SHOWN: usize = 3;

impl Kind for EndpointSlice {
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
        if object.at("/endpoints").is_none() {
            object.put("/endpoints", Value::Null);
        }
        if object.at("/ports").is_none() {
            object.put("/ports", Value::Null);
        }
        for port in object.items_mut("/ports") {
            port.put_default("/name", "");
            port.put_default("/protocol", "TCP");
        }
        for endpoint in object.items_mut("/endpoints") {
            endpoint.put_default("/conditions", json!({}));
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        [type_errors(object), port_errors(object.list("/ports")), all_endpoint_errors(object)].concat()
    }

    /// Validates a change; ports and endpoints that stay as they are may be invalid (`ValidateEndpointSlice`).
    fn validate_change(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = type_errors(new);
        if new.get("ports") != old.get("ports") {
            errors.extend(port_errors(new.list("/ports")));
        }
        if new.get("endpoints") != old.get("endpoints") {
            errors.extend(all_endpoint_errors(new));
        }
        errors.extend(self.validate_update(new, old));
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        crate::shared::rules::immutable_at(new, old, "/addressType", &Path::new("addressType"))
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "AddressType", "Ports", "Endpoints", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let port = |p: &Value| p.int("/port").map_or_else(|| "*".into(), |n| n.to_string());
        let ports = object.list("/ports").iter().map(port).collect();
        let ends = object.list("/endpoints").iter();
        let addresses = ends.flat_map(|e| e.list("/addresses")).filter_map(|a| Some(a.as_str()?.to_string())).collect();
        vec![
            object.name().into(),
            object.str("/addressType").into(),
            join_limited(ports),
            join_limited(addresses),
            age(object, now),
        ]
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        let service = object.label(SERVICE_LABEL);
        service.map(|s| ("label", format!("{}/{SERVICE_LABEL}={s}", object.namespace()))).into_iter().collect()
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn type_errors(slice: &Object) -> ErrorList {
    one_of(slice.str("/addressType"), &Path::new("addressType"), &["FQDN", "IPv4", "IPv6"])
}

fn all_endpoint_errors(slice: &Object) -> ErrorList {
    let path = |index| Path::new("endpoints").index(index);
    let endpoints = slice.list("/endpoints").iter().enumerate();
    endpoints.flat_map(|(index, end)| endpoint_errors(end, slice.str("/addressType"), &path(index))).collect()
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    head(object, out);
    out.pair(0, "AddressType", object.str("/addressType"));
    let ports = object.list("/ports");
    if ports.is_empty() {
        out.line(0, "Ports: <unset>");
    } else {
        out.line(0, "Ports:");
        out.line(1, "Name\tPort\tProtocol");
        out.line(1, "----\t----\t--------");
    }
    for port in ports {
        let number = port.int("/port").map_or_else(|| "<unset>".into(), |n| n.to_string());
        out.line(1, format!("{}\t{number}\t{}", non_empty_or(port.str("/name"), "<unset>"), port.str("/protocol")));
    }
    let endpoints = object.list("/endpoints");
    out.line(0, if endpoints.is_empty() { "Endpoints: <none>" } else { "Endpoints:" });
    for endpoint in endpoints {
        describe_endpoint(endpoint, out);
    }
    describe_events(lookup, object, out);
}

fn describe_endpoint(endpoint: &Value, out: &mut PrefixWriter) {
    let unset = |pointer: &str| non_empty_or(endpoint.str(pointer), "<unset>").to_string();
    out.pair(1, "- Addresses", non_empty_or(&joined(endpoint.list("/addresses"), ", "), "<none>"));
    out.line(2, "Conditions:");
    let ready = endpoint.at("/conditions/ready").map_or_else(|| "<unset>".into(), ToString::to_string);
    out.pair(3, "Ready", ready);
    out.pair(2, "Hostname", unset("/hostname"));
    if let Some(target) = endpoint.at("/targetRef") {
        out.pair(2, "TargetRef", format!("{}/{}", target.str("/kind"), target.str("/name")));
    }
    out.pair(2, "NodeName", unset("/nodeName"));
    out.pair(2, "Zone", unset("/zone"));
}

/// Joins the first items of a list and appends the number of the others.
fn join_limited(list: Vec<String>) -> String {
    let shown = list.iter().take(MAX_SHOWN).map(String::as_str).collect::<Vec<_>>().join(",");
    match list.len().saturating_sub(MAX_SHOWN) {
        _ if list.is_empty() => "<unset>".into(),
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

fn endpoint_errors(endpoint: &Value, kind: &str, path: &Path) -> ErrorList {
    let addresses = endpoint.list("/addresses");
    let mut errors = reference_errors(endpoint, path);
    let path = path.child("addresses");
    if addresses.is_empty() {
        errors.push(field::required(&path, "must contain at least 1 address"));
    }
    for (index, address) in addresses.iter().enumerate() {
        let (path, text) = (path.index(index), address.as_str().unwrap_or(""));
        match kind {
            "IPv4" if !is_ip(text) || text.contains(':') => {
                errors.push(field::invalid(
                    &path,
                    text,
                    if is_ip(text) { "must be an IPv4 address" } else { NOT_AN_IP },
                ));
            }
            "IPv6" if !is_ip(text) || !text.contains(':') => {
                errors.push(field::invalid(
                    &path,
                    text,
                    if is_ip(text) { "must be an IPv6 address" } else { NOT_AN_IP },
                ));
            }
            "IPv4" | "IPv6" => errors.extend(special_ip_problem(text).map(|why| field::invalid(&path, text, why))),
            "FQDN" => errors.extend(check(dns_subdomain_problems, text, &path)),
            _ => {}
        }
    }
    errors
}

/// Validates the node and the host name of an endpoint.
fn reference_errors(endpoint: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for (name, problems) in [("nodeName", dns_subdomain_problems as Format), ("hostname", dns_label_problems)] {
        if let Some(text) = endpoint.at(&format!("/{name}")).and_then(Value::as_str) {
            errors.extend(check(problems, text, &path.child(name)));
        }
    }
    errors
}

fn port_errors(ports: &[Value]) -> ErrorList {
    let mut errors = ErrorList::new();
    for (index, port) in ports.iter().enumerate() {
        let (path, name) = (Path::new("ports").index(index), port.str("/name"));
        if !name.is_empty() {
            errors.extend(check(dns_label_problems, name, &path.child("name")));
        }
        if ports[..index].iter().any(|p| p.str("/name") == name) {
            errors.push(field::duplicate(&path.child("name"), name));
        }
        errors.extend(one_of(port.str("/protocol"), &path.child("protocol"), &["SCTP", "TCP", "UDP"]));
        if let Some(protocol) = port.at("/appProtocol").and_then(Value::as_str) {
            errors.extend(check(key_problems, protocol, &path.child("appProtocol")));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_that_stay_as_they_are_are_not_validated_again() {
        let old = json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]});
        let mut new = old.clone();
        new["addressType"] = "IPv6".into();
        let texts = |errors: ErrorList| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        let want = r#"addressType: Invalid value: "IPv6": field is immutable"#;
        assert_eq!(texts(EndpointSlice.validate_change(&new, &old)), [want]);
        new["endpoints"] = json!([{"addresses": ["10.0.0.2"]}]);
        assert_eq!(EndpointSlice.validate_change(&new, &old).len(), 2);
    }

    #[test]
    fn rows_and_index_entries() {
        let slice = json!({"metadata": {"name": "s", "namespace": "x", "labels": {SERVICE_LABEL: "web"}}, "addressType": "IPv4"});
        let row = EndpointSlice.row(&slice, Time::default());
        assert_eq!(row[..4], ["s", "IPv4", "<unset>", "<unset>"]);
        assert_eq!(EndpointSlice.index_entries(&slice), [("label", format!("x/{SERVICE_LABEL}=web"))]);
    }
}
