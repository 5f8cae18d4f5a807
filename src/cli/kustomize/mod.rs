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

use crate::machinery::json::Value;

pub use error::KustomizeError;
pub use loader::{Files, OsFiles};

use super::{CliError, CliResult, Ctx};
use crate::machinery::object::Writing;
use crate::machinery::yaml;
use error::fail;
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

/// Builds the kustomization in a directory of this machine, and prints what there is to say about it.
///
/// # Errors
/// In the words of kustomize.
pub fn run(ctx: &mut Ctx, path: &str, options: Options) -> CliResult<Vec<Value>> {
    let mut notes = Notes::default();
    let built = build(&OsFiles, path, options, &mut notes);
    for note in notes.list {
        match note {
            Note::Warning(text) => ctx.complain(text),
            Note::Log(text) => ctx.log('I', "log.go:245", &text)?,
        }
    }
    // A line break at the end of an error is the one that ends its line anyway.
    built.map_err(|e| CliError::text(e.to_string().strip_suffix('\n').map_or(e.to_string(), String::from)))
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
