//! Who owns which field: managedFields on every write.

use super::{Request, Server};
use crate::kinds::Kind;
use crate::machinery::object::Object;
use crate::sim::Time;

/// Records in `new` which fields the manager of the request set or changed.
pub(super) fn record(
    _server: &mut Server,
    _kind: &dyn Kind,
    _old: Option<&Object>,
    _new: &mut Object,
    _request: &Request,
    _now: Time,
) {
}
