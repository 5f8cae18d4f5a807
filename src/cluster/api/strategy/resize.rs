//! The `resize` subresource of pods: the resources of the pod and its containers (`podResizeStrategy` in
//! `pkg/registry/core/pod/strategy.go`).

use kctl_base::field::ErrorList;
use kctl_base::json::Value;
use kctl_base::object::Object;
use kctl_base::sim::Time;
use kctl_kinds::Kind;
use kctl_kinds::core::pod::{prepare_resize, validate_resize};

use super::UpdateStrategy;
use crate::api::{Request, managers};

/// The strategy of the `resize` subresource.
pub(super) struct Resize;

impl UpdateStrategy for Resize {
    fn prepare(&self, _kind: &dyn Kind, new: &mut Object, old: &Object) {
        prepare_resize(new, old);
    }

    fn validate(&self, kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
        let mut errors = kind.validate(new);
        errors.extend(validate_resize(new, old));
        errors
    }

    /// Records the fields that are taken over, and no others.
    fn managed_fields(
        &self,
        kind: &dyn Kind,
        old: &Object,
        sent: &Object,
        request: &Request,
        now: Time,
    ) -> Option<Value> {
        let mut taken = sent.clone();
        prepare_resize(&mut taken, old);
        managers::after(kind, Some(old), &taken, request, now)
    }
}
