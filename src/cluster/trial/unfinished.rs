//! What a trial has left unfinished: workloads that have not all of their pods, and objects that do not go.

use crate::chronicle::{ObjectRef, PodState};
use kctl_base::object::{Object, ObjectMeta, ValueRead, condition, condition_is_true};

use super::pods::{PodChange, WorkloadPods};

/// Something that is not as it should be at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The resource as `plural.group`.
    pub resource: String,
    /// The object.
    pub object: ObjectRef,
    /// What is missing: `1 of 3 pods are updated`.
    pub state: String,
    /// The cause, as far as it is known, one sentence each.
    pub causes: Vec<String>,
}

/// Returns what an object still lacks; `None` for one that is as it should be, or whose state is no matter of progress.
/// The rules for workloads are those of `rollout status` (`kubectl/pkg/polymorphichelpers/rollout_status.go`).
pub(super) fn state(object: &Object) -> Option<String> {
    if object.is_deleting() {
        let finalizers = object.finalizers().join(", ");
        let what = if finalizers.is_empty() { String::new() } else { format!(", with the finalizers {finalizers}") };
        return Some(format!("is being deleted{what}"));
    }
    match (object.api_version(), object.kind()) {
        ("apps/v1", "Deployment") => deployment(object),
        ("apps/v1", "StatefulSet") => stateful_set(object),
        ("apps/v1", "DaemonSet") => daemon_set(object),
        ("apps/v1", "ReplicaSet") | ("v1", "ReplicationController") if !object.is_managed() => {
            available(number(object, "/status/availableReplicas"), object.int("/spec/replicas").unwrap_or(1))
        }
        ("batch/v1", "Job") => job(object),
        ("v1", "Pod") if !object.is_managed() => pod(object),
        _ => None,
    }
}

fn number(object: &Object, pointer: &str) -> i64 {
    object.int(pointer).unwrap_or(0)
}

fn available(available: i64, wanted: i64) -> Option<String> {
    (available < wanted).then(|| format!("{available} of {wanted} pods are available"))
}

fn updated(updated: i64, wanted: i64) -> Option<String> {
    (updated < wanted).then(|| format!("{updated} of {wanted} pods are updated"))
}

fn deployment(object: &Object) -> Option<String> {
    let wanted = object.int("/spec/replicas").unwrap_or(1);
    let (new, all) = (number(object, "/status/updatedReplicas"), number(object, "/status/replicas"));
    let is_available = available(number(object, "/status/availableReplicas"), wanted);
    if object.flag("/spec/paused") {
        return is_available;
    }
    let old = all - new;
    updated(new, wanted)
        .or_else(|| is_available.clone())
        .or_else(|| (old > 0).then(|| format!("{old} old pods are still there")))
}

fn stateful_set(object: &Object) -> Option<String> {
    let wanted = object.int("/spec/replicas").unwrap_or(1);
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let is_rolling = object.str("/spec/updateStrategy/type") != "OnDelete";
    let is_updated = object.str("/status/updateRevision") == object.str("/status/currentRevision");
    available(number(object, "/status/availableReplicas"), wanted).or_else(|| match is_rolling && !is_updated {
        true => updated(number(object, "/status/updatedReplicas"), (wanted - partition).max(0)),
        false => None,
    })
}

fn daemon_set(object: &Object) -> Option<String> {
    let wanted = number(object, "/status/desiredNumberScheduled");
    available(number(object, "/status/numberAvailable"), wanted).or_else(|| {
        let is_rolling = object.str("/spec/updateStrategy/type") != "OnDelete";
        updated(number(object, "/status/updatedNumberScheduled"), wanted).filter(|_| is_rolling)
    })
}

/// The state of a Job. One whose pods run, or that is suspended, is as it should be.
fn job(object: &Object) -> Option<String> {
    let failed = condition(object, "Failed").filter(|c| c.str("/status") == "True");
    if let Some(failed) = failed {
        return Some(format!("has failed: {}", failed.str("/reason")));
    }
    let is_idle = number(object, "/status/active") > number(object, "/status/ready");
    let is_over = condition_is_true(object, "Complete") || object.flag("/spec/suspend");
    (is_idle && !is_over).then(|| {
        let wanted = object.int("/spec/completions").or_else(|| object.int("/spec/parallelism")).unwrap_or(1);
        format!("{} of {wanted} pods have completed", number(object, "/status/succeeded"))
    })
}

fn pod(object: &Object) -> Option<String> {
    match object.str("/status/phase") {
        "Succeeded" => None,
        "Failed" => Some("has failed".into()),
        _ if condition_is_true(object, "Ready") => None,
        phase => Some(format!("is {} and not ready", phase.to_lowercase())),
    }
}

/// Returns what keeps the pods of a workload from being ready, one sentence for each kind of trouble. `object` returns the
/// last version of a pod.
pub(super) fn causes<'a>(pods: &WorkloadPods, object: impl Fn(&PodChange) -> Option<&'a Object>) -> Vec<String> {
    let mut found: Vec<(String, String, usize)> = Vec::new();
    let is_stuck = |pod: &&PodChange| {
        let is_fine = matches!(pod.state, PodState::Ready | PodState::Succeeded);
        pod.gone.is_none() && !is_fine
    };
    for pod in pods.pods.iter().filter(is_stuck) {
        let what = trouble(pod, object(pod));
        match found.iter_mut().find(|(known, ..)| *known == what) {
            Some((_, _, count)) => *count += 1,
            None => found.push((what, pod.name.clone(), 1)),
        }
    }
    let sentence = |(what, first, count): (String, String, usize)| match count {
        1 => format!("pod {first} {what}"),
        _ => format!("pod {first} {what}, and {} more", count - 1),
    };
    found.into_iter().map(sentence).collect()
}

/// Returns what an object says itself about why it does not go: the conditions of a namespace.
pub(super) fn own_causes(object: &Object) -> Vec<String> {
    if object.kind() != "Namespace" || !object.is_deleting() {
        return Vec::new();
    }
    let conditions = object.list("/status/conditions").iter().filter(|c| c.str("/status") == "True");
    conditions.map(|condition| condition.str("/message").to_string()).collect()
}

/// What is wrong with a pod, in the words of its own status.
fn trouble(pod: &PodChange, object: Option<&Object>) -> String {
    let state = pod.state.label();
    let Some(object) = object else { return format!("is {state}") };
    let message = match pod.state {
        PodState::Pending => condition(object, "PodScheduled").map_or("", |c| c.str("/message")).to_string(),
        PodState::Terminating if !object.finalizers().is_empty() => {
            format!("finalizers {}", object.finalizers().join(", "))
        }
        PodState::Terminating => String::new(),
        _ => container_message(object).unwrap_or_default(),
    };
    let reason = if pod.detail.is_empty() { String::new() } else { format!(" ({})", pod.detail) };
    let message = if message.is_empty() { message } else { format!(": {message}") };
    format!("is {state}{reason}{message}")
}

/// The message of the first container that waits with one, or that has ended with an error.
fn container_message(pod: &Object) -> Option<String> {
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = || lists.iter().flat_map(|list| pod.list(list));
    let waiting = statuses().map(|status| status.str("/state/waiting/message")).find(|message| !message.is_empty());
    let ended = || {
        let status = statuses().find(|status| status.at("/lastState/terminated").is_some())?;
        let code = status.int("/lastState/terminated/exitCode")?;
        Some(format!("container {} ended with exit code {code}", status.str("/name")))
    };
    waiting.map(String::from).or_else(ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    #[test]
    fn workloads_say_what_they_lack() {
        let of = |kind: &str, spec: Value, status: Value| {
            let version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
            state(
                &json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": spec, "status": status}),
            )
        };
        let deployment = |status: Value| of("Deployment", json!({"replicas": 3}), status);
        let text = |text: &str| Some(text.to_string());
        assert_eq!(deployment(json!({"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3})), None);
        assert_eq!(
            deployment(json!({"replicas": 4, "updatedReplicas": 1, "availableReplicas": 3})),
            text("1 of 3 pods are updated")
        );
        assert_eq!(
            deployment(json!({"replicas": 4, "updatedReplicas": 3, "availableReplicas": 3})),
            text("1 old pods are still there")
        );
        let paused = json!({"replicas": 3, "paused": true});
        assert_eq!(of("Deployment", paused, json!({"updatedReplicas": 0, "availableReplicas": 3})), None);
        let partition = json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}});
        let revisions = |updated: i64| json!({"availableReplicas": 3, "updatedReplicas": updated, "updateRevision": "b", "currentRevision": "a"});
        assert_eq!(of("StatefulSet", partition.clone(), revisions(0)), text("0 of 1 pods are updated"));
        assert_eq!(of("StatefulSet", partition, revisions(1)), None);
        let nodes = json!({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1});
        assert_eq!(of("DaemonSet", json!({}), nodes), text("1 of 2 pods are available"));
        let failed = json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]});
        assert_eq!(of("Job", json!({}), failed), text("has failed: BackoffLimitExceeded"));
        assert_eq!(of("Job", json!({}), json!({"active": 1, "ready": 1})), None);
        assert_eq!(of("Job", json!({}), json!({"active": 1})), text("0 of 1 pods have completed"));
        assert_eq!(of("ConfigMap", json!({}), json!({})), None);
    }

    #[test]
    fn objects_that_do_not_go_name_their_finalizers() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/a"]}});
        assert_eq!(state(&object).as_deref(), Some("is being deleted, with the finalizers example.com/a"));
    }
}
