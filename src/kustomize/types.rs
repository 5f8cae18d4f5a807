//! The structs of a kustomization file (`api/types`); field names are those of the file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::field_spec::FieldSpec;
use super::res_id::{Gvk, ResId};
use super::selector::Selector;
use kctl_base::json::Value;

/// A kustomization file (`api/types/kustomization.go`).
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
    /// The `replacements` as they are written in the file, for error messages.
    #[serde(skip)]
    pub(super) raw_replacements: Value,
    pub(super) replicas: Vec<Replica>,
    pub(super) vars: Vec<Var>,
    pub(super) sort_options: Option<SortOptions>,
    pub(super) resources: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) crds: Vec<String>,
    pub(super) bases: Vec<String>,
    pub(super) config_map_generator: Vec<GeneratorArgs>,
    pub(super) secret_generator: Vec<GeneratorArgs>,
    pub(super) helm_charts: Vec<Value>,
    pub(super) helm_chart_inflation_generator: Vec<Value>,
    pub(super) generator_options: Option<GeneratorOptions>,
    pub(super) configurations: Vec<String>,
    pub(super) generators: Vec<String>,
    pub(super) transformers: Vec<String>,
    pub(super) validators: Vec<String>,
    pub(super) build_metadata: Vec<String>,
    /// The name of the file, such as `kustomization.yaml`.
    #[serde(skip)]
    pub(super) file: String,
}

/// An entry of `labels`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Label {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
    pub(super) fields: Vec<FieldSpec>,
}

/// An entry of `patches` or `patchesJson6902`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Patch {
    pub(super) path: String,
    pub(super) patch: String,
    pub(super) target: Option<Selector>,
    pub(super) options: BTreeMap<String, bool>,
    /// The entry as it is written in the file, for error messages.
    #[serde(skip)]
    pub(super) raw: Value,
}

/// An entry of `images`: the new name, tag or digest of an image.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: String,
    pub(super) tag_suffix: String,
    pub(super) new_tag: String,
    pub(super) digest: String,
}

/// An entry of `replicas`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) count: i64,
}

/// An entry of `replacements`: a value that is copied into fields of objects, or the path of a file with such entries.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Replacement {
    pub(super) path: String,
    pub(super) source: Option<SourceSelector>,
    pub(super) source_value: Option<String>,
    pub(super) targets: Option<Vec<TargetSelector>>,
}

/// The field that a replacement copies.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SourceSelector {
    #[serde(flatten)]
    pub(super) id: ResId,
    pub(super) field_path: String,
    pub(super) options: Option<FieldOptions>,
}

/// The fields that a replacement writes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TargetSelector {
    pub(super) select: Option<Selector>,
    pub(super) reject: Vec<Selector>,
    pub(super) field_paths: Vec<String>,
    pub(super) options: Option<FieldOptions>,
}

/// The part of a delimited value that is read or written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FieldOptions {
    pub(super) delimiter: String,
    pub(super) index: i64,
    pub(super) create: bool,
}

/// An entry of `vars`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Var {
    pub(super) name: String,
    pub(super) objref: VarTarget,
    pub(super) fieldref: FieldSelector,
}

/// The object that a var takes its value from (`types.Target`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VarTarget {
    pub(super) api_version: String,
    #[serde(flatten)]
    pub(super) gvk: Gvk,
    pub(super) name: String,
    pub(super) namespace: String,
}

/// The field that a var takes its value from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FieldSelector {
    pub(super) field_path: String,
}

/// `sortOptions`: the order of the output.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SortOptions {
    pub(super) order: String,
    pub(super) legacy_sort_options: Option<LegacySortOptions>,
}

/// The kinds that come first and last in the legacy order.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LegacySortOptions {
    pub(super) order_first: Vec<String>,
    pub(super) order_last: Vec<String>,
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GeneratorArgs {
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

/// Options of generated objects.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GeneratorOptions {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) disable_name_suffix_hash: bool,
    pub(super) immutable: bool,
}

impl std::fmt::Display for Var {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "{{{} {} {{{}}}}}", self.name, self.objref.gvk(), self.fieldref.field_path)
    }
}

impl Var {
    /// Formats the var like [`Display`](std::fmt::Display), without regard to `objref.apiVersion`.
    pub(super) fn to_raw_string(&self) -> String {
        format!("{{{} {} {{{}}}}}", self.name, self.objref.gvk, self.fieldref.field_path)
    }
}

impl VarTarget {
    /// Returns the kind; `apiVersion` takes precedence over `group` and `version`.
    pub(super) fn gvk(&self) -> Gvk {
        match self.api_version.as_str() {
            "" => self.gvk.clone(),
            version => Gvk::of(version, &self.gvk.kind),
        }
    }

    /// Returns the id of the object.
    pub(super) fn id(&self) -> ResId {
        ResId::new(self.gvk(), &self.name, &self.namespace)
    }
}
