//! The description of a Node.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{allocation, roles};
use crate::shared::describe::{
    annotations, conditions_since, joined, labels, non_empty_or, read_events, stamp, titled_lines, write_events,
};
use crate::{Lookup, PrefixWriter};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;

/// The number of device pools that are listed.
const MAX_POOLS: usize = 10;

/// Writes the description.
pub(super) fn describe(node: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    let pods = allocation::pods(node, lookup);
    let events = read_events(lookup, node);
    let slices = lookup.list_by_fields("resourceslices.resource.k8s.io", &format!("spec.nodeName={}", node.name()));
    out.pair(0, "Name", node.name());
    out.pair(0, "Roles", non_empty_or(&roles(node).join(","), "<none>"));
    labels(node, out);
    annotations(node, out);
    out.pair(0, "CreationTimestamp", stamp(node, "/metadata/creationTimestamp"));
    taints(node, out);
    out.pair(0, "Unschedulable", node.flag("/spec/unschedulable"));
    lease(node, lookup, out);
    conditions_since(node, "LastHeartbeatTime", "/lastHeartbeatTime", out);
    out.line(0, "Addresses:");
    for address in node.list("/status/addresses") {
        out.pair(1, address.str("/type"), address.str("/address"));
    }
    amounts(node, "Capacity", "/status/capacity", out);
    amounts(node, "Allocatable", "/status/allocatable", out);
    device_pools(&slices, out);
    system_info(node, out);
    allocation::describe(node, &pods, lookup.now(), out);
    write_events(lookup, events, out);
}

fn taints(node: &Object, out: &mut PrefixWriter) {
    let mut taints: Vec<&Value> = node.list("/spec/taints").iter().collect();
    taints.order_by_key(|t| format!("{},{}", t.str("/effect"), t.str("/key")));
    let lines: Vec<String> = taints.iter().map(|t| taint_text(t)).collect();
    titled_lines(0, "Taints", &lines, out);
}

/// Formats a taint as `key=value:effect`, without empty parts.
fn taint_text(taint: &Value) -> String {
    let (key, value, effect) = (taint.str("/key"), taint.str("/value"), taint.str("/effect"));
    match (value, effect) {
        ("", "") => key.to_string(),
        ("", effect) => format!("{key}:{effect}"),
        (value, "") => format!("{key}={value}:"),
        (value, effect) => format!("{key}={value}:{effect}"),
    }
}

fn lease(node: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    let Some(lease) = lookup.get("leases.coordination.k8s.io", "kube-node-lease", node.name()) else {
        let text = format!("Failed to get lease: leases.coordination.k8s.io \"{}\" not found", node.name());
        return out.pair(0, "Lease", text);
    };
    out.line(0, "Lease:");
    out.pair(1, "HolderIdentity", non_empty_or(lease.str("/spec/holderIdentity"), "<unset>"));
    for (label, pointer) in [("AcquireTime", "/spec/acquireTime"), ("RenewTime", "/spec/renewTime")] {
        out.pair(1, label, lease.time(pointer).map_or_else(|| "<unset>".into(), |t| t.rfc1123()));
    }
}

fn amounts(node: &Object, title: &str, pointer: &str, out: &mut PrefixWriter) {
    let amounts = node.strings(pointer);
    if amounts.is_empty() {
        return;
    }
    out.line(0, format!("{title}:"));
    for (name, amount) in amounts {
        out.pair(1, &name, amount);
    }
}

/// Writes the device pools of the ResourceSlices that belong to this node, by driver.
fn device_pools(slices: &[Arc<Object>], out: &mut PrefixWriter) {
    let mut pools: BTreeMap<String, (String, String, usize, usize)> = BTreeMap::new();
    for slice in slices {
        let (driver, pool) = (slice.str("/spec/driver").to_string(), slice.str("/spec/pool/name").to_string());
        let entry = pools.entry(format!("{driver}/{pool}")).or_insert((driver, pool, 0, 0));
        entry.2 += 1;
        entry.3 += slice.list("/spec/devices").len();
    }
    if pools.is_empty() {
        return;
    }
    out.line(0, "Node-Local ResourceSlices:");
    out.line(1, "Driver\tPool\tSlices\tDevices");
    out.line(1, "------\t----\t------\t-------");
    for (driver, pool, slices, devices) in pools.values().take(MAX_POOLS) {
        out.line(1, format!("{driver}\t{pool}\t{slices}\t{devices}"));
    }
    if pools.len() > MAX_POOLS {
        out.line(1, format!("...and {} more pools", pools.len() - MAX_POOLS));
    }
}

fn system_info(node: &Object, out: &mut PrefixWriter) {
    out.line(0, "System Info:");
    for (label, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        out.pair(1, label, node.str(&format!("/status/nodeInfo/{field}")));
    }
    let cidrs = joined(node.list("/spec/podCIDRs"), ",");
    for (label, text) in
        [("PodCIDR", node.str("/spec/podCIDR")), ("PodCIDRs", &cidrs), ("ProviderID", node.str("/spec/providerID"))]
    {
        if !text.is_empty() {
            out.pair(0, label, text);
        }
    }
}
