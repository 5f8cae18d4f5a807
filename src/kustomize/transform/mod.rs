//! The transformers: one file each, and the order in which a kustomization uses them.

mod affix;
mod annotations;
mod hash;
mod images;
mod labels;
mod namespace;
mod order;
mod patches;
mod references;
mod replacements;
mod replicas;
#[cfg(test)]
mod tests;
mod variables;

use super::config::Config;
use super::error::{KustomizeError, Result};
use super::loader::Loader;
use super::model::Kustomization;
use super::resources::Resources;
use kctl_base::json::{Value, json};
use kctl_base::yaml;

pub(super) use affix::Affix;
pub(super) use annotations::Annotations;
pub(super) use hash::add_hashes;
pub(super) use images::Images;
pub(super) use labels::Labels;
pub(super) use namespace::{Namespace, Subjects};
pub(super) use order::sort;
pub(super) use patches::{JsonPatch, PatchAny, StrategicPatches};
pub(super) use references::fix as fix_references;
pub(super) use replacements::Replacements;
pub(super) use replicas::Replicas;
pub(super) use variables::resolve as resolve_variables;

/// Changes objects.
pub(super) trait Transformer {
    /// Changes them.
    fn transform(&self, resources: &mut Resources) -> Result<()>;
}

/// A transformer with the name under which kustomize knows it.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) transformer: Box<dyn Transformer>,
}

fn step(name: &'static str, transformer: impl Transformer + 'static) -> Step {
    Step { name, transformer: Box::new(transformer) }
}

/// The transformers that a kustomization asks for, in kustomize's order.
///
/// # Errors
/// When one of them makes no sense; then none has changed anything.
pub(super) fn steps(kustomization: &Kustomization, config: &Config, loader: &Loader) -> Result<Vec<Step>> {
    let k = kustomization;
    let mut steps = Vec::new();
    if !k.patches_strategic_merge.is_empty() {
        let name = "PatchStrategicMergeTransformer";
        let shown = json!({"paths": &k.patches_strategic_merge});
        let patches = StrategicPatches::load(&k.patches_strategic_merge, loader);
        steps.push(step(name, patches.map_err(|e| trouble(name, &shown, e))?));
    }
    for patch in &k.patches {
        let shown = &patch.shown;
        let patch = PatchAny::load(patch, loader);
        steps.push(step("PatchTransformer", patch.map_err(|e| trouble("PatchTransformer", shown, e))?));
    }
    if !k.namespace.is_empty() {
        let fields = config.namespace.clone();
        steps.push(step(
            "NamespaceTransformer",
            Namespace { namespace: k.namespace.clone(), only_unset: false, subjects: Subjects::Default, fields },
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
    // Where there are labels, the common ones are added too, be there any or not; that shows in what is noted.
    if !k.labels.is_empty() || !k.common_labels.is_empty() {
        let labels = Labels { pairs: k.common_labels.clone(), fields: config.common_labels.clone() };
        steps.push(step("LabelTransformer", labels));
    }
    if !k.common_annotations.is_empty() {
        let pairs = k.common_annotations.clone();
        steps.push(step("AnnotationsTransformer", Annotations { pairs, fields: config.common_annotations.clone() }));
    }
    for patch in &k.patches_json6902 {
        let shown = JsonPatch::shown(&patch.shown);
        let patch = JsonPatch::load(patch, loader);
        steps
            .push(step("PatchJson6902Transformer", patch.map_err(|e| trouble("PatchJson6902Transformer", &shown, e))?));
    }
    for replica in &k.replicas {
        let replicas = Replicas { replica: replica.clone(), fields: config.replicas.clone() };
        steps.push(step("ReplicaCountTransformer", replicas));
    }
    for image in &k.images {
        steps.push(step("ImageTagTransformer", Images { image: image.clone(), fields: config.images.clone() }));
    }
    if !k.replacements.is_empty() {
        let shown = json!({"Replacements": &k.replacements_shown});
        let replacements = Replacements::load(&k.replacements, loader);
        steps.push(step(
            "ReplacementTransformer",
            replacements.map_err(|e| trouble("ReplacementTransformer", &shown, e))?,
        ));
    }
    Ok(steps)
}

/// An error in what a transformer or generator is told.
pub(super) fn trouble(name: &str, shown: &Value, error: KustomizeError) -> KustomizeError {
    error.within(format!("trouble configuring builtin {name} with config: `\n{}`", yaml::to_yaml(shown)))
}
