//! `sortOptions`: the order of the output (`api/internal/builtins/SortOrderTransformer.go`).

use crate::error::{Result, fail};
use crate::kind_order::{ORDER_FIRST, ORDER_LAST, sort_key};
use crate::res_map::ResMap;
use crate::resource::Resource;
use crate::types::{LegacySortOptions, SortOptions};

/// Sorts the objects. The default is the legacy order, in which kinds that others depend on come first.
///
/// # Errors
/// When the options contradict each other.
pub(crate) fn sort(resources: &mut ResMap, options: Option<&SortOptions>) -> Result<()> {
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
    let LegacySortOptions { order_first, order_last } =
        legacy.unwrap_or_else(|| LegacySortOptions { order_first: owned(ORDER_FIRST), order_last: owned(ORDER_LAST) });
    resources.sort_by_cached_key(|r| (sort_key(&r.gvk(), &order_first, &order_last), legacy_sort_string(r)));
    Ok(())
}

/// Returns the string by which objects of one kind are ordered (`legacySortString`).
fn legacy_sort_string(resource: &Resource) -> String {
    let id = resource.current_id();
    let namespace = if id.namespace.is_empty() { "~X" } else { &id.namespace };
    let name = if id.name.is_empty() { "~N" } else { &id.name };
    format!("{}|{namespace}|{name}", id.gvk)
}
