//! Generators and transformers that are configured in files of their own (`api/internal/plugins/loader/loader.go`,
//! `api/internal/target/kusttarget_configplugin.go`).
//!
//! The built-in ones (`apiVersion: builtin`) are run. External programs and containers are refused, as kustomize refuses
//! them by default.

use kctl_base::json::{self, Value};

use super::error::{KustomizeError, Result};
use super::field_spec::FieldSpec;
use super::generators::{self, GeneratorKind};
use super::kust_target::{Accumulator, KustTarget};
use super::loader::Loader;
use super::notes::Notes;
use super::parse;
use super::res_map::ResMap;
use super::resource::Resource;
use super::transform::{
    Affix, Annotations, Images, JsonPatch, Labels, Namespace, PatchTransformer, Replacements, Replicas, Step,
    StrategicPatches, SubjectsToSet, Transformer,
};
use super::types::{GeneratorArgs, Patch, Replacement};

/// Runs the generators in files. Returns each object with the name of its generator.
///
/// # Errors
/// When a file cannot be read, a generator is external or its configuration is invalid.
pub(super) fn run_generators(target: &KustTarget, notes: &mut Notes) -> Result<Vec<(&'static str, Resource)>> {
    let mut generated = Vec::new();
    for config in configs(target, &target.kustomization.generators, notes)? {
        let kind = match (is_builtin(&config), config.kind().as_str()) {
            (true, "ConfigMapGenerator") => GeneratorKind::ConfigMap,
            (true, "SecretGenerator") => GeneratorKind::Secret,
            _ => return Err(refusal(target, &config).wrap("failed to load generator")),
        };
        let mut generator: GeneratorArgs = decode(&config.value)?;
        if generator.name.is_empty() {
            generator.name = config.name();
        }
        if generator.namespace.is_empty() {
            generator.namespace = config.namespace();
        }
        let options = generators::merge_global_options(generator.options.as_ref(), None);
        generated.push((kind.generator(), generators::generate(kind, &generator, &options, &target.loader)?));
    }
    Ok(generated)
}

/// Creates the transformers in files.
///
/// # Errors
/// When a file cannot be read, a transformer is external or its configuration is invalid.
pub(super) fn transformers(target: &KustTarget, paths: &[String], notes: &mut Notes) -> Result<Vec<Step>> {
    let load = |config: &Resource| {
        let context = |e: KustomizeError| match builtin_name(config).is_some() {
            true => e.wrap(format!("plugin {} fails configuration", config.current_id())),
            false => e,
        };
        transformer(target, config).map_err(context)
    };
    configs(target, paths, notes)?.iter().map(load).collect()
}

/// Reads the objects that configure generators or transformers; an entry is a path or the object itself.
fn configs(target: &KustTarget, entries: &[String], notes: &mut Notes) -> Result<Vec<Resource>> {
    let mut all = Accumulator::default();
    let mut paths = Vec::new();
    for entry in entries {
        match parse::objects(entry).and_then(ResMap::new) {
            Ok(inline) if !inline.is_empty() => all.resources.append_all(inline.into_vec())?,
            _ => paths.push(entry.clone()),
        }
    }
    target.accumulate_resources(&mut all, &paths, notes)?;
    Ok(all.resources.into_vec())
}

fn is_builtin(config: &Resource) -> bool {
    config.gvk().api_version() == "builtin"
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

/// Returns the name of the built-in transformer that an object configures; `None` when it is not one.
fn builtin_name(config: &Resource) -> Option<&'static str> {
    let kind = config.kind();
    TRANSFORMERS.iter().copied().find(|name| is_builtin(config) && *name == kind)
}

/// Creates the error for a generator or transformer that cannot be loaded.
fn refusal(target: &KustTarget, config: &Resource) -> KustomizeError {
    let kind = config.kind();
    KustomizeError::new(match (is_builtin(config), target.options.enable_plugins) {
        (true, _) => format!("unable to load builtin {}", config.gvk()),
        (false, false) => format!("external plugins disabled; unable to load external plugin '{kind}'"),
        (false, true) => format!("external plugins are not supported, nothing is run: '{kind}'"),
    })
}

/// Decodes a value; unknown fields are ignored.
fn decode<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T> {
    json::from_value(value).map_err(|e| KustomizeError::new(format!("error unmarshaling JSON: {e}")))
}

/// Decodes a field of a configuration; a missing field gives the default value.
fn field<T: serde::de::DeserializeOwned + Default>(config: &Resource, name: &str) -> Result<T> {
    config.value.get(name).map_or_else(|| Ok(T::default()), decode)
}

fn transformer(target: &KustTarget, config: &Resource) -> Result<Step> {
    let Some(name) = builtin_name(config) else { return Err(refusal(target, config)) };
    let transformer = match name {
        "PatchStrategicMergeTransformer"
        | "PatchTransformer"
        | "PatchJson6902Transformer"
        | "ReplacementTransformer" => with_files(name, config, &target.loader)?,
        _ => with_field_specs(name, config)?,
    };
    Ok(Step { name, transformer })
}

/// Creates a transformer whose configuration may name further files.
fn with_files(name: &str, config: &Resource, loader: &Loader) -> Result<Box<dyn Transformer>> {
    Ok(match name {
        "PatchStrategicMergeTransformer" => {
            let mut patches: Vec<String> = field(config, "paths")?;
            patches.extend(Some(field::<String>(config, "patches")?).filter(|patches| !patches.is_empty()));
            Box::new(StrategicPatches::load(&patches, loader)?)
        }
        "PatchTransformer" => Box::new(PatchTransformer::load(&decode::<Patch>(&config.value)?, loader)?),
        "PatchJson6902Transformer" => {
            let patch = Patch { patch: field(config, "jsonOp")?, ..decode(&config.value)? };
            Box::new(JsonPatch::load(&patch, loader)?)
        }
        _ => Box::new(Replacements::load(&field::<Vec<Replacement>>(config, "replacements")?, loader)?),
    })
}

/// Creates a transformer that is configured by its own settings and `fieldSpecs`.
fn with_field_specs(name: &str, config: &Resource) -> Result<Box<dyn Transformer>> {
    let string = |name: &str| field::<String>(config, name);
    let fields = field::<Vec<FieldSpec>>(config, "fieldSpecs")?;
    Ok(match name {
        "PrefixTransformer" => Box::new(Affix::prefix(&string("prefix")?, &fields)),
        "SuffixTransformer" => Box::new(Affix::suffix(&string("suffix")?, &fields)),
        "PrefixSuffixTransformer" => Box::new(PrefixSuffix {
            prefix: Affix::prefix(&string("prefix")?, &fields),
            suffix: Affix::suffix(&string("suffix")?, &fields),
        }),
        "NamespaceTransformer" => Box::new(Namespace {
            namespace: config.namespace(),
            only_unset: field(config, "unsetOnly")?,
            subjects: SubjectsToSet::parse(&string("setRoleBindingSubjects")?)?,
            fields,
        }),
        "LabelTransformer" => Box::new(Labels { pairs: field(config, "labels")?, fields }),
        "AnnotationsTransformer" => Box::new(Annotations { pairs: field(config, "annotations")?, fields }),
        "ImageTagTransformer" => Box::new(Images { image: field(config, "imageTag")?, fields }),
        _ => Box::new(Replicas { replica: field(config, "replica")?, fields }),
    })
}

/// The deprecated `PrefixSuffixTransformer`.
struct PrefixSuffix {
    prefix: Affix,
    suffix: Affix,
}

impl Transformer for PrefixSuffix {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        self.prefix.transform(resources)?;
        self.suffix.transform(resources)
    }
}
