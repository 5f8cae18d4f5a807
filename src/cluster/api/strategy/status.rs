//! The `status` subresource: the status alone, without admission.

use kctl_base::field::ErrorList;
use kctl_base::object::Object;
use kctl_kinds::Kind;

use super::UpdateStrategy;

/// The strategy of the `status` subresource.
pub(super) struct Status;

impl UpdateStrategy for Status {
    fn prepare(&self, kind: &dyn Kind, new: &mut Object, old: &Object) {
        kind.prepare_status(new, old);
    }

    fn validate(&self, kind: &dyn Kind, new: &Object, old: &Object) -> ErrorList {
        kind.validate_status(new, old)
    }

    fn is_admitted(&self) -> bool {
        false
    }

    fn is_complete(&self, _new: &Object, _old: &Object) -> bool {
        true
    }
}
