//! Horizontal pod autoscalers (`pkg/controller/podautoscaler/horizontal.go`): scale a workload by its metrics and keep it
//! within its bounds.
//!
//! An autoscaler is reconciled every fifteen seconds, but only while that can change anything. One that is stable is enqueued
//! by a change of its target, its pods, the declared metrics, or itself.

mod evaluate;
mod limits;
mod metrics;
mod replicas;
mod selectors;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::runtime::Result;
use super::{Action, Context, Controller, Key, Watch};
use crate::api::Request;
use crate::simulation::METRICS_ANNOTATION;
use crate::store::{Change, ChangeKind};
use kctl_base::condition::{self, Condition, condition_is_true};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::{Duration, Time};
use limits::History;

/// The controller; its keys are autoscalers.
pub(crate) const CONTROLLER: Controller = Controller {
    name: NAME,
    watches: &[
        Watch::primary(AUTOSCALERS),
        Watch::mapped("deployments.apps", autoscalers_of_target),
        Watch::mapped("replicasets.apps", autoscalers_of_target),
        Watch::mapped("statefulsets.apps", autoscalers_of_target),
        Watch::mapped("replicationcontrollers", autoscalers_of_target),
        Watch::mapped("pods", autoscalers_of_pod),
    ],
    reconcile,
};

const NAME: &str = "horizontal-pod-autoscaler";
/// The resource of the autoscalers.
pub(crate) const AUTOSCALERS: &str = "horizontalpodautoscalers.autoscaling";
/// Interval between reconciliations (`--horizontal-pod-autoscaler-sync-period`).
const PERIOD: Duration = Duration::from_secs(15);

/// Maps a workload that was created, deleted or scaled to its autoscalers.
fn autoscalers_of_target(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    let size = |o: &Object| o.int("/spec/replicas");
    let same = change.old.as_ref().is_some_and(|old| size(old) == size(&change.object));
    if same && change.kind == ChangeKind::Modified {
        return Ok(Vec::new());
    }
    let target = &change.object;
    let is_target = |hpa: &Object| {
        hpa.str("/spec/scaleTargetRef/kind") == target.kind() && hpa.str("/spec/scaleTargetRef/name") == target.name()
    };
    let all = ctx.list(AUTOSCALERS, Some(target.namespace()))?;
    Ok(all.iter().filter(|h| is_target(h)).map(|h| Key::of(h)).collect())
}

/// Maps a pod whose metrics or readiness have changed to the autoscalers of its namespace.
fn autoscalers_of_pod(change: &Change, ctx: &mut Context<'_>) -> Result<Vec<Key>> {
    fn relevant_fields(pod: &Object) -> (Option<&str>, bool, bool) {
        (pod.annotation(METRICS_ANNOTATION), condition_is_true(pod, "Ready"), pod.is_deleting())
    }
    let all = ctx.list(AUTOSCALERS, Some(change.object.namespace()))?;
    let same = |old: &Arc<Object>| {
        change.kind == ChangeKind::Modified && relevant_fields(old) == relevant_fields(&change.object)
    };
    if all.is_empty() || change.old.as_ref().is_some_and(same) {
        return Ok(Vec::new());
    }
    Ok(all.iter().map(|h| Key::of(h)).collect())
}

/// State of an autoscaler between two reconciliations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AutoscalerState {
    /// Last reconciliation; at first the time at which the autoscaler was seen.
    last: Time,
    history: History,
}

fn reconcile(ctx: &mut Context<'_>, key: &Key) -> Result<Action> {
    let row = key.to_string();
    let Some(hpa) = ctx.get_key(AUTOSCALERS, key)? else {
        ctx.clear_state(&row);
        return Ok(Action::AwaitChange);
    };
    let now = ctx.now;
    let Some(mut state) = ctx.state::<AutoscalerState>(&row)? else {
        ctx.set_state(&row, AutoscalerState { last: now, history: History::default() });
        return Ok(Action::ResyncAt(now + PERIOD));
    };
    let next = next_period(state.last, now);
    if next > now {
        return Ok(Action::ResyncAt(next));
    }
    state.last = now;
    let mut new = (*hpa).clone();
    let is_stable = reconcile_autoscaler(ctx, &mut new, &mut state.history)?;
    state.history.prune(&hpa, now);
    ctx.set_state(&row, state);
    if new["status"] != hpa["status"] {
        ctx.update_status(AUTOSCALERS, new)?;
    }
    Ok(if is_stable { Action::AwaitChange } else { Action::ResyncAt(now + PERIOD) })
}

/// Returns the end of the current period, counted from the last reconciliation; at least one period after it.
fn next_period(last: Time, now: Time) -> Time {
    let periods = ((now - last).micros() + PERIOD.micros() - 1) / PERIOD.micros();
    last + Duration::from_micros(PERIOD.micros() * periods.max(1))
}

/// Scales the target of an autoscaler and updates its status (`reconcileAutoscaler`). Returns whether the result is stable: only
/// a change of an object can alter it.
fn reconcile_autoscaler(ctx: &mut Context<'_>, hpa: &mut Object, history: &mut History) -> Result<bool> {
    let now = ctx.now;
    let (resource, scale) = match target(ctx, hpa)? {
        Ok(found) => found,
        Err(problem) => {
            ctx.event(hpa, "Warning", "FailedGetScale", &problem);
            let text = format!("the HPA controller was unable to get the target's current scale: {problem}");
            set_condition(hpa, able_to_scale(false, "FailedGetScale", &text), now);
            return Ok(true);
        }
    };
    let text = "the HPA controller was able to get the target's current scale";
    set_condition(hpa, able_to_scale(true, "SucceededGetScale", text), now);
    let current = scale.int("/spec/replicas").unwrap_or(0);
    let (min, max) = (hpa.int("/spec/minReplicas").unwrap_or(1), hpa.int("/spec/maxReplicas").unwrap_or(1));
    history.start(now, current);
    let mut statuses = hpa.pointer("/status/currentMetrics").cloned().unwrap_or(Value::Null);
    let (desired, reason) = if current == 0 && min != 0 {
        let text = "scaling is disabled since the replica count of the target is zero";
        set_condition(hpa, scaling_active(false, "ScalingDisabled", text), now);
        (0, String::new())
    } else if current > max {
        (max, "Current number of replicas above Spec.MaxReplicas".to_string())
    } else if current < min {
        (min, "Current number of replicas below Spec.MinReplicas".to_string())
    } else if let Some(problem) = selectors::ambiguity(ctx, hpa, &scale)? {
        set_condition(hpa, scaling_active(false, "AmbiguousSelector", &problem), now);
        ctx.event(hpa, "Warning", "AmbiguousSelector", &problem);
        ctx.event(hpa, "Warning", "FailedComputeMetricsReplicas", &problem);
        hpa.put("/status/currentReplicas", current);
        hpa.put_default("/status/desiredReplicas", 0);
        // The deletion of the other autoscaler does not enqueue this one.
        return Ok(false);
    } else {
        match replicas_by_metrics(ctx, hpa, history, &scale, &mut statuses)? {
            Some(found) => found,
            None => {
                hpa.put("/status/currentReplicas", current);
                hpa.put_default("/status/desiredReplicas", 0);
                hpa.put("/status/currentMetrics", statuses);
                return Ok(true);
            }
        }
    };
    if desired != current {
        update_scale(ctx, hpa, &resource, &scale, (desired, &reason))?;
        history.record_scale(now, desired - current);
    }
    hpa.put("/status/currentReplicas", current);
    hpa.put("/status/desiredReplicas", desired);
    hpa.put("/status/currentMetrics", statuses);
    let is_stabilizing = condition::condition(hpa, "AbleToScale")
        .is_some_and(|c| matches!(c.str("/reason"), "ScaleDownStabilized" | "ScaleUpStabilized"));
    Ok(desired == current && !is_stabilizing)
}

/// Returns resource and scale of the target; the inner error is the reason why there is none.
fn target(ctx: &mut Context<'_>, hpa: &Object) -> Result<std::result::Result<(String, Object), String>> {
    let of = |field: &str| hpa.str(&format!("/spec/scaleTargetRef/{field}")).to_string();
    let (api_version, kind, name) = (of("apiVersion"), of("kind"), of("name"));
    let Some(found) = ctx.server().kind_of(&api_version, &kind) else {
        let (group, version) = kctl_base::gvk::split_api_version(&api_version);
        let text = match group {
            "" => format!("no matches for kind \"{kind}\" in version \"{version}\""),
            _ => format!("no matches for kind \"{kind}\" in group \"{group}\""),
        };
        return Ok(Err(text));
    };
    let resource = found.names().resource();
    let request = Request::get(&resource, hpa.namespace(), &name).subresource("scale");
    Ok(match ctx.send(request) {
        Ok(response) => Ok((resource.into(), (*response.into_object()).clone())),
        Err(status) => Err(status.message),
    })
}

/// Computes the number of replicas from the metrics, and the reason for an event (`computeReplicasForMetrics`); `None` without
/// usable metrics.
fn replicas_by_metrics(
    ctx: &mut Context<'_>,
    hpa: &mut Object,
    history: &mut History,
    scale: &Object,
    statuses: &mut Value,
) -> Result<Option<(i64, String)>> {
    let now = ctx.now;
    let current = scale.int("/spec/replicas").unwrap_or(0);
    let found = evaluate::metrics(ctx, hpa, scale)?;
    *statuses = found.statuses;
    for (reason, problem) in &found.problems {
        ctx.event(hpa, "Warning", reason, problem);
    }
    let Some((wanted, metric)) = found.proposal else {
        if let Some((reason, problem)) = found.problems.first() {
            let text = format!("the HPA was unable to compute the replica count: {problem}");
            set_condition(hpa, scaling_active(false, reason, &text), now);
            let (bad, all) = (found.problems.len(), hpa.list("/spec/metrics").len());
            let text = format!("invalid metrics ({bad} invalid out of {all}), first error is: {problem}");
            ctx.event(hpa, "Warning", "FailedComputeMetricsReplicas", &text);
        }
        return Ok(None);
    };
    let text = format!("the HPA was able to successfully calculate a replica count from {metric}");
    set_condition(hpa, scaling_active(true, "ValidMetricFound", &text), now);
    let limited = limits::limit(hpa, history, current, wanted, now);
    for condition in limited.conditions {
        set_condition(hpa, condition, now);
    }
    let reason = if wanted > current { format!("{metric} above target") } else { "All metrics below target".into() };
    Ok(Some((limited.replicas, reason)))
}

/// Updates the scale of the target.
fn update_scale(
    ctx: &mut Context<'_>,
    hpa: &mut Object,
    resource: &str,
    scale: &Object,
    (desired, reason): (i64, &str),
) -> Result<()> {
    let mut new = scale.clone();
    new.put("/spec/replicas", desired);
    let request = Request::update(resource, hpa.namespace(), scale.name(), new).subresource("scale");
    let now = ctx.now;
    if let Err(status) = ctx.send(request) {
        let text = format!("New size: {desired}; reason: {reason}; error: {}", status.message);
        ctx.event(hpa, "Warning", "FailedRescale", &text);
        let text = format!("the HPA controller was unable to update the target scale: {}", status.message);
        set_condition(hpa, able_to_scale(false, "FailedUpdateScale", &text), now);
        return Ok(());
    }
    let text = format!("the HPA controller was able to update the target scale to {desired}");
    set_condition(hpa, able_to_scale(true, "SucceededRescale", &text), now);
    ctx.event(hpa, "Normal", "SuccessfulRescale", &format!("New size: {desired}; reason: {reason}"));
    hpa.put("/status/lastScaleTime", now.rfc3339());
    Ok(())
}

fn able_to_scale<'a>(holds: bool, reason: &'a str, message: &'a str) -> Condition<'a> {
    Condition { type_: "AbleToScale", status: holds.into(), reason, message, observed_generation: None }
}

fn scaling_active<'a>(holds: bool, reason: &'a str, message: &'a str) -> Condition<'a> {
    Condition { type_: "ScalingActive", status: holds.into(), reason, message, observed_generation: None }
}

fn scaling_limited<'a>(holds: bool, reason: &'a str, message: &'a str) -> Condition<'a> {
    Condition { type_: "ScalingLimited", status: holds.into(), reason, message, observed_generation: None }
}

fn set_condition(hpa: &mut Object, condition: Condition<'_>, now: Time) {
    condition::set(&mut hpa["status"], condition, now);
}

#[cfg(test)]
mod tests;
