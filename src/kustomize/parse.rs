//! From the text of a file to objects.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{KustomizeError, Result, fail};
use super::resource::Resource;
use super::values::{is_nothing, scalar_text};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::yaml::{self, Dialect, YamlError};

/// The objects of a file.
pub(super) fn objects(text: &str) -> Result<Vec<Resource>> {
    let mut waiting = documents(text)?;
    waiting.reverse();
    let mut objects = Vec::new();
    while let Some(Document { value, problem, other_keys }) = waiting.pop() {
        if is_nothing(&value) {
            continue;
        }
        check(&value)?;
        let is_list = scalar_text(&value["kind"]).ends_with("List");
        match value.get("items").filter(|_| is_list) {
            None => objects.push(Resource { problem, other_keys, ..Resource::new(value) }),
            // The items of a list come after everything else in the file.
            Some(Value::Array(items)) => {
                let inner =
                    |value: &Value| Document { value: value.clone(), problem: None, other_keys: other_keys.clone() };
                waiting.splice(0..0, items.iter().rev().map(inner)).for_each(drop);
            }
            Some(_) => {}
        }
    }
    Ok(objects)
}

/// A document of a file.
struct Document {
    value: Value,
    /// A key that is there twice; kustomize finds that out when it writes the object.
    problem: Option<String>,
    /// Keys in it that are no text.
    other_keys: BTreeSet<String>,
}

/// The documents of a file as data.
fn documents(text: &str) -> Result<Vec<Document>> {
    let text = text.replace("\r\n", "\n");
    let mut documents = Vec::new();
    for document in split(&text)? {
        let loaded = yaml::to_json_in(document, Dialect::Core).map_err(malformed)?;
        let problem = loaded.duplicates.into_iter().next();
        documents.push(Document { value: loaded.value, problem, other_keys: loaded.other_keys.into_iter().collect() });
    }
    Ok(documents)
}

/// An error of the YAML library without the words of kubectl's converter around it.
pub(super) fn yaml_text(error: YamlError) -> String {
    match error {
        YamlError::Yaml(text) => text,
        other => other.to_string(),
    }
}

fn malformed(error: YamlError) -> KustomizeError {
    KustomizeError::Malformed(format!("MalformedYAMLError: {}", yaml_text(error)))
}

/// Cuts a file at its `---` lines; the first line of a file is none.
fn split(text: &str) -> Result<Vec<&str>> {
    let mut documents = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let (begin, end) = (at, at + line.len());
        at = end;
        // A line that ends the file separates nothing.
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

/// Refuses what has no kind or name.
fn check(value: &Value) -> Result<()> {
    let text = |pointer: &str| value.pointer(pointer).map(scalar_text).unwrap_or_default();
    let texts = |pointer: &str| -> BTreeMap<String, String> {
        let pairs = value.map(pointer).into_iter().flatten();
        pairs.map(|(k, v)| (k.to_string(), scalar_text(v))).collect()
    };
    let (version, kind) = (text("/apiVersion"), text("/kind"));
    let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    let (labels, annotations) = (texts("/metadata/labels"), texts("/metadata/annotations"));
    let nothing = [&version, &kind, &name, &namespace].iter().all(|t| t.is_empty());
    if !value.is_object() || (nothing && labels.is_empty() && annotations.is_empty()) {
        return fail("missing Resource metadata");
    }
    let missing = match (kind.as_str(), name.as_str()) {
        ("", _) => "kind",
        (kind, "") if !kind.ends_with("List") => "metadata.name",
        _ => return Ok(()),
    };
    let shown = |map: &BTreeMap<String, String>| {
        let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{v}")).collect();
        format!("map[{}]", pairs.join(" "))
    };
    let meta = format!("{{{name} {namespace}}} {} {}", shown(&labels), shown(&annotations));
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
    fn files_are_cut_into_objects() {
        let map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
        let two = "ConfigMap.v1.[noGrp]/a.[noNs] ConfigMap.v1.[noGrp]/b.[noNs]";
        assert_eq!(names(&format!("---\n# x\n---\n{}---\n---\n{}---\n", map("a"), map("b"))), two);
        let list = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]\n---\n";
        assert_eq!(names(&format!("{list}{}", map("a"))), two);
        assert_eq!(names(&format!("{}--- x\n{}", map("a"), map("b"))), "invalid document separator: --- x");
    }

    #[test]
    fn what_has_no_name_is_refused() {
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
