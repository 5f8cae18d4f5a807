//! kustomize's own strategic merge.
//!
//! It is not that of the API server ([`kctl_base::patch::strategic`]): items of a patch come before those that are
//! there, the keys of a list are those of server-side apply, of the directives only `$patch` is known, and kinds without a
//! schema are merged too, list by list as a whole. The types and merge keys are the same.

use super::error::{Result, fail};
use super::field_spec::wrong_kind;
use super::ids::Gvk;
use super::values::scalar_text;
use kctl_base::json::{Map, Value};
use kctl_base::patch::merge_keys::ListType;
use kctl_base::patch::{FieldType, Types};
use kctl_base::schema::Schema;

const DIRECTIVE: &str = "$patch";

/// The object after the patch, or nothing when the patch deletes it.
pub(super) fn merge(object: Value, patch: Value, gvk: &Gvk) -> Result<Option<Value>> {
    let root = Schema::builtin().root(&gvk.group, &gvk.version, &gvk.kind);
    let holds = root.map_or(FieldType::Any, |root| FieldType::Object(root.into()));
    value(Some(object), patch, &holds, &None)
}

/// How a list is merged: item by item, told apart by the values of some keys (none: by the whole value), or as a whole.
type Keys = Option<Vec<String>>;

fn value(old: Option<Value>, patch: Value, holds: &FieldType, keys: &Keys) -> Result<Option<Value>> {
    let old = old.filter(|v| !v.is_null());
    match (old, patch) {
        (_, Value::Null) => Ok(None),
        (Some(Value::Object(old)), Value::Object(patch)) => object(Some(old), patch, holds),
        (None, Value::Object(patch)) => object(None, patch, holds),
        (Some(Value::Array(old)), Value::Array(patch)) => list(old.into_vec(), patch.into_vec(), holds, keys),
        (None, Value::Array(patch)) => list(Vec::new(), patch.into_vec(), holds, keys),
        (Some(Value::Object(_)), other) => fail(wrong_kind("MappingNode", &other)),
        (Some(Value::Array(_)), other) => fail(wrong_kind("SequenceNode", &other)),
        (Some(_), other @ (Value::Object(_) | Value::Array(_))) => fail(wrong_kind("ScalarNode", &other)),
        (_, scalar) => Ok(Some(scalar)),
    }
}

/// What a patch says about the whole of an object or a list.
#[derive(PartialEq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

fn directive(text: &Value) -> Result<Directive> {
    match scalar_text(text).as_str() {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => fail(format!("unknown patch strategy '{other}'")),
    }
}

fn object(old: Option<Map>, mut patch: Map, holds: &FieldType) -> Result<Option<Value>> {
    let wanted = patch.remove(DIRECTIVE).map_or(Ok(Directive::Merge), |text| directive(&text))?;
    let mut merged = match (wanted, old) {
        (Directive::Delete, _) => return Ok(None),
        (Directive::Replace, _) | (Directive::Merge, None) => Map::new(),
        (Directive::Merge, Some(old)) => old,
    };
    for (key, new) in patch {
        let before = merged.remove(&key);
        if let Some(after) = value(before, new, &child(holds, &key), &list_keys(holds, &key))? {
            merged.insert(key, after);
        }
    }
    Ok(Some(Value::Object(merged)))
}

fn child(holds: &FieldType, key: &str) -> FieldType {
    holds.child(Schema::builtin(), key)
}

/// How the list in a field is merged; a list without a strategy, and one without a schema, is replaced.
fn list_keys(holds: &FieldType, field: &str) -> Keys {
    let definition = holds.definition()?;
    let types = Schema::builtin();
    let key = types.strategy(definition, field).merge_key?;
    match types.list_type(definition, field) {
        ListType::Map(keys) => Some(keys.into_iter().map(String::from).collect()),
        _ if key.is_empty() => Some(Vec::new()),
        _ => Some(vec![key.into()]),
    }
}

fn list(old: Vec<Value>, mut patch: Vec<Value>, holds: &FieldType, keys: &Keys) -> Result<Option<Value>> {
    let Some(keys) = keys else { return Ok(Some(Value::from(patch))) };
    let is_directive = |item: &Value| item.as_object().is_some_and(|o| o.len() == 1 && o.contains_key(DIRECTIVE));
    let old = match patch.iter().position(is_directive) {
        None => old,
        Some(at) => match directive(&patch.remove(at)[DIRECTIVE])? {
            Directive::Delete => return Ok(None),
            Directive::Replace => Vec::new(),
            Directive::Merge => old,
        },
    };
    let merged = match keys.as_slice() {
        [] => scalars(old, patch),
        keys => items(old, patch, &holds.element(), keys)?,
    };
    Ok(Some(Value::from(merged)))
}

/// Values of the patch, then the others.
fn scalars(old: Vec<Value>, patch: Vec<Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for item in patch.into_iter().chain(old) {
        if !merged.contains(&item) {
            merged.push(item);
        }
    }
    merged
}

/// The values of the keys of an item, empty where it has none.
fn identity(item: &Value, keys: &[String]) -> Vec<String> {
    keys.iter().map(|key| item.get(key).map(scalar_text).unwrap_or_default()).collect()
}

/// Whether two identities differ only in keys that one of them has not.
fn alike(a: &[String], b: &[String]) -> bool {
    let both: Vec<bool> =
        a.iter().zip(b).filter(|(a, b)| !a.is_empty() && !b.is_empty()).map(|(a, b)| a == b).collect();
    !both.is_empty() && both.iter().all(|same| *same)
}

/// Merges items by their keys.
fn items(mut old: Vec<Value>, patch: Vec<Value>, holds: &FieldType, keys: &[String]) -> Result<Vec<Value>> {
    let nameless = |item: &Value| identity(item, keys).iter().all(String::is_empty);
    // An item without its one key is taken for all that have it.
    if keys.len() == 1 && patch.iter().any(nameless) {
        old.retain(nameless);
    }
    let (mut first, mut added) = (Vec::new(), Vec::new());
    let told_apart_by_several =
        old.iter().chain(&patch).any(|i| identity(i, keys).iter().filter(|t| !t.is_empty()).count() > 1);
    for item in patch.into_iter().filter(|item| !nameless(item)) {
        let own = identity(&item, keys);
        // An item that might be another one, where either lacks a key, changes nothing.
        if old.iter().map(|o| identity(o, keys)).any(|other| other != own && alike(&other, &own)) {
            continue;
        }
        let place = old.iter().position(|o| identity(o, keys) == own);
        let replaces = item.get(DIRECTIVE).is_some_and(|text| text == "replace");
        match place {
            Some(_) if replaces => {}
            Some(at) => {
                let merged = value(Some(old.remove(at)), item, holds, &None)?;
                match (merged, told_apart_by_several) {
                    (Some(merged), true) => old.insert(at, merged),
                    (Some(merged), false) => first.push(merged),
                    (None, _) => {}
                }
            }
            None => {
                let list = if told_apart_by_several { &mut added } else { &mut first };
                list.extend(value(None, item, holds, &None)?);
            }
        }
    }
    first.extend(added);
    first.extend(old);
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn merged(kind: &str, spec: Value, patch: Value) -> String {
        let gvk = Gvk::of("v1", kind);
        match merge(json!({"spec": spec}), json!({"spec": patch}), &gvk) {
            Ok(Some(object)) => object["spec"].to_string(),
            Ok(None) => "gone".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn items_of_the_patch_come_first() {
        let containers = json!({"containers": [{"name": "a", "image": "x"}, {"name": "b"}]});
        let patch = json!({"containers": [{"name": "c"}, {"name": "b", "image": "y"}]});
        assert_eq!(
            merged("Pod", containers, patch),
            r#"{"containers":[{"name":"c"},{"image":"y","name":"b"},{"image":"x","name":"a"}]}"#
        );
    }

    #[test]
    fn items_with_two_keys_keep_their_order() {
        let port = |port: i64, protocol: &str, name: &str| json!({"port": port, "protocol": protocol, "name": name});
        let ports = json!({"ports": [port(80, "TCP", "a"), port(53, "UDP", "b")]});
        let patch = json!({"ports": [port(80, "TCP", "A"), port(53, "TCP", "c")]});
        assert_eq!(
            merged("Service", ports.clone(), patch),
            json!({"ports": [port(53, "TCP", "c"), port(80, "TCP", "A"), port(53, "UDP", "b")]}).to_string()
        );
        // Without the protocol it might be another port.
        assert_eq!(merged("Service", ports.clone(), json!({"ports": [{"port": 80, "name": "A"}]})), ports.to_string());
    }

    #[test]
    fn nulls_and_directives_take_away() {
        let pod = json!({"containers": [{"name": "a"}, {"name": "b"}], "nodeName": "n", "x": null});
        let cases = [
            (json!({"nodeName": null}), r#"{"containers":[{"name":"a"},{"name":"b"}],"x":null}"#),
            (
                json!({"containers": [{"name": "a", "$patch": "delete"}], "nodeName": null}),
                r#"{"containers":[{"name":"b"}],"x":null}"#,
            ),
            (
                json!({"containers": [{"$patch": "replace"}, {"name": "z"}]}),
                r#"{"containers":[{"name":"z"}],"nodeName":"n","x":null}"#,
            ),
            (json!({"$patch": "replace", "nodeName": "m"}), r#"{"nodeName":"m"}"#),
            (json!({"$patch": "strange"}), "unknown patch strategy 'strange'"),
            (json!({"new": {"a": null, "b": {}}, "$patch": "replace"}), r#"{"new":{"b":{}}}"#),
        ];
        for (patch, expected) in cases {
            assert_eq!(merged("Pod", pod.clone(), patch.clone()), expected, "{patch}");
        }
        assert_eq!(
            merged("Thing", json!({"l": [{"name": "a"}]}), json!({"l": [{"name": "b"}]})),
            r#"{"l":[{"name":"b"}]}"#
        );
    }
}
