//! Builds a kustomization for a command line: its warnings go to standard error.

use kctl_base::json::Value;
use kctl_kustomize::{Note, Notes, Options, OsFiles};

use crate::{CliError, CliResult, Ctx, klog};

/// Builds the kustomization in a directory of this machine, and prints what there is to say about it.
///
/// # Errors
/// In the words of kustomize.
pub(crate) fn build(ctx: &mut Ctx, path: &str, options: Options) -> CliResult<Vec<Value>> {
    let mut notes = Notes::default();
    let built = kctl_kustomize::build(&OsFiles, path, options, &mut notes);
    for note in notes.list {
        match note {
            Note::Warning(text) => ctx.print_error(text),
            Note::Log(text) => klog::log(ctx, klog::KUSTOMIZE, &text)?,
        }
    }
    // A line break at the end of an error is the one that ends its line anyway.
    built.map_err(|e| CliError::new(e.to_string().strip_suffix('\n').map_or(e.to_string(), String::from)))
}
