//! Validation of label selectors (`k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go`) and of their match
//! with a pod template.

use crate::shared::rules::{invalid_json, label_map, refuse};
use kctl_base::field::{ErrorList, Path, forbidden, invalid, required};
use kctl_base::json::Value;
use kctl_base::labels::{self, Selector};
use kctl_base::object::ValueRead;

/// The message about a selector that does not match the labels of the pod template.
pub(crate) const MISMATCH: &str = "`selector` does not match template `labels`";

/// Validates a LabelSelector.
pub(crate) fn validate(errors: &mut ErrorList, path: &Path, selector: &Value) {
    label_map(errors, &path.child("matchLabels"), selector.get("matchLabels"));
    for (index, expression) in selector.list("/matchExpressions").iter().enumerate() {
        validate_expression(errors, &path.child("matchExpressions").index(index), expression);
    }
}

fn validate_expression(errors: &mut ErrorList, path: &Path, expression: &Value) {
    let values = expression.list("/values");
    match expression.str("/operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(required(&path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.push(forbidden(&path.child("values"), why));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.push(invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = expression.str("/key");
    refuse(errors, &path.child("key"), key, labels::key_problems(key));
    for (index, value) in values.iter().filter_map(Value::as_str).enumerate() {
        refuse(errors, &path.child("values").index(index), value, labels::value_problems(value));
    }
}

/// Returns whether a LabelSelector has neither labels nor expressions.
pub(crate) fn is_empty(selector: &Value) -> bool {
    selector.map("/matchLabels").is_none_or(|m| m.is_empty()) && selector.list("/matchExpressions").is_empty()
}

/// A LabelSelector as errors print it, with the labels before the expressions.
pub(crate) fn to_json(selector: &Value) -> String {
    let parts: Vec<String> = ["matchLabels", "matchExpressions"]
        .iter()
        .filter_map(|field| Some(format!("\"{field}\":{}", selector.get(*field).filter(|v| !v.is_null())?)))
        .collect();
    format!("{{{}}}", parts.join(","))
}

/// Validates the selector of a workload: present, well-formed and not empty. `kind` appears in the message, such as
/// `deployment`.
pub(crate) fn validate_required(errors: &mut ErrorList, path: &Path, selector: Option<&Value>, kind: &str) {
    match selector.filter(|s| !s.is_null()) {
        None => errors.push(required(path, "")),
        Some(selector) => {
            validate(errors, path, selector);
            if is_empty(selector) {
                errors.push(invalid_json(path, &to_json(selector), &format!("empty selector is invalid for {kind}")));
            }
        }
    }
}

/// Parses a LabelSelector; `None` when it is invalid. A missing one matches nothing.
pub(crate) fn read(selector: Option<&Value>) -> Option<Selector> {
    Selector::from_object(selector.unwrap_or(&Value::Null)).ok()
}

/// Refuses a selector that does not match the labels of the pod template at `path`.
pub(crate) fn validate_match(errors: &mut ErrorList, path: &Path, selector: &Selector, template: &Value) {
    let labels = template.pointer("/metadata/labels").unwrap_or(&Value::Null);
    if !selector.is_everything() && !selector.matches(labels) {
        errors.push(invalid(&path.child("metadata").child("labels"), labels.clone(), MISMATCH));
    }
}

/// Parses the selector of a ReplicationController, which is a map; a missing one matches everything.
pub(crate) fn of_map(map: Option<&Value>) -> Selector {
    map.and_then(Value::as_object).map_or_else(Selector::everything, Selector::from_map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn selectors_are_validated() {
        let path = Path::new("spec.selector");
        let cases = [
            (json!(null), vec!["spec.selector: Required value"]),
            (json!({}), vec!["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
            (
                json!({"matchExpressions": [{"key": "a", "operator": "In"}]}),
                vec![
                    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                ],
            ),
            (json!({"matchLabels": {"a": "b"}}), vec![]),
        ];
        for (selector, want) in cases {
            let mut errors = ErrorList::new();
            validate_required(&mut errors, &path, Some(&selector), "deployment");
            let got: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(got, want, "{selector}");
        }
    }
}
