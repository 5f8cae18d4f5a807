//! Kustomizations: from a directory with a `kustomization.yaml` to objects, as the kustomize inside kubectl does it.
//!
//! [`build`] reads files through a [`Files`] and changes nothing. The way of one build: [`target`] reads a kustomization
//! file ([`document`], [`model`]), then the files and directories that it names ([`parse`], [`loader`]), generates
//! ConfigMaps and Secrets ([`generate`]) and runs the transformers ([`transform`]); on the way each object ([`resource`])
//! keeps notes of its earlier names ([`build_notes`]). In the end hashes are added to names, references follow the names,
//! variables are replaced and the objects are put in order.
//!
//! Nothing is fetched (remote files and repositories are refused) and nothing is run: generators and transformers that are
//! programs, containers or charts are refused with kustomize's own words. Schemas are the built-in ones.

mod build_notes;
mod config;
mod content_hash;
mod decode;
mod defaults;
mod document;
mod error;
mod field_spec;
mod fields;
mod generate;
mod go_syntax;
mod ids;
mod loader;
mod merge;
mod model;
mod origin;
mod pairs;
mod parse;
mod path;
mod plugins;
mod resource;
mod resources;
mod scope;
mod target;
#[cfg(test)]
mod tests;
mod transform;
mod values;

use kctl_base::json::Value;

pub use content_hash::content_hash;
pub use error::KustomizeError;
pub use loader::{Files, OsFiles};

use error::fail;
use kctl_base::object::ValueWrite;
use kctl_base::yaml;
use loader::Loader;
use target::{Accumulated, Target};

/// What a build says beside its result, also when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A line for a person.
    Warning(String),
    /// A line of a log.
    Log(String),
}

/// The notes of a build, in their order.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// The notes.
    pub list: Vec<Note>,
}

impl Notes {
    fn warn(&mut self, text: String) {
        self.list.push(Note::Warning(text));
    }

    fn log(&mut self, text: String) {
        self.list.push(Note::Log(text));
    }
}

/// What a build may do.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Files have to lie in or below the directory of the kustomization that names them.
    pub restricted: bool,
    /// Charts were allowed; they are refused all the same, with other words.
    pub charts: bool,
    /// Programs were allowed; they are refused all the same, with other words.
    pub plugins: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { restricted: true, charts: false, plugins: false }
    }
}

/// Builds the kustomization in a directory.
///
/// # Errors
/// In the words of kustomize.
pub fn build(files: &dyn Files, path: &str, options: Options, notes: &mut Notes) -> Result<Vec<Value>, KustomizeError> {
    let target = Target::start(Loader::start(files, path, options.restricted)?, options, notes)?;
    let Accumulated { mut resources, config, variables } = target.accumulate(Accumulated::default(), notes)?;
    transform::add_hashes(&mut resources);
    transform::fix_references(&mut resources, &config)?;
    transform::resolve_variables(&mut resources, &variables, &config.var_reference, notes)?;
    resources.list.retain(|r| !r.is_empty() && !is_local(r));
    transform::sort(&mut resources, target.kustomization.sort_options.as_ref())?;
    let metadata = &target.kustomization.build_metadata;
    let mut objects = Vec::new();
    for mut resource in resources.list {
        finish(&mut resource, metadata);
        if let Some(problem) = resource.unwritable() {
            return fail(problem);
        }
        objects.push(resource.value);
    }
    Ok(objects)
}

/// Whether an object is for other tools only.
fn is_local(resource: &resource::Resource) -> bool {
    resource.annotations().get("config.kubernetes.io/local-config").is_some_and(|value| value != "false")
}

/// Takes away what was noted on the way, but for what is asked for.
fn finish(resource: &mut resource::Resource, metadata: &[String]) {
    let wanted = |name: &str| metadata.iter().any(|m| m == name);
    if wanted("managedByLabel") {
        resource.value.map_mut("/metadata/labels").insert("app.kubernetes.io/managed-by", "kustomize-(devel)".into());
    }
    resource.finish();
    let mut annotations = resource.annotations();
    if !wanted("originAnnotations") {
        annotations.remove(origin::ORIGIN);
    }
    if !wanted("transformerAnnotations") {
        annotations.remove(origin::TRANSFORMATIONS);
    }
    resource.set_annotations(annotations);
}

/// The objects as YAML documents.
pub fn to_yaml(objects: &[Value]) -> String {
    objects.iter().map(yaml::to_yaml).collect::<Vec<_>>().join("---\n")
}
