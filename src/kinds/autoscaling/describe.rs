//! The description of a HorizontalPodAutoscaler.

use super::metrics::{UNKNOWN, amount, current};
use super::source;
use crate::shared::describe::{condition_table, describe_events, head, non_empty_or, stamp};
use crate::{Lookup, PrefixWriter};
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// Writes the description.
pub(super) fn describe(hpa: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    head(hpa, out);
    out.pair(0, "CreationTimestamp", stamp(hpa, "/metadata/creationTimestamp"));
    let kind = hpa.str("/spec/scaleTargetRef/kind");
    out.pair(0, "Reference", format!("{kind}/{}", hpa.str("/spec/scaleTargetRef/name")));
    out.pair(0, "Metrics", "( current / target )");
    for (index, metric) in hpa.list("/spec/metrics").iter().enumerate() {
        out.line(1, metric_line(metric, current(hpa, index)));
    }
    let number = |pointer: &str| hpa.int(pointer).unwrap_or(0);
    let min = hpa.int("/spec/minReplicas").map_or_else(|| "<unset>".into(), |n| n.to_string());
    out.pair(0, "Min replicas", min);
    out.pair(0, "Max replicas", number("/spec/maxReplicas"));
    if hpa.at("/spec/behavior").is_some() {
        out.line(0, "Behavior:");
        for (label, pointer) in [("Scale Up", "/spec/behavior/scaleUp"), ("Scale Down", "/spec/behavior/scaleDown")] {
            rules(label, hpa.at(pointer), out);
        }
    }
    let (is, should) = (number("/status/currentReplicas"), number("/status/desiredReplicas"));
    out.pair(0, &format!("{kind} pods"), format!("{is} current / {should} desired"));
    conditions(hpa, out);
    describe_events(lookup, hpa, out);
}

fn conditions(hpa: &Object, out: &mut PrefixWriter) {
    let line = |one: &Value| ["/type", "/status", "/reason", "/message"].map(|p| one.str(p)).join("\t");
    condition_table(hpa, &["Type\tStatus\tReason\tMessage", "----\t------\t------\t-------"], line, out);
}

fn metric_line(metric: &Value, status: Option<&Value>) -> String {
    let (kind, key, source) = source(metric);
    let is = |field: &str| amount(status, &format!("/{key}/current/{field}")).unwrap_or_else(|| UNKNOWN.into());
    let should = |field: &str| amount(Some(&source), &format!("/target/{field}"));
    let name = source.str("/metric/name");
    let value = || match should("averageValue") {
        Some(target) => format!("(target average value):\t{} / {target}", is("averageValue")),
        None => format!("(target value):\t{} / {}", is("value"), should("value").unwrap_or_default()),
    };
    match kind {
        "External" => format!("\"{name}\" {}", value()),
        "Pods" => {
            format!("\"{name}\" on pods:\t{} / {}", is("averageValue"), should("averageValue").unwrap_or_default())
        }
        "Object" => {
            let (on, whose) = (source.str("/describedObject/kind"), source.str("/describedObject/name"));
            format!("\"{name}\" on {on}/{whose} {}", value())
        }
        "Resource" | "ContainerResource" => {
            let container = match kind {
                "ContainerResource" => format!(" of container \"{}\"", source.str("/container")),
                _ => String::new(),
            };
            let what = format!("resource {}{container} on pods", source.str("/name"));
            if let Some(target) = should("averageValue") {
                return format!("{what}:\t{} / {target}", is("averageValue"));
            }
            let percent = amount(status, &format!("/{key}/current/averageUtilization"));
            let is = percent.map_or_else(|| UNKNOWN.into(), |n| format!("{n}% ({})", is("averageValue")));
            let should = should("averageUtilization").map_or_else(|| "<auto>".into(), |n| format!("{n}%"));
            format!("{what}  (as a percentage of request):\t{is} / {should}")
        }
        other => format!("<unknown metric type \"{other}\">"),
    }
}

fn rules(label: &str, rules: Option<&Value>, out: &mut PrefixWriter) {
    let Some(rules) = rules else { return };
    out.line(1, format!("{label}:"));
    if let Some(seconds) = rules.int("/stabilizationWindowSeconds") {
        out.line(2, format!("Stabilization Window: {seconds} seconds"));
    }
    let policies = rules.list("/policies");
    if policies.is_empty() {
        return;
    }
    out.line(2, format!("Select Policy: {}", non_empty_or(rules.str("/selectPolicy"), "Max")));
    out.line(2, "Policies:");
    for p in policies {
        let number = |pointer: &str| p.int(pointer).unwrap_or(0);
        let (value, period) = (number("/value"), number("/periodSeconds"));
        out.line(3, format!("- Type: {}\tValue: {value}\tPeriod: {period} seconds", p.str("/type")));
    }
}
