//! `metadata.managedFields`, read without the code that writes it.

use std::collections::BTreeSet;

use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead as _};

use super::named;

/// The entries of an object have distinct identities, are sorted by operation, time and manager, and own only fields that
/// exist.
pub(crate) fn managed_fields_exist(object: &Object) -> Vec<String> {
    let entries = object.list("/metadata/managedFields");
    let mut problems = Vec::new();
    let mut identities = BTreeSet::new();
    for entry in entries {
        let text = |field: &str| entry.str(&format!("/{field}"));
        // An applier has one entry whatever the version it applied.
        let version = if text("operation") == "Apply" { "" } else { text("apiVersion") };
        if !identities.insert((text("manager"), text("operation"), text("subresource"), version)) {
            problems.push(format!("{} has two entries of {entry}", named(object)));
        }
        let fields = &entry["fieldsV1"];
        if fields.as_object().is_none_or(|fields| fields.is_empty()) {
            problems.push(format!("{} has an entry without fields: {entry}", named(object)));
        }
        let mut missing = Vec::new();
        collect_missing(fields, object, "", &mut missing);
        missing.retain(|path| !is_known_to_be_missing(text("manager"), path));
        if !missing.is_empty() {
            problems.push(format!("{}: {} owns what does not exist: {missing:?}", named(object), text("manager")));
        }
    }
    let order = |entry: &Value| {
        let text = |field: &str| entry.str(&format!("/{field}")).to_string();
        (text("operation"), text("time"), text("manager"), text("apiVersion"), text("subresource"))
    };
    if !entries.is_sorted_by_key(order) {
        problems.push(format!("{} has entries out of order: {entries:?}", named(object)));
    }
    problems
}

/// Returns true for a field that upstream leaves in an entry although the object does not have it: a binding changes the
/// status without field management, so the scheduler keeps what it wrote before; and the `stringData` that is applied becomes
/// `data` after it has been recorded.
fn is_known_to_be_missing(manager: &str, path: &str) -> bool {
    let is_of_binding = path.contains("PodScheduled") || path.ends_with("f:nominatedNodeName");
    manager == "kube-scheduler" && is_of_binding || path.starts_with("/f:stringData")
}

/// Collects the paths of a field set that a value does not have.
fn collect_missing(fields: &Value, value: &Value, path: &str, missing: &mut Vec<String>) {
    for (element, below) in fields.as_object().into_iter().flatten().filter(|(element, _)| *element != ".") {
        let path = format!("{path}/{element}");
        match find(element, value) {
            Some(found) => collect_missing(below, found, &path, missing),
            None => missing.push(path),
        }
    }
}

/// Finds a path element in a value: a field, the item of a list with some keys, or a value of a list.
fn find<'a>(element: &str, value: &'a Value) -> Option<&'a Value> {
    let (kind, rest) = element.split_once(':')?;
    if kind == "f" {
        return value.get(rest);
    }
    let sought: Value = serde_json::from_str(rest).ok()?;
    let items = value.as_array()?;
    match kind {
        "k" => items
            .iter()
            .find(|item| sought.as_object().is_some_and(|keys| keys.iter().all(|(k, v)| item.get(k) == Some(v)))),
        "v" => items.iter().find(|item| **item == sought),
        _ => None,
    }
}

/// The fields that a client has sent belong to it: every leaf of `sent` in the object, or something above it, is in the
/// manager's entry. Fields that the server has changed or dropped are not in the object as they were sent.
pub(crate) fn sent_fields_are_owned(object: &Object, sent: &Value, manager: &str) -> Vec<String> {
    let entries = object.list("/metadata/managedFields").iter();
    let own: Vec<&Value> = entries.filter(|e| e.str("/manager") == manager).map(|e| &e["fieldsV1"]).collect();
    let mut missing = Vec::new();
    let Some(fields) = sent.as_object() else { return missing };
    for (key, value) in
        fields.iter().filter(|(key, _)| !["apiVersion", "kind", "metadata", "status"].contains(&key.as_str()))
    {
        let sets: Vec<&Value> = own.iter().filter_map(|set| set.get(format!("f:{key}").as_str())).collect();
        collect_unowned(value, object.get(key), &sets, key, &mut missing);
    }
    missing.into_iter().map(|path| format!("{}: {manager} does not own {path} that it sent", named(object))).collect()
}

/// Collects the leaves of a value that none of the sets, those below its path, contains.
fn collect_unowned(sent: &Value, stored: Option<&Value>, sets: &[&Value], path: &str, missing: &mut Vec<String>) {
    let Some(stored) = stored else { return };
    // A set without elements below owns everything there.
    if sets.iter().any(|set| set.as_object().is_some_and(|below| below.keys().all(|element| element == "."))) {
        return;
    }
    if sets.is_empty() {
        missing.push(path.into());
        return;
    }
    if let Some(fields) = sent.as_object() {
        for (key, value) in fields {
            let below: Vec<&Value> = sets.iter().filter_map(|set| set.get(format!("f:{key}").as_str())).collect();
            collect_unowned(value, stored.get(key), &below, &format!("{path}.{key}"), missing);
        }
    }
    for (index, item) in sent.as_array().into_iter().flatten().enumerate() {
        let is_this = |element: &str| {
            find(element, sent).is_some_and(|found| std::ptr::eq(found, item))
                || stored
                    .get(index)
                    .is_some_and(|at| find(element, stored).is_some_and(|found| std::ptr::eq(found, at)))
        };
        let below = sets.iter().flat_map(|set| set.as_object().into_iter().flatten());
        let below: Vec<&Value> = below.filter(|(element, _)| is_this(element)).map(|(_, set)| set).collect();
        collect_unowned(item, stored.get(index), &below, &format!("{path}[{index}]"), missing);
    }
}
