//! Preparation of addresses and ports before they are allocated (`pkg/registry/core/service`).

use std::collections::{BTreeMap, BTreeSet};

use super::{has_cluster_ip, has_node_ports, is_external};
use kctl_base::json::json;
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// Keeps `clusterIP` and `clusterIPs[0]` equal, whichever of them the client set (`normalizeClusterIPs`).
pub(super) fn normalize_cluster_ips(new: &mut Object, old: Option<&Object>) {
    let ip = new.str("/spec/clusterIP").to_string();
    let ips = new.list("/spec/clusterIPs").to_vec();
    let Some(old) = old else {
        if !ip.is_empty() && ips.is_empty() {
            new.put("/spec/clusterIPs", json!([ip]));
        } else if ip.is_empty() && !ips.is_empty() {
            new.put("/spec/clusterIP", ips[0].clone());
        }
        return;
    };
    let (old_ip, old_ips) = (old.str("/spec/clusterIP"), old.list("/spec/clusterIPs"));
    if ip != old_ip && ips == old_ips {
        if ip.is_empty() {
            new.remove_at("/spec/clusterIPs");
        } else {
            new.put("/spec/clusterIPs", json!([ip]));
        }
    } else if ips != old_ips && ip == old_ip && ips.is_empty() {
        new.remove_at("/spec/clusterIP");
    }
}

/// Copies allocated values that the client left out from the old object (`patchAllocatedValues`).
pub(super) fn patch_allocated_values(new: &mut Object, old: &Object) {
    if has_cluster_ip(old.str("/spec/type")) && has_cluster_ip(new.str("/spec/type")) {
        if new.str("/spec/clusterIP").is_empty() && !old.str("/spec/clusterIP").is_empty() {
            new.put("/spec/clusterIP", old.str("/spec/clusterIP"));
        }
        if new.list("/spec/clusterIPs").is_empty() && new.str("/spec/clusterIP") == old.str("/spec/clusterIP") {
            new.put("/spec/clusterIPs", json!(old.list("/spec/clusterIPs")));
        }
        for field in ["/spec/ipFamilies", "/spec/ipFamilyPolicy"] {
            if let Some(value) = old.at(field) {
                new.put_default(field, value.clone());
            }
        }
    }
    if has_node_ports(old) && has_node_ports(new) {
        keep_node_ports(new, old);
    }
    if has_health_port(old) && has_health_port(new) && new.int("/spec/healthCheckNodePort").unwrap_or(0) == 0 {
        new.put("/spec/healthCheckNodePort", old["spec"]["healthCheckNodePort"].clone());
    }
}

/// Copies node ports to the ports of the same name.
fn keep_node_ports(new: &mut Object, old: &Object) {
    let used = |o: &Object| -> BTreeSet<i64> {
        o.list("/spec/ports").iter().filter_map(|p| p.int("/nodePort")).filter(|n| *n != 0).collect()
    };
    let mut taken: BTreeSet<i64> = used(old).intersection(&used(new)).copied().collect();
    let by_name: BTreeMap<String, i64> =
        old.list("/spec/ports").iter().map(|p| (p.str("/name").to_string(), p.int("/nodePort").unwrap_or(0))).collect();
    for port in new.items_mut("/spec/ports") {
        let known = by_name.get(port.str("/name")).copied().unwrap_or(0);
        if port.int("/nodePort").unwrap_or(0) == 0 && known != 0 && taken.insert(known) {
            port.put("/nodePort", known);
        }
    }
}

/// Returns whether the Service has a health check node port.
pub(super) fn has_health_port(service: &Object) -> bool {
    service.str("/spec/type") == "LoadBalancer" && service.str("/spec/externalTrafficPolicy") == "Local"
}

/// Returns whether a Service of this type and policy has a certain field.
type Has = fn(&Object) -> bool;

/// After a change of the type, removes the fields that the new type does not have, unless the client changed them
/// (`dropTypeDependentFields`).
pub(super) fn drop_type_dependent_fields(new: &mut Object, old: &Object) {
    let unchanged = |new: &Object, pointer: &str| new.at(pointer) == old.at(pointer);
    if has_cluster_ip(old.str("/spec/type")) && !has_cluster_ip(new.str("/spec/type")) {
        for field in ["/spec/clusterIP", "/spec/clusterIPs", "/spec/ipFamilies", "/spec/ipFamilyPolicy"] {
            if unchanged(new, field) {
                new.remove_at(field);
            }
        }
    }
    if has_node_ports(old) && !has_node_ports(new) {
        let numbers = |o: &Object| o.list("/spec/ports").iter().filter_map(|p| p.int("/nodePort")).collect::<Vec<_>>();
        if numbers(new) == numbers(old) {
            for port in new.items_mut("/spec/ports") {
                port.remove_at("/nodePort");
            }
        }
    }
    let balanced = |o: &Object| o.str("/spec/type") == "LoadBalancer";
    let internal = |o: &Object| has_cluster_ip(o.str("/spec/type"));
    let rules: [(&str, Has); 5] = [
        ("/spec/healthCheckNodePort", has_health_port),
        ("/spec/loadBalancerClass", balanced),
        ("/spec/allocateLoadBalancerNodePorts", balanced),
        ("/spec/externalTrafficPolicy", is_external),
        ("/spec/internalTrafficPolicy", internal),
    ];
    for (field, has) in rules {
        if has(old) && !has(new) && unchanged(new, field) {
            new.remove_at(field);
        }
    }
}
