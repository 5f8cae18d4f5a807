//! Validation of DaemonSets (`ValidateDaemonSetSpec` in `pkg/apis/apps/validation/validation.go`).

use crate::shared::pod_spec::validate::validate_template;
use crate::shared::rules::{invalid_json, non_negative};
use crate::shared::{pod_template, selector, workload};
use kctl_base::field::{ErrorList, Path, invalid, not_supported_json, required};
use kctl_base::intstr::IntOrPercent;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

pub(super) fn validate(object: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    let (path, spec) = (Path::new("spec"), &object["spec"]);
    let (here, there) = (path.child("selector"), path.child("template"));
    let wanted = spec.at("/selector");
    match wanted {
        Some(wanted) => selector::validate(&mut errors, &here, wanted),
        None => errors.push(required(&here, "")),
    }
    if let Some(read) = selector::read(wanted).filter(|s| !s.is_everything()) {
        selector::validate_match(&mut errors, &there, &read, &spec["template"]);
    }
    if wanted.is_some_and(selector::is_empty) {
        errors.push(invalid_json(&here, "{}", "empty selector is invalid for daemonset"));
    }
    validate_template(&mut errors, &there, &spec["template"]);
    pod_template::validate_long_running(&mut errors, &there, &spec["template"], "DaemonSet");
    non_negative(&mut errors, &path, spec, "minReadySeconds");
    validate_strategy(&mut errors, &path.child("updateStrategy"), &spec["updateStrategy"]);
    non_negative(&mut errors, &path, spec, "revisionHistoryLimit");
    errors
}

fn validate_strategy(errors: &mut ErrorList, path: &Path, strategy: &Value) {
    match (strategy.str("/type"), strategy.at("/rollingUpdate")) {
        ("OnDelete", _) => {}
        ("RollingUpdate", None) => errors.push(required(&path.child("rollingUpdate"), "")),
        ("RollingUpdate", Some(rolling)) => validate_rolling(errors, &path.child("rollingUpdate"), rolling),
        (_, _) => {
            let shown = workload::strategy_json(strategy);
            errors.push(not_supported_json(path, &shown, &["RollingUpdate", "OnDelete"]));
        }
    }
}

fn validate_rolling(errors: &mut ErrorList, path: &Path, rolling: &Value) {
    let fields = ["maxUnavailable", "maxSurge"];
    let values = fields.map(|f| rolling.get(f).and_then(IntOrPercent::from_value).unwrap_or(IntOrPercent::Int(0)));
    let problems: [fn(&IntOrPercent) -> Option<&'static str>; 2] =
        [IntOrPercent::non_negative_problem, IntOrPercent::over_hundred_problem];
    for problem in problems {
        for (field, value) in fields.iter().zip(&values) {
            if let Some(why) = problem(value) {
                errors.push(invalid(&path.child(field), rolling[*field].clone(), why));
            }
        }
    }
    let is_set = |value: &IntOrPercent| match value {
        IntOrPercent::Int(number) => *number != 0,
        text => text.percent().unwrap_or(0) != 0,
    };
    match (is_set(&values[0]), is_set(&values[1])) {
        (true, true) => {
            let why = "may not be set when maxUnavailable is non-zero";
            errors.push(invalid(&path.child("maxSurge"), rolling["maxSurge"].clone(), why));
        }
        (false, false) => {
            errors.push(required(&path.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"));
        }
        _ => {}
    }
}
