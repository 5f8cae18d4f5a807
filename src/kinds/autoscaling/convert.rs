//! Conversion of HorizontalPodAutoscalers between v2 and v1 (`pkg/apis/autoscaling/v1/conversion.go`). v1 has only the
//! CPU utilization; everything else is kept in annotations.

use super::source;
use kctl_base::json::{Map, Value, json};
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// Annotations in which v1 keeps metrics, current metrics, conditions and behavior.
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";

/// For each metric source, pairs of the v1 name of a field and its JSON pointer in v2.
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    (
        "resource",
        &[
            ("name", "/name"),
            ("targetAverageUtilization", "/target/averageUtilization"),
            ("targetAverageValue", "/target/averageValue"),
        ],
    ),
    (
        "containerResource",
        &[
            ("name", "/name"),
            ("container", "/container"),
            ("targetAverageUtilization", "/target/averageUtilization"),
            ("targetAverageValue", "/target/averageValue"),
        ],
    ),
    (
        "pods",
        &[
            ("metricName", "/metric/name"),
            ("selector", "/metric/selector"),
            ("targetAverageValue", "/target/averageValue"),
        ],
    ),
    (
        "object",
        &[
            ("metricName", "/metric/name"),
            ("selector", "/metric/selector"),
            ("target", "/describedObject"),
            ("targetValue", "/target/value"),
            ("averageValue", "/target/averageValue"),
        ],
    ),
    (
        "external",
        &[
            ("metricName", "/metric/name"),
            ("metricSelector", "/metric/selector"),
            ("targetValue", "/target/value"),
            ("targetAverageValue", "/target/averageValue"),
        ],
    ),
];

fn is_cpu_utilization(metric: &Value) -> bool {
    metric.str("/type") == "Resource"
        && metric.str("/resource/name") == "cpu"
        && metric.at("/resource/target/averageUtilization").is_some()
}

/// Converts an object from v2 to v1.
pub(super) fn to_v1(hpa: &mut Object) {
    hpa.put("/apiVersion", "autoscaling/v1");
    let metrics = hpa.remove_at("/spec/metrics").and_then(|m| m.as_array().cloned()).unwrap_or_default();
    let cpu = metrics.iter().position(is_cpu_utilization);
    if let Some(at) = cpu {
        let percent = metrics[at]["resource"]["target"]["averageUtilization"].clone();
        hpa.put("/spec/targetCPUUtilizationPercentage", percent);
    }
    let others = metrics.iter().enumerate().filter(|(i, _)| Some(*i) != cpu);
    let others: Vec<Value> = others.map(|(_, m)| metric_to_v1(m)).collect();
    put_annotation(hpa, METRICS, Value::from(others));
    for (pointer, key) in
        [("/spec/behavior", BEHAVIOR), ("/status/conditions", CONDITIONS), ("/status/currentMetrics", CURRENT)]
    {
        let value = hpa.remove_at(pointer).unwrap_or(Value::Null);
        if pointer == "/status/currentMetrics" {
            current_to_v1(hpa, &value);
        }
        put_annotation(hpa, key, value);
    }
    if hpa.at("/status").is_some() {
        hpa.put_default("/status/currentReplicas", 0);
        hpa.put_default("/status/desiredReplicas", 0);
    }
}

fn current_to_v1(hpa: &mut Object, current: &Value) {
    let list = current.as_array().map_or(&[][..], Vec::as_slice);
    let cpu = list.iter().find(|m| m.str("/type") == "Resource" && m.str("/resource/name") == "cpu");
    if let Some(percent) = cpu.and_then(|m| m.int("/resource/current/averageUtilization")) {
        hpa.put("/status/currentCPUUtilizationPercentage", percent);
    }
}

/// Stores a value as JSON in an annotation, unless it is empty.
fn put_annotation(hpa: &mut Object, key: &str, value: Value) {
    let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if !empty {
        hpa.map_mut("/metadata/annotations").insert(key, value.to_string().into());
    }
}

/// Removes an annotation and parses its JSON; `None` when it is missing or invalid.
fn take_annotation(hpa: &mut Object, key: &str) -> Option<Value> {
    let annotations = hpa.pointer_mut("/metadata/annotations")?.as_object_mut()?;
    let text = annotations.remove(key)?;
    if annotations.is_empty() {
        hpa.remove_at("/metadata/annotations");
    }
    kctl_base::json::from_str(text.as_str()?).ok()
}

fn metric_to_v1(metric: &Value) -> Value {
    let (kind, key, source) = source(metric);
    let mut fields = Map::new();
    for (name, pointer) in fields_of(key) {
        if let Some(value) = source.at(pointer) {
            fields.insert(*name, value.clone());
        }
    }
    json!({"type": kind, key: fields})
}

fn fields_of(key: &str) -> &'static [(&'static str, &'static str)] {
    FIELDS.iter().find(|(k, _)| *k == key).map_or(&[], |(_, fields)| fields)
}

/// Converts an object from v1 to v2.
pub(super) fn to_v2(hpa: &mut Object) {
    hpa.put("/apiVersion", "autoscaling/v2");
    let mut metrics = Vec::new();
    if let Some(percent) = hpa.remove_at("/spec/targetCPUUtilizationPercentage").filter(|p| !p.is_null()) {
        let target = json!({"type": "Utilization", "averageUtilization": percent});
        metrics.push(json!({"type": "Resource", "resource": {"name": "cpu", "target": target}}));
    }
    if let Some(Value::Array(others)) = take_annotation(hpa, METRICS) {
        metrics.extend(others.iter().map(metric_to_v2));
    }
    if !metrics.is_empty() {
        hpa.put("/spec/metrics", metrics);
    }
    hpa.remove_at("/status/currentCPUUtilizationPercentage");
    for (pointer, key) in
        [("/spec/behavior", BEHAVIOR), ("/status/conditions", CONDITIONS), ("/status/currentMetrics", CURRENT)]
    {
        if let Some(value) = take_annotation(hpa, key) {
            hpa.put(pointer, value);
        }
    }
}

fn metric_to_v2(metric: &Value) -> Value {
    let (kind, key, fields) = source(metric);
    let mut source = json!({});
    for (name, pointer) in fields_of(key) {
        if let Some(value) = fields.get(*name) {
            source.put(pointer, value.clone());
        }
    }
    let target = match (source.at("/target/averageUtilization"), source.at("/target/averageValue")) {
        (Some(_), _) => "Utilization",
        (None, Some(_)) => "AverageValue",
        (None, None) => "Value",
    };
    source.put("/target/type", target);
    json!({"type": kind, key: source})
}
