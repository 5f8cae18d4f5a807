//! Which requests a policy or binding is about: resource rules and selectors.
//!
//! Versions are matched as `Equivalent` does where the policy says so: any served version of the kind counts.

use super::AdmissionAttributes;
use kctl_base::json::Value;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Returns whether an attributes is what `matchConstraints` or `matchResources` describe.
pub(super) fn matches(constraints: &Value, attributes: &AdmissionAttributes<'_>, namespace: Option<&Object>) -> bool {
    let rules = constraints.list("/resourceRules");
    let equivalent = constraints.str("/matchPolicy") != "Exact";
    let holds = |rule: &Value| rule_holds(rule, attributes, equivalent);
    // A binding without rules is about everything that its policy is about.
    (rules.is_empty() || rules.iter().any(holds))
        && !constraints.list("/excludeResourceRules").iter().any(holds)
        && namespace_fits(constraints, attributes, namespace)
        && object_fits(constraints, attributes)
}

fn rule_holds(rule: &Value, attributes: &AdmissionAttributes<'_>, equivalent: bool) -> bool {
    let names = attributes.kind.names();
    let has = |pointer: &str, wanted: &str| rule.list(pointer).iter().any(|entry| entry == "*" || entry == wanted);
    let others = attributes.kind.other_versions().iter().filter(|_| equivalent);
    let mut versions = std::iter::once((names.group, names.version)).chain(others.copied());
    let scoped = match rule.str("/scope") {
        "Cluster" => !names.namespaced,
        "Namespaced" => names.namespaced,
        _ => true,
    };
    let listed = rule.list("/resourceNames");
    let mut resources = rule.list("/resources").iter().filter_map(Value::as_str);
    scoped
        && has("/operations", attributes.operation)
        && versions.any(|(group, version)| has("/apiGroups", group) && has("/apiVersions", version))
        && resources.any(|resource| is_resource(resource, names.plural, attributes.subresource))
        && (listed.is_empty() || listed.iter().any(|name| name == attributes.object.name()))
}

/// Returns whether `pods`, `pods/status`, `pods/*`, `*/scale`, `*` or `*/*` means a resource.
fn is_resource(rule: &str, plural: &str, subresource: &str) -> bool {
    let (resource, sub) = rule.split_once('/').unwrap_or((rule, ""));
    (resource == "*" || resource == plural) && (sub == "*" || sub == subresource)
}

/// Objects of the cluster pass; a namespace is looked at by its own labels.
fn namespace_fits(constraints: &Value, attributes: &AdmissionAttributes<'_>, namespace: Option<&Object>) -> bool {
    let selector = &constraints["namespaceSelector"];
    match attributes.kind.names().kind {
        "Namespace" => selects(selector, attributes.object),
        _ => namespace.is_none_or(|namespace| selects(selector, namespace)),
    }
}

/// An update matches when either version does.
fn object_fits(constraints: &Value, attributes: &AdmissionAttributes<'_>) -> bool {
    [attributes.new, attributes.old].into_iter().flatten().any(|object| selects(&constraints["objectSelector"], object))
}

/// Returns whether a label selector takes an object; none takes all.
fn selects(selector: &Value, object: &Object) -> bool {
    selector.is_null() || Selector::from_object(selector).is_ok_and(|selector| selector.matches_object(object))
}
