//! ReplicationControllers: ReplicaSets of old, whose selector is a plain map.

use crate::shared::describe::pods::describe_pods_status;
use crate::shared::describe::{annotations, brief_conditions, describe_events, describe_template, identity, labels};
use crate::shared::pod_spec::defaults::default_template;
use crate::shared::pod_spec::warnings;
use crate::shared::rules::{non_negative, pod_name_warning};
use crate::shared::table::{containers_and_images, number};
use crate::shared::zero_values::drop_zero_values;
use crate::shared::{index, pod_template, selector};
use crate::{Describer, Kind, Lookup, Names, ScalePaths, age, pairs};
use kctl_base::field::{ErrorList, Path, required};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// A ReplicationController.
#[derive(Debug)]
pub struct ReplicationController;

static NAMES: Names =
    Names::builtin(("", "v1"), "ReplicationController", "replicationcontrollers", "replicationcontroller", true)
        .short(&["rc"])
        .categories(&["all"]);

impl Kind for ReplicationController {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn scale(&self) -> Option<ScalePaths> {
        Some(ScalePaths {
            spec_replicas: "/spec/replicas",
            status_replicas: "/status/replicas",
            selector: "/spec/selector",
        })
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        drop_zero_values(&mut object["spec"]);
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

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({"replicas": 0}));
        new.put("/metadata/generation", 1);
    }

    fn counts_generations(&self) -> bool {
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
        let mut out = Vec::new();
        if old.is_none() {
            out.extend(pod_name_warning(new));
        }
        if old.is_none_or(|old| old.generation() != new.generation()) {
            let pods = new.pointer("/spec/template").unwrap_or(&Value::Null);
            out.extend(warnings::warnings(&Path::new("spec").child("template"), pods));
        }
        out
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = ["Name", "Desired", "Current", "Ready", "Age"].map(Column::new).into();
        columns.extend(["Containers", "Images", "Selector"].map(Column::wide));
        columns
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let [containers, images] = containers_and_images(object, "/spec/template/spec");
        vec![
            object.name().into(),
            number(object, "/spec/replicas"),
            number(object, "/status/replicas"),
            number(object, "/status/readyReplicas"),
            age(object, now),
            containers,
            images,
            pairs(object, "/spec/selector"),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "status.replicas").then(|| number(object, "/status/replicas"))
    }

    fn describe(&self, object: &Object, look: &dyn Lookup, out: &mut Describer) -> bool {
        identity(object, out);
        out.pair(0, "Selector", pairs(object, "/spec/selector"));
        labels(object, out);
        annotations(object, out);
        let (have, want) = (number(object, "/status/replicas"), number(object, "/spec/replicas"));
        out.pair(0, "Replicas", format!("{have} current / {want} desired"));
        let wanted = selector::of_map(object.pointer("/spec/selector"));
        describe_pods_status(object, &wanted, look, out);
        describe_template(object.pointer("/spec/template"), out);
        brief_conditions(object, out);
        describe_events(look, object, out);
        true
    }

    fn index(&self, object: &Object) -> Vec<(&'static str, String)> {
        index::labels(object)
    }
}
