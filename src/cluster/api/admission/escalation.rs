//! Privilege escalation: nobody grants permissions by roles and bindings that they do not hold themselves
//! (`pkg/registry/rbac/*/policybased`, where the storage of these kinds checks it).

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;
use kctl_kinds::rbac;

use super::{Admission, Result};
use crate::api::Requester;
use crate::api::authorize::{Attributes, everything};
use crate::api::user::{MASTERS, User};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Rejects a role or binding that would give more than its author holds. The verbs `escalate` on the role and `bind` on the
/// role of a binding allow it.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let names = admission.kind.names();
    let Requester::User(user) = &admission.request.requester else { return Ok(()) };
    if names.group != GROUP || user.is_in(MASTERS) || only_changes_ownership(admission.new, admission.old) {
        return Ok(());
    }
    let wanted = match names.kind {
        "Role" | "ClusterRole" => rules_of_role(admission, user)?,
        _ => rules_of_binding(admission, user)?,
    };
    let held = admission.server.rules_of(user, admission.new.namespace())?;
    let missing = rbac::missing_rules(&held, &wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = user.groups.iter().map(|group| kctl_base::go::quote(group)).collect();
    let detail = format!(
        "user {} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        kctl_base::go::quote(&user.name),
        groups.join(" "),
        missing.join("\n")
    );
    Err(Status::forbidden(GROUP, names.plural, admission.new.name(), &detail))
}

/// Returns whether an update changes only what garbage collection needs (`IsOnlyMutatingGCFields`).
fn only_changes_ownership(new: &Object, old: Option<&Object>) -> bool {
    let stripped = |object: &Object| {
        let mut object = object.clone();
        for field in ["ownerReferences", "finalizers", "managedFields", "resourceVersion"] {
            object.map_mut("/metadata").remove(field);
        }
        object
    };
    old.is_some_and(|old| stripped(new) == stripped(old))
}

/// Returns the rules that the author of a role must hold.
fn rules_of_role(admission: &mut Admission<'_>, user: &User) -> Result<Vec<Value>> {
    let (namespace, names) = (admission.new.namespace(), admission.kind.names());
    let escalate = Attributes {
        verb: "escalate".into(),
        group: GROUP.into(),
        resource: names.plural.into(),
        name: admission.request.name.clone(),
        namespace: namespace.into(),
        ..Attributes::default()
    };
    if admission.server.permission(user, &escalate)?.is_some() {
        return Ok(Vec::new());
    }
    // Such a role can come to contain everything.
    let is_aggregated = |role: &Object| role.at("/aggregationRule").is_some();
    if is_aggregated(admission.new) || admission.old.is_some_and(is_aggregated) {
        let held = admission.server.rules_of(user, "")?;
        if !rbac::missing_rules(&held, &everything()).is_empty() {
            let detail = "must have cluster-admin privileges to use an aggregationRule";
            return Err(Status::forbidden(GROUP, names.plural, admission.new.name(), detail));
        }
    }
    Ok(admission.new.list("/rules").to_vec())
}

/// Returns the rules that the author of a binding must hold: those of its role.
fn rules_of_binding(admission: &mut Admission<'_>, user: &User) -> Result<Vec<Value>> {
    let binding = &*admission.new;
    let (kind, role) = (binding.str("/roleRef/kind"), binding.str("/roleRef/name"));
    let resource = if kind == "Role" { "roles" } else { "clusterroles" };
    let bind = Attributes {
        verb: "bind".into(),
        group: binding.str("/roleRef/apiGroup").into(),
        resource: resource.into(),
        name: role.into(),
        namespace: binding.namespace().into(),
        ..Attributes::default()
    };
    if admission.server.permission(user, &bind)?.is_some() {
        return Ok(Vec::new());
    }
    let namespace = if kind == "Role" { binding.namespace() } else { "" };
    match admission.server.read(&format!("{resource}.{GROUP}"), namespace, role)? {
        Some(role) => Ok(role.list("/rules").to_vec()),
        // The plural is that of the binding in Kubernetes, too.
        None => Err(Status::not_found(GROUP, admission.kind.names().plural, role)),
    }
}
