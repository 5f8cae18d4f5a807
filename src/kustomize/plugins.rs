//! Generators and transformers that stand in files of their own.
//!
//! kustomize's built-in ones are used (`apiVersion: builtin`); those that are programs or containers are refused, as kustomize
//! refuses them unless it is told otherwise.

use std::collections::BTreeMap;

use kctl_base::json::{self, Value};

use super::error::{KustomizeError, Result};
use super::field_spec::FieldSpec;
use super::generate::{self, Generated};
use super::model::{Generator, Image, Patch, Replacement, Replica};
use super::resource::Resource;
use super::resources::Resources;
use super::target::{Accumulated, Target};
use super::transform::{
    Affix, Annotations, Images, JsonPatch, Labels, Namespace, PatchAny, Replacements, Replicas, Step, StrategicPatches,
    Subjects, Transformer,
};
use super::{Notes, parse};

/// The objects of the generators in files, with the names of the generators.
pub(super) fn generators(target: &Target, notes: &mut Notes) -> Result<Vec<(&'static str, Resource)>> {
    let mut generated = Vec::new();
    for config in configs(target, &target.kustomization.generators, notes)? {
        let kind = match (is_builtin(&config), config.kind().as_str()) {
            (true, "ConfigMapGenerator") => Generated::ConfigMap,
            (true, "SecretGenerator") => Generated::Secret,
            _ => return Err(refusal(target, &config).within("failed to load generator")),
        };
        let mut generator: Generator = read(&config.value)?;
        let or = |own: String, other: String| if own.is_empty() { other } else { own };
        generator.name = or(generator.name, config.name());
        generator.namespace = or(generator.namespace, config.namespace());
        let options = generate::with_global(generator.options.as_ref(), None);
        generated.push((kind.generator(), generate::generate(kind, &generator, &options, &target.loader)?));
    }
    Ok(generated)
}

/// The transformers in files.
pub(super) fn transformers(target: &Target, paths: &[String], notes: &mut Notes) -> Result<Vec<Step>> {
    let load = |config: &Resource| {
        let failed = |e: KustomizeError| match is_builtin(config) && known(config) {
            true => e.within(format!("plugin {} fails configuration", config.current_id())),
            false => e,
        };
        transformer(target, config).map_err(failed)
    };
    configs(target, paths, notes)?.iter().map(load).collect()
}

/// The objects that describe generators or transformers; an entry is a path or the object itself.
fn configs(target: &Target, entries: &[String], notes: &mut Notes) -> Result<Vec<Resource>> {
    let mut all = Accumulated::default();
    let mut paths = Vec::new();
    for entry in entries {
        match parse::objects(entry).and_then(Resources::new) {
            Ok(inline) if !inline.list.is_empty() => all.resources.append_all(inline.list)?,
            _ => paths.push(entry.clone()),
        }
    }
    target.add_resources(&mut all, &paths, notes)?;
    Ok(all.resources.list)
}

fn is_builtin(config: &Resource) -> bool {
    config.gvk().api_version() == "builtin"
}

/// Two transformers as one.
struct Both(Affix, Affix);

impl Transformer for Both {
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        self.0.transform(resources)?;
        self.1.transform(resources)
    }
}

/// The built-in transformers.
const TRANSFORMERS: &[&str] = &[
    "PrefixTransformer",
    "SuffixTransformer",
    "PrefixSuffixTransformer",
    "NamespaceTransformer",
    "LabelTransformer",
    "AnnotationsTransformer",
    "ImageTagTransformer",
    "ReplicaCountTransformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PatchJson6902Transformer",
    "ReplacementTransformer",
];

fn known(config: &Resource) -> bool {
    TRANSFORMERS.contains(&config.kind().as_str())
}

fn refusal(target: &Target, config: &Resource) -> KustomizeError {
    let kind = config.kind();
    KustomizeError::new(match (is_builtin(config), target.options.plugins) {
        (true, _) => format!("unable to load builtin {}", config.gvk()),
        (false, false) => format!("external plugins disabled; unable to load external plugin '{kind}'"),
        (false, true) => format!("external plugins are not supported, nothing is run: '{kind}'"),
    })
}

/// The fields of a description that are not the object's own.
fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T> {
    json::from_value(value).map_err(|e| KustomizeError::new(format!("error unmarshaling JSON: {e}")))
}

/// Reads a field of a description; missing is empty.
fn field<T: serde::de::DeserializeOwned + Default>(config: &Resource, name: &str) -> Result<T> {
    config.value.get(name).map_or_else(|| Ok(T::default()), read)
}

fn transformer(target: &Target, config: &Resource) -> Result<Step> {
    if !is_builtin(config) {
        return Err(refusal(target, config));
    }
    let text = |name: &str| field::<String>(config, name);
    let specs = field::<Vec<FieldSpec>>(config, "fieldSpecs");
    let pairs = |name: &str| field::<BTreeMap<String, String>>(config, name);
    Ok(match config.kind().as_str() {
        "PrefixTransformer" => {
            Step { name: "PrefixTransformer", transformer: Box::new(Affix::prefix(&text("prefix")?, &specs?)) }
        }
        "PrefixSuffixTransformer" => {
            let specs = specs?;
            let both = Both(Affix::prefix(&text("prefix")?, &specs), Affix::suffix(&text("suffix")?, &specs));
            Step { name: "PrefixSuffixTransformer", transformer: Box::new(both) }
        }
        "SuffixTransformer" => {
            Step { name: "SuffixTransformer", transformer: Box::new(Affix::suffix(&text("suffix")?, &specs?)) }
        }
        "NamespaceTransformer" => {
            let only_unset = field(config, "unsetOnly")?;
            let subjects = Subjects::parse(&text("setRoleBindingSubjects")?)?;
            let transformer = Namespace { namespace: config.namespace(), only_unset, subjects, fields: specs? };
            Step { name: "NamespaceTransformer", transformer: Box::new(transformer) }
        }
        "LabelTransformer" => {
            Step { name: "LabelTransformer", transformer: Box::new(Labels { pairs: pairs("labels")?, fields: specs? }) }
        }
        "AnnotationsTransformer" => {
            let transformer = Annotations { pairs: pairs("annotations")?, fields: specs? };
            Step { name: "AnnotationsTransformer", transformer: Box::new(transformer) }
        }
        "ImageTagTransformer" => {
            let transformer = Images { image: field::<Image>(config, "imageTag")?, fields: specs? };
            Step { name: "ImageTagTransformer", transformer: Box::new(transformer) }
        }
        "ReplicaCountTransformer" => {
            let transformer = Replicas { replica: field::<Replica>(config, "replica")?, fields: specs? };
            Step { name: "ReplicaCountTransformer", transformer: Box::new(transformer) }
        }
        "PatchStrategicMergeTransformer" => {
            let mut patches = field::<Vec<String>>(config, "paths")?;
            patches.extend(Some(text("patches")?).filter(|patches| !patches.is_empty()));
            let transformer = StrategicPatches::load(&patches, &target.loader)?;
            Step { name: "PatchStrategicMergeTransformer", transformer: Box::new(transformer) }
        }
        "PatchTransformer" => {
            let patch: Patch = read(&config.value)?;
            Step { name: "PatchTransformer", transformer: Box::new(PatchAny::load(&patch, &target.loader)?) }
        }
        "PatchJson6902Transformer" => {
            let patch = Patch { patch: text("jsonOp")?, ..read(&config.value)? };
            Step { name: "PatchJson6902Transformer", transformer: Box::new(JsonPatch::load(&patch, &target.loader)?) }
        }
        "ReplacementTransformer" => {
            let entries = field::<Vec<Replacement>>(config, "replacements")?;
            let transformer = Replacements::load(&entries, &target.loader)?;
            Step { name: "ReplacementTransformer", transformer: Box::new(transformer) }
        }
        _ => return Err(refusal(target, config)),
    })
}
