//! Validation of Deployments (`ValidateDeploymentSpec`, `ValidateDeploymentStatus` in
//! `pkg/apis/apps/validation/validation.go`).

use crate::shared::rules::non_negative;
use crate::shared::workload::{self, Wording, validate_selector_and_template};
use kctl_base::field::{ErrorList, Path, forbidden, invalid, not_supported_json, required};
use kctl_base::intstr::IntOrPercent;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// A Deployment validates its template with the rules for ReplicaSets, whose name appears in messages.
const WORDING: Wording = Wording { selector: "deployment", template: "ReplicaSet" };

pub(super) fn validate(object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, spec) = (Path::new("spec"), &object["spec"]);
    non_negative(&mut errors, &path, spec, "replicas");
    validate_selector_and_template(&mut errors, spec, &spec["template"], &WORDING);
    validate_strategy(&mut errors, &path.child("strategy"), &spec["strategy"]);
    non_negative(&mut errors, &path, spec, "minReadySeconds");
    non_negative(&mut errors, &path, spec, "revisionHistoryLimit");
    if let Some(deadline) = spec.int("/progressDeadlineSeconds") {
        non_negative(&mut errors, &path, spec, "progressDeadlineSeconds");
        if deadline <= spec.int("/minReadySeconds").unwrap_or(0) {
            let here = path.child("progressDeadlineSeconds");
            errors.push(invalid(&here, deadline, "must be greater than minReadySeconds"));
        }
    }
    errors
}

fn validate_strategy(errors: &mut ErrorList, path: &Path, strategy: &Value) {
    let rolling = strategy.at("/rollingUpdate");
    let here = path.child("rollingUpdate");
    match (strategy.str("/type"), rolling) {
        ("Recreate", Some(_)) => {
            errors.push(forbidden(&here, "may not be specified when strategy `type` is 'Recreate'"));
        }
        ("Recreate", None) => {}
        ("RollingUpdate", None) => {
            errors.push(required(&here, "this should be defaulted and never be nil"));
        }
        ("RollingUpdate", Some(rolling)) => validate_rolling(errors, &here, rolling),
        (_, _) => {
            let shown = workload::strategy_json(strategy);
            errors.push(not_supported_json(path, &shown, &["Recreate", "RollingUpdate"]));
        }
    }
}

fn validate_rolling(errors: &mut ErrorList, path: &Path, rolling: &Value) {
    let [unavailable, surge] = ["maxUnavailable", "maxSurge"].map(|field| {
        let value = rolling.get(field).and_then(IntOrPercent::from_value).unwrap_or(IntOrPercent::Int(0));
        if let Some(why) = value.non_negative_problem() {
            errors.push(invalid(&path.child(field), rolling[field].clone(), why));
        }
        value
    });
    let is_zero = |value: &IntOrPercent| match value {
        IntOrPercent::Int(number) => *number == 0,
        // As in Go, a number in quotes counts, although it is refused for itself.
        IntOrPercent::Text(text) => text.parse().ok().or(value.percent()).unwrap_or(0) == 0,
    };
    let here = path.child("maxUnavailable");
    if is_zero(&unavailable) && is_zero(&surge) {
        errors.push(invalid(&here, rolling["maxUnavailable"].clone(), "may not be 0 when `maxSurge` is 0"));
    }
    if let Some(why) = unavailable.over_hundred_problem() {
        errors.push(invalid(&here, rolling["maxUnavailable"].clone(), why));
    }
}

pub(super) fn validate_status(new: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, status) = (Path::new("status"), new.get("status").unwrap_or(&Value::Null));
    for field in ["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        non_negative(&mut errors, &path, status, field);
    }
    let count = |field: &str| status.get(field).and_then(Value::as_i64).unwrap_or(0);
    for (field, bound, why) in [
        ("updatedReplicas", "replicas", "cannot be greater than status.replicas"),
        ("readyReplicas", "replicas", "cannot be greater than status.replicas"),
        ("availableReplicas", "replicas", "cannot be greater than status.replicas"),
        ("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"),
    ] {
        if count(field) > count(bound) {
            errors.push(invalid(&path.child(field), count(field), why));
        }
    }
    errors
}
