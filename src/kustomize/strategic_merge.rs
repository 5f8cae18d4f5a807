//! kustomize's own strategic merge (`kyaml/yaml/merge2/merge2.go`, `kyaml/yaml/walk`).
//!
//! It differs from that of the API server ([`kctl_base::patch::strategic`]): items of a patch come before existing items,
//! list items are identified by the keys of server-side apply, `$patch` is the only directive, and kinds without a schema
//! are merged too, with lists replaced as a whole. Types and merge keys are the same.

use super::error::{Result, fail, wrong_node_kind};
use super::res_id::Gvk;
use super::scalar::scalar_to_string;
use kctl_base::json::{Map, Value};
use kctl_base::patch::merge_keys::ListType;
use kctl_base::patch::{FieldType, Types};
use kctl_base::schema::Schema;

const DIRECTIVE: &str = "$patch";

/// Merges a patch into an object; `None` when the patch deletes it.
///
/// # Errors
/// When a node of the patch has another kind than that of the object, or a directive is unknown.
pub(super) fn merge(object: Value, patch: Value, gvk: &Gvk) -> Result<Option<Value>> {
    let root = Schema::builtin().root(&gvk.group, &gvk.version, &gvk.kind);
    let schema = root.map_or(FieldType::Any, |root| FieldType::Object(root.into()));
    merge_value(Some(object), patch, &schema, &None)
}

/// The keys that identify the items of a list; no keys: the whole item. `None` replaces the list as a whole.
type MergeKeys = Option<Vec<String>>;

fn merge_value(old: Option<Value>, patch: Value, schema: &FieldType, keys: &MergeKeys) -> Result<Option<Value>> {
    let old = old.filter(|v| !v.is_null());
    match (old, patch) {
        (_, Value::Null) => Ok(None),
        (Some(Value::Object(old)), Value::Object(patch)) => merge_object(Some(old), patch, schema),
        (None, Value::Object(patch)) => merge_object(None, patch, schema),
        (Some(Value::Array(old)), Value::Array(patch)) => merge_list(old.into_vec(), patch.into_vec(), schema, keys),
        (None, Value::Array(patch)) => merge_list(Vec::new(), patch.into_vec(), schema, keys),
        (Some(Value::Object(_)), other) => fail(wrong_node_kind("MappingNode", &other)),
        (Some(Value::Array(_)), other) => fail(wrong_node_kind("SequenceNode", &other)),
        (Some(_), other @ (Value::Object(_) | Value::Array(_))) => fail(wrong_node_kind("ScalarNode", &other)),
        (_, scalar) => Ok(Some(scalar)),
    }
}

/// The value of `$patch`.
#[derive(PartialEq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

fn parse_directive(value: &Value) -> Result<Directive> {
    match scalar_to_string(value).as_str() {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => fail(format!("unknown patch strategy '{other}'")),
    }
}

fn merge_object(old: Option<Map>, mut patch: Map, schema: &FieldType) -> Result<Option<Value>> {
    let directive = patch.remove(DIRECTIVE).map_or(Ok(Directive::Merge), |value| parse_directive(&value))?;
    let mut merged = match (directive, old) {
        (Directive::Delete, _) => return Ok(None),
        (Directive::Replace, _) | (Directive::Merge, None) => Map::new(),
        (Directive::Merge, Some(old)) => old,
    };
    for (key, new) in patch {
        let old = merged.remove(&key);
        if let Some(value) = merge_value(old, new, &child(schema, &key), &list_keys(schema, &key))? {
            merged.insert(key, value);
        }
    }
    Ok(Some(Value::Object(merged)))
}

fn child(schema: &FieldType, key: &str) -> FieldType {
    schema.child(Schema::builtin(), key)
}

/// Returns the merge keys of a list field; `None` for a list without a merge strategy or without a schema.
fn list_keys(schema: &FieldType, field: &str) -> MergeKeys {
    let definition = schema.definition()?;
    let types = Schema::builtin();
    let key = types.strategy(definition, field).merge_key?;
    match types.list_type(definition, field) {
        ListType::Map(keys) => Some(keys.into_iter().map(String::from).collect()),
        _ if key.is_empty() => Some(Vec::new()),
        _ => Some(vec![key.into()]),
    }
}

fn merge_list(old: Vec<Value>, mut patch: Vec<Value>, schema: &FieldType, keys: &MergeKeys) -> Result<Option<Value>> {
    let Some(keys) = keys else { return Ok(Some(Value::from(patch))) };
    let is_directive = |item: &Value| item.as_object().is_some_and(|o| o.len() == 1 && o.contains_key(DIRECTIVE));
    let old = match patch.iter().position(is_directive) {
        None => old,
        Some(at) => match parse_directive(&patch.remove(at)[DIRECTIVE])? {
            Directive::Delete => return Ok(None),
            Directive::Replace => Vec::new(),
            Directive::Merge => old,
        },
    };
    let merged = match keys.as_slice() {
        [] => merge_scalars(old, patch),
        keys => merge_items(old, patch, &schema.element(), keys)?,
    };
    Ok(Some(Value::from(merged)))
}

/// Merges lists of scalars: the values of the patch, then the others.
fn merge_scalars(old: Vec<Value>, patch: Vec<Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for item in patch.into_iter().chain(old) {
        if !merged.contains(&item) {
            merged.push(item);
        }
    }
    merged
}

/// Returns the values of the merge keys of an item; a missing key gives the empty string.
fn identity(item: &Value, keys: &[String]) -> Vec<String> {
    keys.iter().map(|key| item.get(key).map(scalar_to_string).unwrap_or_default()).collect()
}

/// Returns whether two identities agree in the keys that both have, of which there is at least one.
fn overlap(a: &[String], b: &[String]) -> bool {
    let both: Vec<bool> =
        a.iter().zip(b).filter(|(a, b)| !a.is_empty() && !b.is_empty()).map(|(a, b)| a == b).collect();
    !both.is_empty() && both.iter().all(|same| *same)
}

/// Keeps the last of the items with equal keys, in the place of the first (`associative_sequence.go`).
fn last_of_equal(items: Vec<Value>, keys: &[String]) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        let own = identity(&item, keys);
        match kept.iter_mut().find(|other| identity(other, keys) == own) {
            Some(other) if own.iter().any(|text| !text.is_empty()) => *other = item,
            _ => kept.push(item),
        }
    }
    kept
}

/// Merges list items by their keys.
fn merge_items(mut old: Vec<Value>, patch: Vec<Value>, schema: &FieldType, keys: &[String]) -> Result<Vec<Value>> {
    let lacks_keys = |item: &Value| identity(item, keys).iter().all(String::is_empty);
    // kyaml quirk: a patch item without the only key removes all items that have it.
    if keys.len() == 1 && patch.iter().any(lacks_keys) {
        old.retain(lacks_keys);
    }
    let mut old = last_of_equal(old, keys);
    let (mut first, mut added) = (Vec::new(), Vec::new());
    // Items with several keys keep their places; otherwise items of the patch move to the front.
    let has_composite_keys =
        old.iter().chain(&patch).any(|i| identity(i, keys).iter().filter(|t| !t.is_empty()).count() > 1);
    for item in patch.into_iter().filter(|item| !lacks_keys(item)) {
        let own = identity(&item, keys);
        // An item that is ambiguous because either side lacks a key changes nothing.
        if old.iter().map(|o| identity(o, keys)).any(|other| other != own && overlap(&other, &own)) {
            continue;
        }
        let position = old.iter().position(|o| identity(o, keys) == own);
        let replaces = item.get(DIRECTIVE).is_some_and(|directive| directive == "replace");
        match position {
            Some(_) if replaces => {}
            Some(at) => {
                let merged = merge_value(Some(old.remove(at)), item, schema, &None)?;
                match (merged, has_composite_keys) {
                    (Some(merged), true) => old.insert(at, merged),
                    (Some(merged), false) => first.push(merged),
                    (None, _) => {}
                }
            }
            None => {
                let list = if has_composite_keys { &mut added } else { &mut first };
                list.extend(merge_value(None, item, schema, &None)?);
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
            Ok(None) => "deleted".into(),
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
    fn the_last_of_equal_items_is_kept_in_the_place_of_the_first() {
        let ports = json!({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}, {"port": 80, "name": "c"}]});
        let patch = json!({"ports": [{"port": 82, "protocol": "UDP"}]});
        assert_eq!(
            merged("Service", ports, patch),
            r#"{"ports":[{"port":82,"protocol":"UDP"},{"name":"c","port":80},{"name":"b","port":81}]}"#
        );
    }

    #[test]
    fn items_with_several_keys_keep_their_order() {
        let port = |port: i64, protocol: &str, name: &str| json!({"port": port, "protocol": protocol, "name": name});
        let ports = json!({"ports": [port(80, "TCP", "a"), port(53, "UDP", "b")]});
        let patch = json!({"ports": [port(80, "TCP", "A"), port(53, "TCP", "c")]});
        assert_eq!(
            merged("Service", ports.clone(), patch),
            json!({"ports": [port(53, "TCP", "c"), port(80, "TCP", "A"), port(53, "UDP", "b")]}).to_string()
        );
        // Without the protocol the port is ambiguous.
        assert_eq!(merged("Service", ports.clone(), json!({"ports": [{"port": 80, "name": "A"}]})), ports.to_string());
    }

    #[test]
    fn nulls_and_directives_remove_fields_and_items() {
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
