//! HorizontalPodAutoscalers: why the number of pods does not change.

use super::reader::Reader;
use super::{Finding, words};
use crate::api::Result;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Tells the present and the wanted number of replicas; the latter is known only when there are metrics.
pub(super) fn summary(autoscaler: &Object) -> String {
    let of = |field: &str| autoscaler.int(&format!("/status/{field}"));
    match (of("currentReplicas"), of("desiredReplicas")) {
        (Some(current), Some(desired)) if words::condition_with(autoscaler, "ScalingActive", "True").is_some() => {
            format!("{} has {}, and should have {desired}", target(autoscaler), words::count(current, "pod"))
        }
        (Some(current), _) => format!("{} has {}", target(autoscaler), words::count(current, "pod")),
        _ => String::new(),
    }
}

fn target(autoscaler: &Object) -> String {
    let (kind, name) = (autoscaler.str("/spec/scaleTargetRef/kind"), autoscaler.str("/spec/scaleTargetRef/name"));
    format!("{}/{name}", kind.to_lowercase())
}

/// Finds what keeps an autoscaler from scaling: no target, no metrics, a limit, a stabilization; or that the metrics are near
/// enough to their targets.
pub(super) fn diagnose(reader: &mut Reader<'_>, autoscaler: &Object) -> Result<Vec<Finding>> {
    if autoscaler.list("/status/conditions").is_empty() {
        let next = reader.next_try("horizontal-pod-autoscaler", autoscaler)?;
        return Ok(vec![Finding::progress("has not looked at its target yet").shown_by(words::next_try(next))]);
    }
    if let Some(condition) = words::condition_with(autoscaler, "AbleToScale", "False") {
        let sentence = format!("cannot scale {}", target(autoscaler));
        return Ok(vec![Finding::problem(sentence).shown_by(condition.str("/message"))]);
    }
    if let Some(condition) = words::condition_with(autoscaler, "ScalingActive", "False") {
        return inactive(reader, autoscaler, condition).map(|finding| vec![finding]);
    }
    let near = || Finding::remark("the metrics are near enough to their targets").shown_by(TOLERANCE);
    // A limit may be that of an earlier load, which the window still takes into account.
    let finding = stabilized(autoscaler).or_else(|| limited(autoscaler)).unwrap_or_else(near);
    Ok(vec![metrics(autoscaler).into_iter().fold(finding, Finding::shown_by)])
}

/// Explains why a metric that is a little off its target changes nothing.
const TOLERANCE: &str = "a difference of up to 10 % (the tolerance) changes nothing";

/// Explains why there is no metric to scale by.
fn inactive(reader: &mut Reader<'_>, autoscaler: &Object, condition: &Value) -> Result<Finding> {
    let message = condition.str("/message");
    let sentence = match condition.str("/reason") {
        "ScalingDisabled" => format!("does nothing, because {} is scaled to 0", target(autoscaler)),
        "AmbiguousSelector" => "does nothing, because another autoscaler scales the same pods".into(),
        _ if message.contains("missing request for") => {
            let resource = message.split("missing request for ").nth(1).and_then(|rest| rest.split(' ').next());
            format!(
                "cannot compute the load: the pods have no {} request to which it is compared",
                resource.unwrap_or("resource")
            )
        }
        _ if has_no_metrics(message) => "does nothing, because there are no metrics of the pods".into(),
        _ => "cannot compute the load from its metrics".into(),
    };
    let hint = match has_no_metrics(message) {
        true => "\"kctl sim metrics POD cpu=... memory=...\" declares what a pod uses",
        false => "",
    };
    let finding = Finding::problem(sentence).shown_by(message).shown_by(hint);
    let name = autoscaler.str("/spec/scaleTargetRef/name");
    let resource = match autoscaler.str("/spec/scaleTargetRef/kind") {
        "Deployment" => "deployments.apps",
        "StatefulSet" => "statefulsets.apps",
        "ReplicaSet" => "replicasets.apps",
        _ => return Ok(finding),
    };
    Ok(finding.because(reader.follow_name(resource, autoscaler.namespace(), name)?))
}

fn has_no_metrics(message: &str) -> bool {
    ["no metrics returned", "did not receive metrics", "unable to fetch metrics"]
        .iter()
        .any(|words| message.contains(words))
}

/// Finds a stabilization window that holds a change back.
fn stabilized(autoscaler: &Object) -> Option<Finding> {
    let condition = words::condition_with(autoscaler, "AbleToScale", "True")?;
    let (direction, field, default) = match condition.str("/reason") {
        "ScaleDownStabilized" => ("down", "scaleDown", 300),
        "ScaleUpStabilized" => ("up", "scaleUp", 0),
        _ => return None,
    };
    let seconds = autoscaler.int(&format!("/spec/behavior/{field}/stabilizationWindowSeconds")).unwrap_or(default);
    let sentence =
        format!("waits before it scales {direction}: the load must stay so for {seconds} s (the stabilization window)");
    Some(Finding::progress(sentence).shown_by(condition.str("/message")))
}

/// Finds a limit on the number of pods, or on the speed of a change.
fn limited(autoscaler: &Object) -> Option<Finding> {
    let condition = words::condition_with(autoscaler, "ScalingLimited", "True")?;
    let bound = |field: &str| autoscaler.int(&format!("/spec/{field}")).unwrap_or(1);
    let finding = match condition.str("/reason") {
        "TooManyReplicas" => {
            Finding::problem(format!("wants more pods than its maxReplicas of {} allow", bound("maxReplicas")))
        }
        "TooFewReplicas" => {
            Finding::remark(format!("would scale further down, but its minReplicas are {}", bound("minReplicas")))
        }
        _ => Finding::progress("changes the number of pods in steps, because its behavior limits the speed"),
    };
    Some(finding.shown_by(condition.str("/message")))
}

/// Compares the metrics with their targets, a line each.
fn metrics(autoscaler: &Object) -> Vec<String> {
    let wanted = autoscaler.list("/spec/metrics");
    let current = autoscaler.list("/status/currentMetrics");
    wanted
        .iter()
        .zip(current)
        .filter_map(|(wanted, current)| {
            let name = wanted.str("/resource/name");
            let pair = |field: &str| {
                let target = wanted.at(&format!("/resource/target/{field}"))?;
                let now = current.at(&format!("/resource/current/{field}"))?;
                Some((words::value(now), words::value(target)))
            };
            let percent =
                pair("averageUtilization").map(|(now, target)| format!("{now}% of the request, target {target}%"));
            let amount = || pair("averageValue").map(|(now, target)| format!("{now} a pod, target {target}"));
            Some(format!("{name}: {}", percent.or_else(amount)?))
        })
        .collect()
}
