//! Objects that have been deleted but are still there: what holds them.

use super::reader::Reader;
use super::{Finding, namespace, words};
use crate::api::Result;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Duration;

/// Finds what holds an object that is being deleted; `None` for an object that is not.
pub(super) fn diagnose(reader: &mut Reader<'_>, resource: &str, object: &Object) -> Result<Option<Finding>> {
    let Some(deleted) = object.deletion_time() else { return Ok(None) };
    if resource == "namespaces" {
        return namespace::terminating(reader, object).map(Some);
    }
    let finalizers = object.finalizers();
    if finalizers.is_empty() {
        return grace_period(reader, object).map(Some);
    }
    let sentence = format!(
        "has been deleted at {}, and stays until its finalizers are gone: {}",
        asked_at(object, deleted).rfc3339(),
        finalizers.join(", ")
    );
    let mut finding = Finding::problem(sentence);
    for finalizer in finalizers {
        finding = explain(reader, object, finalizer, finding)?;
    }
    Ok(Some(finding))
}

/// Returns when the deletion was asked for: the deletion timestamp of a pod is that of the end of its grace period.
fn asked_at(object: &Object, deleted: kctl_base::sim::Time) -> kctl_base::sim::Time {
    deleted - Duration::from_secs(object.int("/metadata/deletionGracePeriodSeconds").unwrap_or(0))
}

/// Tells the grace period that the containers of a pod have to end.
fn grace_period(reader: &mut Reader<'_>, object: &Object) -> Result<Finding> {
    let ends = object.deletion_time().unwrap_or(reader.now);
    let node = object.str("/spec/nodeName").to_string();
    let is_overdue = ends < reader.now && !node.is_empty();
    if !is_overdue {
        let sentence = format!(
            "has been deleted, and its containers have time until {} to end (the grace period)",
            ends.rfc3339()
        );
        return Ok(Finding::progress(sentence));
    }
    let sentence = format!("has been deleted, but its node {node} has not confirmed that its containers have ended");
    let finding = Finding::problem(sentence).because(reader.follow_name("nodes", "", &node)?);
    let hint = "\"kctl delete --force --grace-period=0\" removes it without waiting for the node";
    Ok(finding.shown_by(hint))
}

/// Tells who removes a finalizer, and what that waits for.
fn explain(reader: &mut Reader<'_>, object: &Object, finalizer: &str, finding: Finding) -> Result<Finding> {
    Ok(match finalizer {
        "kubernetes.io/pvc-protection" => {
            let pods = reader.pods_using(object)?;
            let users: Vec<String> = pods
                .iter()
                .filter(|pod| !pod.str("/spec/nodeName").is_empty())
                .map(|pod| format!("pod/{}", pod.name()))
                .collect();
            let line = match users.is_empty() {
                true => format!("{finalizer}: it is removed as soon as no pod uses the claim"),
                false => format!("{finalizer}: it is removed when no pod uses the claim, but {} does", users.join(", ")),
            };
            finding.shown_by(line)
        }
        "kubernetes.io/pv-protection" => {
            let (namespace, claim) = (object.str("/spec/claimRef/namespace"), object.str("/spec/claimRef/name"));
            finding.shown_by(format!(
                "{finalizer}: it is removed when the volume is no longer bound to persistentvolumeclaim/{claim} in the namespace {namespace}"
            ))
        }
        "foregroundDeletion" => dependents(reader, object, finding)?,
        "orphan" => finding.shown_by("orphan: the garbage collector removes it when the dependents have lost their reference to it"),
        "batch.kubernetes.io/job-tracking" => finding.shown_by(format!(
            "{finalizer}: the Job controller removes it when it has counted the pod"
        )),
        "external-provisioner.volume.kubernetes.io/finalizer" => finding.shown_by(format!(
            "{finalizer}: the provisioner removes it when the volume behind it has been deleted"
        )),
        "customresourcecleanup.apiextensions.k8s.io" => finding.shown_by(format!(
            "{finalizer}: it is removed when all objects of the custom kind are gone"
        )),
        custom => finding
            .shown_by(format!("{custom}: no controller of this cluster removes it, the program that added it has to"))
            .shown_by(format!(
                "without that program: kctl patch {}/{} --type=json -p '[{{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}}]'",
                object.kind().to_lowercase(),
                object.name()
            )),
    })
}

/// Tells which dependents block a deletion in the foreground.
fn dependents(reader: &mut Reader<'_>, owner: &Object, finding: Finding) -> Result<Finding> {
    let (mut causes, mut count) = (Vec::new(), 0);
    for (resource, dependent) in reader.dependents(owner)? {
        let owners = dependent.owners();
        if owners.iter().any(|reference| reference.uid == owner.uid() && reference.block_owner_deletion) {
            count += 1;
            causes.extend(reader.follow(&resource, [&dependent])?);
        }
    }
    let line = format!(
        "foregroundDeletion: the garbage collector removes it when {} that it owns {} gone",
        words::count(count, "object"),
        words::are(count)
    );
    Ok(finding.shown_by(line).because(causes))
}
