//! The error of a build, worded as kustomize words it.

use kctl_base::json::Value;
use kctl_base::yaml;

/// The reason why a kustomization cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KustomizeError {
    /// A resource file is not valid YAML (`resmap.MalformedYAMLError`). Such a path is not tried as a directory.
    #[error("{0}")]
    Malformed(String),
    /// A web server answers with a failure (`loader.ErrHTTP`). Such a path is not tried as a directory either.
    #[error("{0}")]
    Http(String),
    /// Git takes too long (`utils.errTimeOut`), which implies that there is a repository.
    #[error("{0}")]
    Timeout(String),
    /// Any other failure.
    #[error("{0}")]
    Other(String),
}

/// The result of a step of a build.
pub(super) type Result<T> = std::result::Result<T, KustomizeError>;

impl KustomizeError {
    /// Creates an [`KustomizeError::Other`] from its message.
    pub(super) fn new(message: impl Into<String>) -> KustomizeError {
        KustomizeError::Other(message.into())
    }

    /// Prepends context to the message (`prefix: message`) and keeps the variant.
    pub(super) fn wrap(self, prefix: impl std::fmt::Display) -> KustomizeError {
        let wrapped = format!("{prefix}: {self}");
        match self {
            KustomizeError::Malformed(_) => KustomizeError::Malformed(wrapped),
            KustomizeError::Http(_) => KustomizeError::Http(wrapped),
            KustomizeError::Timeout(_) => KustomizeError::Timeout(wrapped),
            KustomizeError::Other(_) => KustomizeError::Other(wrapped),
        }
    }
}

/// Returns an error with the message.
pub(super) fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(KustomizeError::new(message))
}

/// Words the error for a node that is not a `MappingNode`, `SequenceNode` or `ScalarNode` where one is expected
/// (`yaml.ErrorIfInvalid` of `kyaml/yaml/rnode.go`).
pub(super) fn wrong_node_kind(expected: &str, found: &Value) -> String {
    let kind = match found {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        _ => "ScalarNode",
    };
    format!("wrong node kind: expected {expected} but got {kind}: node contents:\n{}", yaml::to_yaml(found))
}
