//! Which owners a change of an orphan concerns: those whose selector matches it, for they may adopt it.

use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use crate::store::{Change, ChangeKind};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The keys of the owners of a resource that could adopt the object which changed; empty unless it has no controller and
/// has just come to match or to have none. Costs the owners of its namespace, but only for orphans.
pub fn possible_owners(
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

/// Whether the object is an orphan, and was none or had other labels before.
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
