//! PodDisruptionBudgets: the number of pods that may be evicted at the same time.

use crate::shared::describe::describe_events;
use crate::shared::selector;
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::intstr::IntOrPercent;
use kctl_base::json::{Value, json};
use kctl_base::labels::format_label_selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The PodDisruptionBudget kind (`pkg/registry/policy/poddisruptionbudget/strategy.go`).
pub(crate) struct PodDisruptionBudget;

static NAMES: Names =
    Names::namespaced(("policy", "v1"), "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget")
        .short(&["pdb"]);

impl Kind for PodDisruptionBudget {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}))
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let spec = Path::new("spec");
        let mut errors = ErrorList::new();
        if object.at("/spec/minAvailable").is_some() && object.at("/spec/maxUnavailable").is_some() {
            let mut error = field::invalid(&spec, Value::Null, "");
            error.body =
                format!("Invalid value: {}: minAvailable and maxUnavailable cannot be both set", internal_json(object));
            errors.push(error);
        }
        for name in ["minAvailable", "maxUnavailable"] {
            if let Some(value) = object.at(&format!("/spec/{name}")) {
                errors.extend(int_or_percent_errors(value, &spec.child(name)));
            }
        }
        if let Some(selector) = object.at("/spec/selector") {
            selector::validate(&mut errors, &spec.child("selector"), selector);
        }
        let policy = object.str("/spec/unhealthyPodEvictionPolicy");
        if !matches!(policy, "" | "AlwaysAllow" | "IfHealthyBudget") {
            let path = spec.child("unhealthyPodEvictionPolicy");
            errors.push(field::not_supported(&path, policy, &["AlwaysAllow", "IfHealthyBudget"]));
        }
        errors
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        vec![
            object.name().into(),
            amount(object, "/spec/minAvailable").unwrap_or_else(|| "N/A".into()),
            amount(object, "/spec/maxUnavailable").unwrap_or_else(|| "N/A".into()),
            object.int("/status/disruptionsAllowed").unwrap_or(0).to_string(),
            age(object, now),
        ]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    out.pair(0, "Namespace", object.namespace());
    if let Some(min) = amount(object, "/spec/minAvailable") {
        out.pair(0, "Min available", min);
    } else if let Some(max) = amount(object, "/spec/maxUnavailable") {
        out.pair(0, "Max unavailable", max);
    }
    out.pair(0, "Selector", object.at("/spec/selector").map_or_else(|| "<unset>".into(), format_label_selector));
    out.line(0, "Status:");
    for (label, field) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        out.pair(2, label, object.int(&format!("/status/{field}")).unwrap_or(0));
    }
    describe_events(lookup, object, out);
}

fn amount(object: &Object, pointer: &str) -> Option<String> {
    object.at(pointer).and_then(IntOrPercent::from_value).map(|a| a.to_string())
}

/// Validates a non-negative number or a percentage of at most 100.
fn int_or_percent_errors(value: &Value, path: &Path) -> ErrorList {
    let Some(amount) = IntOrPercent::from_value(value) else { return ErrorList::new() };
    let problems = amount.non_negative_problem().into_iter().chain(amount.over_hundred_problem());
    problems.map(|p| field::invalid(path, value.clone(), p)).collect()
}

/// The spec as Go serialises the internal type, in an error that prints it.
fn internal_json(object: &Object) -> String {
    let part = |pointer: &str| object.at(pointer).cloned().unwrap_or(Value::Null);
    format!(
        "{{\"MinAvailable\":{},\"Selector\":{},\"MaxUnavailable\":{},\"UnhealthyPodEvictionPolicy\":{}}}",
        part("/spec/minAvailable"),
        part("/spec/selector"),
        part("/spec/maxUnavailable"),
        part("/spec/unhealthyPodEvictionPolicy")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn min_available_and_max_unavailable_exclude_each_other() {
        let both = json!({"spec": {"minAvailable": 1, "maxUnavailable": "120%"}});
        let errors: Vec<String> = PodDisruptionBudget.validate(&both).iter().map(ToString::to_string).collect();
        assert!(errors[0].ends_with("minAvailable and maxUnavailable cannot be both set"), "{errors:?}");
        assert!(errors[1].starts_with("spec.maxUnavailable: Invalid value: \"120%\": must not be greater than 100%"));
    }
}
