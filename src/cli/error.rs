//! Errors of the command line, their messages and exit codes.
//!
//! The layers below return typed errors; the sentences for people are chosen here. Upstream: `kubectl/pkg/cmd/util/helpers.go`
//! (`StandardErrorMessage`, `checkErr`, `MultilineError`).

use std::io;

use kctl_base::go::io_error;
use kctl_base::status::{Reason, Status};
use kctl_cluster::{ClusterError, StoreError};

/// The result of a verb.
pub(crate) type CliResult<T> = std::result::Result<T, CliError>;

/// An output stream of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The API server refused a request.
    Status(Status),
    /// A failure of the client: printed as `error: message`; in a list of several errors without the prefix.
    Failed(String),
    /// The command line is not valid: the message, and the line below it that names the help, such as
    /// `See 'kubectl get --help' for usage.`
    Usage {
        /// The message without the prefix `error: `.
        message: String,
        /// The line that refers to the help.
        hint: String,
    },
    /// The arguments do not fit: the help of the verb is printed to standard output before the message.
    WithHelp(String),
    /// A file could not be read or written: `open a.yaml: no such file or directory`.
    Io {
        /// The operation with its path, for example `open a.yaml`.
        operation: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Lines that are printed unchanged, and the exit code.
    Verbatim(String, i32),
    /// Several independent failures, printed one after the other.
    Many(Vec<CliError>),
    /// A verb with subcommands was called without one: its help is printed to the stream.
    MissingSubcommand(Stream),
    /// The command has reported its failure already; only the exit code is left.
    Exit(i32),
}

impl CliError {
    /// A failure of the client with a message that lacks the prefix `error: `.
    pub(crate) fn new(message: impl Into<String>) -> CliError {
        CliError::Failed(message.into())
    }

    /// A failure whose prefix `error: ` is printed even when it is one of several.
    pub(crate) fn prefixed(message: impl AsRef<str>) -> CliError {
        CliError::Verbatim(format!("error: {}\n", message.as_ref()), 1)
    }

    /// A single line without the prefix `error: `.
    pub(crate) fn line(message: impl AsRef<str>) -> CliError {
        CliError::Verbatim(format!("{}\n", message.as_ref()), 1)
    }

    /// A failed file operation, for example `open a.yaml`.
    pub(crate) fn io(operation: impl Into<String>, source: io::Error) -> CliError {
        CliError::Io { operation: operation.into(), source }
    }

    /// `no matches for kind "Podd" in version "v1"`: the server does not serve the kind of an object.
    /// Upstream: `NoKindMatchError` in `apimachinery/pkg/api/meta/errors.go`.
    pub(crate) fn no_kind_match(kind: &str, api_version: &str) -> String {
        format!("no matches for kind \"{kind}\" in version \"{api_version}\"")
    }

    /// `the server doesn't have a resource type "foo"`: the message for a resource that discovery does not know.
    /// Upstream: `cli-runtime/pkg/resource/builder.go`.
    pub(crate) fn unknown_resource_type(resource: &str) -> String {
        format!("the server doesn't have a resource type \"{resource}\"")
    }

    /// The error of a request about an object that comes from a file: `error when creating "f": ...`. Without a file
    /// (`source` is empty) the status is unchanged.
    pub(crate) fn from_source(action: &str, source: &str, status: Status) -> CliError {
        let message = if source.is_empty() {
            status.message.clone()
        } else {
            format!("error when {action} \"{source}\": {}", status.message)
        };
        CliError::Status(Status { message, ..status })
    }

    /// Combines errors into one.
    ///
    /// # Errors
    /// The errors, unless there are none.
    pub(crate) fn all(errors: Vec<CliError>) -> CliResult<()> {
        let mut errors = errors;
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(CliError::Many(errors)),
        }
    }

    /// The exit code of the process.
    pub(crate) fn code(&self) -> i32 {
        match self {
            CliError::Verbatim(_, code) | CliError::Exit(code) => *code,
            _ => 1,
        }
    }

    /// The lines for standard error, each with its line break; empty when there is nothing to print.
    pub(crate) fn message(&self) -> String {
        match self {
            CliError::Failed(message) if message.starts_with("error: ") => self.bare_message(),
            CliError::Failed(_) | CliError::WithHelp(_) | CliError::Io { .. } => {
                format!("error: {}", self.bare_message())
            }
            CliError::Many(errors) => errors.iter().map(CliError::line_of_many).collect(),
            CliError::Status(status) => terminated(status_text(status)),
            other => other.bare_message(),
        }
    }

    /// The line of one of several errors. A line break at the end of a message stays, and is followed by that of the list
    /// (`MultipleErrors`).
    fn line_of_many(&self) -> String {
        match self {
            CliError::Failed(message) => format!("{message}\n"),
            other => other.bare_message(),
        }
    }

    /// The lines in a list of several errors, without the prefix `error: ` of failures of the client.
    fn bare_message(&self) -> String {
        match self {
            CliError::Status(status) => terminated(reason_text(status)),
            CliError::Failed(message) | CliError::WithHelp(message) => terminated(message.clone()),
            CliError::Io { operation, source } => format!("{operation}: {}\n", io_error(source)),
            CliError::Usage { message, hint } => format!("error: {message}\n{hint}\n"),
            CliError::Verbatim(lines, _) => lines.clone(),
            CliError::Many(_) => self.message(),
            CliError::MissingSubcommand(_) | CliError::Exit(_) => String::new(),
        }
    }

    /// The message alone, as the message of another error contains it.
    pub(crate) fn text(&self) -> String {
        match self {
            CliError::Status(status) => status.message.clone(),
            other => other.message().trim_start_matches("error: ").trim_end().to_owned(),
        }
    }

    /// True when the API server reported that the object does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, CliError::Status(status) if status.is_not_found())
    }
}

/// A message with exactly one line break at its end; messages from elsewhere may bring their own.
fn terminated(message: String) -> String {
    if message.ends_with('\n') { message } else { message + "\n" }
}

impl From<Status> for CliError {
    fn from(status: Status) -> CliError {
        match status.storage_message() {
            // The server runs in this process: what is wrong with its store is no answer to a request.
            Some(message) => CliError::new(message),
            None => CliError::Status(status),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> CliError {
        match remedy(&error) {
            Some(remedy) => CliError::new(format!("{error}\n{remedy}")),
            None => CliError::new(error.to_string()),
        }
    }
}

/// The advice on a failure of the store; `None` where the message itself says it.
fn remedy(error: &StoreError) -> Option<&'static str> {
    match error {
        StoreError::Damaged { .. } => Some(
            "Restore a copy of the directory, or start anew with \"store reset\"; \"store check\" says more if the store opens.",
        ),
        StoreError::Full { .. } => {
            Some("Free some space; deleting objects of the store works, too, if there is a little left.")
        }
        StoreError::ReadOnly { .. } => Some("Objects can be read, but not written."),
        StoreError::Locked { .. } => Some("--request-timeout sets the time to wait; 0 waits without limit."),
        StoreError::Foreign { .. }
        | StoreError::Io { .. }
        | StoreError::Encode { .. }
        | StoreError::NotASnapshot { .. }
        | StoreError::Restored { .. }
        | StoreError::Replaced { .. } => None,
    }
}

impl From<ClusterError> for CliError {
    fn from(error: ClusterError) -> CliError {
        match error {
            ClusterError::Status(status) => status.into(),
            ClusterError::Store(error) => error.into(),
            other @ (ClusterError::Clock(_)
            | ClusterError::History(_)
            | ClusterError::Invariant { .. }
            | ClusterError::TrialOver
            | ClusterError::TrialTooLarge(_)
            | ClusterError::Plan(_)) => CliError::new(other.to_string()),
        }
    }
}

/// kubectl's sentence for an API error.
fn status_text(status: &Status) -> String {
    match status.reason {
        Reason::Invalid => invalid_text(status),
        Reason::Unauthorized => format!("error: You must be logged in to the server ({})", status.message),
        _ => reason_text(status),
    }
}

/// The sentence for an API error among several: every reason has the same form.
fn reason_text(status: &Status) -> String {
    let (reason, _) = status.reason.parts();
    match reason {
        "" => format!("Error from server: {}", status.message),
        _ => format!("Error from server ({reason}): {}", status.message),
    }
}

/// The sentence for an invalid object: a single cause follows on the same line with a line break of its own
/// (`MultilineError`), several as a list.
fn invalid_text(status: &Status) -> String {
    let mut head = String::from("The request is invalid");
    if !status.kind.is_empty() || !status.name.is_empty() {
        head = format!("The {} \"{}\" is invalid", status.kind, status.name);
    } else if status.causes.is_empty() {
        head = format!("{head}: {}", status.message);
    }
    let mut causes: Vec<String> = Vec::new();
    for cause in &status.causes {
        let text = format!("{}: {}", cause.field, cause.message);
        if !causes.contains(&text) {
            causes.push(text);
        }
    }
    match causes.as_slice() {
        [] => head,
        [one] => format!("{head}: {one}\n"),
        many => format!("{head}: \n{}", many.iter().map(|c| format!("* {c}")).collect::<Vec<_>>().join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_the_store_are_not_answers_of_the_server() {
        let damage = "the store /s is damaged: its data is corrupt";
        assert_eq!(CliError::from(Status::storage(damage)).message(), format!("error: {damage}\n"));
        assert_eq!(CliError::from(ClusterError::from(Status::storage(damage))).message(), format!("error: {damage}\n"));
        let internal = CliError::from(Status::internal("x")).message();
        assert_eq!(internal, "Error from server (InternalError): Internal error occurred: x\n");
    }
}
