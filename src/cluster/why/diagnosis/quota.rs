//! ResourceQuotas that are used up.

use super::Finding;
use super::reader::Reader;
use super::words;
use crate::api::Result;
use kctl_base::object::{Object, ValueRead};
use kctl_base::quantity::Quantity;

/// Finds the resources of a quota of which nothing is left.
pub(super) fn diagnose(_: &mut Reader<'_>, quota: &Object) -> Result<Vec<Finding>> {
    let mut full = Vec::new();
    for (name, hard) in quota.map("/status/hard").into_iter().flatten() {
        let Some(used) = quota.map("/status/used").and_then(|used| used.get(name.as_str())) else { continue };
        let is_full = Quantity::from_value(used)
            .ok()
            .zip(Quantity::from_value(hard).ok())
            .is_some_and(|(used, hard)| used >= hard);
        if is_full {
            full.push(format!("{name}: {} of {} used", words::value(used), words::value(hard)));
        }
    }
    if full.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![full.into_iter().fold(Finding::problem("is used up: more is refused in its namespace"), Finding::shown_by)])
}
