//! StatefulSets: pods that wait for the one before them, and updates that a partition or the strategy holds back.

use std::sync::Arc;

use super::reader::Reader;
use super::rollout::ON_DELETE;
use super::{Finding, creation, rollout, words};
use crate::api::Result;
use crate::controllers::pods;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;

/// Finds what keeps a set from having all of its pods, of the newest template, ready.
pub(super) fn diagnose(reader: &mut Reader<'_>, set: &Object) -> Result<Vec<Finding>> {
    if let Some(finding) = rollout::unobserved(set) {
        return Ok(vec![finding]);
    }
    let mut owned: Vec<Arc<Object>> = reader.owned("pods", set)?;
    owned.order_by_key(|pod| ordinal(pod));
    let wanted = rollout::wanted(set);
    let min_ready = set.int("/spec/minReadySeconds").unwrap_or(0);
    let mut causes = Vec::new();
    if (owned.len() as i64) < wanted {
        causes.extend(creation::diagnose(reader, set)?);
    }
    causes.extend(rollout::of_pods(reader, &owned, min_ready)?);
    let mut found = Vec::new();
    let ready = rollout::count_ready(&owned);
    let missing = wanted - ready;
    if missing <= 0 {
        found.extend(causes);
    } else {
        let sentence = format!("{missing} of {} {} not ready", words::count(wanted, "pod"), words::are(missing));
        found.push(rollout::incomplete(false, sentence, causes).shown_by(order(set, &owned, wanted)));
    }
    found.extend(held_update(set, wanted));
    Ok(found)
}

fn ordinal(pod: &Object) -> i64 {
    pod.name().rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Tells which pods wait for one before them; empty where pods start in parallel or none waits.
fn order(set: &Object, owned: &[Arc<Object>], wanted: i64) -> String {
    let first = owned.iter().find(|pod| !pods::is_ready(pod) || pod.is_deleting());
    match first {
        Some(first) if set.str("/spec/podManagementPolicy") != "Parallel" && (owned.len() as i64) < wanted => {
            format!(
                "the pods start one after the other: {} waits until {} is ready",
                next_name(set, owned),
                first.name()
            )
        }
        _ => String::new(),
    }
}

fn next_name(set: &Object, owned: &[Arc<Object>]) -> String {
    let start = set.int("/spec/ordinals/start").unwrap_or(0);
    let missing = (start..).find(|number| owned.iter().all(|pod| ordinal(pod) != *number)).unwrap_or(start);
    format!("{}-{missing}", set.name())
}

/// Finds pods that keep the old template because of the strategy or its partition.
fn held_update(set: &Object, wanted: i64) -> Option<Finding> {
    let (current, update) = (set.str("/status/currentRevision"), set.str("/status/updateRevision"));
    let updated = set.int("/status/updatedReplicas").unwrap_or(0);
    if current == update || updated >= wanted {
        return None;
    }
    let old = wanted - updated;
    let old = format!("{} {} the old template", words::count(old, "pod"), words::have(old));
    if set.str("/spec/updateStrategy/type") == "OnDelete" {
        return Some(Finding::problem(format!("{old}: {ON_DELETE}")));
    }
    let partition = set.int("/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    if partition > 0 {
        let sentence =
            format!("pods with a number below {partition} keep the old template, because the partition is {partition}");
        return Some(Finding::remark(sentence));
    }
    Some(Finding::progress(format!("{old}; such pods are replaced one after the other")))
}
