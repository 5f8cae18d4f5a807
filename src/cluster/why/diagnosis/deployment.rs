//! Deployments: a rollout that hangs, down to the pods that hold it up.

use std::sync::Arc;

use super::reader::Reader;
use super::{Finding, replica_set, rollout, words};
use crate::api::Result;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition};

/// The annotation with the number of a revision.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Counts the ready pods, and those of the newest template where they are fewer.
pub(super) fn summary(deployment: &Object) -> String {
    let updated = deployment.int("/status/updatedReplicas").unwrap_or(0);
    let ready = replica_set::summary(deployment);
    match updated < rollout::wanted(deployment) && deployment.int("/status/replicas").unwrap_or(0) > updated {
        true => format!("{ready}, but only {} of the newest template", words::count(updated, "pod")),
        false => ready,
    }
}

/// Finds what keeps a deployment from having all of its pods, of the newest template, available.
pub(super) fn diagnose(reader: &mut Reader<'_>, deployment: &Object) -> Result<Vec<Finding>> {
    if let Some(finding) = rollout::unobserved(deployment) {
        return Ok(vec![finding]);
    }
    let mut found = Vec::new();
    if deployment.flag("/spec/paused") {
        found.push(paused(deployment));
    }
    let status = |field: &str| deployment.int(&format!("/status/{field}")).unwrap_or(0);
    let wanted = rollout::wanted(deployment);
    let is_complete = [status("updatedReplicas"), status("replicas"), status("availableReplicas")] == [wanted; 3];
    if is_complete {
        return Ok(found);
    }
    let sets = reader.owned("replicasets.apps", deployment)?;
    let newest = newest(deployment, &sets);
    let old: Vec<&Arc<Object>> = sets
        .iter()
        .filter(|set| newest.is_none_or(|newest| newest.uid() != set.uid()) && rollout::wanted(set) > 0)
        .collect();
    let mut causes = Vec::new();
    if let Some(newest) = newest {
        causes.extend(replica_set::missing_or_unready(reader, newest)?);
    }
    for set in &old {
        causes.extend(replica_set::missing_or_unready(reader, set)?);
    }
    let is_stuck = condition(deployment, "Progressing").is_some_and(|c| c.str("/reason") == "ProgressDeadlineExceeded");
    if deployment.flag("/spec/paused") && causes.is_empty() && status("availableReplicas") >= wanted {
        return Ok(found);
    }
    let is_rollout = is_stuck || !old.is_empty();
    let sentence = match is_rollout {
        true => rollout_words(deployment, newest.map(|set| &**set), is_stuck),
        false => shortage(deployment),
    };
    let finding = rollout::incomplete(is_stuck, sentence, causes);
    let finding = held_old_pods(deployment, &old).into_iter().fold(finding, Finding::shown_by);
    found.push(finding.shown_by(deadline(deployment, is_stuck)));
    Ok(found)
}

fn paused(deployment: &Object) -> Finding {
    let sentence = "its rollout is paused: changes of its pod template have no effect until it is resumed";
    let hint = format!("\"kctl rollout resume deployment/{}\" resumes it", deployment.name());
    Finding::problem(sentence).shown_by(hint)
}

/// Returns the set of the newest revision.
fn newest<'a>(deployment: &Object, sets: &'a [Arc<Object>]) -> Option<&'a Arc<Object>> {
    let revision = deployment.annotation(REVISION);
    sets.iter().find(|set| revision.is_some() && set.annotation(REVISION) == revision)
}

/// Tells how many pods are not available.
fn shortage(deployment: &Object) -> String {
    let wanted = rollout::wanted(deployment);
    let missing = (wanted - deployment.int("/status/availableReplicas").unwrap_or(0)).max(0);
    format!("{missing} of {} {} not available", words::count(wanted, "pod"), words::are(missing))
}

/// Tells how far a rollout has come.
fn rollout_words(deployment: &Object, newest: Option<&Object>, is_stuck: bool) -> String {
    let wanted = rollout::wanted(deployment);
    let updated = deployment.int("/status/updatedReplicas").unwrap_or(0);
    let revision = newest.and_then(|set| set.annotation(REVISION)).unwrap_or("1");
    let ready = newest.map_or(0, |set| set.int("/status/readyReplicas").unwrap_or(0)).min(updated);
    let verb = if is_stuck { "hangs" } else { "has not ended" };
    format!(
        "the rollout of revision {revision} {verb}: {updated} of {} {} the new template, of which {ready} {} ready",
        words::count(wanted, "pod"),
        words::have(updated),
        words::are(ready),
    )
}

/// Tells why pods of old templates are still there.
fn held_old_pods(deployment: &Object, old: &[&Arc<Object>]) -> Option<String> {
    let count: i64 = old.iter().map(|set| rollout::wanted(set)).sum();
    if count == 0 {
        return None;
    }
    let limit = deployment.at("/spec/strategy/rollingUpdate/maxUnavailable").map(words::value)?;
    Some(format!(
        "{} of the old template {} until new ones are available (maxUnavailable is {limit})",
        words::count(count, "pod"),
        if count == 1 { "stays" } else { "stay" },
    ))
}

/// Tells the progress deadline: when it passed, or when it will.
fn deadline(deployment: &Object, is_stuck: bool) -> String {
    let seconds = deployment.int("/spec/progressDeadlineSeconds").unwrap_or(600);
    let since = condition(deployment, "Progressing").map_or("", |c: &Value| c.str("/lastUpdateTime"));
    match is_stuck {
        true => format!("it has exceeded its progress deadline of {seconds} s at {since}"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn a_rollout_is_told_apart_from_pods_that_fail_later() {
        let of = |updated: i64, replicas: i64, available: i64| {
            json!({"spec": {"replicas": 3},
                   "status": {"updatedReplicas": updated, "replicas": replicas, "availableReplicas": available}})
        };
        let set = json!({"metadata": {"annotations": {REVISION: "2"}}, "status": {"readyReplicas": 0}});
        let hangs = "the rollout of revision 2 hangs: 1 of 3 pods has the new template, of which 0 are ready";
        let goes_on =
            "the rollout of revision 2 has not ended: 2 of 3 pods have the new template, of which 0 are ready";
        assert_eq!(rollout_words(&of(1, 4, 3), Some(&set), true), hangs);
        assert_eq!(rollout_words(&of(2, 4, 3), Some(&set), false), goes_on);
        assert_eq!(shortage(&of(3, 3, 2)), "1 of 3 pods is not available");
    }
}
