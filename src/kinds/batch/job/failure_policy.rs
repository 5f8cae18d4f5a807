//! Validation of `spec.podFailurePolicy` (`validatePodFailurePolicy` in `pkg/apis/batch/validation/validation.go`).

use kctl_base::field::{ErrorList, Path, duplicate, invalid, invalid_text, not_supported, required, too_many};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// Validates the pod failure policy of a job spec, if it has one.
pub(crate) fn validate(errors: &mut ErrorList, path: &Path, spec: &Value) {
    let Some(policy) = spec.at("/podFailurePolicy") else { return };
    let rules = policy.list("/rules");
    let here = path.child("rules");
    if rules.len() > 20 {
        return errors.push(too_many(&here, rules.len(), 20));
    }
    let names: Vec<&str> = ["/template/spec/containers", "/template/spec/initContainers"]
        .iter()
        .flat_map(|p| spec.list(p))
        .map(|c| c.str("/name"))
        .collect();
    for (index, rule) in rules.iter().enumerate() {
        validate_rule(errors, &here.index(index), rule, &names, spec.at("/backoffLimitPerIndex").is_some());
    }
}

fn validate_rule(errors: &mut ErrorList, path: &Path, rule: &Value, names: &[&str], per_index: bool) {
    let here = path.child("action");
    match rule.str("/action") {
        "" => errors.push(required(&here, "valid values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\"")),
        "FailIndex" if !per_index => {
            errors.push(invalid(&here, "FailIndex", "requires the backoffLimitPerIndex to be set"));
        }
        "Count" | "FailIndex" | "FailJob" | "Ignore" => {}
        other => errors.push(not_supported(&here, other, &["Count", "FailIndex", "FailJob", "Ignore"])),
    }
    let (codes, conditions) = (rule.at("/onExitCodes"), rule.list("/onPodConditions"));
    if let Some(codes) = codes {
        validate_codes(errors, &path.child("onExitCodes"), codes, names);
    }
    for (index, pattern) in conditions.iter().enumerate() {
        let here = path.child("onPodConditions").index(index).child("status");
        match pattern.str("/status") {
            "" => errors.push(required(&here, "valid values: \"False\", \"True\", \"Unknown\"")),
            "True" | "False" | "Unknown" => {}
            other => errors.push(not_supported(&here, other, &["False", "True", "Unknown"])),
        }
    }
    match (codes.is_some(), conditions.is_empty()) {
        (true, false) => {
            let why = "specifying both OnExitCodes and OnPodConditions is not supported";
            errors.push(invalid_text(path, why));
        }
        (false, true) => {
            errors.push(invalid_text(path, "specifying one of OnExitCodes and OnPodConditions is required"));
        }
        _ => {}
    }
}

fn validate_codes(errors: &mut ErrorList, path: &Path, codes: &Value, names: &[&str]) {
    let operator = codes.str("/operator");
    let here = path.child("operator");
    match operator {
        "" => errors.push(required(&here, "valid values: \"In\", \"NotIn\"")),
        "In" | "NotIn" => {}
        other => errors.push(not_supported(&here, other, &["In", "NotIn"])),
    }
    let container = codes.str("/containerName");
    if !container.is_empty() && !names.contains(&container) {
        let why = "must be one of the container or initContainer names in the pod template";
        errors.push(invalid(&path.child("containerName"), container, why));
    }
    let values = codes.list("/values");
    let here = path.child("values");
    if values.is_empty() {
        errors.push(invalid(&here, json!([]), "at least one value is required"));
    } else if values.len() > 255 {
        errors.push(too_many(&here, values.len(), 255));
    }
    let numbers: Vec<i64> = values.iter().filter_map(Value::as_i64).collect();
    if !numbers.is_sorted() {
        errors.push(invalid(&here, values.to_vec(), "must be ordered"));
    }
    for (index, number) in numbers.iter().enumerate() {
        if *number == 0 && operator == "In" {
            errors.push(invalid(&here.index(index), 0, "must not be 0 for the In operator"));
        }
        if numbers[..index].contains(number) {
            errors.push(duplicate(&here.index(index), *number));
        }
    }
}
