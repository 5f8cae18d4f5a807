//! Columns and cells that the tables of several kinds have in common (`pkg/printers/internalversion/printers.go`).

use kctl_base::json::Value;
use kctl_base::labels::{Selector, format_label_selector};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// Creates columns from their headings; a leading `+` marks a column of wide output.
pub(crate) fn columns(names: &[&str]) -> Vec<Column> {
    names.iter().map(|n| n.strip_prefix('+').map_or_else(|| Column::new(n), Column::wide)).collect()
}

/// The row of a table with the columns Name and Age.
pub(crate) fn name_and_age(object: &Object, now: Time) -> Vec<Cell> {
    vec![object.name().into(), age(object, now)]
}

/// The AGE column: the time since creation, `<unknown>` without a creation timestamp.
pub fn age(object: &Object, now: Time) -> String {
    since(object.creation_time(), now)
}

/// The time since an instant in its short form, such as `5m20s`; `<unknown>` for `None`.
pub(crate) fn since(then: Option<Time>, now: Time) -> String {
    then.map_or_else(|| "<unknown>".into(), |t| (now - t).human())
}

/// A map of strings, such as labels, as `key=value,key=value`; `<none>` when it is empty or missing.
pub fn pairs(object: &Object, pointer: &str) -> String {
    let pairs: Vec<String> = object.strings(pointer).iter().map(|(k, v)| format!("{k}={v}")).collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}

/// The CONTAINERS and IMAGES columns: names and images of the containers of the pod spec at a JSON pointer, joined by
/// commas.
pub(crate) fn containers_and_images(object: &Object, spec: &str) -> [String; 2] {
    let containers = object.list(&format!("{spec}/containers"));
    let all = |field: &str| containers.iter().map(|c| c.str(field)).collect::<Vec<_>>().join(",");
    [all("/name"), all("/image")]
}

/// An integer; 0 when it is missing.
pub(crate) fn number(object: &Object, pointer: &str) -> String {
    object.int(pointer).unwrap_or(0).to_string()
}

/// Access modes in their short forms, such as `RWO,ROX`.
pub(crate) fn access_modes(modes: &[Value]) -> String {
    let order =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let has = |name: &str| modes.iter().any(|m| m == name);
    let short: Vec<&str> = order.iter().filter(|(name, _)| has(name)).map(|(_, short)| *short).collect();
    short.join(",")
}

/// The SELECTOR column of Deployments and Jobs; empty for a selector that selects everything.
pub(crate) fn selector_cell(object: &Object) -> String {
    match Selector::from_object(object.pointer("/spec/selector").unwrap_or(&Value::Null)) {
        Ok(selector) => selector.to_string(),
        Err(_) => "<error>".into(),
    }
}

/// The label selector at a JSON pointer as `FormatLabelSelector` prints it; `<none>` when it is empty or missing.
pub(crate) fn selector_or_none(object: &Object, pointer: &str) -> String {
    format_label_selector(object.pointer(pointer).unwrap_or(&Value::Null))
}

/// `True`, `False`, or `<unset>`.
pub(crate) fn boolean(value: Option<&Value>) -> &'static str {
    match value.and_then(Value::as_bool) {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    }
}
