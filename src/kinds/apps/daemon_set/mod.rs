//! DaemonSets (`pkg/registry/apps/daemonset/strategy.go`). Validation is in `validate`.

mod validate;

use crate::shared::describe::pods::describe_pods_status;
use crate::shared::describe::{annotations, describe_events, describe_template, labels, name_and_namespace};
use crate::shared::table::{columns, containers_and_images, number, selector_or_none};
use crate::shared::workload;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age, pairs};
use kctl_base::field::ErrorList;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The DaemonSet kind.
#[derive(Debug)]
pub(crate) struct DaemonSet;

static NAMES: Names =
    Names::namespaced(("apps", "v1"), "DaemonSet", "daemonsets", "daemonset").short(&["ds"]).categories(&["all"]);

/// The annotation in which the API server counts changes of the pod template.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

impl Kind for DaemonSet {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn set_defaults(&self, object: &mut Object) {
        // The number is a field of the internal type, which conversion writes as an annotation, whoever owns it.
        if object.annotation(TEMPLATE_GENERATION).is_none() {
            object.set_annotation(TEMPLATE_GENERATION, "0");
        }
        object.put_default("/spec", json!({}));
        workload::default_spec("io.k8s.api.apps.v1.DaemonSetSpec", &mut object["spec"]);
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
        let step = i64::from(self.raises_generation(new, old));
        new.put("/metadata/generation", old.generation() + step);
        let templates: i64 = old.annotation(TEMPLATE_GENERATION).and_then(|t| t.parse().ok()).unwrap_or(0);
        let step = i64::from(new.pointer("/spec/template") != old.pointer("/spec/template"));
        new.set_annotation(TEMPLATE_GENERATION, &(templates + step).to_string());
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        workload::validate_selector_update(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::template_warnings(new, old, "/spec/template")
    }

    fn columns(&self) -> Vec<Column> {
        columns(&[
            "Name",
            "Desired",
            "Current",
            "Ready",
            "Up-to-date",
            "Available",
            "Node Selector",
            "Age",
            "+Containers",
            "+Images",
            "+Selector",
        ])
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

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    name_and_namespace(object, out);
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
    describe_pods_status(object, &workload::selector_of(object), lookup, out);
    describe_template(object.pointer("/spec/template"), out);
    describe_events(lookup, object, out);
}
