//! `sortOptions`, and the order of old that is used without them.

use crate::config::{FIRST, LAST, rank_in};
use crate::error::{Result, fail};
use crate::model::{LegacyOrder, SortOptions};
use crate::resource::Resource;
use crate::resources::Resources;

/// Brings the objects into the order that is asked for; without a wish, kinds that others need come first.
pub(crate) fn sort(resources: &mut Resources, options: Option<&SortOptions>) -> Result<()> {
    let legacy = match options {
        None => None,
        Some(options) => match (options.order.as_str(), &options.legacy_sort_options) {
            ("fifo", None) => return Ok(()),
            ("fifo", Some(_)) => {
                return fail(
                    "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
                );
            }
            ("legacy", legacy) => legacy.clone(),
            _ => return fail("the field 'sortOptions.order' must be one of [fifo, legacy]"),
        },
    };
    let owned = |list: &[&str]| list.iter().map(|kind| kind.to_string()).collect();
    let LegacyOrder { order_first, order_last } =
        legacy.unwrap_or_else(|| LegacyOrder { order_first: owned(FIRST), order_last: owned(LAST) });
    resources.list.sort_by_cached_key(|r| (rank_in(&r.gvk(), &order_first, &order_last), within_kind(r)));
    Ok(())
}

/// What objects of one kind are ordered by.
fn within_kind(resource: &Resource) -> String {
    let id = resource.current_id();
    let namespace = if id.namespace.is_empty() { "~X" } else { &id.namespace };
    let name = if id.name.is_empty() { "~N" } else { &id.name };
    format!("{}|{namespace}|{name}", id.gvk)
}
