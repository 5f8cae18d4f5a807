//! CronJobs (`pkg/registry/batch/cronjob/strategy.go`). Validation is in `validate` and `schedule`.

pub(crate) mod schedule;
mod validate;

use crate::shared::describe::{annotations, describe_events, describe_template, labels, name_and_namespace, stamp};
use crate::shared::table::{boolean, columns, containers_and_images, selector_or_none};
use crate::shared::workload;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age, since};
use kctl_base::field::ErrorList;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::shape::drop_zero_values;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The CronJob kind.
#[derive(Debug)]
pub(crate) struct CronJob;

static NAMES: Names =
    Names::namespaced(("batch", "v1"), "CronJob", "cronjobs", "cronjob").short(&["cj"]).categories(&["all"]);

impl Kind for CronJob {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        drop_zero_values("io.k8s.api.batch.v1.CronJobSpec", &mut object["spec"]);
        object.put_default("/spec/concurrencyPolicy", "Allow");
        object.put_default("/spec/suspend", false);
        object.put_default("/spec/successfulJobsHistoryLimit", 3);
        object.put_default("/spec/failedJobsHistoryLimit", 1);
        object.put_default("/spec/jobTemplate/metadata", json!({}));
        object.put_default("/spec/jobTemplate/spec", json!({}));
        workload::default_spec("io.k8s.api.batch.v1.JobSpec", &mut object["spec"]["jobTemplate"]["spec"]);
        object.put_default("/status", json!({}));
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({}))
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::warnings(new, old, "/spec/jobTemplate/spec/template")
    }

    fn columns(&self) -> Vec<Column> {
        columns(&[
            "Name",
            "Schedule",
            "Timezone",
            "Suspend",
            "Active",
            "Last Schedule",
            "Age",
            "+Containers",
            "+Images",
            "+Selector",
        ])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let [containers, images] = containers_and_images(object, "/spec/jobTemplate/spec/template/spec");
        let last = object.time("/status/lastScheduleTime");
        vec![
            object.name().into(),
            object.str("/spec/schedule").into(),
            Some(object.str("/spec/timeZone")).filter(|z| !z.is_empty()).unwrap_or("<none>").into(),
            boolean(object.at("/spec/suspend")).into(),
            object.list("/status/active").len().to_string(),
            last.map_or_else(|| "<none>".into(), |last| since(Some(last), now)),
            age(object, now),
            containers,
            images,
            selector_or_none(object, "/spec/jobTemplate/spec/selector"),
        ]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    let number = |pointer: &str, unit: &str| {
        object.int(pointer).map_or_else(|| "<unset>".to_owned(), |number| format!("{number}{unit}"))
    };
    name_and_namespace(object, out);
    labels(object, out);
    annotations(object, out);
    out.pair(0, "Schedule", object.str("/spec/schedule"));
    out.pair(0, "Concurrency Policy", object.str("/spec/concurrencyPolicy"));
    out.pair(0, "Suspend", boolean(object.at("/spec/suspend")));
    let zone = Some(object.str("/spec/timeZone")).filter(|z| !z.is_empty()).unwrap_or("<unset>");
    out.pair(0, "Time Zone", zone);
    out.pair(0, "Successful Job History Limit", number("/spec/successfulJobsHistoryLimit", ""));
    out.pair(0, "Failed Job History Limit", number("/spec/failedJobsHistoryLimit", ""));
    out.pair(0, "Starting Deadline Seconds", number("/spec/startingDeadlineSeconds", "s"));
    let selector = match object.at("/spec/jobTemplate/spec/selector") {
        Some(_) => selector_or_none(object, "/spec/jobTemplate/spec/selector"),
        None => "<unset>".into(),
    };
    out.pair(0, "Selector", selector);
    out.pair(0, "Parallelism", number("/spec/jobTemplate/spec/parallelism", ""));
    out.pair(0, "Completions", number("/spec/jobTemplate/spec/completions", ""));
    if object.at("/spec/jobTemplate/spec/activeDeadlineSeconds").is_some() {
        out.pair(0, "Active Deadline Seconds", number("/spec/jobTemplate/spec/activeDeadlineSeconds", "s"));
    }
    describe_template(object.pointer("/spec/jobTemplate/spec/template"), out);
    let last = match object.at("/status/lastScheduleTime") {
        Some(_) => stamp(object, "/status/lastScheduleTime"),
        None => "<unset>".into(),
    };
    out.pair(0, "Last Schedule Time", last);
    let active: Vec<&str> = object.list("/status/active").iter().map(|job| job.str("/name")).collect();
    out.pair(0, "Active Jobs", if active.is_empty() { "<none>".to_owned() } else { active.join(", ") });
    describe_events(lookup, object, out);
}
