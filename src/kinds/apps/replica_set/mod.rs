//! ReplicaSets.

use crate::shared::describe::pods::describe_pods_status;
use crate::shared::describe::{
    annotations, brief_conditions, controlled_by, describe_events, describe_template, identity, labels,
};
use crate::shared::pod_spec::defaults::default_template;
use crate::shared::pod_spec::warnings;
use crate::shared::rules::{immutable, invalid_json, non_negative, pod_name_warning};
use crate::shared::table::{containers_and_images, number, selector_or_none};
use crate::shared::zero_values::drop_zero_values;
use crate::shared::{index, pod_template, selector};
use crate::{Describer, Kind, Lookup, Names, ScalePaths, age};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// A ReplicaSet.
#[derive(Debug)]
pub struct ReplicaSet;

static NAMES: Names =
    Names::builtin(("apps", "v1"), "ReplicaSet", "replicasets", "replicaset", true).short(&["rs"]).categories(&["all"]);

impl Kind for ReplicaSet {
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
        object.put_default("/spec/template", json!({}));
        default_template(&mut object["spec"]["template"]);
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
        non_negative(&mut errors, &path, spec, "replicas");
        non_negative(&mut errors, &path, spec, "minReadySeconds");
        let wanted = spec.get("selector");
        selector::validate_required(&mut errors, &path.child("selector"), wanted, "deployment");
        match selector::read(wanted) {
            None => {
                let shown = selector::to_json(wanted.unwrap_or(&Value::Null));
                errors.push(invalid_json(&path.child("selector"), &shown, "invalid label selector"));
            }
            Some(wanted) => {
                let here = path.child("template");
                pod_template::validate_for_controller(&mut errors, &here, &spec["template"], &wanted, "ReplicaSet");
            }
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        let path = Path::new("spec").child("selector");
        immutable(&mut errors, &path, new.pointer("/spec/selector"), old.pointer("/spec/selector"));
        errors
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut out = Vec::new();
        if old.is_none() {
            out.extend(pod_name_warning(new));
        }
        if old.is_none_or(|old| old.generation() != new.generation()) {
            out.extend(warnings::warnings(&Path::new("spec").child("template"), &new["spec"]["template"]));
        }
        out
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            Column::new("Name"),
            Column::new("Desired"),
            Column::new("Current"),
            Column::new("Ready"),
            Column::new("Age"),
            Column::wide("Containers"),
            Column::wide("Images"),
            Column::wide("Selector"),
        ]
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
            selector_or_none(object, "/spec/selector"),
        ]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "status.replicas").then(|| number(object, "/status/replicas"))
    }

    fn describe(&self, object: &Object, look: &dyn Lookup, out: &mut Describer) -> bool {
        identity(object, out);
        out.pair(0, "Selector", selector_or_none(object, "/spec/selector"));
        labels(object, out);
        annotations(object, out);
        controlled_by(object, out);
        let (have, want) = (number(object, "/status/replicas"), number(object, "/spec/replicas"));
        out.pair(0, "Replicas", format!("{have} current / {want} desired"));
        let wanted = selector::read(object.pointer("/spec/selector")).unwrap_or(Selector::Nothing);
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
