//! Priority: resolves the priority class of a pod to its value and preemption policy (`plugin/pkg/admission/priority`).

use std::sync::Arc;

use super::{Admission, Result};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::status::Status;
use kctl_kinds::Kind;

const CLASSES: &str = "priorityclasses.scheduling.k8s.io";

/// System classes, which cannot be deleted.
const SYSTEM_CLASSES: [&str; 2] = ["system-cluster-critical", "system-node-critical"];

/// Sets the priority of a new pod; rejects a second default class.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if admission.kind.names().resource() == CLASSES {
        return admit_class(admission);
    }
    if !admission.creates("pods") {
        return Ok(());
    }
    let name = admission.new.str("/spec/priorityClassName").to_string();
    let class = if name.is_empty() { default_class(admission)? } else { Some(named_class(admission, &name)?) };
    let (value, policy) = match &class {
        Some(class) => (class.int("/value").unwrap_or(0), class.str("/preemptionPolicy")),
        None => (0, ""),
    };
    let policy = if policy.is_empty() { "PreemptLowerPriority" } else { policy }.to_string();
    let pod = &mut *admission.new;
    if let Some(given) = pod.int("/spec/priority").filter(|p| *p != value) {
        let detail = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
        );
        return Err(Status::forbidden("", "pods", pod.name(), &detail));
    }
    if let Some(class) = class.filter(|_| name.is_empty()) {
        pod.put("/spec/priorityClassName", class.name());
    }
    pod.put("/spec/priority", value);
    pod.put_default("/spec/preemptionPolicy", policy);
    Ok(())
}

/// Rejects the deletion of a system class.
pub(super) fn admit_deletion(kind: &dyn Kind, object: &Object) -> Result<()> {
    match kind.names().resource() == CLASSES && SYSTEM_CLASSES.contains(&object.name()) {
        true => Err(class_forbidden(object.name(), "this is a system priority class and cannot be deleted")),
        false => Ok(()),
    }
}

/// Rejects a global default class when there is another one.
fn admit_class(admission: &mut Admission<'_>) -> Result<()> {
    if !admission.new.flag("/globalDefault") {
        return Ok(());
    }
    match default_class(admission)? {
        Some(other) if other.name() != admission.new.name() => {
            let detail =
                format!("PriorityClass {} is already marked as default. Only one default can exist", other.name());
            Err(class_forbidden(admission.new.name(), &detail))
        }
        _ => Ok(()),
    }
}

fn class_forbidden(class: &str, detail: &str) -> Status {
    Status::forbidden("scheduling.k8s.io", "priorityclasses", class, detail)
}

/// Reads the class that a pod names; a missing one is status 403.
fn named_class(admission: &mut Admission<'_>, name: &str) -> Result<Arc<Object>> {
    let found = admission.server.read(CLASSES, "", name)?;
    found.ok_or_else(|| {
        let detail = format!("no PriorityClass with name {name} was found");
        Status::forbidden("", "pods", admission.new.name(), &detail)
    })
}

/// Returns the class marked as global default; of several, the one with the lowest value.
fn default_class(admission: &mut Admission<'_>) -> Result<Option<Arc<Object>>> {
    let classes = admission.server.read_all(CLASSES, None)?;
    Ok(classes.into_iter().filter(|c| c.flag("/globalDefault")).min_by_key(|c| c.int("/value")))
}
