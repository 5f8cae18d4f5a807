//! Matching of requests against the resource rules and selectors of a policy or binding
//! (`apiserver/pkg/admission/plugin/policy/matching`).
//!
//! With the match policy `Equivalent`, which is the default, a rule for any served version of a kind matches.

use super::AdmissionAttributes;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Returns whether `matchConstraints` or `matchResources` match a request.
pub(super) fn matches(constraints: &Value, attributes: &AdmissionAttributes<'_>, namespace: Option<&Object>) -> bool {
    let rules = constraints.list("/resourceRules");
    let is_equivalent = constraints.str("/matchPolicy") != "Exact";
    let matches_rule = |rule: &Value| rule_matches(rule, attributes, is_equivalent);
    // A binding without rules matches everything that its policy matches.
    (rules.is_empty() || rules.iter().any(matches_rule))
        && !constraints.list("/excludeResourceRules").iter().any(matches_rule)
        && namespace_matches(constraints, attributes, namespace)
        && object_matches(constraints, attributes)
}

/// Returns whether a resource rule matches the scope, operation, resource and name of a request.
fn rule_matches(rule: &Value, attributes: &AdmissionAttributes<'_>, is_equivalent: bool) -> bool {
    let names = attributes.kind.names();
    let has = |pointer: &str, wanted: &str| rule.list(pointer).iter().any(|entry| entry == "*" || entry == wanted);
    let others = attributes.kind.other_versions().iter().filter(|_| is_equivalent);
    let mut versions = std::iter::once((names.group, names.version)).chain(others.copied());
    let scope_matches = match rule.str("/scope") {
        "Cluster" => !names.namespaced,
        "Namespaced" => names.namespaced,
        _ => true,
    };
    let allowed_names = rule.list("/resourceNames");
    let mut resources = rule.list("/resources").iter().filter_map(Value::as_str);
    scope_matches
        && has("/operations", attributes.operation)
        && versions.any(|(group, version)| has("/apiGroups", group) && has("/apiVersions", version))
        && resources.any(|resource| names_resource(resource, names.plural, attributes.subresource))
        && (allowed_names.is_empty() || allowed_names.iter().any(|name| name == attributes.object.name()))
}

/// Returns whether an entry of `resources`, such as `pods`, `pods/status`, `pods/*`, `*/scale`, `*` or `*/*`, names a
/// resource or subresource.
fn names_resource(rule: &str, plural: &str, subresource: &str) -> bool {
    let (resource, sub) = rule.split_once('/').unwrap_or((rule, ""));
    (resource == "*" || resource == plural) && (sub == "*" || sub == subresource)
}

/// Returns whether the namespace selector matches: a namespace by its own labels, other cluster-scoped objects always.
fn namespace_matches(constraints: &Value, attributes: &AdmissionAttributes<'_>, namespace: Option<&Object>) -> bool {
    let selector = &constraints["namespaceSelector"];
    match attributes.kind.names().kind {
        "Namespace" => selects(selector, attributes.object),
        _ => namespace.is_none_or(|namespace| selects(selector, namespace)),
    }
}

/// Returns whether the object selector matches; for an update, one matching version is enough.
fn object_matches(constraints: &Value, attributes: &AdmissionAttributes<'_>) -> bool {
    [attributes.new, attributes.old].into_iter().flatten().any(|object| selects(&constraints["objectSelector"], object))
}

/// Returns whether a label selector matches an object; a missing selector matches all.
fn selects(selector: &Value, object: &Object) -> bool {
    selector.is_null() || Selector::from_object(selector).is_ok_and(|selector| selector.matches_object(object))
}
