//! Metrics of a HorizontalPodAutoscaler in tables and descriptions: current and target values.

use super::source;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// The number of metrics that a table shows.
const MAX_SHOWN: usize = 2;

/// Printed for a value that has not been measured.
pub(super) const UNKNOWN: &str = "<unknown>";

/// The TARGETS column (`formatHPAMetrics` in `pkg/printers/internalversion/printers.go`).
pub(super) fn targets(hpa: &Object) -> String {
    let specs = hpa.list("/spec/metrics");
    if specs.is_empty() {
        return "<none>".into();
    }
    let texts: Vec<String> =
        specs.iter().enumerate().take(MAX_SHOWN).map(|(i, spec)| target(spec, current(hpa, i))).collect();
    let shown = texts.join(", ");
    match specs.len().saturating_sub(MAX_SHOWN) {
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

/// The current value of the metric at an index of `spec.metrics`.
pub(super) fn current(hpa: &Object, index: usize) -> Option<&Value> {
    hpa.list("/status/currentMetrics").get(index)
}

/// The quantity at a JSON pointer of a metric, as it is written.
pub(super) fn amount(value: Option<&Value>, pointer: &str) -> Option<String> {
    match value?.at(pointer)? {
        Value::String(text) => Some(text.to_string()),
        other => Some(other.to_string()),
    }
}

fn target(spec: &Value, status: Option<&Value>) -> String {
    let (kind, key, source) = source(spec);
    let is = |field: &str| amount(status, &format!("/{key}/current/{field}")).unwrap_or_else(|| UNKNOWN.into());
    let should = |field: &str| amount(Some(&source), &format!("/target/{field}"));
    match kind {
        "External" => match should("averageValue") {
            Some(target) => format!("{}/{target} (avg)", is("averageValue")),
            None => format!("{}/{}", is("value"), should("value").unwrap_or_default()),
        },
        "Pods" => format!("{}/{}", is("averageValue"), should("averageValue").unwrap_or_default()),
        "Object" => match should("averageValue") {
            Some(target) => format!("{}/{target} (avg)", is("averageValue")),
            None => format!("{}/{}", is("value"), should("value").unwrap_or_default()),
        },
        "Resource" | "ContainerResource" => {
            let name = source.str("/name");
            if let Some(target) = should("averageValue") {
                return format!("{name}: {}/{target}", is("averageValue"));
            }
            let is = amount(status, &format!("/{key}/current/averageUtilization"));
            let is = is.map_or_else(|| UNKNOWN.into(), |n| format!("{n}%"));
            let should = should("averageUtilization").map_or_else(|| "<auto>".into(), |n| format!("{n}%"));
            format!("{name}: {is}/{should}")
        }
        _ => "<unknown type>".into(),
    }
}
