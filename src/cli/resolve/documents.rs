//! Reads the documents of manifests: their kind, their namespace, and a first check of their shape.
//!
//! Upstream: `cli-runtime/pkg/resource/visitor.go` and `mapper.go`.

use crate::files::ManifestFile;
use crate::{CliError, CliResult, scheme};
use kctl_base::gvk::{GroupVersion, split_api_version};
use kctl_base::json::{Value, json, kind_name};
use kctl_base::labels::Selector;
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::{Schema, decode::decode};
use kctl_base::yaml;
use kctl_kinds::Catalog;
use kctl_kinds::catalog::KindRef;

use super::args::in_version;
use super::{Item, Resolved, Selection};

/// Turns documents into items.
pub(super) struct Reader<'a> {
    catalog: &'a Catalog,
    selection: &'a Selection,
    labels: Selector,
}

impl<'a> Reader<'a> {
    /// Creates a reader for one selection.
    pub(super) fn new(catalog: &'a Catalog, selection: &'a Selection) -> CliResult<Reader<'a>> {
        let labels = Selector::parse(&selection.labels).map_err(|e| CliError::new(e.to_string()))?;
        Ok(Reader { catalog, selection, labels })
    }

    /// Reads a file. A document that is not valid YAML ends it; other invalid documents are skipped with an error.
    pub(super) fn read(&self, source: &ManifestFile, resolved: &mut Resolved) {
        for document in yaml::split_documents(&source.content) {
            let loaded = match document.load() {
                Ok(loaded) => loaded,
                Err(error) => {
                    resolved.errors.push(CliError::new(format!("error parsing {}: {error}", source.name)));
                    return;
                }
            };
            if loaded.value.is_null() {
                continue;
            }
            if self.selection.validate
                && let Err(problem) = check_shape(&loaded.value)
            {
                let text = format!(
                    "error validating \"{}\": error validating data: {problem}; if you choose to ignore these errors, turn validation off with --validate=false",
                    source.name
                );
                resolved.errors.push(CliError::new(text));
                return;
            }
            self.take(loaded.value, &loaded.duplicates, source, resolved);
        }
    }

    /// Adds one object, or each item of a list.
    fn take(&self, object: Value, duplicates: &[String], source: &ManifestFile, resolved: &mut Resolved) {
        if let (Some(Value::Array(items)), true) = (object.get("items"), object.kind().ends_with("List")) {
            resolved.single = false;
            let kind = object.kind().trim_end_matches("List");
            for mut item in items.clone() {
                if item.is_object() && !kind.is_empty() {
                    item.put_default("/kind", kind);
                    item.put_default("/apiVersion", object.api_version());
                }
                self.take(item, duplicates, source, resolved);
            }
            return;
        }
        match self.item(object, duplicates, source) {
            Ok(Some(item)) => resolved.items.push(item),
            Ok(None) => {}
            Err(error) => resolved.errors.push(error),
        }
    }

    fn item(&self, mut object: Value, duplicates: &[String], source: &ManifestFile) -> CliResult<Option<Item>> {
        if let Some(error) = self.selection.refuse.and_then(|refuse| refuse(&object)) {
            return Err(error);
        }
        let (kind, version) = self.kind_of(&object, source)?;
        if !self.labels.matches_object(&object) {
            return Ok(None);
        }
        let namespace = self.namespace(&*kind, &mut object)?;
        Ok(Some(Item {
            version,
            namespace,
            name: object.name().into(),
            kind,
            object: Some(object),
            duplicates: duplicates.to_vec(),
            source: source.name.clone(),
            live: None,
        }))
    }

    fn kind_of(&self, object: &Value, source: &ManifestFile) -> CliResult<(KindRef, Option<GroupVersion>)> {
        if object.kind().is_empty() {
            let text = kctl_base::json::to_compact(object);
            let file = &source.name;
            return Err(CliError::new(match object.is_object() {
                true => format!("unable to decode \"{file}\": Object 'Kind' is missing in '{text}'"),
                false => format!(
                    "unable to decode \"{file}\": json: cannot unmarshal {} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
                    kind_name(object)
                ),
            }));
        }
        check_metadata(object).map_err(|why| CliError::new(format!("unable to decode \"{}\": {why}", source.name)))?;
        if self.selection.typed {
            let unable = |why: CliError| CliError::new(format!("unable to decode \"{}\": {}", source.name, why.text()));
            scheme::check(object).map_err(unable)?;
        }
        let (group, version) = split_api_version(object.api_version());
        let kind = self.catalog.by_gvk(group, version, object.kind()).ok_or_else(|| {
            CliError::new(format!(
                "resource mapping not found for name: \"{}\" namespace: \"{}\" from \"{}\": {}\nensure CRDs are installed first",
                object.name(),
                object.namespace(),
                source.name,
                CliError::no_kind_match(object.kind(), object.api_version())
            ))
        })?;
        let stored = kind.names();
        let other = (stored.group, stored.version) != (group, version);
        let version = other.then(|| GroupVersion::new(group, version));
        Ok((in_version(kind, &version), version))
    }

    /// The namespace of an object: its own, else that of the command, which is written into it.
    fn namespace(&self, kind: &dyn kctl_kinds::Kind, object: &mut Value) -> CliResult<String> {
        if !kind.names().namespaced {
            return Ok(String::new());
        }
        let wanted = &self.selection.namespace;
        let own = object.namespace().to_string();
        if own.is_empty() {
            if !wanted.is_empty() && object.at("/metadata").is_none_or(Value::is_object) {
                object.put("/metadata/namespace", wanted.as_str());
            }
            return Ok(wanted.clone());
        }
        if self.selection.enforce_namespace && own != *wanted {
            return Err(CliError::new(format!(
                "the namespace from the provided object \"{own}\" does not match the namespace \"{wanted}\". You must pass '--namespace={own}' to perform this operation."
            )));
        }
        Ok(own)
    }
}

/// Checks that the metadata of an object can be decoded, which kubectl does whatever the kind (`metadataValidatingDecoder`).
fn check_metadata(object: &Value) -> Result<(), String> {
    let Some(metadata) = object.get("metadata") else { return Ok(()) };
    // Every built-in kind has the same metadata.
    let Some(root) = Schema::builtin().root("", "v1", "ConfigMap") else { return Ok(()) };
    let probe = json!({ "metadata": metadata.clone() });
    let decoded = decode(Schema::builtin(), root, probe, |quantity| Ok(quantity.to_owned()));
    // The metadata stands in a struct without a name there.
    decoded.map(drop).map_err(|error| error.to_string().replace("field ConfigMap.metadata", "field .metadata"))
}

/// Checks that a document has the shape of an object.
fn check_shape(object: &Value) -> Result<(), String> {
    let Some(fields) = object.as_object() else { return Err("invalid object to validate".into()) };
    let mut problems = Vec::new();
    for name in ["apiVersion", "kind"] {
        match fields.get(name) {
            None | Some(Value::Null) => problems.push(format!("{name} not set")),
            Some(Value::String(_)) => {}
            Some(_) => problems.push(format!("{name} isn't string type")),
        }
    }
    match problems.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("[{}]", many.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, change: impl FnOnce(&mut Selection)) -> Vec<String> {
        let mut selection = Selection { namespace: "default".into(), validate: true, ..Selection::default() };
        change(&mut selection);
        let catalog = Catalog::default();
        let reader = Reader::new(&catalog, &selection).expect("a selector");
        let mut resolved = Resolved::default();
        reader.read(&ManifestFile { name: "f".into(), content: text.into() }, &mut resolved);
        let items = resolved.items.iter().map(|i| format!("{} in {}", i.label(), i.namespace));
        items.chain(resolved.errors.iter().map(|e| e.message().trim_end().to_string())).collect()
    }

    #[test]
    fn documents_become_items() {
        let several = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: x}}\n";
        assert_eq!(read(several, |_| ()), ["configmap/a in default", "namespace/b in ", "configmap/c in x"]);
        assert_eq!(
            read("{apiVersion: v1, kind: Podd, metadata: {name: w}}", |_| ()),
            [
                "error: resource mapping not found for name: \"w\" namespace: \"\" from \"f\": no matches for kind \"Podd\" in version \"v1\"\nensure CRDs are installed first"
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let tail = "if you choose to ignore these errors, turn validation off with --validate=false";
        let validating =
            |problem: &str| vec![format!("error: error validating \"f\": error validating data: {problem}; {tail}")];
        assert_eq!(read("MODE=x", |_| ()), validating("invalid object to validate"));
        assert_eq!(read("{kind: Pod}", |_| ()), validating("apiVersion not set"));
        assert_eq!(read("{a: 1}", |_| ()), validating("[apiVersion not set, kind not set]"));
        assert_eq!(
            read("{a: 1}", |s| s.validate = false),
            ["error: unable to decode \"f\": Object 'Kind' is missing in '{\"a\":1}'"]
        );
    }

    #[test]
    fn another_namespace_is_refused_when_one_was_asked_for() {
        let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: default}}";
        let answer = read(text, |s| {
            s.namespace = "other".into();
            s.enforce_namespace = true;
        });
        assert_eq!(
            answer,
            [
                "error: the namespace from the provided object \"default\" does not match the namespace \"other\". You must pass '--namespace=default' to perform this operation."
            ]
        );
    }
}
