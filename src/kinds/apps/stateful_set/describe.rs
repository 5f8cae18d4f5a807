//! The description of a StatefulSet.

use crate::shared::describe::pods::describe_pods_status;
use crate::shared::describe::{
    annotations, describe_events, describe_template, label_lines, labels, name_and_namespace, stamp,
};
use crate::shared::pod_spec::resources::amounts;
use crate::shared::table::{number, selector_or_none};
use crate::shared::workload;
use crate::{Lookup, PrefixWriter};
use kctl_base::intstr::IntOrPercent;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

pub(super) fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    name_and_namespace(object, out);
    out.pair(0, "CreationTimestamp", stamp(object, "/metadata/creationTimestamp"));
    out.pair(0, "Selector", selector_or_none(object, "/spec/selector"));
    labels(object, out);
    annotations(object, out);
    let (want, have) = (number(object, "/spec/replicas"), number(object, "/status/replicas"));
    out.pair(0, "Replicas", format!("{want} desired | {have} total"));
    out.pair(0, "Update Strategy", object.str("/spec/updateStrategy/type"));
    if let Some(rolling) = object.at("/spec/updateStrategy/rollingUpdate") {
        if let Some(partition) = rolling.int("/partition") {
            out.pair(1, "Partition", partition);
        }
        if let Some(unavailable) = rolling.get("maxUnavailable").and_then(IntOrPercent::from_value) {
            out.pair(1, "MaxUnavailable", unavailable);
        }
    }
    describe_pods_status(object, &workload::selector_of(object), lookup, out);
    describe_template(object.pointer("/spec/template"), out);
    describe_claims(object.list("/spec/volumeClaimTemplates"), out);
    describe_events(lookup, object, out);
}

fn describe_claims(claims: &[Value], out: &mut PrefixWriter) {
    out.line(0, if claims.is_empty() { "Volume Claims:\t<none>" } else { "Volume Claims:" });
    for claim in claims {
        out.pair(1, "Name", claim.str("/metadata/name"));
        let class = match claim.pointer("/metadata/annotations/volume.beta.kubernetes.io~1storage-class") {
            Some(Value::String(class)) => class,
            _ => claim.str("/spec/storageClassName"),
        };
        out.pair(1, "StorageClass", class);
        label_lines(1, "Labels", &claim.strings("/metadata/labels"), out);
        label_lines(1, "Annotations", &claim.strings("/metadata/annotations"), out);
        let storage = amounts(claim, "/spec/resources/requests").remove("storage");
        out.pair(1, "Capacity", storage.map_or_else(|| "<default>".into(), |s| s.canonical()));
        let modes: Vec<&str> = claim.list("/spec/accessModes").iter().filter_map(Value::as_str).collect();
        out.pair(1, "Access Modes", format!("[{}]", modes.join(" ")));
    }
}
