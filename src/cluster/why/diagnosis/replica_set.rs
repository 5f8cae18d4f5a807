//! ReplicaSets and ReplicationControllers: pods that are missing or not ready.

use std::sync::Arc;

use super::reader::Reader;
use super::{Finding, creation, rollout, words};
use crate::api::Result;
use crate::controllers::pods;
use kctl_base::object::{Object, ValueRead};

/// Counts the ready pods.
pub(super) fn summary(workload: &Object) -> String {
    let wanted = rollout::wanted(workload);
    let ready = workload.int("/status/readyReplicas").unwrap_or(0);
    match wanted {
        0 => "it wants no pods".into(),
        _ => format!("{ready} of {} {} ready", words::count(wanted, "pod"), words::are(wanted)),
    }
}

/// Finds what keeps a set from having all of its pods available.
pub(super) fn diagnose(reader: &mut Reader<'_>, set: &Object) -> Result<Vec<Finding>> {
    let wanted = rollout::wanted(set);
    let available = set.int("/status/availableReplicas").unwrap_or(0);
    let causes = missing_or_unready(reader, set)?;
    if causes.is_empty() && available >= wanted {
        return Ok(Vec::new());
    }
    let missing = wanted - available;
    if missing <= 0 {
        return Ok(causes);
    }
    let sentence = format!("{missing} of {} {} not available", words::count(wanted, "pod"), words::are(missing));
    Ok(vec![rollout::incomplete(false, sentence, causes)])
}

/// Finds why pods of a set are missing, and what is wrong with those that it has.
pub(super) fn missing_or_unready(reader: &mut Reader<'_>, set: &Object) -> Result<Vec<Finding>> {
    let owned: Vec<Arc<Object>> = reader.owned("pods", set)?;
    let active = owned.iter().filter(|pod| pods::is_active(pod)).count() as i64;
    let mut found = Vec::new();
    if active < rollout::wanted(set)
        && let Some(mut finding) = creation::diagnose(reader, set)?
    {
        let resource = if set_is_replica_set(set) { "replicasets.apps" } else { "replicationcontrollers" };
        finding.object = super::ObjectName::of(resource, set);
        found.push(finding);
    }
    let living: Vec<Arc<Object>> = owned.into_iter().filter(|pod| !pods::is_terminal(pod)).collect();
    found.extend(rollout::of_pods(reader, &living, set.int("/spec/minReadySeconds").unwrap_or(0))?);
    Ok(found)
}

fn set_is_replica_set(set: &Object) -> bool {
    use kctl_base::object::ObjectMeta;
    set.kind() == "ReplicaSet"
}
