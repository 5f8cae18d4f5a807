//! Disruption controller (`pkg/controller/disruption/disruption.go`): how many of the pods that a PodDisruptionBudget selects
//! may be evicted now.

mod plan;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::runtime::Result;
use super::shared::pods::is_ready;
use super::shared::selector::label_selector;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::Request;
use crate::store::{Change, ChangeKind};
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use plan::Counts;

/// The controller; its keys are budgets.
pub(super) const CONTROLLER: Controller = Controller {
    name: "disruption-controller",
    watches: &[Watch::primary(BUDGETS), Watch::mapped("pods", budgets_of_pod)],
    reconcile,
};

const BUDGETS: &str = "poddisruptionbudgets.policy";

/// Maps a pod whose labels, readiness, deletion or phase have changed to the budgets that select it.
fn budgets_of_pod(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    fn relevant_fields(pod: &Object) -> (Option<&Value>, bool, bool, &str) {
        (pod.at("/metadata/labels"), is_ready(pod), pod.is_deleting(), pod.str("/status/phase"))
    }
    let budgets = ctx.list(BUDGETS, Some(change.object.namespace()))?;
    let same = |old: &Arc<Object>| {
        change.kind == ChangeKind::Modified && relevant_fields(old) == relevant_fields(&change.object)
    };
    if budgets.is_empty() || change.old.as_ref().is_some_and(same) {
        return Ok(Vec::new());
    }
    let selects = |budget: &Object| {
        let selector = label_selector(budget);
        [Some(&change.object), change.old.as_ref()].into_iter().flatten().any(|pod| selector.matches_object(pod))
    };
    Ok(budgets.iter().filter(|b| selects(b)).map(|b| Key::of(b)).collect())
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let Some(budget) = ctx.get_key(BUDGETS, key)? else { return Ok(Action::AwaitChange) };
    let pods = ctx.pods_matching(&key.namespace, &label_selector(&budget))?;
    if pods.is_empty() {
        ctx.event(&budget, "Normal", "NoPods", "No matching pods found");
    }
    let scale = expected_scale(ctx, &budget, &pods)?;
    let (disrupted, requeue) = plan::disrupted(&budget, &pods, ctx.now);
    for name in plan::not_deleted(&budget, &pods, ctx.now) {
        if let Some(pod) = pods.iter().find(|p| p.name() == name) {
            let text = format!("Pod was expected by PDB {key} to be deleted but it wasn't");
            ctx.event(pod, "Warning", "NotDeleted", &text);
        }
    }
    let mut new = (*budget).clone();
    match scale.and_then(|scale| plan::expected(&budget, pods.len() as i64, scale)) {
        Ok(expectation) => {
            let healthy = pods.iter().filter(|p| !p.is_deleting() && is_ready(p) && !disrupted.contains_key(p.name()));
            let counts = Counts { healthy: healthy.count() as i64, expectation };
            plan::set_status(&mut new, counts, &disrupted, ctx.now);
        }
        Err(problem) => {
            plan::set_failure(&mut new, &problem, ctx.now);
            let text = format!("Failed to calculate the number of expected pods: {problem}");
            ctx.event(&budget, "Warning", "CalculateExpectedPodCountFailed", &text);
        }
    }
    if new != *budget {
        ctx.update_status(BUDGETS, new)?;
    }
    Ok(requeue.map_or(Action::AwaitChange, Action::RequeueAt))
}

/// Returns the sum of the desired replicas of the controllers of the pods, or 0 if the budget does not depend on it
/// (`getExpectedScale`). The inner error is the reason why it is not known.
fn expected_scale(
    ctx: &mut Context<'_>,
    budget: &Object,
    pods: &[Arc<Object>],
) -> Result<std::result::Result<i64, String>> {
    let needed = budget.at("/spec/maxUnavailable").is_some()
        || budget.at("/spec/minAvailable").is_some_and(|v| v.as_str().is_some_and(|s| s.ends_with('%')));
    if !needed {
        return Ok(Ok(0));
    }
    let mut replicas: BTreeMap<SharedStr, i64> = BTreeMap::new();
    let mut has_unmanaged = false;
    for pod in pods {
        let Some(owner) = pod.controller_of() else {
            has_unmanaged = true;
            continue;
        };
        if replicas.contains_key(&owner.uid) {
            continue;
        }
        let Some(kind) = ctx.server().kind_of(&owner.api_version, &owner.kind) else {
            return Ok(Err(format!("found no controllers for pod \"{}\"", pod.name())));
        };
        let resource = kind.names().resource();
        if kind.scale().is_none() {
            return Ok(Err(format!("{resource} does not implement the scale subresource")));
        }
        let (uid, desired) = desired_replicas(ctx, &resource, pod.namespace(), &owner.name)?;
        // Other pods of this owner need not look it up again, even if its Deployment counts in its place.
        replicas.insert(owner.uid.clone(), 0);
        replicas.insert(uid, desired);
    }
    if has_unmanaged {
        let text = format!(
            "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of \
             the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods \
             please set \".spec.minAvailable\" field of the PDB to an integer value.",
            selector_text(&budget["spec"]["selector"]),
        );
        ctx.event(budget, "Warning", "UnmanagedPods", &text);
    }
    Ok(Ok(replicas.values().sum()))
}

/// Formats a label selector as the `String` method of the generated Go type.
fn selector_text(selector: &Value) -> String {
    if selector.is_null() {
        return "nil".into();
    }
    let labels: String = selector.strings("/matchLabels").iter().map(|(k, v)| format!("{k}: {v},")).collect();
    let values = |requirement: &Value| {
        let values = requirement.list("/values").iter().filter_map(Value::as_str);
        format!("[{}]", values.collect::<Vec<_>>().join(" "))
    };
    let requirement = |r: &Value| {
        let (key, operator) = (r.str("/key"), r.str("/operator"));
        format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:{},}},", values(r))
    };
    let requirements: String = selector.list("/matchExpressions").iter().map(requirement).collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{requirements}}},}}"
    )
}

/// Returns uid and desired replicas of the controller of pods. In place of a ReplicaSet of a Deployment it is the Deployment.
fn desired_replicas(ctx: &mut Context<'_>, resource: &str, namespace: &str, name: &str) -> Result<(SharedStr, i64)> {
    let Some(owner) = ctx.get(resource, namespace, name)? else { return Ok((SharedStr::default(), 0)) };
    if let Some(deployment) = owner.controller_of_kind("Deployment").filter(|_| resource == "replicasets.apps")
        && let Some(deployment) = ctx.get("deployments.apps", namespace, deployment)?
    {
        return Ok((deployment.uid().into(), deployment.int("/spec/replicas").unwrap_or(1)));
    }
    let scale = ctx.send(Request::get(resource, namespace, name).subresource("scale"))?;
    Ok((owner.uid().into(), scale.into_object().int("/spec/replicas").unwrap_or(0)))
}

#[cfg(test)]
mod tests;
