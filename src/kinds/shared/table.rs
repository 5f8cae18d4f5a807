//! Cells that the tables of several kinds have in common.

use kctl_base::json::Value;
use kctl_base::labels::{Selector, format_label_selector};
use kctl_base::object::{Object, ValueRead};

/// The names and the images of the containers at a pointer to a pod spec, each with commas.
pub fn containers_and_images(object: &Object, spec: &str) -> [String; 2] {
    let containers = object.list(&format!("{spec}/containers"));
    let all = |field: &str| containers.iter().map(|c| c.str(field)).collect::<Vec<_>>().join(",");
    [all("/name"), all("/image")]
}

/// A number in a cell; a missing one is zero.
pub fn number(object: &Object, pointer: &str) -> String {
    object.int(pointer).unwrap_or(0).to_string()
}

/// The short forms of access modes: `RWO,ROX`.
pub fn access_modes(modes: &[Value]) -> String {
    let order =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let has = |name: &str| modes.iter().any(|m| m == name);
    let short: Vec<&str> = order.iter().filter(|(name, _)| has(name)).map(|(_, short)| *short).collect();
    short.join(",")
}

/// The selector of a workload in its wide column: nothing when it selects everything.
pub fn selector_text(object: &Object) -> String {
    match Selector::from_object(object.pointer("/spec/selector").unwrap_or(&Value::Null)) {
        Ok(selector) => selector.to_string(),
        Err(_) => "<error>".into(),
    }
}

/// The selector of an object as `FormatLabelSelector` has it: `<none>` when there is none.
pub fn selector_or_none(object: &Object, pointer: &str) -> String {
    format_label_selector(object.pointer(pointer).unwrap_or(&Value::Null))
}

/// `True`, `False`, or `<unset>`.
pub fn boolean(value: Option<&Value>) -> &'static str {
    match value.and_then(Value::as_bool) {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    }
}
