//! Code that the kinds that create pods from a template share: DaemonSet, Deployment, Job, ReplicaSet,
//! ReplicationController and StatefulSet (`pkg/apis/apps/validation/validation.go`).

use super::describe::pods::describe_pods_status;
use super::describe::{brief_conditions, describe_events, describe_template};
use super::pod_spec::defaults::default_template;
use super::rules::{immutable, invalid_json, pod_name_warning};
use super::table::{containers_and_images, number};
use super::{pod_spec, pod_template, selector};
use crate::{Lookup, PrefixWriter, age};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::shape::drop_zero_values;
use kctl_base::sim::Time;
use kctl_base::view::Cell;

/// The table columns of ReplicaSets and ReplicationControllers.
pub(crate) const REPLICA_COLUMNS: &[&str] =
    &["Name", "Desired", "Current", "Ready", "Age", "+Containers", "+Images", "+Selector"];

/// The names of a workload kind in two messages of its validation.
pub(crate) struct Wording {
    /// `deployment`, in `empty selector is invalid for deployment`.
    pub(crate) selector: &'static str,
    /// `ReplicaSet`, in `activeDeadlineSeconds in ReplicaSet is not Supported`.
    pub(crate) template: &'static str,
}

/// Sets the defaults of the spec of a workload, or of a job template, that all kinds share: those of the pod template.
/// `definition` is the name of the type of the spec in the schema.
pub(crate) fn default_spec(definition: &str, spec: &mut Value) {
    drop_zero_values(definition, spec);
    spec.put_default("/template", json!({}));
    default_template(&mut spec["template"]);
}

/// Validates the selector of a workload, and `template`, its pod template, against it.
pub(crate) fn validate_selector_and_template(
    errors: &mut ErrorList,
    spec: &Value,
    template: &Value,
    wording: &Wording,
) {
    let (selector_path, template_path) = (Path::new("spec.selector"), Path::new("spec.template"));
    let value = spec.get("selector");
    selector::validate_required(errors, &selector_path, value, wording.selector);
    match selector::read(value) {
        None => {
            let shown = selector::to_json(value.unwrap_or(&Value::Null));
            errors.push(invalid_json(&selector_path, &shown, "invalid label selector"));
        }
        Some(selector) => {
            pod_template::validate_for_controller(errors, &template_path, template, &selector, wording.template);
        }
    }
}

/// Refuses a change of `spec.selector`.
pub(crate) fn validate_selector_update(new: &Object, old: &Object) -> ErrorList {
    let mut errors = ErrorList::new();
    immutable(&mut errors, &Path::new("spec.selector"), new.pointer("/spec/selector"), old.pointer("/spec/selector"));
    errors
}

/// Warnings on create and update: about the name, which becomes part of pod names, and about the pod template at a JSON
/// pointer.
pub(crate) fn warnings(new: &Object, old: Option<&Object>, template: &str) -> Vec<String> {
    let name = if old.is_none() { pod_name_warning(new) } else { None };
    name.into_iter().chain(template_warnings(new, old, template)).collect()
}

/// Warnings about the pod template at a JSON pointer. An update that keeps the generation cannot have changed it.
pub(crate) fn template_warnings(new: &Object, old: Option<&Object>, template: &str) -> Vec<String> {
    if old.is_some_and(|old| old.generation() == new.generation()) {
        return Vec::new();
    }
    let path = Path::new(&template[1..].replace('/', "."));
    pod_spec::warnings::warnings(&path, new.pointer(template).unwrap_or(&Value::Null))
}

/// Reads the label selector at `spec.selector`; a missing or invalid one matches nothing.
pub(crate) fn selector_of(object: &Object) -> Selector {
    selector::read(object.pointer("/spec/selector")).unwrap_or(Selector::Nothing)
}

/// The row for [`REPLICA_COLUMNS`]; `selector` is the cell of the last column.
pub(crate) fn replica_row(object: &Object, now: Time, selector: String) -> Vec<Cell> {
    let [containers, images] = containers_and_images(object, "/spec/template/spec");
    vec![
        object.name().into(),
        number(object, "/spec/replicas"),
        number(object, "/status/replicas"),
        number(object, "/status/readyReplicas"),
        age(object, now),
        containers,
        images,
        selector,
    ]
}

/// Describes replicas, pods, template, conditions and events of a ReplicaSet or ReplicationController.
pub(crate) fn describe_replicas(object: &Object, selector: &Selector, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    let (current, desired) = (number(object, "/status/replicas"), number(object, "/spec/replicas"));
    out.pair(0, "Replicas", format!("{current} current / {desired} desired"));
    describe_pods_status(object, selector, lookup, out);
    describe_template(object.pointer("/spec/template"), out);
    brief_conditions(object, out);
    describe_events(lookup, object, out);
}

/// Serialises the update strategy of a Deployment or DaemonSet as the internal type.
pub(crate) fn strategy_json(strategy: &Value) -> String {
    // The internal limits are no pointers: a missing one is the number 0.
    let limit = |rolling: &Value, field: &str| rolling.get(field).map_or_else(|| "0".into(), Value::to_string);
    let rolling = strategy.at("/rollingUpdate").map_or_else(
        || "null".into(),
        |rolling| {
            let (unavailable, surge) = (limit(rolling, "maxUnavailable"), limit(rolling, "maxSurge"));
            format!("{{\"MaxUnavailable\":{unavailable},\"MaxSurge\":{surge}}}")
        },
    );
    format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", Value::from(strategy.str("/type")))
}
