//! Zero values of objects: the ones that decoding drops, and the ones that encoding adds.
//!
//! The server decodes objects into Go structs and encodes them again. That drops the zero value of an optional field
//! that is not a pointer, and empty lists and maps; and it adds structs, scalars and lists without `omitempty` that
//! were never set (`status: {}`, `resources: {}`, `rules: null`). The module `presence` knows which fields
//! these are.

use crate::json::{Map, Value};

use super::presence::{Presence, is_told_from_empty};
use super::{Definition, Field, Schema, Type};

/// Returns `true` if decoding drops this value of a field.
pub(crate) fn is_forgotten(definition: &Definition, field: &Field, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() && field.ty != Type::Any && !is_told_from_empty(definition.name, field),
        Value::Object(entries) => entries.is_empty() && matches!(field.ty, Type::Map(_)),
        _ => is_zero(&field.ty, value) && !Presence::of(definition.name).keeps_zero(field),
    }
}

fn is_zero(ty: &Type, value: &Value) -> bool {
    match ty {
        Type::String | Type::Bytes => value == "",
        Type::Integer(_) => value == 0,
        Type::Number => value.as_f64() == Some(0.0),
        Type::Bool => value == false,
        _ => false,
    }
}

/// Adds the fields that encoding adds, recursively. Nothing is copied if nothing is missing.
pub fn complete(schema: &Schema, root: &str, object: &mut Value) {
    let Some(definition) = schema.definition(root) else { return };
    if object.as_object().is_some_and(|entries| lacks(schema, definition, entries)) {
        add(schema, definition, object);
    }
}

/// Returns the encoding of an object whose fields are unset.
pub(super) fn zero_object(schema: &Schema, root: &str) -> Value {
    let mut object = Value::Object(Map::new());
    complete(schema, root, &mut object);
    object
}

/// Drops nulls and the values that do not survive decoding: zero values of fields that are not pointers, empty lists and
/// maps. `definition` is the full name of the definition of `value`.
pub fn drop_zero_values(definition: &str, value: &mut Value) {
    let schema = Schema::builtin();
    if let Some(definition) = schema.definition(definition) {
        prune(schema, definition, value);
    }
}

fn prune(schema: &Schema, definition: &Definition, value: &mut Value) {
    let Some(entries) = value.as_object_mut() else { return };
    entries.retain(|key, value| match definition.field(key) {
        Some(field) => {
            prune_inside(schema, &field.ty, value);
            !is_forgotten(definition, field, value)
        }
        None => !value.is_null(),
    });
}

fn prune_inside(schema: &Schema, ty: &Type, value: &mut Value) {
    match (ty, value) {
        (Type::Object(name), value) => {
            schema.definition(name).into_iter().for_each(|inner| prune(schema, inner, value));
        }
        (Type::List(items), Value::Array(values)) => {
            for value in values {
                if value.is_null() {
                    *value = zero_of(items);
                }
                prune_inside(schema, items, value);
            }
        }
        _ => {}
    }
}

/// A field that encoding may add, or in whose value it may add fields.
#[derive(Debug)]
pub(super) struct Addition {
    /// The index of the field in the definition.
    field: usize,
    /// The value to add if the field is missing.
    zero: Option<Value>,
}

/// Returns the fields of a definition that encoding adds, and those whose values may contain such fields.
pub(super) fn additions(definition: &'static str, fields: &[Field]) -> Vec<Addition> {
    let presence = Presence::of(definition);
    let addition = |(at, field): (usize, &Field)| {
        let zero = |field: &Field| if presence.is_pointer(field) { Value::Null } else { zero_of(&field.ty) };
        let zero = presence.is_always_written(field).then(|| zero(field));
        (zero.is_some() || has_parts(&field.ty)).then_some(Addition { field: at, zero })
    };
    fields.iter().enumerate().filter_map(addition).collect()
}

/// Returns `true` if values of a type contain structs.
fn has_parts(ty: &Type) -> bool {
    match ty {
        Type::Object(_) => true,
        Type::List(inner) | Type::Map(inner) => has_parts(inner),
        _ => false,
    }
}

fn lacks(schema: &Schema, definition: &Definition, entries: &Map) -> bool {
    definition.additions.iter().any(|addition| {
        let field = &definition.fields[addition.field];
        entries.get(field.name).map_or(addition.zero.is_some(), |value| value_lacks(schema, &field.ty, value))
    })
}

fn value_lacks(schema: &Schema, ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Object(name), Value::Object(entries)) => {
            schema.definition(name).is_some_and(|definition| lacks(schema, definition, entries))
        }
        (Type::List(items), Value::Array(values)) => values.iter().any(|value| value_lacks(schema, items, value)),
        (Type::Map(items), Value::Object(values)) => values.values().any(|value| value_lacks(schema, items, value)),
        _ => false,
    }
}

fn add(schema: &Schema, definition: &Definition, object: &mut Value) {
    let Some(entries) = object.as_object_mut() else { return };
    for Addition { field, zero } in &definition.additions {
        let field = &definition.fields[*field];
        match (entries.get_mut(field.name), zero) {
            (Some(value), _) => add_inside(schema, &field.ty, value),
            (None, Some(zero)) => {
                let mut value = zero.clone();
                add_inside(schema, &field.ty, &mut value);
                entries.insert(field.name, value);
            }
            (None, None) => {}
        }
    }
}

fn add_inside(schema: &Schema, ty: &Type, value: &mut Value) {
    match (ty, value) {
        (Type::Object(name), value) => schema.definition(name).into_iter().for_each(|inner| add(schema, inner, value)),
        (Type::List(items), Value::Array(values)) if has_parts(items) => {
            values.iter_mut().for_each(|value| add_inside(schema, items, value))
        }
        (Type::Map(items), Value::Object(values)) if has_parts(items) => {
            values.values_mut().for_each(|value| add_inside(schema, items, value))
        }
        _ => {}
    }
}

/// Returns the encoding of the zero value of a type.
pub(crate) fn zero_of(ty: &Type) -> Value {
    match ty {
        Type::Object(_) => Value::Object(Map::new()),
        Type::String | Type::Bytes => Value::from(""),
        Type::Integer(_) | Type::IntOrString | Type::Number => Value::from(0),
        Type::Bool => Value::from(false),
        Type::Quantity => Value::from("0"),
        Type::List(_) | Type::Map(_) | Type::Time | Type::MicroTime | Type::Any => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn zero_values_of_pointers_are_kept() {
        let mut spec = json!({
            "replicas": 0, "minReadySeconds": 0, "paused": false, "strategy": {"type": ""},
            "template": {"metadata": {"labels": {"a": ""}, "creationTimestamp": null}, "spec": {
                "hostNetwork": false, "tolerations": [], "nodeSelector": {}, "nodeName": "",
                "containers": [{"name": "", "tty": false, "args": [null], "env": [{"name": "A", "value": ""}], "securityContext": {"privileged": false}}],
                "volumes": [{"name": "v", "emptyDir": {}}]}}
        });
        drop_zero_values("io.k8s.api.apps.v1.DeploymentSpec", &mut spec);
        assert_eq!(
            spec,
            json!({
                "replicas": 0, "strategy": {},
                "template": {"metadata": {"labels": {"a": ""}}, "spec": {
                    "containers": [{"name": "", "args": [""], "env": [{"name": "A"}], "securityContext": {"privileged": false}}],
                    "volumes": [{"name": "v", "emptyDir": {}}]}}
            })
        );
    }

    #[test]
    fn a_list_with_other_defaults_than_an_empty_one_is_kept() {
        let mut spec = json!({"behavior": {"scaleDown": {"policies": []}}, "metrics": []});
        drop_zero_values("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", &mut spec);
        assert_eq!(spec, json!({"behavior": {"scaleDown": {"policies": []}}}));
    }

    #[test]
    fn completion_adds_what_the_server_writes() {
        let cases = [
            (
                "io.k8s.api.apps.v1.Deployment",
                json!({"spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}}),
                json!({"metadata": {}, "status": {}, "spec": {"strategy": {}, "template": {"metadata": {}, "spec": {"containers": [{"name": "c", "resources": {}}]}}}}),
            ),
            ("io.k8s.api.rbac.v1.Role", json!({}), json!({"metadata": {}, "rules": null})),
            (
                "io.k8s.api.core.v1.Service",
                json!({}),
                json!({"metadata": {}, "spec": {}, "status": {"loadBalancer": {}}}),
            ),
            ("io.k8s.api.core.v1.ConfigMap", json!({"data": {"a": "b"}}), json!({"data": {"a": "b"}, "metadata": {}})),
            (
                "io.k8s.api.policy.v1.PodDisruptionBudgetStatus",
                json!({}),
                json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}),
            ),
        ];
        for (root, mut object, want) in cases {
            complete(Schema::builtin(), root, &mut object);
            assert_eq!(object, want, "{root}");
        }
    }
}
