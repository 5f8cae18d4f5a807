//! Builds kustomizations as the kustomize inside kubectl (v5, `sigs.k8s.io/kustomize/api`) does: from a directory with a
//! `kustomization.yaml` to a list of objects.
//!
//! One [`build`] takes these steps:
//!
//! 1. `loader` confirms the root directory and decides which files may be read.
//! 2. `kustomization_file` reads the kustomization file into the structs of `types`; `decode` and `go_types`
//!    supply the error messages of Go's decoder, and deprecated fields are moved to their successors.
//! 3. `kust_target` accumulates `resources`: files become objects (`parse`, `resource`) in a `res_map`, directories
//!    are kustomizations of their own and recurse into this step.
//! 4. `config_files` merges `configurations` and `crds` into the built-in field specs (`config`, `defaults`).
//! 5. `generators` makes ConfigMaps and Secrets; generators in files of their own come from `plugins`.
//! 6. `components` are applied to what has been accumulated so far.
//! 7. `transform` runs the transformers in kustomize's fixed order; each object records its earlier names in
//!    `build_annotations`.
//! 8. After the outermost kustomization: name hashes are appended, name references follow the renamed objects, `vars` are
//!    substituted, objects are sorted and build annotations are removed.
//!
//! A build reads local files through a [`FileSystem`], and files on web servers and in git repositories (`repository`)
//! through a [`Remote`]. Registries (`oci://`) are refused. Nothing is executed: plugins that are programs or containers, and Helm charts, are refused. The schemas are
//! the built-in ones.

mod build_annotations;
mod config;
mod config_files;
mod content_hash;
mod decode;
mod defaults;
mod error;
mod field_path;
mod field_spec;
mod file_system;
mod generators;
mod go_regexp;
mod go_syntax;
mod go_types;
mod kind_order;
mod kust_target;
mod kustomization_file;
mod kustomizer;
mod kv_pairs;
mod loader;
mod notes;
mod options;
mod origin;
mod parse;
mod plugins;
mod remote;
#[cfg(test)]
mod remote_tests;
mod repository;
mod res_id;
mod res_map;
mod resource;
mod scalar;
mod scope;
mod selector;
mod strategic_merge;
#[cfg(test)]
mod tests;
mod transform;
mod types;

pub use content_hash::content_hash;
pub use error::KustomizeError;
pub use file_system::{FileSystem, OsFileSystem};
pub use kustomizer::{build, to_yaml};
pub use notes::{Note, Notes};
pub use options::Options;
pub use remote::{Remote, RemoteFile};
pub use repository::Repository;
