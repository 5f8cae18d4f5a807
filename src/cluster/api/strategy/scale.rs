//! The `scale` subresource: the replica count, written through the whole object (`pkg/registry/apps/*/storage`, `ScaleREST`).

use kctl_base::field::ErrorList;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::Time;
use kctl_kinds::Kind;

use super::{UpdateStrategy, recorded, spec};
use crate::api::{Request, managers};

pub(super) struct Scale;

impl UpdateStrategy for Scale {
    fn prepare(&self, kind: &dyn Kind, new: &mut Object, old: &Object) {
        spec::Spec.prepare(kind, new, old);
    }

    fn validate(&self, kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
        spec::Spec.validate(kind, new, old)
    }

    /// Takes over the ownership of the replicas if a manager has it; otherwise the field stays unowned.
    fn managed_fields(
        &self,
        kind: &dyn Kind,
        old: &Object,
        sent: &Object,
        request: &Request,
        now: Time,
    ) -> Option<Value> {
        match has_replicas_owner(kind, old) {
            true => managers::after(kind, Some(old), sent, request, now),
            false => recorded(old),
        }
    }
}

/// Returns whether a manager owns the replicas of an object.
fn has_replicas_owner(kind: &dyn Kind, object: &Object) -> bool {
    let Some(paths) = kind.scale() else { return false };
    let owned = format!("/fieldsV1{}", paths.spec_replicas.replace('/', "/f:"));
    object.list("/metadata/managedFields").iter().any(|entry| entry.pointer(&owned).is_some())
}
