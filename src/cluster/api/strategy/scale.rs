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

    /// A scale takes the ownership of the replicas over from a manager that has it, and does not claim it otherwise.
    fn managed_fields(
        &self,
        kind: &dyn Kind,
        old: &Object,
        sent: &Object,
        request: &Request,
        now: Time,
    ) -> Option<Value> {
        match owns_replicas(old) {
            true => managers::after(kind, Some(old), sent, request, now),
            false => recorded(old),
        }
    }
}

fn owns_replicas(object: &Object) -> bool {
    object.list("/metadata/managedFields").iter().any(|e| e.pointer("/fieldsV1/f:spec/f:replicas").is_some())
}
