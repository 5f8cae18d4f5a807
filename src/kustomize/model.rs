//! What a kustomization file can say.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::field_spec::FieldSpec;
use super::ids::{Gvk, ResId};
use super::resources::Selector;
use kctl_base::json::Value;

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
    pub(super) image_tags: Vec<Image>,
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
    pub(super) bases: Vec<String>,
    pub(super) config_map_generator: Vec<Generator>,
    pub(super) secret_generator: Vec<Generator>,
    pub(super) helm_charts: Vec<Value>,
    pub(super) helm_chart_inflation_generator: Vec<Value>,
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
    pub(super) env: String,
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
