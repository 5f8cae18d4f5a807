//! HorizontalPodAutoscalers, stored as `autoscaling/v2` and also served as `autoscaling/v1`.

mod convert;
mod describe;
mod metrics;
mod validate;

use crate::shared::table::columns;
use crate::{Describer, Kind, Names, age};
use kctl_base::field::ErrorList;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The HorizontalPodAutoscaler kind (`pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go`).
pub(crate) struct HorizontalPodAutoscaler;

static NAMES: Names = Names::namespaced(
    ("autoscaling", "v2"),
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    "horizontalpodautoscaler",
)
.short(&["hpa"])
.categories(&["all"]);

impl Kind for HorizontalPodAutoscaler {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn other_versions(&self) -> &'static [(&'static str, &'static str)] {
        &[("autoscaling", "v1")]
    }

    fn convert(&self, object: &mut Object, _group: &str, version: &str) {
        match (object.api_version(), version) {
            ("autoscaling/v2", "v1") => convert::to_v1(object),
            ("autoscaling/v1", "v2") => convert::to_v2(object),
            _ => {}
        }
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec/minReplicas", 1);
        if object.list("/spec/metrics").is_empty() {
            let target = json!({"type": "Utilization", "averageUtilization": 80});
            object.put("/spec/metrics", json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
        }
        if object.at("/spec/behavior").is_some() {
            behavior_defaults(object);
        }
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({"currentMetrics": null, "desiredReplicas": 0}))
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let number = |pointer: &str| object.int(pointer).unwrap_or(0).to_string();
        vec![
            object.name().into(),
            format!("{}/{}", object.str("/spec/scaleTargetRef/kind"), object.str("/spec/scaleTargetRef/name")),
            metrics::targets(object),
            object.int("/spec/minReplicas").map_or_else(|| "<unset>".into(), |n| n.to_string()),
            number("/spec/maxReplicas"),
            number("/status/currentReplicas"),
            age(object, now),
        ]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe::describe)
    }
}

/// Sets the scaling rules of both directions (`GenerateHPAScaleUpRules`, `GenerateHPAScaleDownRules` in
/// `pkg/apis/autoscaling/v2/defaults.go`).
fn behavior_defaults(object: &mut Object) {
    let percent = json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]);
    let both = json!([
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ]);
    for (direction, policies, window) in [("scaleUp", both, Some(0)), ("scaleDown", percent, None)] {
        let rules = format!("/spec/behavior/{direction}");
        object.put_default(&format!("{rules}/selectPolicy"), "Max");
        object.put_default(&format!("{rules}/policies"), policies);
        if let Some(seconds) = window {
            object.put_default(&format!("{rules}/stabilizationWindowSeconds"), seconds);
        }
    }
}

/// The source of a metric: its type, the name of its field, and its value.
fn source(metric: &Value) -> (&str, &'static str, Value) {
    let key = match metric.str("/type") {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        "External" => "external",
        _ => "",
    };
    (metric.str("/type"), key, metric.get(key).cloned().unwrap_or(Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hpa(spec: Value) -> Value {
        let mut object = json!({"apiVersion": "autoscaling/v2", "metadata": {"name": "h"}, "spec": spec});
        HorizontalPodAutoscaler.set_defaults(&mut object);
        object
    }

    fn texts(object: &Value) -> Vec<String> {
        HorizontalPodAutoscaler.validate(object).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn invalid_replicas_and_references_are_refused() {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
        assert_eq!(
            texts(&hpa(json!({"minReplicas": 0, "maxReplicas": 3, "scaleTargetRef": target}))),
            [
                "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
                "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero \
                 replicas",
            ]
        );
        assert_eq!(
            texts(&hpa(json!({"minReplicas": 4, "maxReplicas": 1, "scaleTargetRef": target}))),
            ["spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`"]
        );
        let bare = json!({"kind": "Deployment", "name": "web"});
        assert_eq!(
            texts(&hpa(json!({"maxReplicas": 2, "scaleTargetRef": bare, "metrics": [{"type": "Resource"}]}))),
            [
                "spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group",
                "spec.metrics[0].resource: Required value: must populate information for the given metric source",
            ]
        );
    }

    #[test]
    fn targets_are_printed_and_versions_converted() {
        let mut object = hpa(
            json!({"maxReplicas": 6, "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}},
                {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "300Mi"}}},
                {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "100"}}},
            ]}),
        );
        let stored = object.clone();
        let want = "cpu: <unknown>/60%, memory: <unknown>/300Mi + 1 more...";
        assert_eq!(HorizontalPodAutoscaler.row(&object, Time::default())[2], want);
        HorizontalPodAutoscaler.convert(&mut object, "autoscaling", "v1");
        assert_eq!(object["spec"]["targetCPUUtilizationPercentage"], 60);
        HorizontalPodAutoscaler.convert(&mut object, "autoscaling", "v2");
        assert_eq!(object["spec"], stored["spec"]);
    }
}
