//! The arguments of `cp`, and its paths, which are compared as texts.
//!
//! Upstream: `kubectl/pkg/cmd/cp/{cp,filespec}.go`.

use crate::{CliError, CliResult};

/// A file of a pod, or with an empty `pod` a local one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileSpec {
    /// `None` for the namespace of the command.
    pub(super) namespace: Option<String>,
    pub(super) pod: String,
    /// The path without a final slash.
    pub(super) path: String,
}

impl FileSpec {
    /// Reads `[[NAMESPACE/]POD:]PATH` (`extractFileSpec`).
    ///
    /// # Errors
    /// Another form.
    pub(super) fn read(text: &str) -> CliResult<FileSpec> {
        let Some((place, path)) = text.split_once(':') else {
            return Ok(FileSpec { namespace: None, pod: String::new(), path: without_final_slash(text).into() });
        };
        let parts: Vec<&str> = place.split('/').collect();
        let (namespace, pod) = match parts.as_slice() {
            [pod] if !pod.is_empty() => (None, *pod),
            [namespace, pod] => (Some(*namespace).filter(|name| !name.is_empty()).map(String::from), *pod),
            _ => {
                let why = "filespec must match the canonical format: [[namespace/]pod:]file/path";
                return Err(CliError::new(why));
            }
        };
        let path = without_final_slash(path).replace('\\', "/");
        Ok(FileSpec { namespace, pod: pod.into(), path })
    }

    /// Reports whether it is a file of a pod.
    pub(super) fn is_remote(&self) -> bool {
        !self.pod.is_empty()
    }
}

fn without_final_slash(path: &str) -> &str {
    match path {
        "/" => path,
        _ => path.strip_suffix('/').unwrap_or(path),
    }
}

/// Returns the shortest path that means the same, without looking at files (Go's `path.Clean`).
pub(super) fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            ("..", None) if is_absolute => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (is_absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

/// Returns the path of `name` in a directory.
pub(super) fn join(directory: &str, name: &str) -> String {
    clean(&format!("{directory}/{name}"))
}

/// Splits a path into its directory and its last part (Go's `path.Dir` and `path.Base`).
pub(super) fn split(path: &str) -> (String, String) {
    let path = clean(path);
    match path.rsplit_once('/') {
        Some(("", "")) => ("/".into(), "/".into()),
        Some(("", name)) => ("/".into(), name.into()),
        Some((directory, name)) => (directory.into(), name.into()),
        None => (".".into(), path),
    }
}

/// Returns what the names of an archive of a path begin with: the path as `tar` stores it (`stripPathShortcuts`).
pub(super) fn archived(path: &str) -> String {
    let cleaned = clean(path.trim_start_matches(['/', '\\']));
    let mut rest = cleaned.as_str();
    while let Some(shorter) = rest.strip_prefix("../") {
        rest = shorter;
    }
    match rest {
        "." | ".." => String::new(),
        rest => rest.strip_prefix('/').unwrap_or(rest).into(),
    }
}

/// Reports whether a clean path is a directory itself, or lies below it.
pub(super) fn is_inside(directory: &str, path: &str) -> bool {
    match clean(directory).as_str() {
        "." => path != ".." && !path.starts_with("../") && !path.starts_with('/'),
        "/" => path.starts_with('/'),
        directory => path.strip_prefix(directory).is_some_and(|rest| {
            let leaves = rest == "/.." || rest.starts_with("/../");
            rest.is_empty() || rest.starts_with('/') && !leaves
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_local_files_or_files_of_pods() {
        let spec = |namespace: Option<&str>, pod: &str, path: &str| FileSpec {
            namespace: namespace.map(String::from),
            pod: pod.into(),
            path: path.into(),
        };
        for (text, expected) in [
            ("/tmp/a/", spec(None, "", "/tmp/a")),
            ("web:/tmp/a/", spec(None, "web", "/tmp/a")),
            ("ns/web:a\\b", spec(Some("ns"), "web", "a/b")),
            ("web:", spec(None, "web", "")),
            ("/", spec(None, "", "/")),
        ] {
            assert_eq!(FileSpec::read(text).expect("a file"), expected, "{text}");
        }
        for wrong in [":/a", "a/b/c:/d"] {
            assert!(FileSpec::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths_are_made_as_in_go() {
        for (path, expected) in
            [("", "."), ("a/../b/./c/", "b/c"), ("/../a", "/a"), ("../../a", "../../a"), ("a/../..", ".."), ("//", "/")]
        {
            assert_eq!(clean(path), expected, "{path}");
        }
        for (path, directory, name) in
            [("/a/b", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("a/b/", "a", "b"), ("/", "/", "/")]
        {
            assert_eq!(split(path), (directory.into(), name.into()), "{path}");
        }
        for (path, expected) in [("/tmp/a", "tmp/a"), ("../../a", "a"), ("/", ""), ("a/b/..", "a"), ("..", "")] {
            assert_eq!(archived(path), expected, "{path}");
        }
    }

    #[test]
    fn paths_outside_of_a_directory_are_known() {
        for (directory, path, expected) in [
            ("out", "out/a", true),
            ("out", "out", true),
            ("out", "outer", false),
            ("out", "../out", false),
            (".", "a", true),
            (".", "../a", false),
            ("/", "/a", true),
            ("..", "../a", true),
            ("..", "../../a", false),
        ] {
            assert_eq!(is_inside(directory, path), expected, "{path}");
        }
    }
}
