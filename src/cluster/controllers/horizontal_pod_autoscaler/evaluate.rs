//! The metrics of an autoscaler, one by one: what each asks for, what it shows, or why it shows nothing.

use std::sync::Arc;

use super::metrics::{self, Measured};
use super::replicas::{self, Proposal, Target, Tolerance};
use crate::controllers::Context;
use crate::controllers::runtime::Result;
use crate::simulation;
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Time;

/// By how much a ratio may differ from 1 (`--horizontal-pod-autoscaler-tolerance`).
const TOLERANCE: f64 = 0.1;

/// What all metrics say together.
pub(super) struct Evaluation {
    /// The largest size that one asks for, and which; `None` when too little is known to act.
    pub(super) proposal: Option<(i64, String)>,
    /// `status.currentMetrics`.
    pub(super) statuses: Value,
    /// Reason and text of every metric that can not be had.
    pub(super) problems: Vec<(&'static str, String)>,
}

/// Evaluates the metrics of an autoscaler against the pods of its target.
pub(super) fn all(ctx: &mut Context<'_>, hpa: &Object, scale: &Object) -> Result<Evaluation> {
    let current = scale.int("/spec/replicas").unwrap_or(0);
    let selector = scale.str("/status/selector");
    if selector.is_empty() {
        let problem = ("InvalidSelector", "the HPA target's scale is missing a selector".to_string());
        return Ok(Evaluation { proposal: None, statuses: Value::Null, problems: vec![problem] });
    }
    let selector = Selector::parse(selector).unwrap_or(Selector::Nothing);
    let pods = ctx.pods_matching(hpa.namespace(), &selector)?;
    let declared = simulation::pod_metrics(ctx.server())?;
    let around = Around {
        measured: Measured::of(&pods, &declared),
        pods,
        current,
        tolerance: Tolerance { up: tolerance(hpa, "scaleUp"), down: tolerance(hpa, "scaleDown") },
        now: ctx.now,
    };
    Ok(combine(hpa, &around))
}

fn tolerance(hpa: &Object, direction: &str) -> f64 {
    let own = hpa.at(&format!("/spec/behavior/{direction}/tolerance"));
    own.and_then(|v| Quantity::from_value(v).ok()).map_or(TOLERANCE, |q| q.as_f64())
}

struct Around {
    measured: Measured,
    pods: Vec<Arc<Object>>,
    current: i64,
    tolerance: Tolerance,
    now: Time,
}

/// The largest proposal wins. With a metric missing only growth is trusted.
fn combine(hpa: &Object, around: &Around) -> Evaluation {
    let (mut best, mut statuses, mut problems) = (None::<(i64, String)>, Vec::new(), Vec::new());
    for metric in hpa.list("/spec/metrics") {
        match one(metric, around) {
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
    let usable = problems.is_empty() || best.as_ref().is_some_and(|(most, _)| *most >= around.current);
    let known = statuses.iter().any(|s| !s.str("/type").is_empty());
    Evaluation {
        proposal: best.filter(|_| usable),
        statuses: if known { Value::from(statuses) } else { Value::Null },
        problems,
    }
}

type Answer = std::result::Result<(Proposal, String, Value), (&'static str, String)>;

fn one(metric: &Value, around: &Around) -> Answer {
    match metric.str("/type") {
        "Resource" => resource(metric, around),
        "Pods" => pods(metric, around),
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

impl Around {
    fn propose(
        &self,
        samples: &metrics::Samples,
        resource: &str,
        target: &Target,
    ) -> std::result::Result<Proposal, String> {
        replicas::propose(&self.pods, samples, resource, target, (self.current, self.tolerance, self.now))
    }
}

fn milli(value: &Value) -> Option<i64> {
    Quantity::from_value(value).ok().map(|q| q.milli_value())
}

fn resource(metric: &Value, around: &Around) -> Answer {
    let name = metric.str("/resource/name");
    let average = metric.at("/resource/target/averageValue").and_then(milli);
    let (target, what) = match average {
        Some(amount) => (Target::Average(amount), "usage"),
        None => (Target::Utilization(metric.int("/resource/target/averageUtilization").unwrap_or(80)), "utilization"),
    };
    let found = around.measured.resource(name).and_then(|samples| around.propose(&samples, name, &target));
    let proposal =
        found.map_err(|problem| ("FailedGetResourceMetric", format!("failed to get {name} {what}: {problem}")))?;
    let mut current = json!({"averageValue": Quantity::from_milli(proposal.average).canonical()});
    if let Some(percent) = proposal.utilization {
        current["averageUtilization"] = percent.into();
    }
    let shown = match average {
        Some(_) => format!("{name} resource"),
        None => format!("{name} resource utilization (percentage of request)"),
    };
    Ok((proposal, shown, json!({"type": "Resource", "resource": {"name": name, "current": current}})))
}

fn pods(metric: &Value, around: &Around) -> Answer {
    let name = metric.str("/pods/metric/name");
    let wanted = metric.at("/pods/target/averageValue").and_then(milli).unwrap_or(0);
    let found = around.measured.custom(name).and_then(|samples| around.propose(&samples, "", &Target::Average(wanted)));
    let proposal =
        found.map_err(|problem| ("FailedGetPodsMetric", format!("failed to get pods metric value: {problem}")))?;
    let current = json!({"averageValue": Quantity::from_milli(proposal.average).canonical()});
    let status = json!({"type": "Pods", "pods": {"metric": metric["pods"]["metric"], "current": current}});
    Ok((proposal, format!("pods metric {name}"), status))
}
