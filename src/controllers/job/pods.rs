//! The pods of a job: out of its template, with an index where it has some.

use serde_json::{Value, json};

use super::view::{FAILURES, IGNORED, INDEX, Pod, TRACKING};
use crate::controllers::shared::template::pod_from_template;
use crate::machinery::object::{Meta, Object, Reading, Writing};

/// The environment variable that tells a container its index.
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// Generated names are no longer than this before their random part.
const PREFIX_MAX: usize = 58;

/// A pod without an index.
pub(super) fn make(job: &Object) -> Object {
    let none = Value::Null;
    let mut pod = pod_from_template(job, job.at("/spec/template").unwrap_or(&none));
    pod.add_finalizer(TRACKING);
    pod
}

/// The pod of an index. Where each index has a limit, it carries the failures of its `predecessor`, of which the last one
/// counted or did not; `None` where indexes have no limits.
pub(super) fn make_indexed(job: &Object, index: i64, failures: Option<Option<(&Pod, bool)>>) -> Object {
    let mut pod = make(job);
    pod.put("/metadata/generateName", name_prefix(job.name(), index));
    pod.set_annotation(INDEX, &index.to_string());
    pod.set_label(INDEX, &index.to_string());
    pod.put("/spec/hostname", format!("{}-{index}", job.name()));
    if let Some(predecessor) = failures {
        let (counted, ignored) = predecessor
            .map_or((0, 0), |(pod, counts)| (pod.failures + i64::from(counts), pod.ignored + i64::from(!counts)));
        pod.set_annotation(FAILURES, &counted.to_string());
        if ignored > 0 {
            pod.set_annotation(IGNORED, &ignored.to_string());
        }
    }
    for containers in ["/spec/initContainers", "/spec/containers"] {
        for container in pod.items_mut(containers) {
            add_variable(container);
        }
    }
    pod
}

fn add_variable(container: &mut Value) {
    if container.list("/env").iter().any(|v| v.str("/name") == INDEX_VARIABLE) {
        return;
    }
    let field = json!({"apiVersion": "v1", "fieldPath": format!("metadata.labels['{INDEX}']")});
    container.list_mut("/env").push(json!({"name": INDEX_VARIABLE, "valueFrom": {"fieldRef": field}}));
}

/// `JOB-INDEX-`, cut so that the random part still fits.
fn name_prefix(job: &str, index: i64) -> String {
    let end = format!("-{index}-");
    let room = PREFIX_MAX.saturating_sub(end.len()).min(job.len());
    let cut = (0..=room).rev().find(|at| job.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{end}", &job[..cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_named_labelled_and_told() {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "n", "uid": "u"},
            "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}});
        let predecessor = Pod { failures: 1, ignored: 0, ..Pod::default() };
        let pod = make_indexed(&job, 2, Some(Some((&predecessor, false))));
        assert_eq!(pod.str("/metadata/generateName"), "j-2-");
        assert_eq!(pod.finalizers(), [TRACKING]);
        assert_eq!(pod["metadata"]["labels"], json!({INDEX: "2"}));
        assert_eq!(pod["metadata"]["annotations"], json!({INDEX: "2", FAILURES: "1", IGNORED: "1"}));
        assert_eq!(pod.str("/spec/hostname"), "j-2");
        let field = "metadata.labels['batch.kubernetes.io/job-completion-index']";
        assert_eq!(pod.str("/spec/containers/0/env/0/valueFrom/fieldRef/fieldPath"), field);
        assert_eq!(name_prefix(&"x".repeat(63), 10).len(), PREFIX_MAX);
    }
}
