//! CronJobs: names, defaults, preparation, table and description; schedules and rules stand beside.

pub mod schedule;
mod validate;

use super::job::default_template_of;
use crate::shared::describe::{annotations, describe_events, describe_template, identity, labels, stamp};
use crate::shared::pod_spec::warnings;
use crate::shared::rules::pod_name_warning;
use crate::shared::table::{boolean, containers_and_images, selector_or_none};
use crate::{Describer, Kind, Lookup, Names, age, since};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::shape::drop_zero_values;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// A CronJob.
#[derive(Debug)]
pub struct CronJob;

static NAMES: Names =
    Names::builtin(("batch", "v1"), "CronJob", "cronjobs", "cronjob", true).short(&["cj"]).categories(&["all"]);

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
        default_template_of(&mut object["spec"]["jobTemplate"]["spec"]);
        object.put_default("/status", json!({}));
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({}));
        new.put("/metadata/generation", 1);
    }

    fn counts_generations(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut out = Vec::new();
        if old.is_none() {
            out.extend(pod_name_warning(new));
        }
        if old.is_none_or(|old| old.generation() != new.generation()) {
            let path = Path::new("spec").child("jobTemplate").child("spec").child("template");
            out.extend(warnings::warnings(&path, &new["spec"]["jobTemplate"]["spec"]["template"]));
        }
        out
    }

    fn columns(&self) -> Vec<Column> {
        let shown = ["Name", "Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Age"];
        let mut columns: Vec<Column> = shown.map(Column::new).into();
        columns.extend(["Containers", "Images", "Selector"].map(Column::wide));
        columns
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

    fn describe(&self, object: &Object, look: &dyn Lookup, out: &mut Describer) -> bool {
        describe(object, look, out);
        true
    }
}

fn describe(object: &Object, look: &dyn Lookup, out: &mut Describer) {
    let number = |pointer: &str, unit: &str| {
        object.int(pointer).map_or_else(|| "<unset>".to_owned(), |number| format!("{number}{unit}"))
    };
    identity(object, out);
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
    describe_events(look, object, out);
}
