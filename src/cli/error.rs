//! From errors to text and exit codes, in kubectl's words. Nothing below this layer chooses words for a person.

use kctl_base::status::{Reason, Status};
use kctl_cluster::ClusterError;
use kctl_cluster::store::StoreError;

/// Result of a verb.
pub type CliResult<T> = std::result::Result<T, CliError>;

/// Why a command failed.
#[derive(Debug)]
pub enum CliError {
    /// The API server refused; printed with kubectl's frame around the server's sentence.
    Status(Status),
    /// Anything else: printed as `error: text`, unless it begins so already.
    Text(String),
    /// Printed as it is, to the letter, with an exit code.
    Raw(String, i32),
    /// The command line makes no sense: text, then where help is to be found.
    Usage(String),
    /// Several failures, each printed on its own.
    Many(Vec<CliError>),
    /// Everything has been said already; only the exit code is left.
    Silent(i32),
}

impl CliError {
    /// An error with a text.
    pub fn text(text: impl Into<String>) -> CliError {
        CliError::Text(text.into())
    }

    /// The error of a request about something from a file or URL: `error when creating "f": ...`.
    pub fn from_source(verb: &str, source: &str, status: Status) -> CliError {
        let message = if source.is_empty() {
            status.message.clone()
        } else {
            format!("error when {verb} \"{source}\": {}", status.message)
        };
        CliError::Status(Status { message, ..status })
    }

    /// One error out of several, none out of none.
    pub fn all(errors: Vec<CliError>) -> CliResult<()> {
        let mut errors = errors;
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(CliError::Many(errors)),
        }
    }

    /// The exit code.
    pub fn code(&self) -> i32 {
        match self {
            CliError::Raw(_, code) | CliError::Silent(code) => *code,
            _ => 1,
        }
    }

    /// What is printed on stderr, with its line end; empty for silent errors.
    pub fn message(&self, program: &str) -> String {
        match self {
            CliError::Status(status) => format!("{}\n", status_text(status)),
            CliError::Text(text) => {
                let said = text.starts_with("error: ") || text.starts_with("Error from server");
                // A text that ends its line itself gets no second end.
                let end = if text.ends_with('\n') { "" } else { "\n" };
                format!("{}{text}{end}", if said { "" } else { "error: " })
            }
            CliError::Raw(text, _) => text.clone(),
            CliError::Usage(text) => format!("error: {text}\nSee '{program} --help' for usage.\n"),
            CliError::Many(errors) => {
                let mut lines = Vec::new();
                for error in errors {
                    let text = match error {
                        // Among others an error stands without the word before it.
                        CliError::Text(text) => format!("{text}\n"),
                        other => other.message(program),
                    };
                    lines.push(text);
                }
                lines.concat()
            }
            CliError::Silent(_) => String::new(),
        }
    }

    /// Whether the API server said that the object is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, CliError::Status(status) if status.is_not_found())
    }
}

impl From<Status> for CliError {
    fn from(status: Status) -> CliError {
        CliError::Status(status)
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> CliError {
        CliError::Text(error.to_string())
    }
}

impl From<ClusterError> for CliError {
    fn from(error: ClusterError) -> CliError {
        match error {
            ClusterError::Status(status) => CliError::Status(status),
            other => CliError::Text(other.to_string()),
        }
    }
}

/// kubectl's sentence for an API error.
pub fn status_text(status: &Status) -> String {
    if status.reason == Reason::Invalid {
        return invalid_text(status);
    }
    let (reason, _) = status.reason.parts();
    match reason {
        "" => format!("Error from server: {}", status.message),
        _ => format!("Error from server ({reason}): {}", status.message),
    }
}

/// Invalid objects: one cause on the line, several as a list.
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
        [one] => format!("{head}: {one}"),
        many => format!("{head}: \n{}", many.iter().map(|c| format!("* {c}")).collect::<Vec<_>>().join("\n")),
    }
}
