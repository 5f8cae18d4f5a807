//! The spec of a claim as the API server prints it in a diff.

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};

/// The spec as Go serialises the internal type, for the diff in the error about a changed spec.
pub(super) fn internal_json(claim: &Object) -> String {
    let spec = &claim["spec"];
    let mut text = String::from("{\n");
    text.push_str(&format!(" \"AccessModes\": {},\n", go_value(spec.get("accessModes"), 1)));
    let selector = spec
        .get("selector")
        .map(|s| json!({"MatchLabels": s.get("matchLabels"), "MatchExpressions": s.get("matchExpressions")}));
    text.push_str(&format!(" \"Selector\": {},\n", go_value(selector.as_ref(), 1)));
    let resources =
        json!({"Limits": spec.pointer("/resources/limits"), "Requests": spec.pointer("/resources/requests")});
    text.push_str(&format!(" \"Resources\": {},\n", go_value(Some(&resources), 1)));
    text.push_str(&format!(" \"VolumeName\": {},\n", json!(claim.str("/spec/volumeName"))));
    let fields = [
        ("StorageClassName", "storageClassName"),
        ("VolumeMode", "volumeMode"),
        ("DataSource", "dataSource"),
        ("DataSourceRef", "dataSourceRef"),
        ("VolumeAttributesClassName", "volumeAttributesClassName"),
    ];
    let lines: Vec<String> =
        fields.iter().map(|(go, ours)| format!(" \"{go}\": {}", go_value(spec.get(*ours), 1))).collect();
    text.push_str(&lines.join(",\n"));
    text.push_str("\n}\n");
    text
}

/// Formats a value as Go's `json.MarshalIndent` does, with an indentation of one space.
fn go_value(value: Option<&Value>, level: usize) -> String {
    let inner = " ".repeat(level + 1);
    let outer = " ".repeat(level);
    match value {
        None => "null".into(),
        Some(Value::Array(list)) if !list.is_empty() => {
            let items: Vec<String> = list.iter().map(|v| format!("{inner}{}", go_value(Some(v), level + 1))).collect();
            format!("[\n{}\n{outer}]", items.join(",\n"))
        }
        Some(Value::Object(map)) if !map.is_empty() => {
            let items: Vec<String> =
                map.iter().map(|(k, v)| format!("{inner}{}: {}", json!(k), go_value(Some(v), level + 1))).collect();
            format!("{{\n{}\n{outer}}}", items.join(",\n"))
        }
        Some(other) => other.to_string(),
    }
}
