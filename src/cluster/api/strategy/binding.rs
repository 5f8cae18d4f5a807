//! The `binding` subresource of pods: the node, and the condition that follows from it.
//!
//! The write does not count as a change of the spec and records no field manager (`pkg/registry/core/pod/storage`,
//! `BindingREST`).

use kctl_base::field::ErrorList;
use kctl_base::json::Value;
use kctl_base::object::Object;
use kctl_base::sim::Time;
use kctl_kinds::Kind;

use super::{UpdateStrategy, recorded};
use crate::api::Request;

pub(super) struct Binding;

impl UpdateStrategy for Binding {
    fn prepare(&self, _kind: &dyn Kind, _new: &mut Object, _old: &Object) {}

    /// Accepts every binding: it has been validated before it became an update.
    fn validate(&self, _kind: &dyn Kind, _new: &Object, _old: &Object) -> ErrorList {
        ErrorList::new()
    }

    fn is_complete(&self, _new: &Object, _old: &Object) -> bool {
        true
    }

    fn managed_fields(
        &self,
        _kind: &dyn Kind,
        _old: &Object,
        sent: &Object,
        _request: &Request,
        _now: Time,
    ) -> Option<Value> {
        recorded(sent)
    }
}
