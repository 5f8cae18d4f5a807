//! NetworkPolicies.

use super::Finding;
use super::reader::Reader;
use super::words;
use crate::api::Result;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Tells how many pods a policy selects.
pub(super) fn diagnose(reader: &mut Reader<'_>, policy: &Object) -> Result<Vec<Finding>> {
    let selector = policy.at("/spec/podSelector").map_or(Ok(Selector::everything()), Selector::from_object);
    let selector = selector.unwrap_or(Selector::Nothing);
    let pods = reader.pods_matching(policy.namespace(), &selector)?.len() as i64;
    Ok(match pods {
        0 => vec![Finding::problem("selects no pod")],
        _ => vec![Finding::remark(format!("limits the traffic of {}", words::count(pods, "pod")))],
    })
}
