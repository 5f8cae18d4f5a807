//! DaemonSets: names, defaults, preparation, table and description; rules stand beside.

mod validate;

use crate::shared::describe::pods::describe_pods_status;
use crate::shared::describe::{annotations, describe_events, describe_template, identity, labels};
use crate::shared::pod_spec::defaults::default_template;
use crate::shared::pod_spec::warnings;
use crate::shared::selector;
use crate::shared::table::{containers_and_images, number, selector_or_none};
use crate::{Describer, Kind, Lookup, Names, age, pairs};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::json;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::shape::drop_zero_values;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// A DaemonSet.
#[derive(Debug)]
pub struct DaemonSet;

static NAMES: Names =
    Names::builtin(("apps", "v1"), "DaemonSet", "daemonsets", "daemonset", true).short(&["ds"]).categories(&["all"]);

/// Where the API server keeps how often the template has changed.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

impl Kind for DaemonSet {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        drop_zero_values("io.k8s.api.apps.v1.DaemonSetSpec", &mut object["spec"]);
        object.put_default("/spec/template", json!({}));
        default_template(&mut object["spec"]["template"]);
        object.put_default("/spec/updateStrategy/type", "RollingUpdate");
        if object.str("/spec/updateStrategy/type") == "RollingUpdate" {
            object.put_default("/spec/updateStrategy/rollingUpdate/maxUnavailable", 1);
            object.put_default("/spec/updateStrategy/rollingUpdate/maxSurge", 0);
        }
        object.put_default("/spec/revisionHistoryLimit", 10);
        for field in ["currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"] {
            object.put_default(&format!("/status/{field}"), 0);
        }
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put(
            "/status",
            json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0}),
        );
        new.put("/metadata/generation", 1);
        new.set_annotation(TEMPLATE_GENERATION, "1");
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        new.put("/status", old.get("status").cloned().unwrap_or_else(|| json!({})));
        let step = i64::from(self.spec_differs(new, old));
        new.put("/metadata/generation", old.generation() + step);
        let templates: i64 = old.annotation(TEMPLATE_GENERATION).and_then(|t| t.parse().ok()).unwrap_or(0);
        let step = i64::from(new.pointer("/spec/template") != old.pointer("/spec/template"));
        new.set_annotation(TEMPLATE_GENERATION, &(templates + step).to_string());
    }

    fn counts_generations(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate::validate_update(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        match old {
            Some(old) if old.generation() == new.generation() => Vec::new(),
            _ => warnings::warnings(&Path::new("spec").child("template"), &new["spec"]["template"]),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let shown = ["Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age"];
        let mut columns: Vec<Column> = shown.map(Column::new).into();
        columns.extend(["Containers", "Images", "Selector"].map(Column::wide));
        columns
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let [containers, images] = containers_and_images(object, "/spec/template/spec");
        vec![
            object.name().into(),
            number(object, "/status/desiredNumberScheduled"),
            number(object, "/status/currentNumberScheduled"),
            number(object, "/status/numberReady"),
            number(object, "/status/updatedNumberScheduled"),
            number(object, "/status/numberAvailable"),
            pairs(object, "/spec/template/spec/nodeSelector"),
            age(object, now),
            containers,
            images,
            selector_or_none(object, "/spec/selector"),
        ]
    }

    fn describe(&self, object: &Object, look: &dyn Lookup, out: &mut Describer) -> bool {
        identity(object, out);
        out.pair(0, "Selector", selector_or_none(object, "/spec/selector"));
        out.pair(0, "Node-Selector", pairs(object, "/spec/template/spec/nodeSelector"));
        labels(object, out);
        annotations(object, out);
        for (label, pointer) in [
            ("Desired Number of Nodes Scheduled", "/status/desiredNumberScheduled"),
            ("Current Number of Nodes Scheduled", "/status/currentNumberScheduled"),
            ("Number of Nodes Scheduled with Up-to-date Pods", "/status/updatedNumberScheduled"),
            ("Number of Nodes Scheduled with Available Pods", "/status/numberAvailable"),
            ("Number of Nodes Misscheduled", "/status/numberMisscheduled"),
        ] {
            out.line(0, format!("{label}: {}", number(object, pointer)));
        }
        let wanted = selector::read(object.pointer("/spec/selector")).unwrap_or(Selector::Nothing);
        describe_pods_status(object, &wanted, look, out);
        describe_template(object.pointer("/spec/template"), out);
        describe_events(look, object, out);
        true
    }
}
