//! The part of the kubelet that reports its node (`pkg/kubelet/kubelet_node_status.go`): labels, addresses, capacity,
//! conditions, and the lease.
//!
//! Fields that the manifest of the node does not set describe an invented machine.

use crate::controllers::kubelet::cri::Cri;
use crate::controllers::runtime::Result;
use crate::controllers::{Action, Context, Controller, Event, Key, Watch};
use crate::profile::VERSION;
use crate::simulation;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, OwnerReference, ValueRead, ValueWrite, condition, condition_is_true};
use kctl_base::sim::{Ids, Time};

/// The controller; its keys are nodes.
pub(in crate::controllers) const CONTROLLER: Controller =
    Controller { name: NAME, watches: &[Watch::primary("nodes")], reconcile };

/// Name of the controller on the timeline; in events and managedFields it is `kubelet`.
pub(super) const NAME: &str = "kubelet-node";

const LEASES: &str = "leases.coordination.k8s.io";
const LEASE_NAMESPACE: &str = "kube-node-lease";

/// Default capacity of a node.
const CAPACITY: &[(&str, &str)] = &[("cpu", "8"), ("ephemeral-storage", "100Gi"), ("memory", "16Gi"), ("pods", "110")];

/// Conditions of a healthy node: type, status, reason, message.
const CONDITIONS: &[(&str, &str, &str, &str)] = &[
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(node) = ctx.get_key("nodes", key)? else {
        ctx.clear_state(&cordon_row(&key.name));
        return Ok(Action::AwaitChange);
    };
    if node.is_deleting() || simulation::stopped_nodes(ctx.server())?.contains(key.name.as_str()) {
        return Ok(Action::AwaitChange);
    }
    let address = match node.list("/status/addresses").is_empty() {
        true => Some(address(ctx.next_counter("node-address", "")?)),
        false => None,
    };
    let mut current = node.clone();
    let labelled = with_labels(&node);
    if labelled != *node {
        current = ctx.update("nodes", labelled)?;
    }
    let mut reported = report(&current, address, ctx.ids(), ctx.now);
    if Cri::of(ctx.installation().profile, Some(&reported)).has_handler_features() {
        reported.put_default("/status/features/supplementalGroupsPolicy", true);
    }
    if reported != *current {
        ctx.update_status("nodes", reported)?;
    }
    if condition(&node, "Ready").is_some() && !condition_is_true(&node, "Ready") {
        record_status(ctx, &node, "NodeReady");
    }
    record_cordon(ctx, &node)?;
    keep_lease(ctx, &node)?;
    Ok(Action::AwaitChange)
}

fn cordon_row(node: &str) -> String {
    format!("cordoned/{node}")
}

/// Records an event about the status of a node.
fn record_status(ctx: &mut Context<'_>, node: &Object, reason: &str) {
    let text = format!("Node {} status is now: {reason}", node.name());
    let event = Event { event_type: "Normal", reason, message: &text, field_path: "", host: node.name() };
    ctx.record(node, &event);
}

/// Records when a node is cordoned and when it is uncordoned.
fn record_cordon(ctx: &mut Context<'_>, node: &Object) -> Result<()> {
    let row = cordon_row(node.name());
    let (was, is) = (ctx.state::<bool>(&row)?.is_some(), node.flag("/spec/unschedulable"));
    if was != is {
        if is {
            ctx.set_state(&row, true)
        } else {
            ctx.clear_state(&row)
        }
        record_status(ctx, node, if is { "NodeNotSchedulable" } else { "NodeSchedulable" });
    }
    Ok(())
}

/// Returns the address of the node with a number, from 192.168.20.10 on.
fn address(number: u64) -> String {
    let host = 10 + number;
    format!("192.168.{}.{}", 20 + host / 256 % 200, host % 256)
}

/// Returns the node with the labels that a kubelet sets when it registers.
fn with_labels(node: &Object) -> Object {
    let mut labelled = node.clone();
    let own = |key: &str| node.label(key).map(String::from);
    let arch = own("kubernetes.io/arch").unwrap_or_else(|| "amd64".into());
    let os = own("kubernetes.io/os").unwrap_or_else(|| "linux".into());
    // A label that is removed later stays removed: the kubelet registers only once.
    if condition(node, "Ready").is_some() {
        return labelled;
    }
    for (key, value) in [
        ("beta.kubernetes.io/arch", arch.as_str()),
        ("beta.kubernetes.io/os", &os),
        ("kubernetes.io/arch", &arch),
        ("kubernetes.io/os", &os),
        ("kubernetes.io/hostname", node.name()),
    ] {
        if node.label(key).is_none() {
            labelled.set_label(key, value);
        }
    }
    labelled
}

/// Returns the node with a complete status. Existing fields are kept, except conditions.
fn report(node: &Object, address: Option<String>, ids: Ids, now: Time) -> Object {
    let mut new = node.clone();
    if let Some(address) = address {
        let addresses =
            json!([{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": node.name()}]);
        new.put("/status/addresses", addresses);
    }
    for (name, amount) in CAPACITY {
        new.put_default(&format!("/status/capacity/{name}"), *amount);
    }
    for (name, amount) in new.strings("/status/capacity") {
        new.put_default(&format!("/status/allocatable/{}", name.replace('/', "~1")), amount);
    }
    for (field, text) in machine(node, ids) {
        let pointer = format!("/status/nodeInfo/{field}");
        if new.str(&pointer).is_empty() {
            new.put(&pointer, text);
        }
    }
    let port = "/status/daemonEndpoints/kubeletEndpoint/Port";
    if new.int(port).unwrap_or(0) == 0 {
        new.put(port, 10250);
    }
    for (kind, status, reason, message) in CONDITIONS {
        let list = new.list_mut("/status/conditions");
        let known = list.iter().position(|c| c.str("/type") == *kind);
        if known.is_some_and(|i| list[i].str("/status") == *status && list[i].str("/reason") == *reason) {
            continue;
        }
        let time = now.rfc3339();
        let condition = json!({"type": kind, "status": status, "reason": reason, "message": message,
                               "lastHeartbeatTime": time, "lastTransitionTime": time});
        match known {
            Some(index) => list[index] = condition,
            None => list.push(condition),
        }
    }
    new
}

/// Returns the fields of `status.nodeInfo`.
fn machine(node: &Object, ids: Ids) -> [(&'static str, String); 9] {
    let arch = node.label("kubernetes.io/arch").unwrap_or("amd64");
    let os = node.label("kubernetes.io/os").unwrap_or("linux");
    [
        ("machineID", format!("{:032x}", ids.draw("machine-id", node.name(), 0))),
        ("systemUUID", ids.uid("system-uuid", node.name(), 0)),
        ("bootID", ids.uid("boot-id", node.name(), 0)),
        ("kernelVersion", format!("6.12.41+deb13-{arch}")),
        ("osImage", "Debian GNU/Linux 13 (trixie)".into()),
        ("containerRuntimeVersion", "containerd://2.1.4".into()),
        ("kubeletVersion", VERSION.into()),
        ("operatingSystem", os.into()),
        ("architecture", arch.into()),
    ]
}

/// Creates the lease of a node, which is deleted with it.
fn keep_lease(ctx: &mut Context<'_>, node: &Object) -> Result<()> {
    if ctx.get(LEASES, LEASE_NAMESPACE, node.name())?.is_some() {
        return Ok(());
    }
    let owner = OwnerReference { controller: false, block_owner_deletion: false, ..OwnerReference::controller(node) };
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": node.name(), "namespace": LEASE_NAMESPACE, "ownerReferences": [owner.to_value()]},
        "spec": {"holderIdentity": node.name(), "leaseDurationSeconds": 40, "renewTime": ctx.now.rfc3339_micro()},
    });
    match ctx.create(LEASES, lease) {
        // A store without the namespace has no use for leases.
        Err(status) if status.is_not_found() || status.is_already_exists() => Ok(()),
        other => other.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_fields_are_completed_and_others_stay() {
        let now = Time::from_secs(5);
        let bare = json!({"metadata": {"name": "n"}});
        let node = report(&bare, Some(address(2)), Ids::new(1), now);
        assert_eq!(node.str("/status/addresses/0/address"), "192.168.20.12");
        assert_eq!(node.str("/status/allocatable/pods"), "110");
        assert!(condition_is_true(&node, "Ready"));
        assert_eq!(report(&node, None, Ids::new(1), Time::from_secs(9)), node, "without changes the status stays");
        let own = json!({"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "2", "example.com/gpu": "4"}}});
        let node = report(&own, None, Ids::new(1), now);
        assert_eq!(node.str("/status/allocatable/cpu"), "2");
        assert_eq!(node.str("/status/allocatable/example.com~1gpu"), "4");
        assert_eq!(node.str("/status/capacity/memory"), "16Gi");
    }

    #[test]
    fn a_node_that_returns_is_ready_again() {
        let lost = json!({"metadata": {"name": "n"}, "status": {"conditions": [
            {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"},
            {"type": "Custom", "status": "True"}]}});
        let node = report(&lost, None, Ids::new(1), Time::from_secs(5));
        let kinds: Vec<&str> = node.list("/status/conditions").iter().map(|c| c.str("/type")).collect();
        assert_eq!(kinds, ["Ready", "Custom", "MemoryPressure", "DiskPressure", "PIDPressure"]);
        assert!(condition_is_true(&node, "Ready"));
    }

    #[test]
    fn addresses_go_on_beyond_one_network() {
        for (number, want) in [(0, "192.168.20.10"), (245, "192.168.20.255"), (246, "192.168.21.0")] {
            assert_eq!(address(number), want);
        }
    }
}
