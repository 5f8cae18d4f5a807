//! Edits text in the user's editor, through a temporary file.
//!
//! Upstream: `kubectl/pkg/cmd/util/editor/editor.go`.

use std::io::Write;
use std::process::Command;

use super::{CliError, CliResult, Ctx};

/// The comment above the edited text.
const PREAMBLE: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";

/// The text with the explaining comment above it.
pub(crate) fn with_preamble(text: &str) -> String {
    format!("{PREAMBLE}{text}")
}

/// The edited text without the lines of the comment.
pub(crate) fn without_comments(text: &str) -> String {
    let kept = text.lines().filter(|line| !line.starts_with('#'));
    kept.map(|line| format!("{line}\n")).collect()
}

/// Opens a text in the editor and returns the saved text. Pending output is printed first, and the store is released so
/// that other processes can use it in the meantime.
///
/// # Errors
/// There is no editor, or it exits with an error.
pub(crate) fn edit(ctx: &mut Ctx, text: &str, extension: &str) -> CliResult<String> {
    ctx.release()?;
    let problem = |what: &str, e: &std::io::Error| CliError::new(format!("{what}: {e}"));
    let name = format!("{}-edit-{}.{extension}", ctx.program, std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut file = std::fs::File::create(&path).map_err(|e| problem("making a file to edit", &e))?;
    file.write_all(text.as_bytes()).map_err(|e| problem("writing the file to edit", &e))?;
    drop(file);
    let result = run(&path.to_string_lossy());
    let saved = std::fs::read_to_string(&path).map_err(|e| problem("reading the edited file", &e));
    // A temporary file that stays behind does no harm.
    let _ = std::fs::remove_file(&path);
    result?;
    saved
}

fn run(path: &str) -> CliResult<()> {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    let editor = variable("KUBE_EDITOR").or_else(|| variable("EDITOR")).unwrap_or_else(|| "vi".into());
    // As in kubectl, the shell interprets quotes and variables in the name of the editor.
    let needs_shell = editor.contains(['"', '\'', '\\', '$', '`', ';', '&', '|', '<', '>', '(', ')']);
    let mut command = if needs_shell {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{editor} \"{path}\"")]);
        shell
    } else {
        let mut words = editor.split_whitespace();
        let mut program = Command::new(words.next().unwrap_or("vi"));
        program.args(words).arg(path);
        program
    };
    let failed = |why: String| CliError::new(format!("there was a problem with the editor \"{editor}\"{why}"));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(failed(String::new())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Err(CliError::new(format!("unable to launch the editor \"{editor}\"")))
        }
        Err(e) => Err(failed(format!(": {e}"))),
    }
}
