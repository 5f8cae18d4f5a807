//! Endpoints: the addresses behind a Service in the form that EndpointSlices have replaced.

use super::service::host_port;
use crate::shared::describe::{describe_events, head, non_empty_or};
use crate::shared::formats::{NOT_AN_IP, dns_label_problems, dns_subdomain_problems, is_ip, port_problems};
use crate::shared::rules::{check, one_of};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::labels::key_problems;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The deprecation warning for every use of the kind.
pub const DEPRECATION: &str = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

/// The number of addresses that a table shows.
const MAX_ADDRESSES: usize = 3;

/// The Endpoints kind (`pkg/registry/core/endpoint/strategy.go`).
pub(crate) struct Endpoints;

static NAMES: Names = Names::namespaced(("", "v1"), "Endpoints", "endpoints", "endpoints").short(&["ep"]);

impl Kind for Endpoints {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    fn set_defaults(&self, object: &mut Object) {
        for subset in object.items_mut("/subsets") {
            for port in subset.items_mut("/ports") {
                port.put_default("/protocol", "TCP");
            }
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        for (index, subset) in object.list("/subsets").iter().enumerate() {
            errors.extend(subset_errors(subset, &Path::new("subsets").index(index)));
        }
        errors
    }

    /// Validates a change; subsets that stay as they are may be invalid (`ValidateEndpoints`).
    fn validate_change(&self, new: &Object, old: &Object) -> ErrorList {
        if new.get("subsets") == old.get("subsets") { ErrorList::new() } else { self.validate(new) }
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Endpoints", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        vec![object.name().into(), addresses(object), age(object, now)]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    head(object, out);
    out.line(0, "Subsets:");
    for subset in object.list("/subsets") {
        for (label, pointer) in [("Addresses", "/addresses"), ("NotReadyAddresses", "/notReadyAddresses")] {
            let ips: Vec<&str> = subset.list(pointer).iter().map(|a| a.str("/ip")).collect();
            out.pair(1, label, non_empty_or(&ips.join(","), "<none>"));
        }
        if !subset.list("/ports").is_empty() {
            out.line(1, "Ports:");
            out.line(2, "Name\tPort\tProtocol");
            out.line(2, "----\t----\t--------");
        }
        for port in subset.list("/ports") {
            let (name, number) = (non_empty_or(port.str("/name"), "<unset>"), port.int("/port").unwrap_or(0));
            out.line(2, format!("{name}\t{number}\t{}", port.str("/protocol")));
        }
        out.line(0, "");
    }
    describe_events(lookup, object, out);
}

/// The ENDPOINTS column (`formatEndpoints` in `pkg/printers/internalversion/printers.go`).
fn addresses(endpoints: &Object) -> String {
    let subsets = endpoints.list("/subsets");
    if subsets.is_empty() {
        return "<none>".into();
    }
    let mut all = Vec::new();
    for subset in subsets {
        let ips = || subset.list("/addresses").iter().map(|a| a.str("/ip"));
        let ports = subset.list("/ports");
        if ports.is_empty() {
            all.extend(ips().map(String::from));
        }
        for port in ports {
            all.extend(ips().map(|ip| host_port(ip, port.int("/port").unwrap_or(0))));
        }
    }
    let shown = all.iter().take(MAX_ADDRESSES).map(String::as_str).collect::<Vec<_>>().join(",");
    match all.len().saturating_sub(MAX_ADDRESSES) {
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

fn subset_errors(subset: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if subset.list("/addresses").is_empty() && subset.list("/notReadyAddresses").is_empty() {
        errors.push(field::required(path, "must specify `addresses` or `notReadyAddresses`"));
    }
    for name in ["addresses", "notReadyAddresses"] {
        for (index, address) in subset.list(&format!("/{name}")).iter().enumerate() {
            errors.extend(address_errors(address, &path.child(name).index(index)));
        }
    }
    let ports = subset.list("/ports");
    for (index, port) in ports.iter().enumerate() {
        let path = path.child("ports").index(index);
        match port.str("/name") {
            "" if ports.len() > 1 => errors.push(field::required(&path.child("name"), "")),
            "" => {}
            name => errors.extend(check(dns_label_problems, name, &path.child("name"))),
        }
        let number = port.int("/port").unwrap_or(0);
        errors.extend(port_problems(number).iter().map(|p| field::invalid(&path.child("port"), number, p)));
        errors.extend(one_of(port.str("/protocol"), &path.child("protocol"), &["SCTP", "TCP", "UDP"]));
        if let Some(protocol) = port.at("/appProtocol").and_then(Value::as_str) {
            errors.extend(check(key_problems, protocol, &path.child("appProtocol")));
        }
    }
    errors
}

/// Validates an address (`validateEndpointAddress`); upstream looks at the IP twice.
fn address_errors(address: &Value, path: &Path) -> ErrorList {
    let (ip, here) = (address.str("/ip"), path.child("ip"));
    let mut errors = ErrorList::new();
    if !is_ip(ip) {
        errors.push(field::invalid(&here, ip, NOT_AN_IP));
    }
    match address.str("/hostname") {
        "" => {}
        name => errors.extend(check(dns_label_problems, name, &path.child("hostname"))),
    }
    if let Some(name) = address.at("/nodeName").and_then(Value::as_str) {
        errors.extend(check(dns_subdomain_problems, name, &path.child("nodeName")));
    }
    if !is_ip(ip) {
        errors.push(field::invalid(&here, ip, "must be a valid IP address"));
    } else if let Some(problem) = super::service::special_ip_problem(ip) {
        errors.push(field::invalid(&here, ip, problem));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn tables_show_three_addresses() {
        let ips: Vec<Value> = (1..=5).map(|n| json!({"ip": format!("10.0.0.{n}")})).collect();
        let endpoints = json!({"subsets": [{"addresses": ips, "ports": [{"port": 80}]}]});
        assert_eq!(addresses(&endpoints), "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...");
        assert_eq!(addresses(&json!({})), "<none>");
    }
}
