//! Validation of HorizontalPodAutoscalers (`pkg/apis/autoscaling/validation/validation.go`).

use super::source;
use crate::shared::formats::path_segment_problems;
use crate::shared::rules::check;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::quantity::Quantity;

const TYPES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];

/// Validates an autoscaler; errors come in the order of the API server.
pub(super) fn validate(hpa: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let (min, max) = (hpa.int("/spec/minReplicas"), hpa.int("/spec/maxReplicas").unwrap_or(0));
    let mut errors = ErrorList::new();
    if let Some(min) = min.filter(|m| *m < 1) {
        errors.push(field::invalid(&spec.child("minReplicas"), min, "must be greater than or equal to 1"));
    }
    if max < 1 {
        errors.push(field::invalid(&spec.child("maxReplicas"), max, "must be greater than or equal to 1"));
    }
    if min.is_some_and(|min| max < min) {
        let text = "must be greater than or equal to `minReplicas`";
        errors.push(field::invalid(&spec.child("maxReplicas"), max, text));
    }
    errors.extend(reference_errors(&hpa["spec"]["scaleTargetRef"], &spec.child("scaleTargetRef")));
    errors.extend(group_errors(&hpa["spec"]["scaleTargetRef"], &spec.child("scaleTargetRef")));
    errors.extend(metrics_errors(hpa, min, &spec.child("metrics")));
    for direction in ["scaleUp", "scaleDown"] {
        if let Some(rules) = hpa.at(&format!("/spec/behavior/{direction}")) {
            errors.extend(rules_errors(rules, &spec.child("behavior").child(direction)));
        }
    }
    errors
}

/// Validates the reference to the scale target.
fn reference_errors(reference: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    for name in ["kind", "name"] {
        match reference.str(&format!("/{name}")) {
            "" => errors.push(field::required(&path.child(name), "")),
            text => errors.extend(check(path_segment_problems, text, &path.child(name))),
        }
    }
    errors
}

/// Refuses a scale target without an API group (`ValidateAPIVersion`).
fn group_errors(reference: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let version = reference.str("/apiVersion");
    let core = reference.str("/kind") == "ReplicationController" && version == "v1";
    if !version.contains('/') && !core {
        errors.push(field::invalid(&path.child("apiVersion"), version, "apiVersion must specify API group"));
    }
    errors
}

fn metrics_errors(hpa: &Object, min: Option<i64>, path: &Path) -> ErrorList {
    let metrics = hpa.list("/spec/metrics");
    let mut errors = ErrorList::new();
    for (index, metric) in metrics.iter().enumerate() {
        errors.extend(metric_errors(metric, &path.index(index)));
    }
    let from_outside = metrics.iter().any(|m| matches!(m.str("/type"), "Object" | "External"));
    if min == Some(0) && !from_outside {
        let text = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.push(field::forbidden(path, text));
    }
    errors
}

fn metric_errors(metric: &Value, path: &Path) -> ErrorList {
    let (kind, key, source) = source(metric);
    let mut errors = ErrorList::new();
    if kind.is_empty() {
        errors.push(field::required(&path.child("type"), "must specify a metric source type"));
    }
    if !TYPES.contains(&kind) {
        errors.push(field::not_supported(&path.child("type"), kind, TYPES));
        return errors;
    }
    if source.is_null() {
        let text = "must populate information for the given metric source";
        errors.push(field::required(&path.child(key), text));
    } else {
        errors.extend(source_errors(kind, &source, &path.child(key)));
    }
    for other in ["object", "external", "pods", "resource", "containerResource"] {
        if other != key && metric.get(other).is_some_and(|v| !v.is_null()) {
            errors.push(field::forbidden(&path.child(other), "must populate the given metric source only"));
        }
    }
    errors
}

fn source_errors(kind: &str, source: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let target = path.child("target");
    let has = |field: &str| source.at(&format!("/target/{field}")).is_some();
    if kind == "Object" {
        errors.extend(reference_errors(&source["describedObject"], &path.child("describedObject")));
    }
    if matches!(kind, "Resource" | "ContainerResource") {
        if source.str("/name").is_empty() {
            errors.push(field::required(&path.child("name"), "must specify a resource name"));
        }
        if kind == "ContainerResource" && source.str("/container").is_empty() {
            errors.push(field::required(&path.child("container"), "must specify a container"));
        }
    } else {
        let name = path.child("metric").child("name");
        match source.str("/metric/name") {
            "" => errors.push(field::required(&name, "must specify a metric name")),
            text => errors.extend(check(path_segment_problems, text, &name)),
        }
    }
    errors.extend(target_errors(&source["target"], &target));
    match kind {
        "Resource" | "ContainerResource" if !has("averageUtilization") && !has("averageValue") => {
            let text = "must set either a target raw value or a target utilization";
            errors.push(field::required(&target.child("averageUtilization"), text));
        }
        "Resource" | "ContainerResource" if has("averageUtilization") && has("averageValue") => {
            let text = "may not set both a target raw value and a target utilization";
            errors.push(field::forbidden(&target.child("averageValue"), text));
        }
        "Pods" if !has("averageValue") => {
            let text = "must specify a positive target averageValue";
            errors.push(field::required(&target.child("averageValue"), text));
        }
        "Object" if !has("value") && !has("averageValue") => {
            let text = "must set either a target value or averageValue";
            errors.push(field::required(&target.child("averageValue"), text));
        }
        "External" if has("value") && has("averageValue") => {
            let text = "may not set both a target value for metric and a per-pod target";
            errors.push(field::forbidden(&target.child("value"), text));
        }
        "External" if !has("value") && !has("averageValue") => {
            let text = "must set either a target value for metric or a per-pod target";
            errors.push(field::required(&target.child("averageValue"), text));
        }
        _ => {}
    }
    errors
}

fn target_errors(target: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    match target.str("/type") {
        "" => errors.push(field::required(&path.child("type"), "must specify a metric target type")),
        "Utilization" | "Value" | "AverageValue" => {}
        other => {
            let text = "must be either Utilization, Value, or AverageValue";
            errors.push(field::invalid(&path.child("type"), other, text));
        }
    }
    for name in ["value", "averageValue"] {
        let amount = target.get(name).and_then(|v| Quantity::from_value(v).ok());
        if let Some(amount) = amount.filter(|a| a.signum() <= 0) {
            errors.push(field::invalid(&path.child(name), amount.to_string(), "must be positive"));
        }
    }
    if let Some(percent) = target.int("/averageUtilization").filter(|p| *p < 1) {
        errors.push(field::invalid(&path.child("averageUtilization"), percent, "must be greater than 0"));
    }
    errors
}

fn rules_errors(rules: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let window = path.child("stabilizationWindowSeconds");
    match rules.int("/stabilizationWindowSeconds") {
        Some(s) if s < 0 => errors.push(field::invalid(&window, s, "must be greater than or equal to zero")),
        Some(s) if s > 3600 => errors.push(field::invalid(&window, s, "must be less than or equal to 3600")),
        _ => {}
    }
    let select = rules.str("/selectPolicy");
    if !matches!(select, "" | "Disabled" | "Max" | "Min") {
        errors.push(field::not_supported(&path.child("selectPolicy"), select, &["Disabled", "Max", "Min"]));
    }
    let policies = rules.list("/policies");
    if policies.is_empty() {
        errors.push(field::required(&path.child("policies"), "must specify at least one Policy"));
    }
    for (index, policy) in policies.iter().enumerate() {
        let path = path.child("policies").index(index);
        let kind = policy.str("/type");
        if !matches!(kind, "Percent" | "Pods") {
            errors.push(field::not_supported(&path.child("type"), kind, &["Percent", "Pods"]));
        }
        for name in ["value", "periodSeconds"] {
            let number = policy.int(&format!("/{name}")).unwrap_or(0);
            if number <= 0 {
                errors.push(field::invalid(&path.child(name), number, "must be greater than zero"));
            } else if name == "periodSeconds" && number > 1800 {
                errors.push(field::invalid(&path.child(name), number, "must be less than or equal to 1800"));
            }
        }
    }
    errors
}
