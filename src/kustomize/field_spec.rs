//! Field specs: a path in the objects of a kind (`api/types/fieldspec.go`), and the walk to it
//! (`api/filters/fieldspec/fieldspec.go`).

use serde::Deserialize;

use super::error::{Result, fail, wrong_node_kind};
use super::field_path::CreateKind;
use super::res_id::Gvk;
use super::resource::Resource;
use kctl_base::json::{Map, Value, json};

/// A field of the objects of the kinds that `gvk` matches.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct FieldSpec {
    #[serde(flatten)]
    pub(super) gvk: Gvk,
    /// Keys separated by slashes, such as `spec/template/metadata/labels`. Lists are walked item by item; `key[]` is a list
    /// that is never created.
    pub(super) path: String,
    /// True when missing fields on the path are created.
    pub(super) create: bool,
}

impl FieldSpec {
    /// Creates the spec of a field in all kinds.
    pub(super) fn everywhere(path: &str, create: bool) -> FieldSpec {
        FieldSpec { path: path.into(), create, ..FieldSpec::default() }
    }

    /// Calls `set` for every value of the field in an object. `leaf` is the kind of node that is created when the field is
    /// missing and `create` is set.
    ///
    /// # Errors
    /// When the path runs through a scalar or `set` fails.
    pub(super) fn visit(
        &self,
        resource: &mut Resource,
        leaf: CreateKind,
        set: &mut dyn FnMut(&mut Value) -> Result<()>,
    ) -> Result<()> {
        if !resource.gvk().is_selected_by(&self.gvk) {
            return Ok(());
        }
        let (keys, leaf) = (split(&self.path), if self.create { leaf } else { CreateKind::None });
        let id = resource.current_id();
        walk(&mut resource.value, &keys, leaf, set)
            .map_err(|e| e.wrap(format!("considering field '{}' of object {id}", self.path)))
    }
}

/// Splits a path into its keys; a slash after a backslash belongs to the key.
fn split(path: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for part in path.split('/') {
        match keys.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => keys.push(part.into()),
        }
    }
    keys
}

fn walk(
    value: &mut Value,
    path: &[String],
    leaf: CreateKind,
    set: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    if path.is_empty() {
        return set(value);
    }
    match value {
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| walk(item, path, leaf, set))
            .map_err(|e| e.wrap(format!("visit traversal on path: [{}]", path.join(" ")))),
        Value::Object(fields) => walk_field(fields, path, leaf, set),
        _ => fail("expected sequence or mapping node"),
    }
}

fn walk_field(
    fields: &mut Map,
    path: &[String],
    leaf: CreateKind,
    set: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    let (first, rest) = (&path[0], &path[1..]);
    let (key, is_list) = first.strip_suffix("[]").map_or((first.as_str(), false), |key| (key, true));
    let missing = fields.get(key).is_none_or(Value::is_null);
    let created = match (is_list, leaf, rest.is_empty()) {
        (_, CreateKind::None, _) | (true, ..) => None,
        (_, CreateKind::Scalar, true) => Some(Value::from("")),
        _ => Some(Value::Object(Map::new())),
    };
    match (missing, created) {
        (true, Some(node)) => drop(fields.insert(key, node)),
        // A list that is null counts as empty.
        (true, None) if is_list && fields.contains_key(key) => drop(fields.insert(key, json!([]))),
        (true, None) => return Ok(()),
        (false, _) => {}
    }
    match fields.get_mut(key) {
        Some(value) => walk(value, rest, leaf, set),
        None => Ok(()),
    }
}

/// Adds a field spec unless it is there already (`FsSlice.MergeOne`).
///
/// # Errors
/// When the same field is there with a different `create`.
pub(super) fn merge_one(specs: &mut Vec<FieldSpec>, new: &FieldSpec) -> Result<()> {
    let same = |spec: &&FieldSpec| spec.gvk.is_selected_by(&new.gvk) && spec.path == new.path;
    match specs.iter().find(same) {
        Some(old) if old.create != new.create => fail("conflicting fieldspecs"),
        Some(_) => Ok(()),
        None => {
            specs.push(new.clone());
            Ok(())
        }
    }
}

/// Adds several field specs.
pub(super) fn merge_all(specs: &mut Vec<FieldSpec>, new: &[FieldSpec]) -> Result<()> {
    new.iter().try_for_each(|spec| merge_one(specs, spec))
}

/// Sets a key of a map to a string.
///
/// # Errors
/// When the node is not a map.
pub(super) fn set_entry(node: &mut Value, key: &str, value: &str) -> Result<()> {
    match node {
        Value::Object(fields) => {
            fields.insert(key, value.into());
            Ok(())
        }
        other => fail(wrong_node_kind("MappingNode", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn after(object: Value, path: &str, create: bool) -> String {
        let mut resource = Resource::new(object);
        let spec = FieldSpec::everywhere(path, create);
        match spec.visit(&mut resource, CreateKind::Map, &mut |value| set_entry(value, "k", "v")) {
            Ok(()) => resource.value.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn paths_cross_lists_and_create_maps() {
        assert_eq!(after(json!({"a": [{"b": {}}, {"c": 1}]}), "a/b", false), r#"{"a":[{"b":{"k":"v"}},{"c":1}]}"#);
        assert_eq!(
            after(json!({"a": [{"b": {}}, {"c": 1}]}), "a/b", true),
            r#"{"a":[{"b":{"k":"v"}},{"b":{"k":"v"},"c":1}]}"#
        );
        assert_eq!(after(json!({}), "a/b", true), r#"{"a":{"b":{"k":"v"}}}"#);
        assert_eq!(after(json!({}), "a[]/b", true), "{}");
        assert_eq!(after(json!({"a": null}), "a/b", true), r#"{"a":{"b":{"k":"v"}}}"#);
        assert_eq!(after(json!({"a": null}), "a/b", false), r#"{"a":null}"#);
        assert_eq!(after(json!({"a/b": {}}), "a\\/b", false), r#"{"a/b":{"k":"v"}}"#);
        assert_eq!(
            after(json!({"kind": "X", "a": 1}), "a/b", true),
            "considering field 'a/b' of object X.[noVer].[noGrp]/[noName].[noNs]: expected sequence or mapping node"
        );
    }

    #[test]
    fn a_spec_is_added_once() {
        let mut specs = vec![FieldSpec::everywhere("a", true)];
        assert_eq!(merge_one(&mut specs, &FieldSpec::everywhere("a", true)), Ok(()));
        assert_eq!(specs.len(), 1);
        assert!(merge_one(&mut specs, &FieldSpec::everywhere("a", false)).is_err());
    }
}
