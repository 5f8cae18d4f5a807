//! The description of a Deployment, and the search for its new ReplicaSet.

use std::sync::Arc;

use crate::shared::describe::{
    annotations, brief_conditions, describe_template, labels, name_and_namespace, read_events, stamp, write_events,
};
use crate::shared::table::selector_cell;
use crate::{Lookup, PrefixWriter};
use kctl_base::intstr::IntOrPercent;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::order::Order as _;

pub(super) fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    let number = |pointer: &str| object.int(pointer).unwrap_or(0);
    let events = read_events(lookup, object);
    name_and_namespace(object, out);
    out.pair(0, "CreationTimestamp", stamp(object, "/metadata/creationTimestamp"));
    labels(object, out);
    annotations(object, out);
    out.pair(0, "Selector", selector_cell(object));
    let replicas = format!(
        "{} desired | {} updated | {} total | {} available | {} unavailable",
        number("/spec/replicas"),
        number("/status/updatedReplicas"),
        number("/status/replicas"),
        number("/status/availableReplicas"),
        number("/status/unavailableReplicas")
    );
    out.pair(0, "Replicas", replicas);
    out.pair(0, "StrategyType", object.str("/spec/strategy/type"));
    out.pair(0, "MinReadySeconds", number("/spec/minReadySeconds"));
    if let Some(rolling) = object.at("/spec/strategy/rollingUpdate") {
        let text = |field: &str| rolling.get(field).and_then(IntOrPercent::from_value).map(|v| v.to_string());
        let (unavailable, surge) = (text("maxUnavailable"), text("maxSurge"));
        let (unavailable, surge) = (unavailable.unwrap_or_default(), surge.unwrap_or_default());
        out.pair(0, "RollingUpdateStrategy", format!("{unavailable} max unavailable, {surge} max surge"));
    }
    describe_template(object.pointer("/spec/template"), out);
    brief_conditions(object, out);
    let (new, old) = new_and_old_replica_sets(object, replica_sets(object, lookup));
    // A deployment that has none yet is described without them.
    if new.is_some() || !old.is_empty() {
        out.pair(0, "OldReplicaSets", replica_sets_text(&old));
        out.pair(0, "NewReplicaSet", replica_sets_text(new.as_slice()));
    }
    write_events(lookup, events, out);
}

/// Returns the ReplicaSets that a Deployment controls.
fn replica_sets(object: &Object, lookup: &dyn Lookup) -> Vec<Arc<Object>> {
    let selector = object.at("/spec/selector").and_then(|selector| Selector::from_object(selector).ok());
    let mut sets = lookup.list("replicasets.apps", Some(object.namespace()), selector.as_ref());
    sets.retain(|set| set.is_controlled_by(object.uid()));
    sets
}

fn replica_sets_text(sets: &[Arc<Object>]) -> String {
    let text = |set: &Arc<Object>| {
        let (have, want) = (set.int("/status/replicas").unwrap_or(0), set.int("/spec/replicas").unwrap_or(0));
        format!("{} ({have}/{want} replicas created)", set.name())
    };
    let texts: Vec<String> = sets.iter().map(text).collect();
    if texts.is_empty() { "<none>".into() } else { texts.join(", ") }
}

/// Splits the ReplicaSets of a Deployment into the one with its current template and the old ones, oldest first.
fn new_and_old_replica_sets(
    deployment: &Object,
    mut sets: Vec<Arc<Object>>,
) -> (Option<Arc<Object>>, Vec<Arc<Object>>) {
    sets.order_by_key(|set| (set.creation_time(), set.name().to_owned()));
    let wanted = deployment.pointer("/spec/template").unwrap_or(&Value::Null);
    let at = sets.iter().position(|set| same_template(set.pointer("/spec/template").unwrap_or(&Value::Null), wanted));
    let new = at.map(|at| sets.remove(at));
    (new, sets)
}

/// Returns whether two pod templates are equal apart from the label `pod-template-hash` (`EqualIgnoreHash` in
/// `pkg/controller/deployment/util/deployment_util.go`).
fn same_template(left: &Value, right: &Value) -> bool {
    let bare = |template: &Value| {
        let mut template = template.clone();
        template.remove_at("/metadata/labels/pod-template-hash");
        if template.map("/metadata/labels").is_some_and(|labels| labels.is_empty()) {
            template.remove_at("/metadata/labels");
        }
        template
    };
    bare(left) == bare(right)
}
