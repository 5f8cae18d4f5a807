//! NetworkPolicies.

use super::Finding;
use super::reader::Reader;
use super::words;
use crate::api::Result;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Tells which pods a policy selects, and that the simulated network enforces none.
pub(super) fn diagnose(reader: &mut Reader<'_>, policy: &Object) -> Result<Vec<Finding>> {
    let selector = policy.at("/spec/podSelector").map_or(Ok(Selector::everything()), Selector::from_object);
    let selector = selector.unwrap_or(Selector::Nothing);
    let pods = reader.pods_matching(policy.namespace(), &selector)?.len() as i64;
    let enforcement = Finding::remark("has no effect here: this cluster has no network whose traffic it could limit");
    Ok(match pods {
        0 => vec![Finding::problem("selects no pod"), enforcement],
        _ => vec![enforcement.shown_by(format!("it selects {}", words::count(pods, "pod")))],
    })
}
