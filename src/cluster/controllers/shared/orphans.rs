//! Maps a change of an orphan to the owners that may adopt it because their selectors match it.

use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use crate::store::{Change, ChangeKind};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Returns the keys of the owners of a resource that may adopt the object that changed: those whose selector matches it.
///
/// Empty unless the object has become an orphan or is one whose labels have changed. Only then the owners of its namespace
/// are read.
pub(crate) fn possible_owners(
    change: &Change,
    ctx: &mut Context<'_>,
    resource: &str,
    selector_of: fn(&Object) -> Selector,
) -> Result<Vec<Key>> {
    if !is_new_orphan(change) {
        return Ok(Vec::new());
    }
    let owners = ctx.list(resource, Some(change.object.namespace()))?;
    Ok(owners.iter().filter(|o| selector_of(o).matches_object(&change.object)).map(|o| Key::of(o)).collect())
}

/// Returns `true` when the object is an orphan and was not one, or had other labels, before the change.
fn is_new_orphan(change: &Change) -> bool {
    let object = &change.object;
    if change.kind == ChangeKind::Deleted || object.is_deleting() || object.is_managed() {
        return false;
    }
    change
        .old
        .as_ref()
        .is_none_or(|old| old.is_managed() || old.at("/metadata/labels") != object.at("/metadata/labels"))
}
