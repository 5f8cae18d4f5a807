//! The label selector of a workload.

use kctl_base::labels::Selector;
use kctl_base::object::{Object, ValueRead};

/// Returns `spec.selector` of an owner. A missing selector selects nothing, and so does an invalid one, which the API server
/// does not accept.
pub(crate) fn label_selector(owner: &Object) -> Selector {
    owner.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()).unwrap_or(Selector::Nothing)
}
