//! `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use std::collections::BTreeMap;

use super::Transformer;
use crate::error::{KustomizeError, Result, fail};
use crate::loader::Loader;
use crate::model::Patch;
use crate::parse;
use crate::resource::Resource;
use crate::resources::{Resources, Selector};
use kctl_base::field::quote;
use kctl_base::json as compact;
use kctl_base::json::{Map, Value, json};
use kctl_base::patch::json;
use kctl_base::yaml;

/// Patches for the objects that they name.
pub(crate) struct StrategicPatches {
    patches: Vec<Resource>,
}

impl StrategicPatches {
    /// Reads patches; each is a file or the patch itself.
    pub(crate) fn load(texts: &[String], loader: &Loader) -> Result<StrategicPatches> {
        let mut patches = Vec::new();
        for text in texts {
            let from_file = loader.load_text(text).and_then(|content| parse::objects(&content));
            patches.extend(match from_file {
                Ok(objects) => objects,
                Err(error) => parse::objects(text).map_err(|_| error)?,
            });
        }
        Ok(StrategicPatches { patches })
    }
}

impl Transformer for StrategicPatches {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        for patch in &self.patches {
            let at = resources.by_id(&patch.original_id())?;
            resources.list[at].patch(patch)?;
        }
        Ok(())
    }
}

/// One entry of `patches`: a patch of either format.
pub(crate) struct PatchAny {
    content: Content,
    target: Option<Selector>,
    /// Where the patch is from, for messages.
    source: String,
}

enum Content {
    Strategic(Vec<Resource>),
    Json(Value),
}

impl PatchAny {
    /// Reads a patch and finds out what it is.
    pub(crate) fn load(patch: &Patch, loader: &Loader) -> Result<PatchAny> {
        let inline = patch.patch.trim();
        let shown = || yaml::to_yaml(&patch.shown);
        let (text, source) = match (inline, patch.path.as_str()) {
            ("", "") => {
                return fail(format!("must specify one of patch and path in\n{}", shown().trim_end_matches('\n')));
            }
            ("", path) => {
                let text = loader.load_text(path);
                let prefix = format!("failed to get the patch file from path({path})");
                (text.map_err(|e| e.within(prefix))?, format!("[path: {}]", quote(path)))
            }
            (inline, "") => (inline.to_string(), format!("[patch: {}]", quote(inline))),
            _ => {
                let shown = shown();
                return fail(format!("patch and path can't be set at the same time\n{}", shown.trim_end_matches('\n')));
            }
        };
        let content = match (parse::objects(&text), operations(&text)) {
            (Ok(_), Ok(_)) => return fail(format!("illegally qualifies as both an SM and JSON patch: {source}")),
            (Err(_), Err(_)) => return fail(format!("unable to parse SM or JSON patch from {source}")),
            (Ok(objects), Err(_)) => Content::Strategic(allow(objects, &patch.options)),
            (Err(_), Ok(operations)) => Content::Json(operations),
        };
        Ok(PatchAny { content, target: patch.target.clone(), source })
    }

    fn merge(&self, resources: &mut Resources, patch: &Resource) -> Result<()> {
        let Some(target) = &self.target else {
            let id = patch.original_id();
            let at = resources.by_id(&id).map_err(|e| {
                e.within(format!("no resource matches strategic merge patch {}", quote(&id.to_string())))
            })?;
            return resources.list[at].patch(patch);
        };
        for at in resources.select(target)? {
            // Whatever version the patch is written for, it is that of what the selector finds.
            let mut patch = patch.clone();
            patch.value["apiVersion"] = resources.list[at].gvk().api_version().into();
            resources.list[at].patch(&patch)?;
        }
        // A new name may be that of another object.
        let patched = std::mem::take(&mut resources.list);
        resources.append_all(patched.into_iter().filter(|r| !r.is_empty()).collect())
    }
}

/// What else a patch may change.
fn allow(mut objects: Vec<Resource>, options: &BTreeMap<String, bool>) -> Vec<Resource> {
    let on = |name: &str| options.get(name) == Some(&true);
    for object in &mut objects {
        if on("allowNameChange") {
            object.allow_name_change();
        }
        if on("allowKindChange") {
            object.allow_kind_change();
        }
    }
    objects
}

impl Transformer for PatchAny {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        match (&self.content, &self.target) {
            (Content::Strategic(patches), _) => patches.iter().try_for_each(|patch| self.merge(resources, patch)),
            (Content::Json(_), None) => fail(format!("must specify a target for JSON patch {}", self.source)),
            (Content::Json(operations), Some(target)) => {
                for at in resources.select(target)? {
                    resources.list[at].store_previous_id();
                    apply(&mut resources.list[at], operations)?;
                }
                Ok(())
            }
        }
    }
}

/// One entry of `patchesJson6902`.
pub(crate) struct JsonPatch {
    operations: Value,
    target: Selector,
}

impl JsonPatch {
    /// The entry with the names that the transformer has for its parts.
    pub(super) fn shown(entry: &Value) -> Value {
        let fields = entry.as_object().into_iter().flatten();
        let renamed = fields.map(|(key, value)| {
            let key = if key == "patch" { "jsonOp" } else { key.as_str() };
            (key.to_string(), value.clone())
        });
        Value::Object(Map::from_iter(renamed))
    }

    /// Reads the operations.
    pub(crate) fn load(patch: &Patch, loader: &Loader) -> Result<JsonPatch> {
        let target = patch.target.clone().unwrap_or_default();
        if target.id.name.is_empty() {
            return fail("must specify the target name");
        }
        let text = match (patch.path.as_str(), patch.patch.as_str()) {
            ("", "") => return fail("empty file path and empty jsonOp"),
            ("", inline) => inline.to_string(),
            (path, "") => match loader.load_text(path)?.as_str() {
                "" => return fail(format!("patch file '{path}' empty seems to be empty")),
                text => text.to_string(),
            },
            _ => return fail("must specify a file path or jsonOp, not both"),
        };
        let text = match text.starts_with('[') {
            true => text,
            false => {
                let loaded = yaml::to_json(&text).map_err(|e| KustomizeError::new(parse::yaml_text(e)))?;
                compact::to_compact(&loaded.value)
            }
        };
        let operations = operations(&text).map_err(|e| e.within(format!("decoding {text}")))?;
        if operations.as_array().is_none_or(Vec::is_empty) {
            return fail(format!("patch appears to be empty; file={}, JsonOp={text}", patch.path));
        }
        Ok(JsonPatch { operations, target })
    }
}

impl Transformer for JsonPatch {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        for at in resources.select(&self.target)? {
            apply(&mut resources.list[at], &self.operations)?;
        }
        Ok(())
    }
}

/// The operations of a JSON patch that is written in JSON or YAML.
fn operations(text: &str) -> Result<Value> {
    let problem = |problem: String| KustomizeError::new(problem);
    let value: Value = match text.starts_with('[') {
        // What begins as JSON has to be JSON.
        true => serde_json::from_str(text).map_err(|e| problem(e.to_string()))?,
        false => yaml::to_json(text).map_err(|e| problem(parse::yaml_text(e)))?.value,
    };
    match &value {
        Value::Array(list) if list.iter().all(Value::is_object) => Ok(value),
        Value::Null => Ok(json!([])),
        _ => fail("json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
    }
}

/// Applies operations; the notes of the build survive them.
fn apply(resource: &mut Resource, operations: &Value) -> Result<()> {
    let notes: Vec<(String, String)> = resource
        .annotations()
        .into_iter()
        .filter(|(key, _)| key.starts_with("internal.config.kubernetes.io/"))
        .collect();
    let value = in_json(std::mem::take(&mut resource.value));
    resource.value = json::apply(&value, operations).map_err(|e| KustomizeError::new(e.to_string()))?;
    let mut annotations = resource.annotations();
    annotations.extend(notes);
    resource.set_annotations(annotations);
    Ok(())
}

/// On its way through JSON a whole number beyond the signed range becomes a float.
fn in_json(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_u64() && !number.is_i64() => number.as_f64().into(),
        Value::Array(items) => items.into_iter().map(in_json).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(k, v)| (k, in_json(v))).collect()),
        other => other,
    }
}
