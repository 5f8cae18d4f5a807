//! Update strategies: the rules for writing an object through each of its endpoints (`rest.RESTUpdateStrategy`).
//!
//! The stages of an update are the same for all endpoints ([`super::update`]). A strategy determines which part of the object an
//! endpoint writes, how it is validated and which manager owns the written fields. A new subresource is one file here and one line in
//! [`of`].

mod approval;
mod binding;
mod ephemeral_containers;
mod finalize;
mod resize;
mod scale;
mod spec;
mod status;

use kctl_base::field::ErrorList;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::Time;
use kctl_kinds::Kind;

use super::{Request, managers};

/// The rules of one endpoint of an object.
pub(super) trait UpdateStrategy {
    /// Copies from `old` the fields that the endpoint does not write, and maintains the generation.
    fn prepare(&self, kind: &dyn Kind, new: &mut Object, old: &Object);

    /// Validates the part that the endpoint writes.
    fn validate(&self, kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList;

    /// Returns whether admission plugins see the update.
    fn is_admitted(&self) -> bool {
        true
    }

    /// Returns whether a write by the control plane needs no defaults.
    fn is_complete(&self, new: &Object, old: &Object) -> bool {
        differs_in_metadata_only(new, old)
    }

    /// Returns the managedFields after the update; `sent` is the object before admission changes it. `None` when the kind records
    /// none.
    fn managed_fields(
        &self,
        kind: &dyn Kind,
        old: &Object,
        sent: &Object,
        request: &Request,
        now: Time,
    ) -> Option<Value> {
        managers::after(kind, Some(old), sent, request, now)
    }
}

/// Returns the strategy of a subresource of a kind; `None` when there is no such endpoint.
pub(super) fn of(kind: &dyn Kind, subresource: &str) -> Option<&'static dyn UpdateStrategy> {
    Some(match subresource {
        "" => &spec::Spec,
        "status" if kind.has_status() => &status::Status,
        "scale" => &scale::Scale,
        "approval" => &approval::Approval,
        "binding" => &binding::Binding,
        "ephemeralcontainers" if kind.names().kind == "Pod" => &ephemeral_containers::EphemeralContainers,
        "finalize" => &finalize::Finalize,
        "resize" if kind.names().kind == "Pod" => &resize::Resize,
        _ => return None,
    })
}

/// Returns the managedFields that an object carries.
pub(super) fn recorded(object: &Object) -> Option<Value> {
    object.pointer("/metadata/managedFields").cloned()
}

/// Returns whether two versions are equal except for their metadata.
fn differs_in_metadata_only(new: &Object, old: &Object) -> bool {
    let (Some(a), Some(b)) = (new.as_object(), old.as_object()) else { return false };
    debug_assert_eq!(new.name(), old.name());
    a.len() == b.len() && a.iter().all(|(key, value)| key == "metadata" || b.get(key) == Some(value))
}
