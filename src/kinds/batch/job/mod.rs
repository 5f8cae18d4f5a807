//! Jobs (`pkg/registry/batch/job/strategy.go`). Validation is in `validate` and `failure_policy`, the description
//! in `describe`.

mod describe;
pub(crate) mod failure_policy;
pub(crate) mod validate;

use crate::shared::table::{columns, containers_and_images, selector_cell};
use crate::shared::{index, workload};
use crate::{Describer, Kind, Names, age};
use kctl_base::field::ErrorList;
use kctl_base::json::{Map, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite, condition_is_true};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The Job kind.
#[derive(Debug)]
pub(crate) struct Job;

static NAMES: Names = Names::namespaced(("batch", "v1"), "Job", "jobs", "job").categories(&["all"]);

/// The labels with the Job's UID, by which it selects its pods: the legacy one first.
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
/// The labels with the Job's name.
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

impl Kind for Job {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        workload::default_spec("io.k8s.api.batch.v1.JobSpec", &mut object["spec"]);
        let spec = &mut object["spec"];
        if spec.at("/completions").is_none() && spec.at("/parallelism").is_none() {
            spec.put("/completions", 1);
        }
        spec.put_default("/parallelism", 1);
        let per_index = spec.at("/backoffLimitPerIndex").is_some();
        spec.put_default("/backoffLimit", if per_index { i64::from(i32::MAX) } else { 6 });
        spec.put_default("/completionMode", "NonIndexed");
        spec.put_default("/suspend", false);
        spec.put_default("/manualSelector", false);
        let policy = if spec.at("/podFailurePolicy").is_some() { "Failed" } else { "TerminatingOrFailed" };
        spec.put_default("/podReplacementPolicy", policy);
        for rule in spec.items_mut("/podFailurePolicy/rules") {
            for pattern in rule.items_mut("/onPodConditions") {
                pattern.put_default("/status", "True");
            }
        }
        object.put_default("/status", json!({}));
        label_like_template(object);
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({}));
        new.put("/metadata/generation", 1);
        if !new.flag("/spec/manualSelector") {
            // Labels that the Job got from the template are the same map there.
            let is_shared = !new.labels().is_empty() && new.labels() == new.strings("/spec/template/metadata/labels");
            generate_selector(new);
            if is_shared {
                new.remove_at("/metadata/labels");
                label_like_template(new);
            }
        }
    }

    fn set_defaults_on_read(&self, new: &mut Object) {
        label_like_template(new);
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate::validate_update(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::warnings(new, old, "/spec/template")
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Status", "Completions", "Duration", "Age", "+Containers", "+Images", "+Selector"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let [containers, images] = containers_and_images(object, "/spec/template/spec");
        vec![
            object.name().into(),
            status_text(object).into(),
            completions(object),
            duration(object, now),
            age(object, now),
            containers,
            images,
            selector_cell(object),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "status.successful").then(|| object.int("/status/succeeded").unwrap_or(0).to_string())
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe::describe)
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        index::labels(object)
    }
}

/// Copies the labels of the pod template to a Job without labels.
fn label_like_template(job: &mut Object) {
    let of_template: Option<Map> = job.map("/spec/template/metadata/labels").cloned();
    if let Some(labels) = of_template.filter(|labels| !labels.is_empty() && job.labels().is_empty()) {
        job.put("/metadata/labels", labels);
    }
}

/// Generates the selector and the pod labels that it matches from the name and UID of the Job.
fn generate_selector(job: &mut Object) {
    let (name, uid) = (job.name().to_owned(), job.uid().to_owned());
    let labels = job.map_mut("/spec/template/metadata/labels");
    for key in NAME_LABELS {
        labels.entry(key).or_insert_with(|| name.clone().into());
    }
    for key in UID_LABELS {
        labels.entry(key).or_insert_with(|| uid.clone().into());
    }
    job.map_mut("/spec/selector/matchLabels").entry(UID_LABELS[1]).or_insert_with(|| uid.into());
}

/// The STATUS column of a Job.
pub(crate) fn status_text(job: &Object) -> &'static str {
    let words = [
        ("Complete", "Complete"),
        ("Failed", "Failed"),
        ("", "Terminating"),
        ("Suspended", "Suspended"),
        ("FailureTarget", "FailureTarget"),
        ("SuccessCriteriaMet", "SuccessCriteriaMet"),
    ];
    let holds = |kind: &str| if kind.is_empty() { job.is_deleting() } else { condition_is_true(job, kind) };
    words.iter().find(|(kind, _)| holds(kind)).map_or("Running", |(_, word)| word)
}

fn completions(job: &Object) -> String {
    let succeeded = job.int("/status/succeeded").unwrap_or(0);
    match (job.int("/spec/completions"), job.int("/spec/parallelism").unwrap_or(0)) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallelism) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        _ => format!("{succeeded}/1"),
    }
}

fn duration(job: &Object, now: Time) -> String {
    let end = job.time("/status/completionTime").unwrap_or(now);
    job.time("/status/startTime").map_or_else(String::new, |start| (end - start).human())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selector_is_generated_from_the_uid() {
        let mut job = json!({"metadata": {"name": "j", "uid": "u"}, "spec": {"template": {"spec": {}}}});
        Job.set_defaults(&mut job);
        Job.prepare_create(&mut job);
        assert_eq!(job["spec"]["selector"]["matchLabels"], json!({"batch.kubernetes.io/controller-uid": "u"}));
        assert!(job.labels().is_empty(), "the labels are not validated");
        Job.set_defaults_on_read(&mut job);
        assert_eq!(job["metadata"]["labels"], job["spec"]["template"]["metadata"]["labels"]);
        assert_eq!(job.label("job-name"), Some("j"));
    }

    #[test]
    fn rows_show_status_completions_and_duration() {
        let now = Time::from_secs(100);
        let at = |s: i64| Time::from_secs(s).rfc3339();
        let cases = [
            (json!({"completions": 3}), json!({"succeeded": 1, "startTime": at(95)}), ["Running", "1/3", "5s"]),
            (json!({"parallelism": 2}), json!({}), ["Running", "0/1 of 2", ""]),
            (
                json!({"completions": 1}),
                json!({"succeeded": 1, "startTime": at(90), "completionTime": at(92), "conditions": [{"type": "Complete", "status": "True"}]}),
                ["Complete", "1/1", "2s"],
            ),
            (
                json!({"completions": 1}),
                json!({"conditions": [{"type": "Suspended", "status": "True"}]}),
                ["Suspended", "0/1", ""],
            ),
        ];
        for (spec, status, want) in cases {
            let row = Job.row(&json!({"spec": spec, "status": status}), now);
            assert_eq!(row[1..4], want);
        }
    }
}
