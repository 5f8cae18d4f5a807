//! The things that a kustomization names by URL: files on web servers, and directories in git repositories.

use std::path::PathBuf;

use super::error::{KustomizeError, Result};
use super::repository::Repository;

/// Access to web servers and repositories.
pub trait Remote {
    /// Sends a GET request and follows redirects.
    ///
    /// # Errors
    /// When there is no complete answer, in the words of Go's HTTP client.
    fn get(&self, url: &str) -> std::result::Result<RemoteFile, KustomizeError>;

    /// Clones a repository into a new directory and returns its path. The directory is there until the build is over.
    ///
    /// # Errors
    /// When git is missing, fails, or takes longer than the time of the repository ([`KustomizeError::Timeout`]).
    fn fetch(&self, repository: &Repository) -> std::result::Result<PathBuf, KustomizeError>;
}

/// The answer of a web server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// The status, for example 404.
    pub status: u16,
    /// The text of the status, for example `Not Found`.
    pub reason: String,
    /// The content.
    pub content: Vec<u8>,
}

/// Returns whether a path is that of a file on a web server (`IsRemoteFile`). A patch with several lines is none.
pub(super) fn is_remote_file(path: &str) -> bool {
    let start = path.get(..8).unwrap_or(path).to_ascii_lowercase();
    (start.starts_with("http://") || start.starts_with("https://")) && !path.contains(|c: char| c.is_ascii_control())
}

/// Reads a file from a web server (`httpClientGetContent`).
///
/// # Errors
/// When the server does not answer, or with a failure: [`KustomizeError::Http`] unless the URL may be that of a repository.
pub(super) fn read_file(remote: &dyn Remote, url: &str) -> Result<Vec<u8>> {
    let RemoteFile { status, reason, content } = remote.get(url)?;
    match status {
        200..=299 => Ok(content),
        _ if Repository::parse(url).is_some() => Err(KustomizeError::new("URL is a git repository")),
        _ => Err(KustomizeError::Http(format!("HTTP Error: status code {status} ({reason})"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_files_have_a_scheme() {
        assert!(is_remote_file("https://h/a.yaml") && is_remote_file("HTTP://h"));
        for path in ["a.yaml", "http:/a", "ftp://h/a", "http://a: b\n", "ä"] {
            assert!(!is_remote_file(path), "{path}");
        }
    }
}
