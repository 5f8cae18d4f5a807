//! The difference of two versions of an object, as `diff -u` shows it.

use crate::verbs::diff::mask;
use kctl_base::json::{Map, Value};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_base::yaml;
use kctl_cluster::trial::ObjectEffect;
use similar::TextDiff;

/// Fields that follow from others. The last applied configuration of a Secret would show what is masked.
const BOOKKEEPING: &[&str] = &[
    "/status",
    "/metadata/annotations/deployment.kubernetes.io~1desired-replicas",
    "/metadata/annotations/deployment.kubernetes.io~1max-replicas",
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
    "/metadata/generation",
    "/metadata/managedFields",
    "/metadata/resourceVersion",
];

/// Returns the lines of a unified difference without headers, status and bookkeeping; none unless both versions exist. The
/// data of Secrets is masked.
pub(super) fn unified(effect: &ObjectEffect) -> Vec<String> {
    let (Some(before), Some(after)) = (&effect.before, &effect.after) else { return Vec::new() };
    let (mut before, mut after): (Value, Value) = ((**before).clone(), (**after).clone());
    tidy(&mut before);
    tidy(&mut after);
    if after.kind() == "Secret" && after.api_version() == "v1" {
        mask(Some(&mut before), Some(&mut after));
    }
    let (before, after) = (yaml::print(&before), yaml::print(&after));
    let difference = TextDiff::from_lines(&before, &after);
    difference.unified_diff().context_radius(3).to_string().lines().map(String::from).collect()
}

/// Removes what follows from other fields, and annotations if none are left.
fn tidy(object: &mut Value) {
    for field in BOOKKEEPING {
        object.remove_at(field);
    }
    if object.map("/metadata/annotations").is_some_and(Map::is_empty) {
        object.remove_at("/metadata/annotations");
    }
}
