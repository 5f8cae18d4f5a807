//! NamespaceLifecycle: rejects new objects in namespaces that are missing or terminating, and the deletion of some
//! namespaces (`apiserver/pkg/admission/plugin/namespace/lifecycle`).

use super::{Admission, Operation, Result, Server};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::{Status, StatusCause};
use kctl_kinds::{Kind, Names};

/// Namespaces that may not be deleted.
const PROTECTED: &[&str] = &["default", "kube-system", "kube-public"];

/// Rejects the deletion of a protected namespace.
pub(super) fn admit_deletion(kind: &dyn Kind, object: &Object) -> Result<()> {
    match kind.names().kind == "Namespace" && PROTECTED.contains(&object.name()) {
        true => Err(Status::forbidden("", "namespaces", object.name(), "this namespace may not be deleted")),
        false => Ok(()),
    }
}

/// Rejects a new object whose namespace is missing or terminating.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    let names = *admission.kind.names();
    match admission.operation {
        Operation::Create if names.namespaced => {
            let new = &admission.new;
            admit_to_namespace(admission.server, &names, new.namespace(), new.name())
        }
        _ => Ok(()),
    }
}

/// Rejects a new object of a name if its namespace is missing or terminating.
pub(in crate::api) fn admit_to_namespace(
    server: &mut Server,
    names: &Names,
    namespace: &str,
    name: &str,
) -> Result<()> {
    let Some(found) = server.read("namespaces", "", namespace)? else {
        return Err(Status::not_found("", "namespaces", namespace));
    };
    if !found.is_deleting() && found.str("/status/phase") != "Terminating" {
        return Ok(());
    }
    let detail = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let status = Status::forbidden(names.group, names.plural, name, &detail);
    Err(status.with_cause(StatusCause {
        reason: "NamespaceTerminating".into(),
        message: format!("namespace {namespace} is being terminated"),
        field: "metadata.namespace".into(),
    }))
}
