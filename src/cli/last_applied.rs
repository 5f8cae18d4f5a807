//! The annotation with the last configuration that `apply` sent.
//!
//! Upstream: `kubectl/pkg/util/apply.go`.

use kctl_base::json::{self, Value};
use kctl_base::object::{ObjectMeta, ValueWrite};

pub(crate) use kctl_base::managed::LAST_APPLIED;

/// The configuration as the annotation stores it, without the annotation itself.
pub(crate) fn configuration(object: &Value) -> String {
    let mut bare = object.clone();
    bare.map_mut("/metadata/annotations").remove(LAST_APPLIED);
    serialise(&bare)
}

/// Serialises a configuration to one line.
pub(crate) fn serialise(object: &Value) -> String {
    format!("{}\n", json::to_compact(object))
}

/// The object with its own configuration in the annotation. Annotations that are null become empty, since kubectl reads
/// and writes them as strings (`NestedNullCoercingStringMap`).
pub(crate) fn annotated(object: &Value) -> Value {
    let mut with = object.clone();
    if let Some(annotations) = with.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.values_mut().filter(|value| value.is_null()).for_each(|value| *value = "".into());
    }
    let configuration = configuration(&with);
    with.set_annotation(LAST_APPLIED, &configuration);
    with
}

/// Updates the annotation of an object, if it has the annotation already or `save` is true (`CreateOrUpdateAnnotation`).
pub(crate) fn update(object: &mut Value, save: bool) {
    if save || object.annotation(LAST_APPLIED).is_some() {
        *object = annotated(object);
    }
}

/// The last applied configuration, null without the annotation.
pub(crate) fn read(object: &Value) -> Result<Value, serde_json::Error> {
    object.annotation(LAST_APPLIED).filter(|t| !t.is_empty()).map_or(Ok(Value::Null), kctl_base::json::from_str)
}

/// The object without null values in its maps. In a patch they remove fields; in a creation they would be noise.
pub(crate) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, v)| !v.is_null());
            Value::Object(kept.map(|(k, v)| (k.clone(), without_nulls(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn the_annotation_does_not_hold_itself() {
        let object = json!({"kind": "ConfigMap", "metadata": {"name": "x"}});
        let once = annotated(&object);
        let expected = "{\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"x\"}}\n";
        assert_eq!(once.annotation(LAST_APPLIED), Some(expected));
        assert_eq!(annotated(&once), once);
        assert_eq!(without_nulls(&json!({"a": null, "b": [{"c": null}]})), json!({"b": [{}]}));
    }
}
