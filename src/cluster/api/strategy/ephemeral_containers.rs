//! The `ephemeralcontainers` subresource of pods: adds containers for debugging (`podEphemeralContainersStrategy` in
//! `pkg/registry/core/pod/strategy.go`).

use kctl_base::field::ErrorList;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_kinds::Kind;
use kctl_kinds::core::pod::validate_ephemeral_update;

use super::UpdateStrategy;

/// The strategy of the `ephemeralcontainers` subresource.
pub(super) struct EphemeralContainers;

impl UpdateStrategy for EphemeralContainers {
    /// Keeps everything but the ephemeral containers.
    fn prepare(&self, _kind: &dyn Kind, new: &mut Object, old: &Object) {
        let containers = new.pointer("/spec/ephemeralContainers").cloned().unwrap_or(Value::Null);
        let changes = containers.as_array().map_or(&[][..], Vec::as_slice) != old.list("/spec/ephemeralContainers");
        let version = new.resource_version().to_owned();
        *new = old.clone();
        new.put("/metadata/resourceVersion", version);
        match containers.is_null() {
            true => drop(new.remove_at("/spec/ephemeralContainers")),
            false => new.put("/spec/ephemeralContainers", containers),
        }
        if changes {
            new.put("/metadata/generation", old.generation() + 1);
        }
    }

    fn validate(&self, kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
        let mut errors = kind.validate(new);
        errors.extend(validate_ephemeral_update(new, old));
        errors
    }
}
