//! Parses resource files: YAML documents, lists and their validation (`api/resource/factory.go`,
//! `kyaml/kio/byteio_reader.go`).

use std::collections::{BTreeMap, BTreeSet};

use super::error::{KustomizeError, Result, fail};
use super::resource::Resource;
use super::scalar::{is_nil_or_empty, scalar_to_string};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::yaml::{self, Dialect, YamlError};

/// Parses the objects of a file. The items of a `List` follow all other objects.
///
/// # Errors
/// When the file is not valid YAML ([`KustomizeError::Malformed`]) or an object lacks kind or name.
pub(super) fn objects(text: &str) -> Result<Vec<Resource>> {
    let mut pending = documents(text)?;
    pending.reverse();
    let mut objects = Vec::new();
    while let Some(Document { value, write_error, non_string_keys }) = pending.pop() {
        if is_nil_or_empty(&value) {
            continue;
        }
        check_metadata(&value)?;
        let is_list = scalar_to_string(&value["kind"]).ends_with("List");
        match value.get("items").filter(|_| is_list) {
            None => objects.push(Resource { write_error, non_string_keys, ..Resource::new(value) }),
            // `pending` is a stack, so its front comes last.
            Some(Value::Array(items)) => {
                let inner = |value: &Value| Document {
                    value: value.clone(),
                    write_error: None,
                    non_string_keys: non_string_keys.clone(),
                };
                pending.splice(0..0, items.iter().rev().map(inner)).for_each(drop);
            }
            Some(_) => {}
        }
    }
    Ok(objects)
}

/// A YAML document of a file.
struct Document {
    value: Value,
    /// The error of a repeated key, which kustomize detects only when it writes the object.
    write_error: Option<String>,
    /// Keys that YAML reads as something other than a string.
    non_string_keys: BTreeSet<String>,
}

/// Loads the documents of a file.
fn documents(text: &str) -> Result<Vec<Document>> {
    let text = text.replace("\r\n", "\n");
    let mut documents = Vec::new();
    for document in split(&text)? {
        let loaded = yaml::to_json_in(document, Dialect::Core).map_err(malformed)?;
        let write_error = loaded.duplicates.into_iter().next();
        documents.push(Document {
            value: loaded.value,
            write_error,
            non_string_keys: loaded.other_keys.into_iter().collect(),
        });
    }
    Ok(documents)
}

/// Returns the message of go-yaml without what kubectl's converter adds to it.
pub(super) fn yaml_message(error: YamlError) -> String {
    match error {
        YamlError::Yaml(message) => message,
        other => other.to_string(),
    }
}

fn malformed(error: YamlError) -> KustomizeError {
    KustomizeError::Malformed(format!("MalformedYAMLError: {}", yaml_message(error)))
}

/// Splits a file at its `---` lines. One on the first line separates nothing.
fn split(text: &str) -> Result<Vec<&str>> {
    let mut documents = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let (begin, end) = (at, at + line.len());
        at = end;
        // Nor does one without a line break, at the end of the file.
        let Some(rest) = line.strip_prefix("---").filter(|_| begin > 0 && line.ends_with('\n')) else { continue };
        if !rest.trim().is_empty() && !rest.trim().starts_with('#') {
            return fail(format!("invalid document separator: {}", line.trim_end()));
        }
        documents.push(&text[start..begin]);
        start = end;
    }
    documents.push(&text[start..]);
    Ok(documents)
}

/// Refuses an object without kind or name.
fn check_metadata(value: &Value) -> Result<()> {
    let string = |pointer: &str| value.pointer(pointer).map(scalar_to_string).unwrap_or_default();
    let string_map = |pointer: &str| -> BTreeMap<String, String> {
        let pairs = value.map(pointer).into_iter().flatten();
        pairs.map(|(k, v)| (k.to_string(), scalar_to_string(v))).collect()
    };
    let (version, kind) = (string("/apiVersion"), string("/kind"));
    let (name, namespace) = (string("/metadata/name"), string("/metadata/namespace"));
    let (labels, annotations) = (string_map("/metadata/labels"), string_map("/metadata/annotations"));
    let all_empty = [&version, &kind, &name, &namespace].iter().all(|t| t.is_empty());
    if !value.is_object() || (all_empty && labels.is_empty() && annotations.is_empty()) {
        return fail("missing Resource metadata");
    }
    let missing = match (kind.as_str(), name.as_str()) {
        ("", _) => "kind",
        (kind, "") if !kind.ends_with("List") => "metadata.name",
        _ => return Ok(()),
    };
    let go_map = |map: &BTreeMap<String, String>| {
        let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{v}")).collect();
        format!("map[{}]", pairs.join(" "))
    };
    let meta = format!("{{{name} {namespace}}} {} {}", go_map(&labels), go_map(&annotations));
    fail(format!("missing {missing} in object {{{{{version} {kind}}} {{{meta}}}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> String {
        match objects(text) {
            Ok(list) => list.iter().map(|r| r.current_id().to_string()).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn files_are_split_into_objects() {
        let map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
        let two = "ConfigMap.v1.[noGrp]/a.[noNs] ConfigMap.v1.[noGrp]/b.[noNs]";
        assert_eq!(names(&format!("---\n# x\n---\n{}---\n---\n{}---\n", map("a"), map("b"))), two);
        let list = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]\n---\n";
        assert_eq!(names(&format!("{list}{}", map("a"))), two);
        assert_eq!(names(&format!("{}--- x\n{}", map("a"), map("b"))), "invalid document separator: --- x");
    }

    #[test]
    fn objects_without_kind_or_name_are_refused() {
        let cases = [
            ("hello\n", "missing Resource metadata"),
            ("apiVersion: v1\nmetadata: {name: a}\n", "missing kind in object {{v1 } {{a } map[] map[]}}"),
            (
                "apiVersion: v1\nkind: Job\nmetadata: {labels: {a: b}}\n",
                "missing metadata.name in object {{v1 Job} {{ } map[a:b] map[]}}",
            ),
            ("a: [\n", "MalformedYAMLError: yaml: line 1: did not find expected node content"),
        ];
        for (text, expected) in cases {
            assert_eq!(names(text), expected);
        }
    }
}
