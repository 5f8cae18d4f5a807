//! The `finalize` subresource of namespaces: `spec.finalizers` alone (`pkg/registry/core/namespace/storage`, `FinalizeREST`).

use kctl_base::field::ErrorList;
use kctl_base::object::{Object, ValueWrite};
use kctl_kinds::Kind;

use super::{UpdateStrategy, spec};

pub(super) struct Finalize;

impl UpdateStrategy for Finalize {
    fn prepare(&self, _kind: &dyn Kind, new: &mut Object, old: &Object) {
        let mut kept = old.clone();
        if let Some(spec) = new.get("spec") {
            kept.put("/spec", spec.clone());
        }
        *new = kept;
    }

    fn validate(&self, kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
        spec::Spec.validate(kind, new, old)
    }
}
