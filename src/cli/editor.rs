//! Edits text in the user's editor, through a temporary file.
//!
//! Upstream: `kubectl/pkg/cmd/util/editor/editor.go`.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ArgMatches;

use super::args::Matches;
use super::temporary::{self, Temporary};
use super::{CliError, CliResult, Ctx};
use kctl_base::go::io_error;

/// The comment above the edited text.
const PREAMBLE: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";

/// The ends of lines in the file that is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEndings {
    /// A line feed.
    Unix,
    /// A carriage return and a line feed.
    Windows,
}

impl LineEndings {
    /// Reads the flag `--windows-line-endings`.
    pub(crate) fn read(matches: &ArgMatches) -> LineEndings {
        if matches.flag("windows-line-endings") { LineEndings::Windows } else { LineEndings::Unix }
    }
}

/// The text with the explaining comment above it.
pub(crate) fn with_preamble(text: &str) -> String {
    format!("{PREAMBLE}{text}")
}

/// The edited text without the lines of the comment.
pub(crate) fn without_comments(text: &str) -> String {
    let kept = text.lines().filter(|line| !line.starts_with('#'));
    kept.map(|line| format!("{line}\n")).collect()
}

/// Opens a text in the editor and returns the saved text, in which lines end as in `text`. Pending output is printed first, and the store is released so
/// that other processes can use it in the meantime.
///
/// # Errors
/// There is no editor, or it exits with an error.
pub(crate) fn edit(ctx: &mut Ctx, text: &str, extension: &str, endings: LineEndings) -> CliResult<String> {
    ctx.release()?;
    let problem = |what: &str, e: &std::io::Error| CliError::new(format!("{what}: {}", io_error(e)));
    let (prefix, suffix) = file_name(ctx, extension);
    let written = match endings {
        LineEndings::Unix => Cow::Borrowed(text),
        LineEndings::Windows => Cow::Owned(text.replace('\n', "\r\n")),
    };
    let file = Temporary::file(&prefix, &suffix, &written).map_err(|e| problem("writing the file to edit", &e))?;
    run(file.path())?;
    let saved = std::fs::read(file.path()).map_err(|e| problem("reading the edited file", &e))?;
    let saved = String::from_utf8(saved).map_err(|_| CliError::new("reading the edited file: it is not UTF-8"))?;
    Ok(match endings {
        LineEndings::Unix => saved,
        LineEndings::Windows => saved.replace("\r\n", "\n"),
    })
}

/// Keeps a copy of the edited text in a new file, and returns its path.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn keep_copy(ctx: &Ctx, text: &str, extension: &str) -> CliResult<PathBuf> {
    let (prefix, suffix) = file_name(ctx, extension);
    let kept = temporary::keep(&prefix, &suffix, text);
    kept.map_err(|e| CliError::new(format!("keeping what was edited: {}", io_error(&e))))
}

/// The parts of a file name around the random one.
fn file_name(ctx: &Ctx, extension: &str) -> (String, String) {
    (format!("{}-edit-", ctx.program), format!(".{extension}"))
}

fn run(path: &Path) -> CliResult<()> {
    let (editor, mut command) = command(path);
    let editor = editor.to_string_lossy();
    let failed = || CliError::new(format!("there was a problem with the editor \"{editor}\""));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(failed()),
        // Only for what is looked up in PATH; a path that leads nowhere is a problem like any other.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !editor.contains('/') => {
            Err(CliError::new(format!("unable to launch the editor \"{editor}\"")))
        }
        Err(_) => Err(failed()),
    }
}

/// The editor of the user, and the command that opens a file in it.
fn command(path: &Path) -> (OsString, Command) {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.to_string_lossy().trim().is_empty());
    let editor = variable("KUBE_EDITOR").or_else(|| variable("EDITOR")).unwrap_or_else(|| "vi".into());
    // As in kubectl, the shell interprets quotes and variables in the name of the editor.
    let special = ['"', '\'', '\\', '$', '`', ';', '&', '|', '<', '>', '(', ')'];
    let words = editor.to_str().filter(|text| !text.contains(special)).map(|text| text.split_whitespace().collect());
    let words: Vec<&str> = words.unwrap_or_default();
    let mut command = match words.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        None => {
            let mut script = editor.clone();
            script.push(" \"$0\"");
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(script);
            shell
        }
    };
    command.arg(path);
    (editor, command)
}
