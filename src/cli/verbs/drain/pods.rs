//! The selection of the pods that `drain` deletes: some are skipped, and some make it fail.
//!
//! Upstream: `kubectl/pkg/drain/filters.go`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{CliResult, Ctx};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_cluster::client::{ListParams, ResourcePath};
use kctl_kinds::core::pod::is_terminal;

/// The flags that decide about pods.
pub(super) struct PodFilter {
    /// True to delete pods without a controller.
    pub(super) force: bool,
    /// True to skip pods of daemon sets.
    pub(super) ignore_daemon_sets: bool,
    /// True to delete pods with emptyDir volumes.
    pub(super) delete_local_data: bool,
    /// The label selector of the pods; empty for all.
    pub(super) selector: String,
    /// The number of seconds since its deletion from which a pod is skipped; 0 to skip none.
    pub(super) skip_deleted_after: i64,
    /// The number of pods in each request of the list; 0 for all in one.
    pub(super) chunk_size: usize,
}

/// The decision about a pod (`PodDeleteStatus`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PodDecision {
    /// The pod is deleted.
    Delete,
    /// The pod is deleted, with a warning.
    DeleteWithWarning(String),
    /// The pod is skipped.
    Skip,
    /// The pod is skipped, with a warning.
    SkipWithWarning(String),
    /// The node cannot be drained because of the pod.
    Error(String),
}

impl PodDecision {
    /// Returns whether the pod is deleted.
    fn is_delete(&self) -> bool {
        matches!(self, PodDecision::Delete | PodDecision::DeleteWithWarning(_))
    }
}

/// A pod and the decision about it.
pub(super) type DecidedPod = (Arc<Object>, PodDecision);

/// Lists the pods of a node and decides about them.
pub(super) fn list_on_node(ctx: &mut Ctx, node: &str, filter: &PodFilter) -> CliResult<Vec<DecidedPod>> {
    let params = ListParams {
        labels: filter.selector.clone(),
        fields: format!("spec.nodeName={node}"),
        chunk_size: filter.chunk_size,
        ..ListParams::default()
    };
    let pods = ctx.api(|client| client.list(&ResourcePath::all("pods", ""), &params))?.items;
    let now = ctx.now()?;
    let mut decided = Vec::new();
    for pod in pods {
        let decision = match pod.controller_of().filter(|o| o.kind == "DaemonSet") {
            Some(owner) => {
                let path = ResourcePath::one("daemonsets.apps", pod.namespace(), &owner.name);
                let owner = ctx.api(|client| client.get_opt(&path))?;
                decide(&pod, filter, now, owner.is_some())
            }
            None => decide(&pod, filter, now, false),
        };
        decided.push((pod, decision));
    }
    Ok(decided)
}

/// Decides about a pod. The filters apply in order, and the decision is that of the first one that does not delete the pod,
/// or else of the last: warnings of earlier filters are dropped.
fn decide(pod: &Object, filter: &PodFilter, now: Time, daemon_set_exists: bool) -> PodDecision {
    let checks = [
        filter_deleted(pod, filter, now),
        filter_daemon_set(pod, filter, daemon_set_exists),
        filter_mirror(pod),
        filter_local_storage(pod, filter),
        filter_unmanaged(pod, filter),
    ];
    let mut last = PodDecision::Delete;
    for decision in checks {
        last = decision;
        if !last.is_delete() {
            break;
        }
    }
    last
}

/// Skips pods that have been terminating for long (`skipDeletedFilter`).
fn filter_deleted(pod: &Object, filter: &PodFilter, now: Time) -> PodDecision {
    let limit = Duration::from_secs(filter.skip_deleted_after);
    let long_ago = filter.skip_deleted_after > 0 && pod.deletion_time().is_some_and(|at| now - at > limit);
    if long_ago { PodDecision::Skip } else { PodDecision::Delete }
}

/// Skips or refuses pods of daemon sets, which would be recreated on the same node (`daemonSetFilter`).
fn filter_daemon_set(pod: &Object, filter: &PodFilter, exists: bool) -> PodDecision {
    let Some(owner) = pod.controller_of().filter(|o| o.kind == "DaemonSet") else { return PodDecision::Delete };
    if is_terminal(pod) {
        return PodDecision::Delete;
    }
    if !exists {
        let text = format!("daemonsets.apps \"{}\" not found", owner.name);
        return if filter.force { PodDecision::DeleteWithWarning(text) } else { PodDecision::Error(text) };
    }
    match filter.ignore_daemon_sets {
        true => PodDecision::SkipWithWarning("ignoring DaemonSet-managed Pods".into()),
        false => PodDecision::Error("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)".into()),
    }
}

/// Skips mirror pods of static pods (`mirrorPodFilter`).
fn filter_mirror(pod: &Object) -> PodDecision {
    if pod.annotation("kubernetes.io/config.mirror").is_some() { PodDecision::Skip } else { PodDecision::Delete }
}

/// Refuses pods whose emptyDir data would be lost (`localStorageFilter`).
fn filter_local_storage(pod: &Object, filter: &PodFilter) -> PodDecision {
    let has_data = pod.list("/spec/volumes").iter().any(|v| v.at("/emptyDir").is_some());
    match (has_data && !is_terminal(pod), filter.delete_local_data) {
        (false, _) => PodDecision::Delete,
        (true, true) => PodDecision::DeleteWithWarning("deleting Pods with local storage".into()),
        (true, false) => PodDecision::Error("Pods with local storage (use --delete-emptydir-data to override)".into()),
    }
}

/// Refuses pods that no controller would recreate (`unreplicatedFilter`).
fn filter_unmanaged(pod: &Object, filter: &PodFilter) -> PodDecision {
    match (is_terminal(pod) || pod.is_managed(), filter.force) {
        (true, _) => PodDecision::Delete,
        (false, true) => PodDecision::DeleteWithWarning("deleting Pods that declare no controller".into()),
        (false, false) => PodDecision::Error("Pods that declare no controller (use --force to override)".into()),
    }
}

/// Returns `NAMESPACE/NAME`, for example `default/web`.
pub(super) fn full_name(pod: &Object) -> String {
    format!("{}/{}", pod.namespace(), pod.name())
}

/// Groups pods by a message: `MESSAGE: POD, POD`, sorted by message.
fn group_by_message<'a>(
    decided: &'a [DecidedPod],
    message: impl Fn(&'a PodDecision) -> Option<&'a str>,
) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (pod, decision) in decided {
        if let Some(message) = message(decision) {
            groups.entry(message).or_default().push(full_name(pod));
        }
    }
    groups.into_iter().map(|(text, pods)| format!("{text}: {}", pods.join(", "))).collect()
}

/// Returns the reasons for which the node cannot be drained.
pub(super) fn errors(decided: &[DecidedPod]) -> Vec<String> {
    let messages = group_by_message(decided, |decision| match decision {
        PodDecision::Error(text) => Some(text),
        _ => None,
    });
    messages.into_iter().map(|text| format!("cannot delete {text}")).collect()
}

/// Returns the warnings about pods in one line; empty without any.
pub(super) fn warnings(decided: &[DecidedPod]) -> String {
    let messages = group_by_message(decided, |decision| match decision {
        PodDecision::DeleteWithWarning(text) | PodDecision::SkipWithWarning(text) => Some(text),
        _ => None,
    });
    messages.join("; ")
}

/// Returns the pods to delete.
pub(super) fn to_delete(decided: Vec<DecidedPod>) -> Vec<Arc<Object>> {
    decided.into_iter().filter(|(_, decision)| decision.is_delete()).map(|(pod, _)| pod).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    fn filter(force: bool, ignore_daemon_sets: bool, delete_local_data: bool) -> PodFilter {
        PodFilter {
            force,
            ignore_daemon_sets,
            delete_local_data,
            selector: String::new(),
            skip_deleted_after: 0,
            chunk_size: 0,
        }
    }

    fn owned(kind: &str) -> Value {
        json!({"metadata": {"ownerReferences": [{"kind": kind, "name": "o", "controller": true}]}})
    }

    #[test]
    fn each_pod_gets_a_decision() {
        let bare = json!({"metadata": {}});
        let scratch = json!({"metadata": {}, "spec": {"volumes": [{"emptyDir": {}}]}});
        let terminal = json!({"metadata": {}, "status": {"phase": "Succeeded"}});
        let cases = [
            (owned("ReplicaSet"), filter(false, false, false), PodDecision::Delete),
            (
                owned("DaemonSet"),
                filter(false, true, false),
                PodDecision::SkipWithWarning("ignoring DaemonSet-managed Pods".into()),
            ),
            (
                bare,
                filter(true, false, false),
                PodDecision::DeleteWithWarning("deleting Pods that declare no controller".into()),
            ),
            (
                scratch,
                filter(true, false, false),
                PodDecision::Error("Pods with local storage (use --delete-emptydir-data to override)".into()),
            ),
            (terminal, filter(false, false, false), PodDecision::Delete),
        ];
        for (pod, filter, expected) in cases {
            assert_eq!(decide(&pod, &filter, Time::default(), true), expected, "{pod}");
        }
    }
}
