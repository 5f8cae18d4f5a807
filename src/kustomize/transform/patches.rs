//! `patches`, `patchesStrategicMerge` and `patchesJson6902` (`api/internal/builtins/PatchTransformer.go`,
//! `PatchStrategicMergeTransformer.go`, `PatchJson6902Transformer.go`).

use std::collections::BTreeMap;

use super::Transformer;
use crate::error::{KustomizeError, Result, fail};
use crate::loader::Loader;
use crate::parse;
use crate::res_map::ResMap;
use crate::resource::Resource;
use crate::selector::Selector;
use crate::types::Patch;
use kctl_base::field::quote;
use kctl_base::json::{Map, Value, json, to_compact};
use kctl_base::patch::json as json_patch;
use kctl_base::yaml;

/// The patches of `patchesStrategicMerge`, each for the object that it names.
pub(crate) struct StrategicPatches {
    patches: Vec<Resource>,
}

impl StrategicPatches {
    /// Reads patches; each entry is a path or the patch itself.
    ///
    /// # Errors
    /// When an entry is neither.
    pub(crate) fn load(texts: &[String], loader: &Loader) -> Result<StrategicPatches> {
        let mut patches = Vec::new();
        for text in texts {
            let from_file = loader.load_string(text).and_then(|content| parse::objects(&content));
            patches.extend(match from_file {
                Ok(objects) => objects,
                Err(error) => parse::objects(text).map_err(|_| error)?,
            });
        }
        Ok(StrategicPatches { patches })
    }
}

impl Transformer for StrategicPatches {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        for patch in &self.patches {
            let at = resources.find_by_id(&patch.original_id())?;
            resources[at].patch(patch)?;
        }
        Ok(())
    }
}

/// An entry of `patches`: a strategic merge patch or a JSON patch.
pub(crate) struct PatchTransformer {
    content: Content,
    target: Option<Selector>,
    /// The path or the patch itself, for error messages.
    source: String,
}

enum Content {
    Strategic(Vec<Resource>),
    Json(Value),
}

impl PatchTransformer {
    /// Reads a patch and detects its format.
    ///
    /// # Errors
    /// When the patch cannot be read or its format is not clear.
    pub(crate) fn load(patch: &Patch, loader: &Loader) -> Result<PatchTransformer> {
        let (text, source) = read(patch, loader)?;
        let content = match (parse::objects(&text), operations(&text)) {
            (Ok(objects), Ok(operations)) if !objects.is_empty() && !is_empty(&operations) => {
                return fail(format!("illegally qualifies as both an SM and JSON patch: {source}"));
            }
            (Err(_), Err(_)) => return fail(format!("unable to parse SM or JSON patch from {source}")),
            (Ok(objects), _) => Content::Strategic(allow(objects, &patch.options)),
            (Err(_), Ok(operations)) => Content::Json(operations),
        };
        Ok(PatchTransformer { content, target: patch.target.clone(), source })
    }

    fn merge(&self, resources: &mut ResMap, patch: &Resource) -> Result<()> {
        let Some(target) = &self.target else {
            let id = patch.original_id();
            let at = resources
                .find_by_id(&id)
                .map_err(|e| e.wrap(format!("no resource matches strategic merge patch {}", quote(&id.to_string()))))?;
            return resources[at].patch(patch);
        };
        for at in resources.select(target)? {
            // The selector decides, so the patch takes the apiVersion of the object.
            let mut patch = patch.clone();
            patch.value["apiVersion"] = resources[at].gvk().api_version().into();
            resources[at].patch(&patch)?;
        }
        // Adds the objects again to detect a new name that is taken.
        let patched = std::mem::take(resources).into_vec();
        resources.append_all(patched.into_iter().filter(|r| !r.is_empty()).collect())
    }
}

fn is_empty(operations: &Value) -> bool {
    operations.as_array().is_none_or(|operations| operations.is_empty())
}

/// Returns the text of a patch and its source for error messages.
fn read(patch: &Patch, loader: &Loader) -> Result<(String, String)> {
    let entry = || yaml::to_yaml(&patch.raw).trim_end_matches('\n').to_string();
    match (patch.patch.trim(), patch.path.as_str()) {
        ("", "") => fail(format!("must specify one of patch and path in\n{}", entry())),
        ("", path) => {
            let text = loader.load_string(path);
            let text = text.map_err(|e| e.wrap(format!("failed to get the patch file from path({path})")))?;
            Ok((text, format!("[path: {}]", quote(path))))
        }
        (inline, "") => Ok((inline.to_string(), format!("[patch: {}]", quote(inline)))),
        _ => fail(format!("patch and path can't be set at the same time\n{}", entry())),
    }
}

/// Applies the options `allowNameChange` and `allowKindChange` to patches.
fn allow(mut objects: Vec<Resource>, options: &BTreeMap<String, bool>) -> Vec<Resource> {
    let is_set = |name: &str| options.get(name) == Some(&true);
    for object in &mut objects {
        if is_set("allowNameChange") {
            object.allow_name_change();
        }
        if is_set("allowKindChange") {
            object.allow_kind_change();
        }
    }
    objects
}

impl Transformer for PatchTransformer {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        match (&self.content, &self.target) {
            (Content::Strategic(patches), _) => patches.iter().try_for_each(|patch| self.merge(resources, patch)),
            (Content::Json(_), None) => fail(format!("must specify a target for JSON patch {}", self.source)),
            (Content::Json(operations), Some(target)) => {
                for at in resources.select(target)? {
                    resources[at].store_previous_id();
                    apply(&mut resources[at], operations)?;
                }
                Ok(())
            }
        }
    }
}

/// An entry of `patchesJson6902`.
pub(crate) struct JsonPatch {
    operations: Value,
    target: Selector,
}

impl JsonPatch {
    /// Returns an entry as the configuration of the transformer, which names the patch `jsonOp`.
    pub(super) fn transformer_config(entry: &Value) -> Value {
        let fields = entry.as_object().into_iter().flatten();
        let renamed = fields.map(|(key, value)| {
            let key = if key == "patch" { "jsonOp" } else { key.as_str() };
            (key.to_string(), value.clone())
        });
        Value::Object(Map::from_iter(renamed))
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When the target has no name or the operations cannot be read.
    pub(crate) fn load(patch: &Patch, loader: &Loader) -> Result<JsonPatch> {
        let target = patch.target.clone().unwrap_or_default();
        if target.id.name.is_empty() {
            return fail("must specify the target name");
        }
        let text = match (patch.path.as_str(), patch.patch.as_str()) {
            ("", "") => return fail("empty file path and empty jsonOp"),
            ("", inline) => inline.to_string(),
            (path, "") => match loader.load_string(path)?.as_str() {
                "" => return fail(format!("patch file '{path}' empty seems to be empty")),
                text => text.to_string(),
            },
            _ => return fail("must specify a file path or jsonOp, not both"),
        };
        let text = match text.starts_with('[') {
            true => text,
            false => {
                let loaded = yaml::to_json(&text).map_err(|e| KustomizeError::new(parse::yaml_message(e)))?;
                to_compact(&loaded.value)
            }
        };
        let operations = operations(&text).map_err(|e| e.wrap(format!("decoding {text}")))?;
        if operations.as_array().is_none_or(Vec::is_empty) {
            return fail(format!("patch appears to be empty; file={}, JsonOp={text}", patch.path));
        }
        Ok(JsonPatch { operations, target })
    }
}

impl Transformer for JsonPatch {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        for at in resources.select(&self.target)? {
            apply(&mut resources[at], &self.operations)?;
        }
        Ok(())
    }
}

/// Parses the operations of a JSON patch that is written in JSON or YAML.
fn operations(text: &str) -> Result<Value> {
    let value: Value = match text.starts_with('[') {
        // Only text that starts like JSON is read as JSON.
        true => kctl_base::json::from_str(text).map_err(|e| KustomizeError::new(e.to_string()))?,
        false => yaml::to_json(text).map_err(|e| KustomizeError::new(parse::yaml_message(e)))?.value,
    };
    match &value {
        Value::Array(list) if list.iter().all(Value::is_object) => Ok(value),
        Value::Null => Ok(json!([])),
        _ => fail("json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
    }
}

/// Applies operations to an object and restores its build annotations.
fn apply(resource: &mut Resource, operations: &Value) -> Result<()> {
    let build_annotations: Vec<(String, String)> = resource
        .annotations()
        .into_iter()
        .filter(|(key, _)| key.starts_with("internal.config.kubernetes.io/"))
        .collect();
    let value = through_json(std::mem::take(&mut resource.value));
    resource.value = json_patch::apply(&value, operations).map_err(|e| KustomizeError::new(e.to_string()))?;
    let mut annotations = resource.annotations();
    annotations.extend(build_annotations);
    resource.set_annotations(annotations);
    Ok(())
}

/// Converts integers beyond `i64` to floats, as kustomize's conversion from YAML to JSON does.
fn through_json(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_u64() && !number.is_i64() => number.as_f64().into(),
        Value::Array(items) => items.into_iter().map(through_json).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(k, v)| (k, through_json(v))).collect()),
        other => other,
    }
}
