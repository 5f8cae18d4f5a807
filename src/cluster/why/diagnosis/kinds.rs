//! The diagnosis of each kind.

use super::reader::Reader;
use super::{
    Finding, autoscaler, budget, claim, cron_job, daemon_set, deletion, deployment, ingress, job, namespace,
    network_policy, node, pod, quota, replica_set, service, stateful_set, volume,
};
use crate::api::Result;
use kctl_base::object::Object;

/// The examination of the objects of one resource.
struct Kind {
    resource: &'static str,
    /// Finds what is wrong.
    diagnose: fn(&mut Reader<'_>, &Object) -> Result<Vec<Finding>>,
    /// Describes the state in a few words.
    summary: fn(&Object) -> String,
}

/// The kinds that have a diagnosis beyond their deletion.
static KINDS: &[Kind] = &[
    Kind { resource: "pods", diagnose: pod::diagnose, summary: pod::summary },
    Kind { resource: "deployments.apps", diagnose: deployment::diagnose, summary: deployment::summary },
    Kind { resource: "replicasets.apps", diagnose: replica_set::diagnose, summary: replica_set::summary },
    Kind { resource: "replicationcontrollers", diagnose: replica_set::diagnose, summary: replica_set::summary },
    Kind { resource: "statefulsets.apps", diagnose: stateful_set::diagnose, summary: replica_set::summary },
    Kind { resource: "daemonsets.apps", diagnose: daemon_set::diagnose, summary: daemon_set::summary },
    Kind { resource: "jobs.batch", diagnose: job::diagnose, summary: job::summary },
    Kind { resource: "cronjobs.batch", diagnose: cron_job::diagnose, summary: cron_job::summary },
    Kind { resource: "services", diagnose: service::diagnose, summary: |_| String::new() },
    Kind {
        resource: "horizontalpodautoscalers.autoscaling",
        diagnose: autoscaler::diagnose,
        summary: autoscaler::summary,
    },
    Kind { resource: "persistentvolumeclaims", diagnose: claim::diagnose, summary: claim::summary },
    Kind { resource: "persistentvolumes", diagnose: volume::diagnose, summary: volume::summary },
    Kind { resource: "nodes", diagnose: node::diagnose, summary: |_| String::new() },
    Kind { resource: "namespaces", diagnose: namespace::diagnose, summary: |_| String::new() },
    Kind { resource: "ingresses.networking.k8s.io", diagnose: ingress::diagnose, summary: |_| String::new() },
    Kind {
        resource: "networkpolicies.networking.k8s.io",
        diagnose: network_policy::diagnose,
        summary: |_| String::new(),
    },
    Kind { resource: "poddisruptionbudgets.policy", diagnose: budget::diagnose, summary: budget::summary },
    Kind { resource: "resourcequotas", diagnose: quota::diagnose, summary: |_| String::new() },
];

/// Finds what is wrong with an object: what holds it when it is being deleted, otherwise what its kind knows.
pub(super) fn diagnose(reader: &mut Reader<'_>, resource: &str, object: &Object) -> Result<Vec<Finding>> {
    if let Some(finding) = deletion::diagnose(reader, resource, object)? {
        return Ok(vec![finding]);
    }
    match find(resource) {
        Some(kind) => (kind.diagnose)(reader, object),
        None => Ok(Vec::new()),
    }
}

/// Describes the state of an object in a few words.
pub(super) fn summary(resource: &str, object: &Object) -> String {
    find(resource).map_or_else(String::new, |kind| (kind.summary)(object))
}

fn find(resource: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.resource == resource)
}
