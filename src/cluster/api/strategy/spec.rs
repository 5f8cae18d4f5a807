//! The object itself: everything but its status.

use kctl_base::field::ErrorList;
use kctl_base::object::Object;
use kctl_kinds::Kind;

use super::UpdateStrategy;

/// The strategy of the object itself.
pub(super) struct Spec;

impl UpdateStrategy for Spec {
    fn prepare(&self, kind: &dyn Kind, new: &mut Object, old: &Object) {
        kind.prepare_update(new, old);
    }

    fn validate(&self, kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
        kind.validate_change(new, old)
    }
}
