//! The fields in which two versions of an object differ, without bookkeeping.

use kctl_base::json::{Map, Value};
use kctl_base::object::{Object, ValueRead};

/// Fields that follow from others: the status, and what the API server keeps in the metadata.
const BOOKKEEPING: &[&str] = &[
    "status",
    "metadata.creationTimestamp",
    "metadata.deletionGracePeriodSeconds",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
    "metadata.uid",
    "metadata.annotations[deployment.kubernetes.io/desired-replicas]",
    "metadata.annotations[deployment.kubernetes.io/max-replicas]",
    "metadata.annotations[deployment.kubernetes.io/revision]",
    "metadata.annotations[deployment.kubernetes.io/revision-history]",
    "metadata.annotations[deprecated.daemonset.template.generation]",
    "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]",
];

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The path: `spec.template.spec.containers[web].image`, with the name of a list's item in brackets, or else its index.
    pub path: String,
    /// The value before; `None` if there was none.
    pub old: Option<Value>,
    /// The value after; `None` if there is none.
    pub new: Option<Value>,
}

/// Returns the fields in which two versions differ, in the order of their paths. A list or a nested map that only one of
/// them has is reported as a whole. The data of Secrets is masked.
pub(super) fn differences(old: &Object, new: &Object) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    if new.str("/kind") == "Secret" {
        found.iter_mut().for_each(mask);
    }
    found
}

/// Compares two values at a path.
fn compare(path: &str, old: &Value, new: &Value, found: &mut Vec<FieldChange>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => compare_maps(path, old, new, found),
        (Value::Array(old), Value::Array(new)) if has_names(old) && has_names(new) => {
            compare_named(path, old, new, found);
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right.iter()).enumerate();
            pairs.for_each(|(at, (left, right))| compare(&format!("{path}[{at}]"), left, right, found));
        }
        _ => report(path, Some(old), Some(new), found),
    }
}

fn compare_maps(path: &str, old: &Map, new: &Map, found: &mut Vec<FieldChange>) {
    let mut keys: Vec<&str> = old.keys().chain(new.keys()).map(|key| key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let path = child(path, key);
        match (old.get(key), new.get(key)) {
            _ if BOOKKEEPING.contains(&path.as_str()) => {}
            (Some(old), Some(new)) => compare(&path, old, new, found),
            (None, Some(Value::Object(new))) if is_flat(new) => compare_maps(&path, &Map::new(), new, found),
            (Some(Value::Object(old)), None) if is_flat(old) => compare_maps(&path, old, &Map::new(), found),
            (old, new) => report(&path, old, new, found),
        }
    }
}

/// Returns whether a map has entries that are neither maps nor lists, such as labels: each is a field of its own.
fn is_flat(map: &Map) -> bool {
    !map.is_empty() && map.values().all(|value| !value.is_object() && !value.is_array())
}

/// Compares lists whose items have names.
fn compare_named(path: &str, old: &[Value], new: &[Value], found: &mut Vec<FieldChange>) {
    let named = |list: &'_ [Value], name: &str| list.iter().position(|item| item.str("/name") == name);
    for item in old {
        let name = item.str("/name");
        let path = format!("{path}[{name}]");
        match named(new, name) {
            Some(at) => compare(&path, item, &new[at], found),
            None => report(&path, Some(item), None, found),
        }
    }
    for item in new.iter().filter(|item| named(old, item.str("/name")).is_none()) {
        report(&format!("{path}[{}]", item.str("/name")), None, Some(item), found);
    }
}

fn report(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<FieldChange>) {
    if old != new {
        found.push(FieldChange { path: path.into(), old: old.cloned(), new: new.cloned() });
    }
}

/// Returns whether every item of a list has a name of its own.
fn has_names(list: &[Value]) -> bool {
    let mut names: Vec<&str> = list.iter().map(|item| item.str("/name")).collect();
    names.sort_unstable();
    names.first().is_some_and(|name| !name.is_empty()) && names.windows(2).all(|pair| pair[0] != pair[1])
}

/// The path of a key of a map: one with other characters than those of identifiers is in brackets.
fn child(path: &str, key: &str) -> String {
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    match (is_plain, path.is_empty()) {
        (true, true) => key.into(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key}]"),
    }
}

/// Hides the values of a Secret's data.
fn mask(change: &mut FieldChange) {
    let is_data = ["data", "stringData"].iter().any(|field| change.path.split(['.', '[']).next() == Some(*field));
    if is_data {
        for value in change.old.iter_mut().chain(&mut change.new) {
            *value = "***".into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn paths(old: Value, new: Value) -> Vec<String> {
        let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".into(), Value::to_string);
        let line = |change: FieldChange| format!("{}: {} {}", change.path, text(&change.old), text(&change.new));
        differences(&old, &new).into_iter().map(line).collect()
    }

    #[test]
    fn items_are_found_by_name_and_bookkeeping_is_left_out() {
        let object = |image: &str, replicas: i64, generation: i64| {
            json!({"kind": "Deployment", "metadata": {"generation": generation, "resourceVersion": image},
                   "spec": {"replicas": replicas, "containers": [{"name": "web", "image": image}, {"name": "log", "image": "l"}]},
                   "status": {"replicas": generation}})
        };
        let found = paths(object("a", 3, 1), object("b", 5, 2));
        assert_eq!(found, [r#"spec.containers[web].image: "a" "b""#, "spec.replicas: 3 5"]);
        assert_eq!(paths(object("a", 3, 1), object("a", 3, 2)), [""; 0]);
    }

    #[test]
    fn what_only_one_version_has_is_reported_as_a_whole() {
        let found = paths(
            json!({"metadata": {"labels": {"a": "1", "x.io/b": "2"}}, "list": [1, 2], "items": [{"name": "one"}]}),
            json!({"metadata": {"labels": {"a": "1"}, "annotations": {"x/y": "z", "deployment.kubernetes.io/revision": "2"}},
                   "list": [1, 2, 3], "items": [{"name": "one"}, {"name": "two", "v": 1}]}),
        );
        assert_eq!(
            found,
            [
                r#"items[two]: - {"name":"two","v":1}"#,
                "list: [1,2] [1,2,3]",
                r#"metadata.annotations[x/y]: - "z""#,
                r#"metadata.labels[x.io/b]: "2" -"#,
            ]
        );
        assert_eq!(paths(json!({"list": [1, {"a": 2}]}), json!({"list": [1, {"a": 3}]})), ["list[1].a: 2 3"]);
    }

    #[test]
    fn the_data_of_secrets_is_masked() {
        let secret = |value: &str| json!({"kind": "Secret", "data": {"password": value}, "type": value});
        let found = paths(secret("b25l"), secret("dHdv"));
        assert_eq!(found, [r#"data.password: "***" "***""#, r#"type: "b25l" "dHdv""#]);
    }
}
