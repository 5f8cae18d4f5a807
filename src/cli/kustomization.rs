//! Builds kustomizations for the command line and prints their warnings to standard error.

use kctl_base::json::Value;
use kctl_kustomize::{Note, Notes, Options, OsFileSystem};

use crate::{CliError, CliResult, Ctx, klog};

/// Builds the kustomization in a local directory and prints its warnings.
///
/// # Errors
/// The error of kustomize.
pub(crate) fn build(ctx: &mut Ctx, path: &str, options: Options) -> CliResult<Vec<Value>> {
    let mut notes = Notes::default();
    let built = kctl_kustomize::build(&OsFileSystem, path, options, &mut notes);
    for note in notes.list {
        match note {
            Note::Warning(text) => ctx.print_error(text),
            Note::Log(text) => ctx.log(klog::KUSTOMIZE, &text)?,
        }
    }
    // Errors that end in a line break must not get a second one.
    built.map_err(|e| CliError::new(e.to_string().strip_suffix('\n').map_or(e.to_string(), String::from)))
}
