//! Makes the pods of a Job.

use super::pods::{FAILURES, IGNORED_FAILURES, INDEX, TRACKING};
use super::policy;
use super::state::State;
use crate::controllers::shared::template::pod_from_template;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The length in bytes to which a name is cut, so that a generated name fits into a label.
const PREFIX_MAX: usize = 58;

/// The environment variable with the completion index.
const VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// Returns a new pod of a Job; `index` is `None` unless the Job is indexed.
pub(super) fn new_pod(state: &State<'_>, index: Option<i64>) -> Object {
    let job = state.job;
    let mut pod = pod_from_template(job, job.at("/spec/template").unwrap_or(&Value::Null));
    if !pod.has_finalizer(TRACKING) {
        pod.add_finalizer(TRACKING);
    }
    let Some(index) = index else { return pod };
    pod.put("/metadata/generateName", name_prefix(job.name(), index));
    pod.put("/spec/hostname", format!("{}-{index}", job.name()));
    pod.set_label(INDEX, &index.to_string());
    pod.set_annotation(INDEX, &index.to_string());
    for list in ["/spec/initContainers", "/spec/containers"] {
        pod.items_mut(list).for_each(add_variable);
    }
    if let Some(indexes) = state.indexes.as_ref().filter(|i| i.failed.is_some()) {
        let (counted, ignored) =
            indexes.to_replace.get(&index).map_or((0, 0), |failed| policy::failures_after(job, failed));
        pod.set_annotation(FAILURES, &counted.to_string());
        if ignored > 0 {
            pod.set_annotation(IGNORED_FAILURES, &ignored.to_string());
        }
    }
    pod
}

/// Returns `NAME-INDEX-` with a name that is cut where it is too long (`podGenerateNameWithIndex`).
fn name_prefix(job: &str, index: i64) -> String {
    let tail = format!("-{index}-");
    let room = PREFIX_MAX.saturating_sub(tail.len()).min(job.len());
    // Names of Jobs are ASCII, so the cut is between two characters.
    format!("{}{tail}", job.get(..room).unwrap_or(job))
}

fn add_variable(container: &mut Value) {
    if container.list("/env").iter().all(|v| v.str("/name") != VARIABLE) {
        let field = json!({"fieldRef": {"apiVersion": "v1", "fieldPath": format!("metadata.labels['{INDEX}']")}});
        container.list_mut("/env").push(json!({"name": VARIABLE, "valueFrom": field}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_have_their_index_in_name_label_and_environment() {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "uid": "u", "namespace": "n"},
            "spec": {"completionMode": "Indexed", "completions": 3, "backoffLimitPerIndex": 1,
                     "template": {"spec": {"containers": [{"name": "c"}]}}}});
        let pod = new_pod(&State::of(&job, &[]), Some(2));
        assert_eq!(pod.str("/metadata/generateName"), "j-2-");
        assert_eq!(pod.str("/spec/hostname"), "j-2");
        assert_eq!(
            (pod.label(INDEX), pod.annotation(INDEX), pod.annotation(FAILURES)),
            (Some("2"), Some("2"), Some("0"))
        );
        assert_eq!(pod.str("/spec/containers/0/env/0/name"), VARIABLE);
        assert!(pod.has_finalizer(TRACKING));
        assert_eq!(name_prefix(&"x".repeat(63), 10).len(), PREFIX_MAX);
    }
}
