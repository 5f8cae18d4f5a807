//! The transformers, one file each, and the order in which a kustomization runs them
//! (`api/internal/target/kusttarget_configplugin.go`).

mod affix;
mod annotations;
mod hash;
mod images;
mod labels;
mod name_reference;
mod namespace;
mod patches;
mod replacements;
mod replicas;
mod sort_order;
#[cfg(test)]
mod tests;
mod vars;

use super::config::TransformerConfig;
use super::error::{KustomizeError, Result};
use super::loader::Loader;
use super::res_map::ResMap;
use super::types::Kustomization;
use kctl_base::json::{Value, json};
use kctl_base::yaml;

pub(super) use affix::Affix;
pub(super) use annotations::Annotations;
pub(super) use hash::add_hashes;
pub(super) use images::Images;
pub(super) use labels::Labels;
pub(super) use name_reference::fix as fix_references;
pub(super) use namespace::{Namespace, SubjectsToSet};
pub(super) use patches::{JsonPatch, PatchTransformer, StrategicPatches};
pub(super) use replacements::Replacements;
pub(super) use replicas::Replicas;
pub(super) use sort_order::sort;
pub(super) use vars::resolve as resolve_vars;

/// Changes the objects of a build.
pub(super) trait Transformer {
    /// Changes the objects.
    ///
    /// # Errors
    /// When the transformer cannot be applied; objects before the failing one have been changed.
    fn transform(&self, resources: &mut ResMap) -> Result<()>;
}

/// A transformer with the name that kustomize gives it.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) transformer: Box<dyn Transformer>,
}

fn step(name: &'static str, transformer: impl Transformer + 'static) -> Step {
    Step { name, transformer: Box::new(transformer) }
}

/// Creates the transformers that a kustomization configures, in kustomize's order. No object has been changed yet.
///
/// # Errors
/// When the configuration of a transformer is invalid.
pub(super) fn steps(kustomization: &Kustomization, config: &TransformerConfig, loader: &Loader) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    add_patches(&mut steps, kustomization, loader)?;
    add_metadata(&mut steps, kustomization, config)?;
    add_json_patches(&mut steps, kustomization, loader)?;
    for replica in &kustomization.replicas {
        let replicas = Replicas { replica: replica.clone(), fields: config.replicas.clone() };
        steps.push(step("ReplicaCountTransformer", replicas));
    }
    for image in &kustomization.images {
        steps.push(step("ImageTagTransformer", Images { image: image.clone(), fields: config.images.clone() }));
    }
    add_replacements(&mut steps, kustomization, loader)?;
    Ok(steps)
}

/// Adds the transformers of `patchesStrategicMerge` and `patches`.
fn add_patches(steps: &mut Vec<Step>, k: &Kustomization, loader: &Loader) -> Result<()> {
    if !k.patches_strategic_merge.is_empty() {
        let name = "PatchStrategicMergeTransformer";
        let patches = StrategicPatches::load(&k.patches_strategic_merge, loader);
        let config = || json!({"paths": &k.patches_strategic_merge});
        steps.push(step(name, patches.map_err(|e| config_error(name, &config(), e))?));
    }
    for entry in &k.patches {
        let name = "PatchTransformer";
        let patch = PatchTransformer::load(entry, loader);
        steps.push(step(name, patch.map_err(|e| config_error(name, &entry.raw, e))?));
    }
    Ok(())
}

/// Adds the transformers of namespace, names, labels and annotations.
fn add_metadata(steps: &mut Vec<Step>, k: &Kustomization, config: &TransformerConfig) -> Result<()> {
    if !k.namespace.is_empty() {
        let fields = config.namespace.clone();
        steps.push(step(
            "NamespaceTransformer",
            Namespace { namespace: k.namespace.clone(), only_unset: false, subjects: SubjectsToSet::Default, fields },
        ));
    }
    if !k.name_prefix.is_empty() {
        steps.push(step("PrefixTransformer", Affix::prefix(&k.name_prefix, &config.name_prefix)));
    }
    if !k.name_suffix.is_empty() {
        steps.push(step("SuffixTransformer", Affix::suffix(&k.name_suffix, &config.name_suffix)));
    }
    for label in &k.labels {
        steps.push(step("LabelTransformer", Labels::new(label, config)?));
    }
    // `labels` always adds a transformer for `commonLabels` too, which shows in the transformer annotations.
    if !k.labels.is_empty() || !k.common_labels.is_empty() {
        let labels = Labels { pairs: k.common_labels.clone(), fields: config.common_labels.clone() };
        steps.push(step("LabelTransformer", labels));
    }
    if !k.common_annotations.is_empty() {
        let pairs = k.common_annotations.clone();
        steps.push(step("AnnotationsTransformer", Annotations { pairs, fields: config.common_annotations.clone() }));
    }
    Ok(())
}

/// Adds the transformers of `patchesJson6902`.
fn add_json_patches(steps: &mut Vec<Step>, k: &Kustomization, loader: &Loader) -> Result<()> {
    for entry in &k.patches_json6902 {
        let name = "PatchJson6902Transformer";
        let patch = JsonPatch::load(entry, loader);
        let config = || JsonPatch::transformer_config(&entry.raw);
        steps.push(step(name, patch.map_err(|e| config_error(name, &config(), e))?));
    }
    Ok(())
}

/// Adds the transformer of `replacements`.
fn add_replacements(steps: &mut Vec<Step>, k: &Kustomization, loader: &Loader) -> Result<()> {
    if k.replacements.is_empty() {
        return Ok(());
    }
    let name = "ReplacementTransformer";
    let replacements = Replacements::load(&k.replacements, loader);
    let config = || json!({"Replacements": &k.raw_replacements});
    steps.push(step(name, replacements.map_err(|e| config_error(name, &config(), e))?));
    Ok(())
}

/// Wraps an error in the configuration of a built-in transformer or generator.
pub(super) fn config_error(name: &str, config: &Value, error: KustomizeError) -> KustomizeError {
    error.wrap(format!("trouble configuring builtin {name} with config: `\n{}`", yaml::to_yaml(config)))
}
