//! Defaults and validation of ValidatingAdmissionPolicies and their bindings
//! (`pkg/apis/admissionregistration/validation/validation.go`).
//!
//! Expressions are compiled, but not type-checked.

use super::rules;
use crate::shared::formats::{dns_label_1035_problems, dns_subdomain_problems};
use kctl_base::cel::Expression;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead, ValueWrite};

/// The message about a missing expression.
const NO_EXPRESSION: &str = "expression is not specified";

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

/// Validates a ValidatingAdmissionPolicy (`validateValidatingAdmissionPolicySpec`).
pub(super) fn validate_policy(policy: &Object) -> ErrorList {
    let spec = Path::new("spec");
    let mut errors = ErrorList::new();
    rules::choice(&mut errors, &spec, &policy["spec"], "failurePolicy", &["Fail", "Ignore"]);
    if let Some(kind) = policy.at("/spec/paramKind") {
        param_kind(&mut errors, &spec.child("paramKind"), kind);
    }
    let constraints = spec.child("matchConstraints");
    match policy.at("/spec/matchConstraints") {
        None => errors.push(field::required(&constraints, "")),
        Some(found) => {
            rules::match_resources(&mut errors, &constraints, found);
            if found.list("/resourceRules").is_empty() {
                errors.push(field::required(&constraints.child("resourceRules"), ""));
            }
        }
    }
    rules::match_conditions(&mut errors, &spec.child("matchConditions"), policy.list("/spec/matchConditions"));
    for (index, variable) in policy.list("/spec/variables").iter().enumerate() {
        let here = spec.child("variables").index(index);
        if variable.str("/name").trim().is_empty() {
            errors.push(field::required(&here.child("name"), "name is not specified"));
        }
        errors.extend(expression_errors(variable, "expression", &here, Some(NO_EXPRESSION)));
    }
    if policy.list("/spec/validations").is_empty() && policy.list("/spec/auditAnnotations").is_empty() {
        for list in ["validations", "auditAnnotations"] {
            let why = "validations or auditAnnotations must contain at least one item";
            errors.push(field::required(&spec.child(list), why));
        }
    }
    for (index, rule) in policy.list("/spec/validations").iter().enumerate() {
        validation(&mut errors, &spec.child("validations").index(index), rule);
    }
    errors
}

/// Validates the kind of the parameters of a policy (`validateParamKind`).
fn param_kind(errors: &mut ErrorList, path: &Path, param: &Value) {
    let (api_version, here) = (param.str("/apiVersion"), path.child("apiVersion"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let problems = |list: Vec<String>| (!list.is_empty()).then(|| list.join(","));
    if api_version.is_empty() {
        errors.push(field::required(&here, ""));
    } else if version.contains('/') {
        errors.push(field::invalid(&here, api_version, &format!("unexpected GroupVersion string: {api_version}")));
    } else {
        if !group.is_empty() {
            errors.extend(problems(dns_subdomain_problems(group)).map(|why| field::invalid(&here, group, &why)));
        }
        if version.is_empty() {
            errors.push(field::invalid(&here, api_version, "version must be specified"));
        } else {
            errors.extend(problems(dns_label_1035_problems(version)).map(|why| field::invalid(&here, version, &why)));
        }
    }
    match param.str("/kind") {
        "" => errors.push(field::required(&path.child("kind"), "")),
        kind => errors.extend(problems(dns_label_1035_problems(&kind.to_lowercase())).map(|why| {
            let why = format!("may have mixed case, but should otherwise match: {why}");
            field::invalid(&path.child("kind"), kind, &why)
        })),
    }
}

/// Validates one validation of a policy (`validateValidation`).
fn validation(errors: &mut ErrorList, path: &Path, rule: &Value) {
    errors.extend(expression_errors(rule, "expression", path, Some(NO_EXPRESSION)));
    let (message, expression) = (rule.str("/message"), rule.str("/messageExpression"));
    if !expression.is_empty() && expression.trim().is_empty() {
        let why = "must be non-empty if specified";
        errors.push(field::invalid(&path.child("messageExpression"), expression, why));
    }
    errors.extend(expression_errors(rule, "messageExpression", path, None));
    if !message.is_empty() && message.trim().is_empty() {
        errors.push(field::invalid(&path.child("message"), message, "message must be non-empty if specified"));
    } else if message.trim().contains(['\n', '\r']) {
        errors.push(field::invalid(&path.child("message"), message, "message must not contain line breaks"));
    }
    rules::choice(errors, path, rule, "reason", &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
}

/// Validates the CEL expression in the field `name` of `entry`. `required` is the message about a missing one, `None` where
/// it may be missing.
pub(super) fn expression_errors(
    entry: &Value,
    name: &str,
    path: &Path,
    required: Option<&str>,
) -> Option<field::FieldError> {
    let text = entry.str(&format!("/{name}"));
    let path = path.child(name);
    match text.trim() {
        "" => required.map(|why| field::required(&path, why)),
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
    if let Some(resources) = binding.at("/spec/matchResources") {
        rules::match_resources(&mut errors, &spec.child("matchResources"), resources);
    }
    let path = spec.child("validationActions");
    let actions = binding.list("/spec/validationActions");
    let has = |wanted: &str| actions.iter().any(|action| action == wanted);
    for (index, action) in actions.iter().enumerate() {
        if !["Audit", "Deny", "Warn"].iter().any(|known| action == known) {
            errors.push(field::not_supported(&path.index(index), action.clone(), &["Audit", "Deny", "Warn"]));
        }
        if actions[..index].contains(action) {
            errors.push(field::duplicate(&path.index(index), action.clone()));
        }
    }
    if has("Deny") && has("Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                   response and headers serves no purpose)";
        errors.push(field::invalid(&path, actions.to_vec(), why));
    }
    if actions.is_empty() {
        errors.push(field::required(&path, "at least one validation action is required"));
    }
    errors
}
