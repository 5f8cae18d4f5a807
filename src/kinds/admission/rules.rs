//! Validation of what webhooks and policies match: rules of operations and resources, selectors, match conditions
//! (`pkg/apis/admissionregistration/validation/validation.go`).

use std::collections::BTreeSet;

use super::expressions::{Environment, Wanted};
use crate::shared::formats::path_segment_problems;
use crate::shared::rules::check;
use crate::shared::selector;
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::labels::key_problems;
use kctl_base::object::ValueRead;

const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES: &[&str] = &["*", "Cluster", "Namespaced"];
/// The largest number of match conditions of a webhook or policy.
const MATCH_CONDITIONS_MAX: usize = 64;

/// Validates a field of `object` that has a default and is one of a few strings.
pub(super) fn choice(errors: &mut ErrorList, path: &Path, object: &Value, name: &str, supported: &[&str]) {
    if let Some(text) = object.get(name).and_then(Value::as_str)
        && !supported.contains(&text)
    {
        errors.push(field::not_supported(&path.child(name), text, supported));
    }
}

/// Validates the match resources of a policy or binding (`validateMatchResources`); defaults are set.
pub(super) fn match_resources(errors: &mut ErrorList, path: &Path, resources: &Value) {
    choice(errors, path, resources, "matchPolicy", &["Equivalent", "Exact"]);
    selectors(errors, path, resources);
    for name in ["resourceRules", "excludeResourceRules"] {
        for (index, rule) in resources.list(&format!("/{name}")).iter().enumerate() {
            let here = path.child(name).index(index);
            resource_names(errors, &here.child("resourceNames"), rule.list("/resourceNames"));
            operations_rule(errors, &here, rule);
        }
    }
}

/// Validates that resource rules name only some operations; all of them if `operations` is `None`.
pub(super) fn only_operations(errors: &mut ErrorList, path: &Path, resources: &Value, operations: Option<&[&str]>) {
    let Some(operations) = operations else { return };
    let path = path.child("resourceRules").child("operations");
    for operation in resources.list("/resourceRules").iter().flat_map(|rule| rule.list("/operations")) {
        if !operations.iter().any(|known| operation == known) {
            errors.push(field::not_supported(&path, operation.clone(), operations));
        }
    }
}

/// Validates the namespace selector and the object selector.
pub(super) fn selectors(errors: &mut ErrorList, path: &Path, object: &Value) {
    for name in ["namespaceSelector", "objectSelector"] {
        if let Some(found) = object.get(name).filter(|s| !s.is_null()) {
            selector::validate(errors, &path.child(name), found);
        }
    }
}

fn resource_names(errors: &mut ErrorList, path: &Path, names: &[Value]) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let (here, name) = (path.index(index), name.as_str().unwrap_or_default());
        errors.extend(check(path_segment_problems, name, &here));
        if !seen.insert(name) {
            errors.push(field::duplicate(&here, name));
        }
    }
}

/// Validates operations and the resources they apply to (`validateRuleWithOperations`).
pub(super) fn operations_rule(errors: &mut ErrorList, path: &Path, rule: &Value) {
    let operations = rule.list("/operations");
    let here = path.child("operations");
    wildcard_list(errors, &here, operations, "operations");
    for (index, operation) in operations.iter().enumerate() {
        if !OPERATIONS.iter().any(|known| operation == known) {
            errors.push(field::not_supported(&here.index(index), operation.clone(), OPERATIONS));
        }
    }
    wildcard_list(errors, &path.child("apiGroups"), rule.list("/apiGroups"), "API groups");
    let versions = path.child("apiVersions");
    wildcard_list(errors, &versions, rule.list("/apiVersions"), "API versions");
    for (index, _) in rule.list("/apiVersions").iter().enumerate().filter(|(_, version)| *version == "") {
        errors.push(field::required(&versions.index(index), ""));
    }
    resources(errors, &path.child("resources"), rule.list("/resources"));
    choice(errors, path, rule, "scope", SCOPES);
}

/// Requires a list that is not empty and in which `*` stands alone.
fn wildcard_list(errors: &mut ErrorList, path: &Path, list: &[Value], what: &str) {
    if list.is_empty() {
        errors.push(field::required(path, ""));
    }
    if list.len() > 1 && list.iter().any(|item| item == "*") {
        errors.push(field::invalid(path, list.to_vec(), &format!("if '*' is present, must not specify other {what}")));
    }
}

/// Validates resources such as `pods`, `pods/*` and `*/scale` (`validateResources`).
fn resources(errors: &mut ErrorList, path: &Path, list: &[Value]) {
    if list.is_empty() {
        errors.push(field::required(path, ""));
    }
    let (mut all_of_resource, mut all_of_subresource) = (BTreeSet::new(), BTreeSet::new());
    // Only the last resource without a subresource counts, as upstream.
    let mut is_plain = false;
    for (index, text) in list.iter().map(|item| item.as_str().unwrap_or_default()).enumerate() {
        let here = path.index(index);
        if text.is_empty() {
            errors.push(field::required(&here, ""));
            continue;
        }
        let Some((resource, subresource)) = text.split_once('/') else {
            is_plain = text != "*";
            continue;
        };
        if all_of_resource.contains(resource) {
            let why = format!("if '{resource}/*' is present, must not specify {text}");
            errors.push(field::invalid(&here, text, &why));
        }
        if all_of_subresource.contains(subresource) {
            let why = format!("if '*/{subresource}' is present, must not specify {text}");
            errors.push(field::invalid(&here, text, &why));
        }
        if subresource == "*" {
            all_of_resource.insert(resource);
        }
        if resource == "*" {
            all_of_subresource.insert(subresource);
        }
    }
    if list.len() > 1 && list.iter().any(|item| item == "*/*") {
        let why = "if '*/*' is present, must not specify other resources";
        errors.push(field::invalid(path, list.to_vec(), why));
    }
    if is_plain && list.iter().any(|item| item == "*") {
        let why = "if '*' is present, must not specify other resources without subresources";
        errors.push(field::invalid(path, list.to_vec(), why));
    }
}

/// Validates match conditions: at most 64 with names of their own (`validateMatchConditions`).
pub(super) fn match_conditions(errors: &mut ErrorList, path: &Path, list: &[Value], environment: &Environment) {
    if list.len() > MATCH_CONDITIONS_MAX {
        errors.push(field::too_many(path, list.len(), MATCH_CONDITIONS_MAX));
    }
    let mut seen = BTreeSet::new();
    for (index, condition) in list.iter().enumerate() {
        let here = path.index(index);
        let (text, place) = (condition.str("/expression").trim(), here.child("expression"));
        if text.is_empty() {
            errors.push(field::required(&place, ""));
        } else if let Err(why) = environment.check(text, Wanted::Bool) {
            errors.push(field::invalid(&place, text, &why));
        }
        let name = condition.str("/name");
        if name.is_empty() {
            errors.push(field::required(&here.child("name"), ""));
            continue;
        }
        errors.extend(check(key_problems, name, &here.child("name")));
        if !seen.insert(name) {
            errors.push(field::duplicate(&here.child("name"), name));
        }
    }
}
