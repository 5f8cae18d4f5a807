//! The entry point of a build (`api/krusty/kustomizer.go`).

use kctl_base::json::Value;
use kctl_base::object::ValueWrite;
use kctl_base::yaml;

use super::error::{KustomizeError, fail};
use super::file_system::FileSystem;
use super::kust_target::{Accumulator, KustTarget};
use super::loader::Loader;
use super::notes::Notes;
use super::options::Options;
use super::remote::Remote;
use super::resource::Resource;
use super::{origin, transform};

/// Builds the kustomization in the directory or repository `path` and returns its objects in output order. Warnings and log messages are
/// added to `notes`, also when the build fails.
///
/// # Errors
/// When a file is missing or malformed, a transformer cannot be applied, or something is asked for that needs a program
/// other than git. The message is kustomize's own.
pub fn build(
    files: &dyn FileSystem,
    remote: &dyn Remote,
    path: &str,
    options: Options,
    notes: &mut Notes,
) -> Result<Vec<Value>, KustomizeError> {
    notes.warn_of_forced_protocol(path);
    let loader = Loader::new(files, remote, path, options.restrict_to_root)?;
    let target = KustTarget::new(loader, options, notes)?;
    let Accumulator { mut resources, config, vars } = target.accumulate(Accumulator::default(), notes)?;
    transform::add_hashes(&mut resources);
    transform::fix_references(&mut resources, &config)?;
    transform::resolve_vars(&mut resources, &vars, &config.var_reference, notes)?;
    resources.retain(|r| !r.is_empty() && !is_local_config(r));
    transform::sort(&mut resources, target.kustomization.sort_options.as_ref())?;
    let metadata = &target.kustomization.build_metadata;
    let mut objects = Vec::new();
    for mut resource in resources.into_vec() {
        finish(&mut resource, metadata);
        if let Some(message) = resource.marshal_error() {
            return fail(message);
        }
        objects.push(resource.value);
    }
    Ok(objects)
}

/// Returns whether an object only configures other tools and is left out of the output.
fn is_local_config(resource: &Resource) -> bool {
    resource.annotations().get("config.kubernetes.io/local-config").is_some_and(|value| value != "false")
}

/// The label of `managedByLabel`: the kustomize that kubectl v1.36 contains.
const MANAGED_BY: &str = "kustomize-v5.8.1";

/// Removes the build annotations and adds or keeps the metadata that `buildMetadata` asks for.
fn finish(resource: &mut Resource, build_metadata: &[String]) {
    let has = |name: &str| build_metadata.iter().any(|m| m == name);
    if has("managedByLabel") {
        resource.value.map_mut("/metadata/labels").insert("app.kubernetes.io/managed-by", MANAGED_BY.into());
    }
    resource.remove_build_annotations();
    let mut annotations = resource.annotations();
    if !has("originAnnotations") {
        annotations.remove(origin::ORIGIN);
    }
    if !has("transformerAnnotations") {
        annotations.remove(origin::TRANSFORMATIONS);
    }
    resource.set_annotations(annotations);
}

/// Writes objects as YAML documents separated by `---` lines.
pub fn to_yaml(objects: &[Value]) -> String {
    objects.iter().map(yaml::to_yaml).collect::<Vec<_>>().join("---\n")
}
