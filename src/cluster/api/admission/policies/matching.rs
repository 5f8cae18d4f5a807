//! Matching of requests against the resource rules and selectors of a policy or binding
//! (`apiserver/pkg/admission/plugin/policy/matching`).
//!
//! With the match policy `Equivalent`, which is the default, a rule for any served version of a kind matches.

use super::Attributes;
use kctl_base::gvk::GroupVersion;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Returns the version of the kind that `matchConstraints`, `matchResources` or a webhook match a request in; `None` if they
/// do not match it.
pub(in super::super) fn matched(
    constraints: &Value,
    attributes: &Attributes<'_>,
    namespace: Option<&Object>,
) -> Option<GroupVersion> {
    let selected = namespace_matches(constraints, attributes, namespace) && object_matches(constraints, attributes);
    let by_rules = |field: &str| {
        let rules = constraints.list(field);
        versions(attributes, constraints.str("/matchPolicy") != "Exact")
            .into_iter()
            .find(|version| rules.iter().any(|rule| rule_matches(rule, attributes, version)))
    };
    if !selected || by_rules("/excludeResourceRules").is_some() {
        return None;
    }
    // Webhooks have rules of their own; a binding without rules matches everything that its policy matches.
    if constraints.get("rules").is_some() {
        return by_rules("/rules");
    }
    match constraints.list("/resourceRules") {
        [] => Some(attributes.version.clone()),
        _ => by_rules("/resourceRules"),
    }
}

/// Returns the versions in which a request can match: that of the request and then, if any will do, the others of the kind.
fn versions(attributes: &Attributes<'_>, is_equivalent: bool) -> Vec<GroupVersion> {
    let names = attributes.kind.names();
    let stored = (names.group, names.version);
    let others = std::iter::once(&stored).chain(attributes.kind.other_versions()).filter(|_| is_equivalent);
    let others = others.map(|(group, version)| GroupVersion::new(group, version));
    std::iter::once(attributes.version.clone()).chain(others.filter(|other| *other != attributes.version)).collect()
}

/// Returns whether a resource rule matches the scope, operation, resource and name of a request in a version.
fn rule_matches(rule: &Value, attributes: &Attributes<'_>, version: &GroupVersion) -> bool {
    let names = attributes.kind.names();
    let has = |pointer: &str, wanted: &str| rule.list(pointer).iter().any(|entry| entry == "*" || entry == wanted);
    // A namespace is an object of the cluster, as are its subresources.
    let scope_matches = match rule.str("/scope") {
        "Cluster" => !names.namespaced,
        "Namespaced" => names.namespaced,
        _ => true,
    };
    let allowed_names = rule.list("/resourceNames");
    let mut resources = rule.list("/resources").iter().filter_map(Value::as_str);
    scope_matches
        && has("/operations", attributes.operation)
        && has("/apiGroups", &version.group)
        && has("/apiVersions", &version.version)
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
fn namespace_matches(constraints: &Value, attributes: &Attributes<'_>, namespace: Option<&Object>) -> bool {
    let selector = &constraints["namespaceSelector"];
    match attributes.kind.names().kind {
        "Namespace" => selects(selector, attributes.object),
        _ => namespace.is_none_or(|namespace| selects(selector, namespace)),
    }
}

/// Returns whether the object selector matches; for an update, one matching version is enough.
fn object_matches(constraints: &Value, attributes: &Attributes<'_>) -> bool {
    [attributes.new, attributes.old].into_iter().flatten().any(|object| selects(&constraints["objectSelector"], object))
}

/// Returns whether a label selector matches an object; a missing selector matches all.
fn selects(selector: &Value, object: &Object) -> bool {
    selector.is_null() || Selector::from_object(selector).is_ok_and(|selector| selector.matches_object(object))
}
