//! Completion scripts for shells. A script calls this program, with [`VARIABLE`] set, for every completion.

use clap_complete::env::Shells;

use super::{CliError, CliResult};

/// The environment variable through which a completion script asks for candidates.
pub(crate) const VARIABLE: &str = "KCTL_COMPLETE";

/// The script for a shell, `None` for an unknown shell.
///
/// # Errors
/// The script cannot be rendered.
pub(crate) fn script(shell: &str, program: &str) -> CliResult<Option<String>> {
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(shell) else { return Ok(None) };
    let mut text = Vec::new();
    completer
        .write_registration(VARIABLE, program, program, program, &mut text)
        .map_err(|e| CliError::io(format!("write the completion script for {shell}"), e))?;
    let text = String::from_utf8_lossy(&text);
    // Where this program offers nothing, bash completes file names, as with kubectl's script.
    Ok(Some(text.replace(" -o bashdefault ", " -o bashdefault -o default ")))
}
