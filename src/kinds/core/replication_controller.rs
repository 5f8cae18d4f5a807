//! ReplicationControllers, the predecessor of ReplicaSets, whose selector is a map of labels
//! (`pkg/registry/core/replicationcontroller/strategy.go`).

use crate::shared::describe::{annotations, labels, name_and_namespace};
use crate::shared::pod_spec::defaults::default_template;
use crate::shared::rules::non_negative;
use crate::shared::table::{columns, number};
use crate::shared::workload::REPLICA_COLUMNS;
use crate::shared::{index, pod_template, selector, workload};
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, ScalePaths, pairs};
use kctl_base::field::{ErrorList, Path, required};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::shape::drop_zero_values;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The ReplicationController kind.
#[derive(Debug)]
pub(crate) struct ReplicationController;

static NAMES: Names =
    Names::namespaced(("", "v1"), "ReplicationController", "replicationcontrollers", "replicationcontroller")
        .short(&["rc"])
        .categories(&["all"]);

impl Kind for ReplicationController {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn scale(&self) -> Option<ScalePaths> {
        Some(ScalePaths::BUILTIN)
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        drop_zero_values("io.k8s.api.core.v1.ReplicationControllerSpec", &mut object["spec"]);
        if object.map("/spec/selector").is_some_and(|s| s.is_empty()) {
            object.remove_at("/spec/selector");
        }
        if object.at("/spec/template").is_some() {
            default_template(&mut object["spec"]["template"]);
        }
        let template_labels = object.map("/spec/template/metadata/labels").filter(|l| !l.is_empty()).cloned();
        if let Some(labels) = template_labels {
            object.put_default("/spec/selector", labels.clone());
            if object.labels().is_empty() {
                object.put("/metadata/labels", labels);
            }
        }
        object.put_default("/spec/replicas", 1);
        object.put_default("/status/replicas", 0);
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({"replicas": 0}))
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        let (path, spec) = (Path::new("spec"), &object["spec"]);
        non_negative(&mut errors, &path, spec, "minReadySeconds");
        if spec.map("/selector").is_none_or(|s| s.is_empty()) {
            errors.push(required(&path.child("selector"), ""));
        }
        non_negative(&mut errors, &path, spec, "replicas");
        let here = path.child("template");
        match spec.at("/template") {
            None => errors.push(required(&here, "")),
            Some(pods) => {
                let wanted = selector::of_map(spec.get("selector"));
                pod_template::validate_for_controller(&mut errors, &here, pods, &wanted, "ReplicationController");
            }
        }
        errors
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::warnings(new, old, "/spec/template")
    }

    fn columns(&self) -> Vec<Column> {
        columns(REPLICA_COLUMNS)
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        workload::replica_row(object, now, pairs(object, "/spec/selector"))
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "status.replicas").then(|| number(object, "/status/replicas"))
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        index::labels(object)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    name_and_namespace(object, out);
    out.pair(0, "Selector", pairs(object, "/spec/selector"));
    labels(object, out);
    annotations(object, out);
    workload::describe_replicas(object, &selector::of_map(object.pointer("/spec/selector")), lookup, out);
}
