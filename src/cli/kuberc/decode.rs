//! Decoding of preferences: documents of an unknown version are skipped, unknown fields only warned about.
//!
//! Upstream: `kubectl/pkg/kuberc/marshal.go`.

use crate::klog::{self, Site};
use kctl_base::field::quote;
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Map, Value, json, kind_name};
use kctl_base::object::ObjectMeta;
use kctl_base::yaml;

const GROUP: &str = "kubectl.config.k8s.io";
const VERSIONS: [&str; 2] = ["v1beta1", "v1alpha1"];

/// The type of a field.
enum Type {
    Text,
    Texts,
    Structs(&'static [(&'static str, Type)]),
}

const OPTIONS: Type = Type::Structs(&[("name", Type::Text), ("default", Type::Text)]);
const FIELDS: &[(&str, Type)] = &[
    ("apiVersion", Type::Text),
    ("kind", Type::Text),
    ("defaults", Type::Structs(&[("command", Type::Text), ("options", OPTIONS)])),
    (
        "aliases",
        Type::Structs(&[
            ("name", Type::Text),
            ("command", Type::Text),
            ("prependArgs", Type::Texts),
            ("appendArgs", Type::Texts),
            ("options", OPTIONS),
        ]),
    ),
    ("credentialPluginPolicy", Type::Text),
    ("credentialPluginAllowlist", Type::Structs(&[("name", Type::Text), ("command", Type::Text)])),
];

/// Preferences, the errors of the strict decoder about them, and lines of the log.
type Decoded = (Option<Value>, Vec<String>, Vec<(Site, String)>);

/// Decodes the content of a file, which messages call `name`. An empty one has no preferences.
///
/// # Errors
/// No document has preferences of a known version.
pub(super) fn decode(text: &str, name: &str) -> Result<Decoded, String> {
    let (mut entries, mut log) = (0, Vec::new());
    for document in yaml::split_documents(text) {
        if document.broken.is_none() && document.text.trim().is_empty() {
            continue;
        }
        entries += 1;
        let decoded = document.load().map_err(|error| error.to_string()).and_then(|loaded| {
            let (preference, mut problems) = decode_one(&loaded.value)?;
            problems.extend(loaded.duplicates);
            Ok((preference, problems))
        });
        match decoded {
            Ok((preference, problems)) => {
                let version = preference.api_version();
                log.push((klog::KUBERC_USED, format!("kuberc: using entry {entries} ({version}) in {name}")));
                return Ok((Some(preference), problems, log));
            }
            Err(why) => {
                let text = format!("kuberc: strict decoding error for entry {entries} in {name}: {why}");
                log.push((klog::KUBERC_UNREADABLE, text));
            }
        }
    }
    if entries > 0 {
        return Err(format!("no valid preferences found in {name}, use --v=5 to see details"));
    }
    log.push((klog::KUBERC_EMPTY, format!("kuberc: no preferences found in {name}")));
    Ok((None, Vec::new(), log))
}

/// Decodes one document; returns it with its known fields, and what a strict decoder says about the others.
fn decode_one(document: &Value) -> Result<(Value, Vec<String>), String> {
    let (group, version) = split_api_version(document.api_version());
    if group != GROUP || !VERSIONS.contains(&version) || document.kind() != "Preference" {
        return Err(format!(
            "no kind {} is registered for version {} in scheme",
            quote(document.kind()),
            quote(document.api_version())
        ));
    }
    let mut unknown = Vec::new();
    let known = known_fields(document, FIELDS, "", &mut unknown)?;
    Ok((known, unknown))
}

/// Returns a document with its known fields only.
///
/// # Errors
/// A field of another type.
pub(crate) fn to_known_fields(document: &Value) -> Result<Value, String> {
    known_fields(document, FIELDS, "", &mut Vec::new())
}

fn known_fields(
    value: &Value,
    fields: &[(&str, Type)],
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<Value, String> {
    let mut known = Map::new();
    let Some(object) = value.as_object() else { return Err(mismatch(value, path)) };
    for (name, value) in object {
        let place = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        match fields.iter().find(|(field, _)| *field == name.as_str()) {
            Some((_, kind)) => drop(known.insert(name.clone(), known_value(value, kind, &place, unknown)?)),
            None => unknown.push(format!("unknown field {}", quote(&place))),
        }
    }
    Ok(Value::Object(known))
}

fn known_value(value: &Value, kind: &Type, path: &str, unknown: &mut Vec<String>) -> Result<Value, String> {
    match (value, kind) {
        (Value::Null, _) | (Value::String(_), Type::Text) => Ok(value.clone()),
        (Value::Array(items), Type::Texts) if items.iter().all(Value::is_string) => Ok(value.clone()),
        (Value::Array(items), Type::Structs(fields)) => {
            let items = items.iter().enumerate();
            let known = items.map(|(at, item)| known_fields(item, fields, &format!("{path}[{at}]"), unknown));
            Ok(json!(known.collect::<Result<Vec<Value>, String>>()?))
        }
        _ => Err(mismatch(value, path)),
    }
}

fn mismatch(value: &Value, path: &str) -> String {
    format!("json: cannot unmarshal {} into Go struct field Preference.{path}", kind_name(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_document_of_a_known_version_counts() {
        let head = |version: &str| format!("apiVersion: kubectl.config.k8s.io/{version}\nkind: Preference\n");
        let text = format!(
            "---\n{}---\n{}defaults: [{{command: get, flags: []}}]\nodd: 1\n---\n{}",
            head("v9"),
            head("v1beta1"),
            head("v1alpha1")
        );
        let (preference, problems, log) = decode(&text, "f").expect("preferences");
        assert_eq!(preference.expect("a document")["defaults"], json!([{"command": "get"}]));
        assert_eq!(problems, ["unknown field \"defaults[0].flags\"", "unknown field \"odd\""]);
        assert_eq!(log.len(), 2);
        let invalid = format!("{}defaults: 3\n", head("v1beta1"));
        assert!(decode(&invalid, "f").is_err_and(|why| why.starts_with("no valid preferences found in f")));
        let (preference, _, log) = decode("", "f").expect("nothing");
        assert!(preference.is_none());
        assert_eq!(log[0].1, "kuberc: no preferences found in f");
    }
}
