//! Why a kustomization can not be built, in kustomize's words.

/// An error of a build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KustomizeError {
    /// A file of objects is no YAML: nobody then tries to read it as a directory.
    #[error("{0}")]
    Malformed(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Result of a step of a build.
pub(super) type Result<T> = std::result::Result<T, KustomizeError>;

impl KustomizeError {
    /// An error with a text.
    pub(super) fn new(text: impl Into<String>) -> KustomizeError {
        KustomizeError::Other(text.into())
    }

    /// The same error with what was being done in front of it.
    pub(super) fn within(self, prefix: impl std::fmt::Display) -> KustomizeError {
        match self {
            KustomizeError::Malformed(text) => KustomizeError::Malformed(format!("{prefix}: {text}")),
            KustomizeError::Other(text) => KustomizeError::Other(format!("{prefix}: {text}")),
        }
    }
}

/// An error as the result of a function.
pub(super) fn fail<T>(text: impl Into<String>) -> Result<T> {
    Err(KustomizeError::new(text))
}
