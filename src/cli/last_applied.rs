//! The annotation in which `apply` keeps what was applied last.

use kctl_base::json::{self, Value};
use kctl_base::object::{ObjectMeta, ValueWrite};

pub(crate) use kctl_base::managed::LAST_APPLIED;

/// The text of a configuration as the annotation holds it: without the annotation itself.
pub(crate) fn configuration(object: &Value) -> String {
    let mut bare = object.clone();
    bare.map_mut("/metadata/annotations").remove(LAST_APPLIED);
    text(&bare)
}

/// A configuration as it is, in one line.
pub(crate) fn text(object: &Value) -> String {
    format!("{}\n", json::to_compact(object))
}

/// The object with its own configuration in the annotation.
pub(crate) fn annotated(object: &Value) -> Value {
    let mut with = object.clone();
    with.set_annotation(LAST_APPLIED, &configuration(object));
    with
}

/// As [`annotated`], for an object that is created or updated with the annotation kept up to date only if it is there or
/// asked for.
pub(crate) fn keep(object: &mut Value, save: bool) {
    if save || object.annotation(LAST_APPLIED).is_some() {
        *object = annotated(object);
    }
}

/// What was applied last: null when nothing was.
pub(crate) fn of(object: &Value) -> Result<Value, serde_json::Error> {
    object.annotation(LAST_APPLIED).filter(|t| !t.is_empty()).map_or(Ok(Value::Null), serde_json::from_str)
}

/// The object without nulls in its maps: a creation leaves out what an update would remove.
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
