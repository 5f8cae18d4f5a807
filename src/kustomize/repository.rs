//! Git repositories as kustomizations name them (`api/internal/git/repospec.go`): `github.com/org/repo/dir?ref=v1`,
//! `https://host/org/repo.git//dir`, `git@host:org/repo`, `ssh://...` and `file:///path//dir`.

use kctl_base::sim::Duration;

/// The time that each git command may take unless the query says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(27);
const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", FILE];
const FILE: &str = "file://";
/// The directory above the repository in the URLs of Azure DevOps.
const ROOT_DELIMITER: &str = "_git/";
const SUFFIX: &str = ".git";
/// The prefix of go-getter, which is ignored with a warning.
const FORCED_PROTOCOL: &str = "git::";

/// The message that kustomize logs about paths that begin with `git::`.
pub(super) const FORCED_PROTOCOL_WARNING: &str = "Warning: Forcing the git protocol using the 'git::' URL prefix is not supported. Kustomize currently strips this invalid prefix, but will stop doing so in a future release. Please remove the 'git::' prefix from your configuration.";

/// A directory in a git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The text that names it, to find cycles.
    pub(super) raw: String,
    /// The URL that git clones, for example `https://github.com/org/repo`.
    pub url: String,
    /// The directory of the kustomization in the repository, relative to its root; may be empty.
    pub(super) directory: String,
    /// The branch, tag or commit of `?ref=`; empty for the default branch.
    pub reference: String,
    /// True when submodules are fetched, too (`?submodules=`).
    pub submodules: bool,
    /// The time that each git command may take (`?timeout=`).
    pub timeout: Duration,
}

impl Repository {
    /// Parses a path; `None` for one that does not name a repository, such as a local directory.
    pub(super) fn parse(raw: &str) -> Option<Repository> {
        if raw.starts_with('/') {
            return None;
        }
        let (text, query) = raw.split_once('?').unwrap_or((raw, ""));
        let (host, path) = split_host(text)?;
        let (repository, directory) = split_path(&path, host == FILE)?;
        if repository.is_empty() || leaves_repository(directory) {
            return None;
        }
        let mut parsed = Repository {
            raw: raw.into(),
            url: format!("{host}{repository}"),
            directory: directory.strip_prefix('/').unwrap_or(directory).into(),
            reference: String::new(),
            submodules: true,
            timeout: DEFAULT_TIMEOUT,
        };
        parsed.apply_query(query);
        Some(parsed)
    }

    /// Sets what a query asks for. Values that cannot be read leave the defaults.
    fn apply_query(&mut self, query: &str) {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let first = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_string());
            found.filter(|value| !value.is_empty())
        };
        self.reference = first("ref").or_else(|| first("version")).unwrap_or_default();
        if let Some(timeout) = first("timeout") {
            let seconds = timeout.parse().ok().map(Duration::from_secs);
            let wanted = seconds.filter(|time| *time > Duration::ZERO).or_else(|| Duration::parse(&timeout));
            self.timeout = wanted.filter(|time| *time > Duration::ZERO).unwrap_or(self.timeout);
        }
        match first("submodules").as_deref() {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => self.submodules = true,
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => self.submodules = false,
            _ => {}
        }
    }
}

/// Returns whether a path begins with `git::`.
pub(super) fn forces_protocol(path: &str) -> bool {
    strip_prefix(path, FORCED_PROTOCOL).is_some()
}

/// Splits scheme, user and host from the path (`extractHost`). The hosts of GitHub are normalized.
fn split_host(text: &str) -> Option<(String, String)> {
    let text = strip_prefix(text, FORCED_PROTOCOL).unwrap_or(text);
    let found = SCHEMES.iter().find_map(|scheme| Some((*scheme, strip_prefix(text, scheme)?)));
    let (scheme, rest) = found.unwrap_or(("", text));
    let (user, rest) = split_user(rest);
    let is_github = ["github.com/", "github.com:"].iter().any(|host| strip_prefix(rest, host).is_some());
    let is_scp = scheme.is_empty() && (!user.is_empty() || is_github);
    if scheme.is_empty() && !is_scp {
        return None;
    }
    if scheme == FILE {
        return Some((scheme.into(), format!("{user}{rest}")));
    }
    let (host, path) = match path_start(rest, is_scp) {
        Some(start) => rest.split_at(start + 1),
        None => (rest, ""),
    };
    let host = match is_github {
        true if scheme == "ssh://" || !user.is_empty() => format!("{user}github.com:"),
        true => "https://github.com/".into(),
        false if host.is_empty() => return None,
        false => format!("{scheme}{user}{host}"),
    };
    Some((host, path.into()))
}

/// Splits `user@` from the rest.
fn split_user(text: &str) -> (&str, &str) {
    let Some(end) = text.find('@') else { return ("", text) };
    let user = &text[..end];
    let is_name = user.starts_with(|c: char| c.is_ascii_alphabetic())
        && user.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_name { text.split_at(end + 1) } else { ("", text) }
}

/// Returns where the host ends: at a slash, or in `host:path` at the colon.
fn path_start(text: &str, is_scp: bool) -> Option<usize> {
    let slash = text.find('/');
    let colon = text.find(':');
    match (slash, colon) {
        (None, colon) if is_scp => colon,
        (Some(slash), Some(colon)) if is_scp && colon > 0 && colon < slash => Some(colon),
        _ => slash,
    }
}

/// Splits the path of the repository from the directory in it (`parsePathParts`): at `_git/NAME`, `//` or `.git`, else after
/// two parts; without any of these, a local path is all repository. `None` if there are not enough parts.
fn split_path(path: &str, is_local: bool) -> Option<(&str, &str)> {
    if let Some(start) = path.find(ROOT_DELIMITER) {
        let name = start + ROOT_DELIMITER.len();
        return Some(match path[name..].find('/') {
            Some(end) => (&path[..name + end], &path[name + end + 1..]),
            None => (path, ""),
        });
    }
    if let Some(found) = path.split_once("//") {
        return Some(found);
    }
    if let Some(start) = path.find(SUFFIX) {
        return Some(path.split_at(start + SUFFIX.len()));
    }
    if is_local {
        return Some((path, ""));
    }
    let (organization, rest) = path.split_once('/')?;
    Some(match rest.find('/') {
        Some(end) => (&path[..organization.len() + 1 + end], &rest[end + 1..]),
        None => (path, ""),
    })
}

/// Returns whether a path leads out of the directory that it starts from.
fn leaves_repository(path: &str) -> bool {
    let mut depth = 0i64;
    path.split('/').any(|part| {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        depth < 0
    })
}

/// Removes a prefix in lower case, whatever the case of the text.
fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_split_from_directories() {
        for (path, url, directory) in [
            ("github.com/a/b/c/d?ref=v1", "https://github.com/a/b", "c/d"),
            ("https://github.com/a/b", "https://github.com/a/b", ""),
            ("http://GitHub.com/a/b//c", "https://github.com/a/b", "c"),
            ("git@github.com:a/b.git//c", "git@github.com:a/b.git", "c"),
            ("ssh://git@github.com/a/b", "git@github.com:a/b", ""),
            ("git::https://h/a/b.git/c", "https://h/a/b.git", "c"),
            ("https://h/a/b/c/d", "https://h/a/b", "c/d"),
            ("https://h/x/y/z//c", "https://h/x/y/z", "c"),
            ("git@h:a/b/c", "git@h:a/b", "c"),
            ("git@h/a/b.git", "git@h/a/b.git", ""),
            ("ssh://git@h:7999/a/b.git//c", "ssh://git@h:7999/a/b.git", "c"),
            ("https://me@dev.azure.com/o/p/_git/r/c", "https://me@dev.azure.com/o/p/_git/r", "c"),
            ("file:///tmp/r", "file:///tmp/r", ""),
            ("file:///tmp/r.git/c", "file:///tmp/r.git", "c"),
            ("file:///tmp/r//c/../d", "file:///tmp/r", "c/../d"),
            ("https://raw.h/org/repo/main/x.yaml", "https://raw.h/org/repo", "main/x.yaml"),
        ] {
            let found = Repository::parse(path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!((found.url.as_str(), found.directory.as_str(), found.raw.as_str()), (url, directory, path));
        }
    }

    #[test]
    fn other_paths_are_no_repositories() {
        for path in [
            "../base",
            "base",
            "/absolute",
            "github",
            "src/github.com/a/b",
            "gh:a/b",
            "htxxtp://github.com/a/b",
            "https://example.com/x.yaml",
            "https://host?ref=a/b/c",
            "ssh://git.example.com",
            "git::___",
            "github.com!a/b.git//c",
            "https://github.com/a/b.git//c/../../d",
            "file:////tmp//a",
            "git@scp://github.com/a/b.git",
            "oci://h/a/b",
            "",
        ] {
            assert_eq!(Repository::parse(path), None, "{path}");
        }
        assert!(forces_protocol("GIT::https://h") && !forces_protocol("git"));
    }

    #[test]
    fn queries_are_optional() {
        let query = |query: &str| {
            let found = Repository::parse(&format!("https://h/a/b?{query}")).unwrap_or_else(|| panic!("{query}"));
            (found.reference, found.timeout.to_string(), found.submodules)
        };
        let default = || (String::new(), "27s".to_string(), true);
        assert_eq!(query(""), default());
        assert_eq!(query("version=v1&ref=a%2Fb&submodules=0&timeout=90"), ("a/b".into(), "1m30s".into(), false));
        assert_eq!(query("version=v1&timeout=1m1s"), ("v1".into(), "1m1s".into(), true));
        assert_eq!(query("timeout=-1&submodules=no"), default());
    }
}
