//! Builds a kustomization for a command line: its warnings go to standard error.

use kctl_base::json::Value;
use kctl_kustomize::{Note, Notes, Options, OsFileSystem};

use crate::{CliError, CliResult, Ctx};

/// Builds the kustomization in a directory of this machine, and prints what there is to say about it.
///
/// # Errors
/// In the words of kustomize.
pub(crate) fn build(ctx: &mut Ctx, path: &str, options: Options) -> CliResult<Vec<Value>> {
    let mut notes = Notes::default();
    let built = kctl_kustomize::build(&OsFileSystem, path, options, &mut notes);
    for note in notes.list {
        match note {
            Note::Warning(text) => ctx.complain(text),
            Note::Log(text) => ctx.log('I', "log.go:245", &text)?,
        }
    }
    // A line break at the end of an error is the one that ends its line anyway.
    built.map_err(|e| CliError::text(e.to_string().strip_suffix('\n').map_or(e.to_string(), String::from)))
}
