//! RoleBindings and ClusterRoleBindings (`pkg/apis/rbac/validation/validation.go`).

use super::GROUP;
use crate::shared::describe::{annotations, labels};
use crate::shared::formats::{dns_subdomain_problems, path_segment_problems};
use crate::shared::rules::check;
use crate::shared::table_kind::TableKind;
use crate::{Lookup, NameRule, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::Cell;

const COLUMNS: &[&str] = &["Name", "Role", "Age", "+Users", "+Groups", "+ServiceAccounts"];

/// A RoleBinding: grants a role in a namespace.
pub(crate) static ROLE_BINDING: TableKind =
    TableKind::new(Names::namespaced((GROUP, "v1"), "RoleBinding", "rolebindings", "rolebinding"))
        .name_rule(NameRule::PathSegment)
        .table(COLUMNS, row)
        .defaults(set_defaults)
        .validate(|binding| errors(binding, true))
        .validate_update(update_errors)
        .describer(describe);

/// A ClusterRoleBinding: grants a ClusterRole in the whole cluster.
pub(crate) static CLUSTER_ROLE_BINDING: TableKind = TableKind::new(Names::cluster_scoped(
    (GROUP, "v1"),
    "ClusterRoleBinding",
    "clusterrolebindings",
    "clusterrolebinding",
))
.name_rule(NameRule::PathSegment)
.table(COLUMNS, row)
.defaults(set_defaults)
.validate(|binding| errors(binding, false))
.validate_update(update_errors)
.describer(describe);

fn set_defaults(binding: &mut Object) {
    if binding.str("/roleRef/apiGroup").is_empty() {
        binding.put("/roleRef/apiGroup", GROUP);
    }
    for subject in binding.items_mut("/subjects") {
        if matches!(subject.str("/kind"), "User" | "Group") && subject.str("/apiGroup").is_empty() {
            subject.put("/apiGroup", GROUP);
        }
    }
}

fn row(binding: &Object, now: Time) -> Vec<Cell> {
    let of = |kind: &str| -> String {
        let subjects = binding.list("/subjects").iter().filter(|s| s.str("/kind") == kind);
        let names: Vec<String> = subjects
            .map(|s| match kind {
                "ServiceAccount" => format!("{}/{}", s.str("/namespace"), s.str("/name")),
                _ => s.str("/name").to_string(),
            })
            .collect();
        names.join(", ")
    };
    vec![
        binding.name().into(),
        format!("{}/{}", binding.str("/roleRef/kind"), binding.str("/roleRef/name")),
        age(binding, now),
        of("User"),
        of("Group"),
        of("ServiceAccount"),
    ]
}

fn describe(binding: &Object, _lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", binding.name());
    labels(binding, out);
    annotations(binding, out);
    out.line(0, "Role:");
    out.pair(1, "Kind", binding.str("/roleRef/kind"));
    out.pair(1, "Name", binding.str("/roleRef/name"));
    out.line(0, "Subjects:");
    out.line(1, "Kind\tName\tNamespace");
    out.line(1, "----\t----\t---------");
    for s in binding.list("/subjects") {
        out.line(1, format!("{}\t{}\t{}", s.str("/kind"), s.str("/name"), s.str("/namespace")));
    }
}

fn errors(binding: &Object, namespaced: bool) -> ErrorList {
    let role = Path::new("roleRef");
    let (group, kind, name) =
        (binding.str("/roleRef/apiGroup"), binding.str("/roleRef/kind"), binding.str("/roleRef/name"));
    let mut errors = ErrorList::new();
    if group != GROUP {
        errors.push(field::not_supported(&role.child("apiGroup"), group, &[GROUP]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&kind) {
        errors.push(field::not_supported(&role.child("kind"), kind, kinds));
    }
    match name {
        "" => errors.push(field::required(&role.child("name"), "")),
        name => errors.extend(check(path_segment_problems, name, &role.child("name"))),
    }
    for (index, subject) in binding.list("/subjects").iter().enumerate() {
        errors.extend(subject_errors(subject, namespaced, &Path::new("subjects").index(index)));
    }
    errors
}

fn subject_errors(subject: &Value, namespaced: bool, path: &Path) -> ErrorList {
    let (kind, name, group) = (subject.str("/kind"), subject.str("/name"), subject.str("/apiGroup"));
    let mut errors = ErrorList::new();
    if name.is_empty() {
        errors.push(field::required(&path.child("name"), ""));
    }
    match kind {
        "ServiceAccount" => {
            if !name.is_empty() {
                errors.extend(check(dns_subdomain_problems, name, &path.child("name")));
            }
            if !group.is_empty() {
                errors.push(field::not_supported(&path.child("apiGroup"), group, &[""]));
            }
            if !namespaced && subject.str("/namespace").is_empty() {
                errors.push(field::required(&path.child("namespace"), ""));
            }
        }
        "User" | "Group" => {
            if name.is_empty() {
                let text = format!("{} name cannot be empty", kind.to_lowercase());
                errors.push(field::invalid(&path.child("name"), "", &text));
            }
            if group != GROUP {
                errors.push(field::not_supported(&path.child("apiGroup"), group, &[GROUP]));
            }
        }
        other => errors.push(field::not_supported(&path.child("kind"), other, &["ServiceAccount", "User", "Group"])),
    }
    errors
}

/// Refuses a change of the role.
fn update_errors(new: &Object, old: &Object) -> ErrorList {
    if new.get("roleRef") == old.get("roleRef") {
        return ErrorList::new();
    }
    let part = |field: &str| new.str(&format!("/roleRef/{field}")).to_string();
    let shown = json!({"APIGroup": part("apiGroup"), "Kind": part("kind"), "Name": part("name")});
    vec![field::invalid(&Path::new("roleRef"), shown, "cannot change roleRef")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_immutable() {
        let binding = |name: &str| json!({"roleRef": {"apiGroup": GROUP, "kind": "Role", "name": name}});
        let error = update_errors(&binding("other"), &binding("pod-reader"))[0].to_string();
        let want = "roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"other\"}: \
                    cannot change roleRef";
        assert_eq!(error, want);
    }

    #[test]
    fn service_accounts_in_cluster_bindings_need_a_namespace() {
        let mut binding = json!({"roleRef": {"kind": "ClusterRole", "name": "x"}, "subjects": [{"kind": "ServiceAccount", "name": "a"}]});
        set_defaults(&mut binding);
        assert_eq!(errors(&binding, false)[0].to_string(), "subjects[0].namespace: Required value");
        assert_eq!(errors(&binding, true), vec![]);
    }
}
