//! Where in which kinds a transformer works, and the walk there.

use serde::Deserialize;

use super::error::{Result, fail};
use super::ids::Gvk;
use super::resource::Resource;
use kctl_base::json::{Map, Value, json};

/// A place in the objects of the kinds that a selector means.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct FieldSpec {
    #[serde(flatten)]
    pub(super) gvk: Gvk,
    /// Keys with slashes between them; lists are passed through.
    pub(super) path: String,
    /// Whether what is missing on the way is made.
    pub(super) create: bool,
}

/// What is made where a path ends at nothing.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Leaf {
    /// Nothing is made, whatever the spec says.
    Nothing,
    Map,
    Text,
}

impl FieldSpec {
    /// A place in all kinds.
    pub(super) fn everywhere(path: &str, create: bool) -> FieldSpec {
        FieldSpec { path: path.into(), create, ..FieldSpec::default() }
    }

    /// Calls `set` for every value at this place of an object.
    pub(super) fn visit(
        &self,
        resource: &mut Resource,
        leaf: Leaf,
        set: &mut dyn FnMut(&mut Value) -> Result<()>,
    ) -> Result<()> {
        if !resource.gvk().is_selected_by(&self.gvk) {
            return Ok(());
        }
        let (steps, leaf) = (steps(&self.path), if self.create { leaf } else { Leaf::Nothing });
        let id = resource.current_id();
        walk(&mut resource.value, &steps, leaf, set)
            .map_err(|e| e.within(format!("considering field '{}' of object {id}", self.path)))
    }
}

/// The keys of a path; a slash behind a backslash belongs to the key.
fn steps(path: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for part in path.split('/') {
        match steps.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => steps.push(part.into()),
        }
    }
    steps
}

fn walk(value: &mut Value, path: &[String], leaf: Leaf, set: &mut dyn FnMut(&mut Value) -> Result<()>) -> Result<()> {
    if path.is_empty() {
        return set(value);
    }
    match value {
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| walk(item, path, leaf, set))
            .map_err(|e| e.within(format!("visit traversal on path: [{}]", path.join(" ")))),
        Value::Object(fields) => field(fields, path, leaf, set),
        _ => fail("expected sequence or mapping node"),
    }
}

fn field(fields: &mut Map, path: &[String], leaf: Leaf, set: &mut dyn FnMut(&mut Value) -> Result<()>) -> Result<()> {
    let (step, rest) = (&path[0], &path[1..]);
    let (key, is_list) = step.strip_suffix("[]").map_or((step.as_str(), false), |key| (key, true));
    let missing = fields.get(key).is_none_or(Value::is_null);
    let made = match (is_list, leaf, rest.is_empty()) {
        (_, Leaf::Nothing, _) | (true, ..) => None,
        (_, Leaf::Text, true) => Some(Value::from("")),
        _ => Some(Value::Object(Map::new())),
    };
    match (missing, made) {
        (true, Some(made)) => drop(fields.insert(key, made)),
        // A list that is there without a value is one without items.
        (true, None) if is_list && fields.contains_key(key) => drop(fields.insert(key, json!([]))),
        (true, None) => return Ok(()),
        (false, _) => {}
    }
    match fields.get_mut(key) {
        Some(value) => walk(value, rest, leaf, set),
        None => Ok(()),
    }
}

/// Adds a place unless it is there; places that say different things about making what is missing contradict each other.
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

/// Adds several places.
pub(super) fn merge_all(specs: &mut Vec<FieldSpec>, new: &[FieldSpec]) -> Result<()> {
    new.iter().try_for_each(|spec| merge_one(specs, spec))
}

/// Sets a key of the map at a place.
pub(super) fn set_entry(value: &mut Value, key: &str, text: &str) -> Result<()> {
    match value {
        Value::Object(fields) => {
            fields.insert(key, text.into());
            Ok(())
        }
        other => fail(wrong_kind("MappingNode", other)),
    }
}

/// What is said where a map, a list or a scalar is expected and something else is found.
pub(super) fn wrong_kind(expected: &str, found: &Value) -> String {
    let kind = match found {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        _ => "ScalarNode",
    };
    format!("wrong node kind: expected {expected} but got {kind}: node contents:\n{}", kctl_base::yaml::to_yaml(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn after(object: Value, path: &str, create: bool) -> String {
        let mut resource = Resource::new(object);
        let spec = FieldSpec::everywhere(path, create);
        match spec.visit(&mut resource, Leaf::Map, &mut |value| set_entry(value, "k", "v")) {
            Ok(()) => resource.value.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn paths_lead_through_lists_and_make_maps() {
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
    fn a_place_is_added_once() {
        let mut specs = vec![FieldSpec::everywhere("a", true)];
        assert_eq!(merge_one(&mut specs, &FieldSpec::everywhere("a", true)), Ok(()));
        assert_eq!(specs.len(), 1);
        assert!(merge_one(&mut specs, &FieldSpec::everywhere("a", false)).is_err());
    }
}
