//! Evaluation of the metrics of an autoscaler (`computeReplicasForMetrics`).

use std::sync::Arc;

use super::metrics::{self, Measured};
use super::replicas::{self, Proposal, Target, Tolerance};
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use crate::simulation::Measurements;
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;

/// Default deviation of a ratio from 1 that does not scale (`--horizontal-pod-autoscaler-tolerance`).
const DEFAULT_TOLERANCE: f64 = 0.1;

/// Result of all metrics.
pub(super) struct Evaluation {
    /// The largest number of replicas that a metric proposes, and the name of that metric; `None` without usable metrics.
    pub(super) proposal: Option<(i64, String)>,
    /// `status.currentMetrics`.
    pub(super) statuses: Value,
    /// Reason and message of each metric that could not be read.
    pub(super) problems: Vec<(&'static str, String)>,
}

/// Evaluates the metrics of an autoscaler for the pods of its target.
pub(super) fn metrics(ctx: &mut Context<'_>, hpa: &Object, scale: &Object) -> Result<Evaluation> {
    let current = scale.int("/spec/replicas").unwrap_or(0);
    let selector = match scale.str("/status/selector") {
        "" => Err("the HPA target's scale is missing a selector".to_string()),
        text => Selector::parse(text)
            .map_err(|e| format!("couldn't convert selector into a corresponding internal selector object: {e}")),
    };
    let selector = match selector {
        Ok(selector) => selector,
        Err(message) => {
            let problems = vec![("InvalidSelector", message)];
            return Ok(Evaluation { proposal: None, statuses: Value::Null, problems });
        }
    };
    let pods = ctx.pods_matching(hpa.namespace(), &selector)?;
    let now = ctx.now;
    let measurements = Measurements::load(ctx.server(), now)?;
    let target = TargetPods {
        measured: Measured::of(&pods, &measurements),
        pods,
        current,
        tolerance: Tolerance { up: tolerance(hpa, "scaleUp"), down: tolerance(hpa, "scaleDown") },
        now: ctx.now,
    };
    Ok(combine(hpa, &target))
}

fn tolerance(hpa: &Object, direction: &str) -> f64 {
    let own = hpa.at(&format!("/spec/behavior/{direction}/tolerance"));
    own.and_then(|v| Quantity::from_value(v).ok()).map_or(DEFAULT_TOLERANCE, |q| q.as_f64())
}

/// The pods of the target and their usage.
struct TargetPods {
    measured: Measured,
    pods: Vec<Arc<Object>>,
    current: i64,
    tolerance: Tolerance,
    now: Time,
}

/// Combines the proposals: the largest one wins. If a metric could not be read, the target is not scaled down.
fn combine(hpa: &Object, target: &TargetPods) -> Evaluation {
    let (mut best, mut statuses, mut problems) = (None::<(i64, String)>, Vec::new(), Vec::new());
    for metric in hpa.list("/spec/metrics") {
        match evaluate(metric, target) {
            Ok((proposal, name, status)) => {
                statuses.push(status);
                if best.as_ref().is_none_or(|(most, _)| proposal.replicas > *most) {
                    best = Some((proposal.replicas, name));
                }
            }
            Err(problem) => {
                statuses.push(json!({"type": ""}));
                problems.push(problem);
            }
        }
    }
    let usable = problems.is_empty() || best.as_ref().is_some_and(|(most, _)| *most >= target.current);
    let known = statuses.iter().any(|s| !s.str("/type").is_empty());
    Evaluation {
        proposal: best.filter(|_| usable),
        statuses: if known { Value::from(statuses) } else { Value::Null },
        problems,
    }
}

/// Proposal, name of the metric for messages, and status; or reason and message of an error.
type MetricResult = std::result::Result<(Proposal, String, Value), (&'static str, String)>;

fn evaluate(metric: &Value, target: &TargetPods) -> MetricResult {
    match metric.str("/type") {
        "Resource" => resource(metric, target),
        "Pods" => pods(metric, target),
        "ContainerResource" => {
            let name = metric.str("/containerResource/name");
            let text = format!(
                "failed to get {name} usage: unable to get metrics for resource {name}: containers are not measured one by one"
            );
            Err(("FailedGetContainerResourceMetric", text))
        }
        "Object" => {
            let name = metric.str("/object/metric/name");
            let kind = metric.str("/object/describedObject/kind");
            let text = format!(
                "failed to get object metric value: unable to get metric {name}: {kind} on {}: unable to fetch metrics from \
                 custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
                metric.str("/object/describedObject/name")
            );
            Err(("FailedGetObjectMetric", text))
        }
        "External" => {
            let name = metric.str("/external/metric/name");
            let text = format!(
                "failed to get {name} external metric value: unable to get external metric {name}: unable to fetch metrics from \
                 external metrics API: no external metrics API (external.metrics.k8s.io) registered"
            );
            Err(("FailedGetExternalMetric", text))
        }
        other => Err(("InvalidMetricSourceType", format!("unknown metric source type \"{other}\""))),
    }
}

impl TargetPods {
    fn propose(
        &self,
        samples: &metrics::Samples,
        resource: &str,
        goal: &Target,
    ) -> std::result::Result<Proposal, String> {
        replicas::propose(&self.pods, samples, resource, goal, (self.current, self.tolerance, self.now))
    }
}

fn milli(value: &Value) -> Option<i64> {
    Quantity::from_value(value).ok().map(|q| q.milli_value())
}

fn resource(metric: &Value, target: &TargetPods) -> MetricResult {
    let name = metric.str("/resource/name");
    let average = metric.at("/resource/target/averageValue").and_then(milli);
    let (goal, what) = match average {
        Some(amount) => (Target::Average(amount), "usage"),
        None => (Target::Utilization(metric.int("/resource/target/averageUtilization").unwrap_or(80)), "utilization"),
    };
    let found = target.measured.resource(name).and_then(|samples| target.propose(&samples, name, &goal));
    let proposal =
        found.map_err(|problem| ("FailedGetResourceMetric", format!("failed to get {name} {what}: {problem}")))?;
    let mut current = json!({"averageValue": Quantity::from_milli(proposal.average).canonical()});
    if let Some(percent) = proposal.utilization {
        current["averageUtilization"] = percent.into();
    }
    let display_name = match average {
        Some(_) => format!("{name} resource"),
        None => format!("{name} resource utilization (percentage of request)"),
    };
    Ok((proposal, display_name, json!({"type": "Resource", "resource": {"name": name, "current": current}})))
}

fn pods(metric: &Value, target: &TargetPods) -> MetricResult {
    let name = metric.str("/pods/metric/name");
    let average = metric.at("/pods/target/averageValue").and_then(milli).unwrap_or(0);
    let found =
        target.measured.custom(name).and_then(|samples| target.propose(&samples, "", &Target::Average(average)));
    let proposal =
        found.map_err(|problem| ("FailedGetPodsMetric", format!("failed to get pods metric value: {problem}")))?;
    let current = json!({"averageValue": Quantity::from_milli(proposal.average).canonical()});
    let status = json!({"type": "Pods", "pods": {"metric": metric["pods"]["metric"], "current": current}});
    Ok((proposal, format!("pods metric {name}"), status))
}
