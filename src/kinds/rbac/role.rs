//! Roles and ClusterRoles (`pkg/apis/rbac/validation/validation.go`).

use super::{GROUP, rules};
use crate::shared::describe::{annotations, labels};
use crate::shared::selector;
use crate::shared::table_kind::TableKind;
use crate::{Lookup, NameRule, Names, PrefixWriter};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::Cell;

/// A Role: permissions in a namespace.
pub(crate) static ROLE: TableKind = TableKind::new(Names::namespaced((GROUP, "v1"), "Role", "roles", "role"))
    .name_rule(NameRule::PathSegment)
    .table(&["Name", "Created At"], row)
    .defaults(set_defaults)
    .validate(|role| rule_errors(role, true))
    .describer(describe);

/// A ClusterRole: permissions in the whole cluster.
pub(crate) static CLUSTER_ROLE: TableKind =
    TableKind::new(Names::cluster_scoped((GROUP, "v1"), "ClusterRole", "clusterroles", "clusterrole"))
        .name_rule(NameRule::PathSegment)
        .table(&["Name", "Created At"], row)
        .defaults(set_defaults)
        .validate(cluster_errors)
        .describer(describe);

fn set_defaults(role: &mut Object) {
    role.put_default("/rules", Value::Null);
}

fn row(role: &Object, _now: Time) -> Vec<Cell> {
    vec![role.name().into(), role.str("/metadata/creationTimestamp").into()]
}

fn describe(role: &Object, _lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", role.name());
    labels(role, out);
    annotations(role, out);
    out.line(0, "PolicyRule:");
    out.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs");
    out.line(1, "---------\t-----------------\t--------------\t-----");
    for rule in rules::compact(role.list("/rules")) {
        out.line(1, rule.line());
    }
}

fn cluster_errors(role: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    if role.at("/aggregationRule").is_some() {
        let path = Path::new("aggregationRule").child("clusterRoleSelectors");
        let selectors = role.list("/aggregationRule/clusterRoleSelectors");
        if selectors.is_empty() {
            errors.push(field::required(
                &path,
                "at least one clusterRoleSelector required if aggregationRule is non-nil",
            ));
        }
        for (index, selector) in selectors.iter().enumerate() {
            selector::validate(&mut errors, &path.index(index), selector);
        }
    }
    errors.extend(rule_errors(role, false));
    errors
}

fn rule_errors(role: &Object, namespaced: bool) -> ErrorList {
    let path = Path::new("rules");
    role.list("/rules")
        .iter()
        .enumerate()
        .flat_map(|(i, rule)| one_rule_errors(rule, namespaced, &path.index(i)))
        .collect()
}

fn one_rule_errors(rule: &Value, namespaced: bool, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let is_empty = |field: &str| rule.list(&format!("/{field}")).is_empty();
    if is_empty("verbs") {
        errors.push(field::required(&path.child("verbs"), "verbs must contain at least one value"));
    }
    let urls = rule.list("/nonResourceURLs");
    if !urls.is_empty() {
        let path = path.child("nonResourceURLs");
        let value = || Value::from(urls.to_vec());
        if namespaced {
            errors.push(field::invalid(&path, value(), "namespaced rules cannot apply to non-resource URLs"));
        }
        if !is_empty("apiGroups") || !is_empty("resources") || !is_empty("resourceNames") {
            let text = "rules cannot apply to both regular resources and non-resource URLs";
            errors.push(field::invalid(&path, value(), text));
        }
        return errors;
    }
    for (name, text) in [
        ("apiGroups", "resource rules must supply at least one api group"),
        ("resources", "resource rules must supply at least one resource"),
    ] {
        if is_empty(name) {
            errors.push(field::required(&path.child(name), text));
        }
    }
    errors
}
