//! A kustomization file: reading it, its old words, and what it has to say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{KustomizeError, Result, fail};
use super::field_spec::FieldSpec;
use super::ids::{Gvk, ResId};
use super::loader::Loader;
use super::resources::Selector;
use super::{Notes, decode, fields, parse};
use crate::machinery::yaml;

/// The names of the file.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a kustomization file says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Kustomization {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) openapi: BTreeMap<String, String>,
    pub(super) name_prefix: String,
    pub(super) name_suffix: String,
    pub(super) namespace: String,
    pub(super) common_labels: BTreeMap<String, String>,
    pub(super) labels: Vec<Label>,
    pub(super) common_annotations: BTreeMap<String, String>,
    pub(super) patches_strategic_merge: Vec<String>,
    #[serde(rename = "patchesJson6902")]
    pub(super) patches_json6902: Vec<Patch>,
    pub(super) patches: Vec<Patch>,
    pub(super) images: Vec<Image>,
    image_tags: Vec<Image>,
    pub(super) replacements: Vec<Replacement>,
    /// The replacements as they are written, for messages.
    #[serde(skip)]
    pub(super) replacements_shown: Value,
    pub(super) replicas: Vec<Replica>,
    pub(super) vars: Vec<Variable>,
    pub(super) sort_options: Option<SortOptions>,
    pub(super) resources: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) crds: Vec<String>,
    bases: Vec<String>,
    pub(super) config_map_generator: Vec<Generator>,
    pub(super) secret_generator: Vec<Generator>,
    pub(super) helm_charts: Vec<Value>,
    helm_chart_inflation_generator: Vec<Value>,
    pub(super) generator_options: Option<GeneratorOptions>,
    pub(super) configurations: Vec<String>,
    pub(super) generators: Vec<String>,
    pub(super) transformers: Vec<String>,
    pub(super) validators: Vec<String>,
    pub(super) build_metadata: Vec<String>,
    /// The name of the file.
    #[serde(skip)]
    pub(super) file: String,
}

/// Labels and where they go.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Label {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
    pub(super) fields: Vec<FieldSpec>,
}

/// A patch and what it is for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Patch {
    pub(super) path: String,
    pub(super) patch: String,
    pub(super) target: Option<Selector>,
    pub(super) options: BTreeMap<String, bool>,
    /// The patch as it is written, for messages.
    #[serde(skip)]
    pub(super) shown: Value,
}

/// New names, tags and digests of an image.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: String,
    pub(super) tag_suffix: String,
    pub(super) new_tag: String,
    pub(super) digest: String,
}

/// A number of replicas.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) count: i64,
}

/// A value that is copied from one object into others, or the file that says so.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Replacement {
    pub(super) path: String,
    pub(super) source: Option<Source>,
    pub(super) source_value: Option<String>,
    pub(super) targets: Option<Vec<Target>>,
}

/// Where a value comes from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Source {
    #[serde(flatten)]
    pub(super) id: ResId,
    pub(super) field_path: String,
    pub(super) options: Option<FieldOptions>,
}

/// Where a value goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Target {
    pub(super) select: Option<Selector>,
    pub(super) reject: Vec<Selector>,
    pub(super) field_paths: Vec<String>,
    pub(super) options: Option<FieldOptions>,
}

/// Which part of a value is meant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FieldOptions {
    pub(super) delimiter: String,
    pub(super) index: i64,
    pub(super) create: bool,
}

/// A variable.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) objref: ObjectReference,
    pub(super) fieldref: FieldReference,
}

/// The object that a variable takes its value from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ObjectReference {
    pub(super) api_version: String,
    #[serde(flatten)]
    pub(super) gvk: Gvk,
    pub(super) name: String,
    pub(super) namespace: String,
}

/// The field of that object.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FieldReference {
    pub(super) field_path: String,
}

/// The order of the output.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SortOptions {
    pub(super) order: String,
    pub(super) legacy_sort_options: Option<LegacyOrder>,
}

/// The kinds that come first and last.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LegacyOrder {
    pub(super) order_first: Vec<String>,
    pub(super) order_last: Vec<String>,
}

/// A ConfigMap or Secret to generate.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Generator {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) behavior: String,
    #[serde(rename = "type")]
    pub(super) secret_type: String,
    pub(super) literals: Vec<String>,
    pub(super) files: Vec<String>,
    pub(super) envs: Vec<String>,
    env: String,
    pub(super) options: Option<GeneratorOptions>,
}

/// How objects are generated.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GeneratorOptions {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) disable_name_suffix_hash: bool,
    pub(super) immutable: bool,
}

impl Kustomization {
    /// Reads the file of a directory.
    pub(super) fn read(loader: &Loader, notes: &mut Notes) -> Result<Kustomization> {
        let found: Vec<(&str, Vec<u8>)> =
            NAMES.iter().filter_map(|name| Some((*name, loader.load(name).ok()?))).collect();
        let (name, bytes) = match found.as_slice() {
            [one] => one,
            [] => return fail(missing(loader)),
            _ => return fail(format!("Found multiple kustomization files under: {}", loader.root())),
        };
        let mut kustomization = Kustomization::parse(&String::from_utf8_lossy(bytes), notes)?;
        kustomization.file = (*name).into();
        kustomization.enforce(loader)?;
        Ok(kustomization)
    }

    fn parse(text: &str, notes: &mut Notes) -> Result<Kustomization> {
        let invalid = |problem: String| KustomizeError::new(format!("invalid Kustomization: {problem}"));
        let loaded = yaml::to_json(text).map_err(|e| invalid(parse::yaml_text(e)))?;
        let value = decode::decode(&loaded.value, &fields::KUSTOMIZATION).map_err(invalid)?;
        for (field, instead, experimental) in DEPRECATED {
            if value.get(field).is_some() {
                let mark = if *experimental { "[EXPERIMENTAL] " } else { "" };
                notes.warn(format!("# Warning: '{field}' is deprecated. Please use '{instead}' instead. {mark}Run 'kustomize edit fix' to update your Kustomization automatically."));
            }
        }
        if says_nothing(&value) {
            return fail("kustomization.yaml is empty");
        }
        let mut kustomization: Kustomization =
            serde_json::from_value(value.clone()).map_err(|e| invalid(e.to_string()))?;
        kustomization.modernise(&value);
        Ok(kustomization)
    }

    /// Moves what stands in old fields to where it belongs.
    fn modernise(&mut self, value: &Value) {
        if self.kind.is_empty() {
            self.kind = KIND.into();
        }
        if self.api_version.is_empty() {
            self.api_version = version_of(&self.kind).into();
        }
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        self.helm_charts.append(&mut self.helm_chart_inflation_generator);
        for generator in self.config_map_generator.iter_mut().chain(&mut self.secret_generator) {
            if !generator.env.is_empty() {
                generator.envs.push(std::mem::take(&mut generator.env));
            }
        }
        for (field, patches) in [("patches", &mut self.patches), ("patchesJson6902", &mut self.patches_json6902)] {
            for (patch, shown) in patches.iter_mut().zip(value[field].as_array().into_iter().flatten()) {
                patch.shown = shown.clone();
            }
        }
        self.replacements_shown = value["replacements"].clone();
    }

    fn enforce(&self, loader: &Loader) -> Result<()> {
        let mut problems = Vec::new();
        if self.kind != KIND && self.kind != COMPONENT {
            problems.push(format!("kind should be {KIND} or {COMPONENT}"));
        }
        let version = version_of(&self.kind);
        if self.api_version != version {
            problems.push(format!("apiVersion for {} should be {version}", self.kind));
        }
        match problems.is_empty() {
            true => Ok(()),
            false => {
                fail(format!("Failed to read kustomization file under {}:\n{}", loader.root(), problems.join("\n")))
            }
        }
    }
}

const KIND: &str = "Kustomization";
/// The kind of a kustomization that changes what the including one has.
pub(super) const COMPONENT: &str = "Component";

fn version_of(kind: &str) -> &'static str {
    match kind {
        COMPONENT => "kustomize.config.k8s.io/v1alpha1",
        _ => "kustomize.config.k8s.io/v1beta1",
    }
}

/// Old fields, what to use instead, and whether the tool that rewrites them is sure of itself.
const DEPRECATED: &[(&str, &str, bool)] = &[
    ("bases", "resources", false),
    ("commonLabels", "labels", false),
    ("imageTags", "images", false),
    ("patchesJson6902", "patches", false),
    ("patchesStrategicMerge", "patches", false),
    ("vars", "replacements", true),
];

/// Whether there is nothing but a kind and empty values.
fn says_nothing(value: &Value) -> bool {
    let empty = |value: &Value| *value == json!("") || *value == json!(false);
    let fields = value.as_object().into_iter().flatten();
    fields.filter(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion")).all(|(_, value)| empty(value))
}

fn missing(loader: &Loader) -> String {
    let [yaml, yml, plain] = NAMES;
    format!("unable to find one of '{yaml}', '{yml}' or '{plain}' in directory '{}'", loader.root())
}

impl std::fmt::Display for Variable {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "{{{} {} {{{}}}}}", self.name, self.objref.gvk(), self.fieldref.field_path)
    }
}

impl Variable {
    /// The same before `apiVersion` has been read.
    pub(super) fn as_written(&self) -> String {
        format!("{{{} {} {{{}}}}}", self.name, self.objref.gvk, self.fieldref.field_path)
    }
}

impl ObjectReference {
    /// The kind; `apiVersion` says more than group and version.
    pub(super) fn gvk(&self) -> Gvk {
        match self.api_version.as_str() {
            "" => self.gvk.clone(),
            version => Gvk::of(version, &self.gvk.kind),
        }
    }

    /// The object.
    pub(super) fn id(&self) -> ResId {
        ResId::new(self.gvk(), &self.name, &self.namespace)
    }
}
