//! The description of a Pod (`PodDescriber` in `kubectl/pkg/describe/describe.go`).

use super::is_terminal;
use crate::shared::describe::containers::{Containers, describe_containers, describe_resources};
use crate::shared::describe::template::{describe_spread, describe_tolerations, selector_of};
use crate::shared::describe::volumes::describe_volumes;
use crate::shared::describe::{
    annotations, condition_table, controlled_by, describe_events, label_lines, labels, name_and_namespace, stamp,
};
use crate::shared::pod_spec::qos::qos_class;
use crate::{Lookup, PrefixWriter, since};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};

pub(super) fn describe(pod: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    describe_head(pod, out);
    labels(pod, out);
    annotations(pod, out);
    describe_status(pod, lookup, out);
    describe_addresses(pod, out);
    controlled_by(pod, out);
    pair_if(pod, "NominatedNodeName", "/status/nominatedNodeName", out);
    if pod.at("/spec/resources").is_some() {
        out.line(0, "Resources:");
        describe_resources(&pod["spec"], 1, out);
    }
    for (title, list, statuses) in [
        ("Init Containers", "/spec/initContainers", "/status/initContainerStatuses"),
        ("Containers", "/spec/containers", "/status/containerStatuses"),
        ("Ephemeral Containers", "/spec/ephemeralContainers", "/status/ephemeralContainerStatuses"),
    ] {
        if title == "Containers" || !pod.list(list).is_empty() {
            describe_containers(&Containers::of_pod(title, pod.list(list), pod.list(statuses), pod), out);
        }
    }
    describe_gates_and_conditions(pod, out);
    let spec = pod.get("spec").unwrap_or(&Value::Null);
    describe_volumes(spec.list("/volumes"), "", out);
    let class = Some(pod.str("/status/qosClass")).filter(|c| !c.is_empty()).unwrap_or_else(|| qos_class(spec));
    out.pair(0, "QoS Class", class);
    label_lines(0, "Node-Selectors", &selector_of(spec), out);
    describe_tolerations("Tolerations", spec, out);
    describe_spread(spec, "", out);
    describe_events(lookup, pod, out);
}

fn pair_if(pod: &Object, label: &str, pointer: &str, out: &mut PrefixWriter) {
    if !pod.str(pointer).is_empty() {
        out.pair(0, label, pod.str(pointer));
    }
}

fn describe_head(pod: &Object, out: &mut PrefixWriter) {
    name_and_namespace(pod, out);
    if let Some(priority) = pod.int("/spec/priority") {
        out.pair(0, "Priority", priority);
    }
    pair_if(pod, "Priority Class Name", "/spec/priorityClassName", out);
    pair_if(pod, "Runtime Class Name", "/spec/runtimeClassName", out);
    pair_if(pod, "Service Account", "/spec/serviceAccountName", out);
    match pod.str("/spec/nodeName") {
        "" => out.pair(0, "Node", "<none>"),
        node => out.pair(0, "Node", format!("{node}/{}", pod.str("/status/hostIP"))),
    }
    if pod.at("/status/startTime").is_some() {
        out.pair(0, "Start Time", stamp(pod, "/status/startTime"));
    }
}

fn describe_status(pod: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    let phase = pod.str("/status/phase");
    if pod.is_deleting() && !is_terminal(pod) {
        out.pair(0, "Status", format!("Terminating (lasts {})", since(pod.deletion_time(), lookup.now())));
        let grace = pod.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0);
        out.pair(0, "Termination Grace Period", format!("{grace}s"));
    } else {
        out.pair(0, "Status", phase);
    }
    pair_if(pod, "Reason", "/status/reason", out);
    pair_if(pod, "Message", "/status/message", out);
    if let Some(profile) = pod.at("/spec/securityContext/seccompProfile") {
        out.pair(0, "SeccompProfile", profile.str("/type"));
        if profile.str("/type") == "Localhost" {
            out.pair(0, "LocalhostProfile", profile.str("/localhostProfile"));
        }
    }
}

fn describe_addresses(pod: &Object, out: &mut PrefixWriter) {
    out.pair(0, "IP", pod.str("/status/podIP"));
    let addresses = pod.list("/status/podIPs");
    out.line(0, if addresses.is_empty() { "IPs:\t<none>" } else { "IPs:" });
    for address in addresses {
        out.pair(1, "IP", address.str("/ip"));
    }
}

fn describe_gates_and_conditions(pod: &Object, out: &mut PrefixWriter) {
    let gates = pod.list("/spec/readinessGates");
    if !gates.is_empty() {
        out.line(0, "Readiness Gates:");
        out.line(1, "Type\tStatus");
    }
    for gate in gates {
        let kind = gate.str("/conditionType");
        let status = condition(pod, kind).map_or("<none>", |c| c.str("/status"));
        out.line(1, format!("{kind} \t{status} "));
    }
    let line = |one: &Value| format!("{} \t{} ", one.str("/type"), one.str("/status"));
    condition_table(pod, &["Type\tStatus"], line, out);
}
