//! Messages that a build writes to standard error beside its result.

use super::repository;

/// One message of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A line that kustomize prints as it is, such as a deprecation warning.
    Warning(String),
    /// A message that kustomize writes with Go's `log` package.
    Log(String),
}

/// The messages of a build in the order in which they arose. They are valid even when the build fails.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// The messages, oldest first.
    pub list: Vec<Note>,
}

impl Notes {
    /// Adds a [`Note::Warning`].
    pub(super) fn warn(&mut self, message: String) {
        self.list.push(Note::Warning(message));
    }

    /// Warns of a path that begins with `git::`, as kustomize does when it looks for a repository there.
    pub(super) fn warn_of_forced_protocol(&mut self, path: &str) {
        if repository::forces_protocol(path) {
            self.log(repository::FORCED_PROTOCOL_WARNING.into());
        }
    }

    /// Adds a [`Note::Log`].
    pub(super) fn log(&mut self, message: String) {
        self.list.push(Note::Log(message));
    }
}
