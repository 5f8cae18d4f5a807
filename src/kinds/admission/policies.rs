//! Defaults and validation of ValidatingAdmissionPolicies and their bindings
//! (`pkg/apis/admissionregistration/validation/validation.go`).
//!
//! Expressions are compiled, but not type-checked.

use kctl_base::cel::Expression;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// Sets the defaults of the match resources at a JSON pointer: match policy, selectors and scopes.
pub(super) fn default_matches(object: &mut Object, pointer: &str) {
    if object.at(pointer).is_none() {
        return;
    }
    for (field, value) in
        [("matchPolicy", json!("Equivalent")), ("namespaceSelector", json!({})), ("objectSelector", json!({}))]
    {
        object.put_default(&format!("{pointer}/{field}"), value);
    }
    for rules in ["resourceRules", "excludeResourceRules"] {
        for rule in object.items_mut(&format!("{pointer}/{rules}")) {
            rule.put_default("/scope", "*");
        }
    }
}

/// Validates a ValidatingAdmissionPolicy.
pub(super) fn validate_policy(policy: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    if let Some(kind) = policy.at("/spec/paramKind") {
        for field in ["apiVersion", "kind"] {
            if kind.str(&format!("/{field}")).is_empty() {
                errors.push(field::required(&spec.child("paramKind").child(field), ""));
            }
        }
    }
    let constraints = spec.child("matchConstraints");
    match policy.at("/spec/matchConstraints") {
        None => errors.push(field::required(&constraints, "")),
        Some(found) if found.list("/resourceRules").is_empty() => {
            errors.push(field::required(&constraints.child("resourceRules"), ""));
        }
        Some(_) => {}
    }
    for list in ["matchConditions", "variables"] {
        for (index, entry) in policy.list(&format!("/spec/{list}")).iter().enumerate() {
            let here = spec.child(list).index(index);
            if entry.str("/name").is_empty() {
                errors.push(field::required(&here.child("name"), ""));
            }
            errors.extend(expression_errors(entry, "expression", &here, true));
        }
    }
    if policy.list("/spec/validations").is_empty() && policy.list("/spec/auditAnnotations").is_empty() {
        for list in ["validations", "auditAnnotations"] {
            errors.push(field::required(&spec.child(list), "validations or auditAnnotations must be set"));
        }
    }
    for (index, rule) in policy.list("/spec/validations").iter().enumerate() {
        let here = spec.child("validations").index(index);
        errors.extend(expression_errors(rule, "expression", &here, true));
        errors.extend(expression_errors(rule, "messageExpression", &here, false));
    }
    errors
}

/// Validates the CEL expression in the field `name` of `entry`.
fn expression_errors(entry: &Value, name: &str, path: &Path, is_required: bool) -> Option<field::FieldError> {
    let text = entry.str(&format!("/{name}"));
    let path = path.child(name);
    match text.trim() {
        "" => is_required.then(|| field::required(&path, "expression is not specified")),
        _ => Expression::compile(text)
            .err()
            .map(|why| field::invalid(&path, text, &format!("compilation failed: {why}"))),
    }
}

/// Validates a ValidatingAdmissionPolicyBinding.
pub(super) fn validate_binding(binding: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    if binding.str("/spec/policyName").is_empty() {
        errors.push(field::required(&spec.child("policyName"), ""));
    }
    if let Some(reference) = binding.at("/spec/paramRef") {
        let here = spec.child("paramRef");
        let both = "name and selector are mutually exclusive";
        match (reference.str("/name"), reference.at("/selector")) {
            ("", None) => errors.push(field::required(&here, "one of name or selector must be specified")),
            (name, Some(_)) if !name.is_empty() => errors.push(field::forbidden(&here.child("name"), both)),
            _ => {}
        }
    }
    let path = spec.child("validationActions");
    let actions = binding.list("/spec/validationActions");
    let has = |wanted: &str| actions.iter().any(|action| action == wanted);
    if actions.is_empty() {
        errors.push(field::required(&path, ""));
    }
    for (index, action) in actions.iter().enumerate() {
        if !["Audit", "Deny", "Warn"].iter().any(|known| action == known) {
            errors.push(field::not_supported(&path.index(index), action.clone(), &["Audit", "Deny", "Warn"]));
        }
    }
    if has("Deny") && has("Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                   response and headers serves no purpose)";
        errors.push(field::invalid(&path, actions.to_vec(), why));
    }
    errors
}
